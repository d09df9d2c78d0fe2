//! A Kubernetes object as a small tree in which any value can carry its reason.
//!
//! Generated types (k8s-openapi) were weighed: they check field names when plimsoll is compiled, but
//! have no room for a [`Because`] beside a value, keep no order of fields and none of the fields that
//! are left out on purpose. A reasoned tree would be needed beside them, with a translation between
//! the two. So there is only the tree; that its names and types are Kubernetes' own is a test
//! (`tests/it`, the API's JSON schema in strict mode).

use plimsoll_model::Because;
use serde_json::{Map, Value as Json};

/// A value with the reason for it. Without one of its own, the reason of the nearest parent holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Why it is what it is.
    pub because: Option<Because>,
}

/// The kinds of values.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Fields in the order they are written.
    Map(Vec<Field>),
    /// Items in order.
    List(Vec<Node>),
    /// A string.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A boolean.
    Bool(bool),
    /// Left out on purpose: no part of the object, only its reason is shown.
    Unset,
}

/// One field of a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The name.
    pub key: String,
    /// The value.
    pub node: Node,
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Node { value, because: None }
    }
}

impl Node {
    /// A string.
    pub fn text(text: impl Into<String>) -> Self {
        Value::Text(text.into()).into()
    }

    /// A whole number.
    pub fn int(number: impl Into<i64>) -> Self {
        Value::Int(number.into()).into()
    }

    /// A boolean.
    pub fn bool(truth: bool) -> Self {
        Value::Bool(truth).into()
    }

    /// A list of strings.
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Node::list(texts.into_iter().map(Node::text))
    }

    /// A list.
    pub fn list(items: impl IntoIterator<Item = Node>) -> Self {
        Value::List(items.into_iter().collect()).into()
    }

    /// A map.
    pub fn map<K: Into<String>>(fields: impl IntoIterator<Item = (K, Node)>) -> Self {
        let fields = fields.into_iter().map(|(key, node)| Field { key: key.into(), node });
        Value::Map(fields.collect()).into()
    }

    /// A map of those fields that have a value.
    pub fn map_some<K: Into<String>>(fields: impl IntoIterator<Item = (K, Option<Node>)>) -> Self {
        Node::map(fields.into_iter().filter_map(|(key, node)| Some((key, node?))))
    }

    /// A field left out for this reason.
    pub fn unset(because: Because) -> Self {
        Node { value: Value::Unset, because: Some(because) }
    }

    /// The same value with its reason.
    #[must_use]
    pub fn why(self, because: Because) -> Self {
        Node { because: Some(because), ..self }
    }

    /// Whether the value is part of the object.
    pub fn is_set(&self) -> bool {
        self.value != Value::Unset
    }

    /// The field of a map, if it is set.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(fields) => fields
                .iter()
                .find(|field| field.key == key)
                .map(|field| &field.node)
                .filter(|node| node.is_set()),
            _ => None,
        }
    }

    /// The value below these keys, one map inside the other.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The fields of a map that are set; none for anything else.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        let fields: &[Field] = match &self.value {
            Value::Map(fields) => fields,
            _ => &[],
        };
        fields.iter().filter(|field| field.node.is_set())
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The string.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number.
    pub fn as_int(&self) -> Option<i64> {
        match self.value {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }

    /// The boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    /// The bare value, without reasons and without what is left out.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Map(_) => {
                let fields = self.fields().map(|field| (field.key.clone(), field.node.to_json()));
                Json::Object(fields.collect::<Map<_, _>>())
            }
            Value::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Value::Text(text) => Json::String(text.clone()),
            Value::Int(number) => Json::from(*number),
            Value::Bool(truth) => Json::Bool(*truth),
            Value::Unset => Json::Null,
        }
    }

    /// The value on one line: scalars as they are, lists and maps as JSON.
    pub fn one_line(&self) -> String {
        match &self.value {
            Value::Text(text) => text.clone(),
            Value::Unset => "(not set)".to_string(),
            _ => self.to_json().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_no_part_of_the_object() {
        let left_out = Node::unset(Because::Assumed("no need".into()));
        let node = Node::map([("b", Node::int(1)), ("a", left_out), ("c", Node::texts(["x"]))]);
        assert_eq!(node.to_json().to_string(), r#"{"b":1,"c":["x"]}"#);
        assert_eq!(node.get("a"), None);
        assert_eq!(node.fields().count(), 2);
    }

    #[test]
    fn paths_lead_through_maps_only() {
        let node = Node::map([("a", Node::map([("b", Node::bool(true))]))]);
        assert_eq!(node.at(&["a", "b"]).and_then(Node::as_bool), Some(true));
        assert_eq!(node.at(&["a", "x"]), None);
        assert_eq!(node.at(&["a", "b", "c"]), None);
    }
}
