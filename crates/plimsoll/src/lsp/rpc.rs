//! JSON-RPC 2.0: requests, which are answered, and notifications, which are not.

use serde_json::{Value, json};

/// A message of the client.
#[derive(Debug, PartialEq)]
pub enum Message {
    /// It wants an answer.
    Request {
        /// Told with the answer.
        id: Value,
        /// What is wanted.
        method: String,
        /// Of what.
        params: Value,
    },
    /// It tells something.
    Notification {
        /// What is told.
        method: String,
        /// Of what.
        params: Value,
    },
    /// An answer to a request; none of ours.
    Answer,
}

/// Why a request gets no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    code: i32,
    message: String,
}

impl Refusal {
    /// The bytes are no JSON.
    pub fn no_json(why: impl ToString) -> Self {
        Refusal { code: -32700, message: why.to_string() }
    }

    /// It cannot be asked, or not now.
    pub fn not_now(why: impl ToString) -> Self {
        Refusal { code: -32600, message: why.to_string() }
    }

    /// This server does no such thing.
    pub fn unknown(method: &str) -> Self {
        Refusal { code: -32601, message: format!("plimsoll does not know {method:.80}") }
    }

    /// The parameters lack something.
    pub fn incomplete(what: &str) -> Self {
        Refusal { code: -32602, message: format!("the parameters have no usable {what}") }
    }

    /// `initialize` comes first.
    pub fn too_early() -> Self {
        Refusal { code: -32002, message: "the server waits for initialize".to_string() }
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Read a message.
pub fn read(body: &[u8]) -> Result<Message, Refusal> {
    let mut value: Value = serde_json::from_slice(body).map_err(Refusal::no_json)?;
    let object = value.as_object_mut().ok_or_else(|| Refusal::not_now("a message is a JSON object"))?;
    let params = object.remove("params").unwrap_or(Value::Null);
    let id = object.remove("id");
    match (object.remove("method"), id) {
        (Some(Value::String(method)), Some(id @ (Value::String(_) | Value::Number(_)))) => {
            Ok(Message::Request { id, method, params })
        }
        (Some(Value::String(method)), None) => Ok(Message::Notification { method, params }),
        (None, Some(_)) => Ok(Message::Answer),
        _ => Err(Refusal::not_now("a message has a method, and a request an id")),
    }
}

/// The answer to a request; one to what could not be read has no id.
pub fn answer(id: Value, result: Result<Value, Refusal>) -> Value {
    match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(Refusal { code, message }) => {
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
        }
    }
}

/// Something to tell.
pub fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_is_refused() {
        let deep = "[".repeat(100_000);
        for (text, code) in [
            ("", -32700),
            ("{", -32700),
            ("\u{0}", -32700),
            (deep.as_str(), -32700),
            ("[]", -32600),
            ("1", -32600),
            ("{}", -32600),
            (r#"{"method":1,"id":1}"#, -32600),
            (r#"{"method":"a","id":[1]}"#, -32600),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap_err().code, code, "{text:.40}");
        }
        assert_eq!(read(b"\"\xff\"").unwrap_err().code, -32700);
    }

    #[test]
    fn requests_notifications_and_answers() {
        let request = Message::Request { id: json!(1), method: "a".to_string(), params: json!([2]) };
        assert_eq!(read(br#"{"jsonrpc":"2.0","id":1,"method":"a","params":[2]}"#), Ok(request));
        let told = Message::Notification { method: "a".to_string(), params: Value::Null };
        assert_eq!(read(br#"{"method":"a"}"#), Ok(told));
        assert_eq!(read(br#"{"id":7,"result":null}"#), Ok(Message::Answer));
    }
}
