//! The conversation: what was asked becomes an answer, what was told a publication.

use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use plimsoll_contract::contract::Launch;
use plimsoll_contract::modes;
use serde_json::{Value, json};

use super::actions::{FIX_ALL, QUICK_FIX, fix_all, is_wanted, quick_fixes};
use super::diagnostics::Place;
use super::documents::{Change, Document, Documents};
use super::hover::hover;
use super::positions::{Encoding, Lines, Position, Range};
use super::rpc::{self, Message, Refusal};
use super::transport::{self, Frame};
use crate::work::explaining::explain_project;
use crate::work::linting::{LintedFile, Linting};

/// Messages that wait to be read: enough for the changes of quick typing, of which only the last is examined.
const WAITING: usize = 64;

/// Serve one editor until it says goodbye or is gone. Returns the exit code that the protocol asks for.
///
/// Reading has a thread of its own, so that what waits is known before work begins.
pub fn serve<R: BufRead>(
    linting: Linting<'_>,
    input: impl FnOnce() -> R + Send + 'static,
    output: impl Write,
) -> u8 {
    let (sender, receiver) = sync_channel(WAITING);
    std::thread::spawn(move || read_all(input(), &sender));
    let mut server = Server {
        linting,
        output,
        phase: Phase::Waiting,
        client: Client::default(),
        documents: Documents::new(),
    };
    server.converse(&receiver)
}

/// Hand everything on until the client is gone, or nobody can tell where its next message begins.
fn read_all(mut input: impl BufRead, sender: &SyncSender<Result<Message, Refusal>>) {
    loop {
        let (read, last) = match transport::read(&mut input) {
            Ok(Frame::Body(body)) => (rpc::read(&body), false),
            Ok(Frame::TooLong(length)) => {
                (Err(Refusal::not_now(format!("a message of {length} bytes is too long"))), false)
            }
            Ok(Frame::End) => return,
            Err(error) => (Err(Refusal::no_json(error)), true),
        };
        if sender.send(read).is_err() || last {
            return;
        }
    }
}

/// How far the conversation is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing counts before `initialize`.
    Waiting,
    /// Everything counts.
    Serving,
    /// After `shutdown`, only `exit` counts.
    Ending,
}

/// What the client can.
struct Client {
    encoding: Encoding,
    shows_related: bool,
}

impl Default for Client {
    fn default() -> Self {
        Client { encoding: Encoding::Utf16, shows_related: false }
    }
}

/// The client is gone.
struct Gone;

struct Server<'a, W> {
    linting: Linting<'a>,
    output: W,
    phase: Phase,
    client: Client,
    documents: Documents,
}

impl<W: Write> Server<'_, W> {
    fn converse(&mut self, messages: &Receiver<Result<Message, Refusal>>) -> u8 {
        loop {
            let Ok(first) = messages.recv() else { return self.exit_code() };
            let mut next = Some(first);
            while let Some(message) = next {
                match self.handle(message) {
                    Ok(false) => {}
                    Ok(true) | Err(Gone) => return self.exit_code(),
                }
                next = messages.try_recv().ok();
            }
            if self.publish().is_err() {
                return self.exit_code();
            }
        }
    }

    /// Zero only after `shutdown`.
    fn exit_code(&self) -> u8 {
        u8::from(self.phase != Phase::Ending)
    }

    fn send(&mut self, message: &Value) -> Result<(), Gone> {
        transport::write(&mut self.output, message).map_err(|_| Gone)
    }

    /// Whether it was the last one.
    fn handle(&mut self, message: Result<Message, Refusal>) -> Result<bool, Gone> {
        match message {
            Ok(Message::Request { id, method, params }) => {
                let result = self.answer(&method, &params);
                self.send(&rpc::answer(id, result))?;
            }
            Ok(Message::Notification { method, .. }) if method == "exit" => return Ok(true),
            Ok(Message::Notification { method, params }) if self.phase == Phase::Serving => {
                if let Err(refusal) = self.hear(&method, &params) {
                    let message = format!("plimsoll: {method}: {}", refusal.message());
                    let told = json!({ "type": 1, "message": message });
                    self.send(&rpc::notification("window/logMessage", told))?;
                }
            }
            Ok(Message::Notification { .. } | Message::Answer) => {}
            Err(refusal) => self.send(&rpc::answer(Value::Null, Err(refusal)))?,
        }
        Ok(false)
    }

    fn answer(&mut self, method: &str, params: &Value) -> Result<Value, Refusal> {
        match (self.phase, method) {
            (Phase::Waiting, "initialize") => Ok(self.initialize(params)),
            (Phase::Waiting, _) => Err(Refusal::too_early()),
            (Phase::Ending, _) => Err(Refusal::not_now("the server was shut down")),
            (Phase::Serving, "initialize") => Err(Refusal::not_now("the server is initialized")),
            (Phase::Serving, "shutdown") => {
                self.phase = Phase::Ending;
                Ok(Value::Null)
            }
            (Phase::Serving, "textDocument/codeAction") => self.code_actions(params),
            (Phase::Serving, "textDocument/hover") => self.hover(params),
            (Phase::Serving, _) => Err(Refusal::unknown(method)),
        }
    }

    fn initialize(&mut self, params: &Value) -> Value {
        self.phase = Phase::Serving;
        let can = |pointer: &str| params["capabilities"].pointer(pointer);
        let encodings = can("/general/positionEncodings").and_then(Value::as_array);
        let takes_bytes = encodings.is_some_and(|known| known.iter().any(|one| one == "utf-8"));
        let related = can("/textDocument/publishDiagnostics/relatedInformation");
        let (encoding, name) = match takes_bytes {
            true => (Encoding::Utf8, "utf-8"),
            false => (Encoding::Utf16, "utf-16"),
        };
        self.client = Client { encoding, shows_related: related == Some(&Value::Bool(true)) };
        json!({
            "capabilities": {
                "positionEncoding": name,
                // 2: changes come as places with their new text.
                "textDocumentSync": { "openClose": true, "change": 2, "save": { "includeText": false } },
                "codeActionProvider": { "codeActionKinds": [QUICK_FIX, FIX_ALL] },
                "hoverProvider": true,
            },
            "serverInfo": { "name": "plimsoll", "version": env!("CARGO_PKG_VERSION") },
        })
    }

    fn hear(&mut self, method: &str, params: &Value) -> Result<(), Refusal> {
        match method {
            "textDocument/didOpen" => self.open(&params["textDocument"]),
            "textDocument/didChange" => self.change(params),
            // A script or an ignore file may have changed with it.
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                self.documents.values_mut().for_each(Document::forget);
                Ok(())
            }
            "textDocument/didClose" => self.close(params),
            _ => Ok(()),
        }
    }

    fn open(&mut self, opened: &Value) -> Result<(), Refusal> {
        let word = |name: &str| opened[name].as_str().ok_or_else(|| Refusal::incomplete(name));
        let (uri, language, text) = (word("uri")?, word("languageId")?, word("text")?);
        if let Some(document) = Document::open(uri, language, opened["version"].as_i64(), text) {
            self.documents.insert(uri.to_string(), document);
        }
        Ok(())
    }

    fn change(&mut self, params: &Value) -> Result<(), Refusal> {
        let changes =
            params["contentChanges"].as_array().ok_or_else(|| Refusal::incomplete("contentChanges"))?;
        // All or none: half of them would leave a text that nobody has.
        let changes: Option<Vec<Change>> = changes.iter().map(Change::from_json).collect();
        let changes = changes.ok_or_else(|| Refusal::incomplete("contentChanges"))?;
        let Some(document) = self.documents.get_mut(uri_in(params)?) else { return Ok(()) };
        for change in &changes {
            document.change(change, self.client.encoding);
        }
        document.version = params["textDocument"]["version"].as_i64();
        Ok(())
    }

    /// Nobody looks any more: the editor's list forgets the file.
    fn close(&mut self, params: &Value) -> Result<(), Refusal> {
        let uri = uri_in(params)?;
        if self.documents.remove(uri).is_some() {
            let nothing = json!({ "uri": uri, "diagnostics": [] });
            // If nobody reads, the next message finds out.
            let _ = self.send(&rpc::notification("textDocument/publishDiagnostics", nothing));
        }
        Ok(())
    }

    /// Tell what is wrong with every text that has changed.
    fn publish(&mut self) -> Result<(), Gone> {
        for (uri, document) in self.documents.iter_mut().filter(|(_, document)| !document.is_published) {
            document.is_published = true;
            let examined = document.examined(&self.linting);
            let place = place(uri, document, &examined, &self.linting, &self.client);
            let shown: Vec<Value> = examined.findings.iter().map(|found| place.diagnostic(found)).collect();
            let mut told = json!({ "uri": uri, "diagnostics": shown });
            if let Some(version) = document.version {
                told["version"] = version.into();
            }
            let told = rpc::notification("textDocument/publishDiagnostics", told);
            transport::write(&mut self.output, &told).map_err(|_| Gone)?;
        }
        Ok(())
    }

    fn code_actions(&mut self, params: &Value) -> Result<Value, Refusal> {
        let uri = uri_in(params)?;
        let asked = Range::from_json(&params["range"]).ok_or_else(|| Refusal::incomplete("range"))?;
        let only = params["context"]["only"].as_array();
        let only: Option<Vec<&str>> = only.map(|only| only.iter().filter_map(Value::as_str).collect());
        let Some(document) = self.documents.get_mut(uri) else { return Ok(json!([])) };
        let examined = document.examined(&self.linting);
        let place = place(uri, document, &examined, &self.linting, &self.client);
        let asked = Lines::new(examined.source.text(), self.client.encoding).span(asked);
        let mut actions = Vec::new();
        if is_wanted(QUICK_FIX, only.as_deref()) {
            actions.extend(quick_fixes(&place, &examined.findings, asked));
        }
        if is_wanted(FIX_ALL, only.as_deref()) {
            let repaired = document.repaired(&self.linting);
            actions.extend(repaired.map(|repaired| fix_all(&place, &repaired)));
        }
        Ok(actions.into())
    }

    fn hover(&mut self, params: &Value) -> Result<Value, Refusal> {
        let uri = uri_in(params)?;
        let at = Position::from_json(&params["position"]).ok_or_else(|| Refusal::incomplete("position"))?;
        let Some(document) = self.documents.get_mut(uri) else { return Ok(Value::Null) };
        let examined = document.examined(&self.linting);
        let place = place(uri, document, &examined, &self.linting, &self.client);
        let at = Lines::new(examined.source.text(), self.client.encoding).offset(at);
        let launches = |stage: usize| launches(document, stage, &self.linting);
        let text = hover(&place, &examined.findings, at, launches);
        Ok(text.map_or(Value::Null, |text| json!({ "contents": { "kind": "markdown", "value": text } })))
    }
}

/// The address of the file that parameters are about.
fn uri_in(params: &Value) -> Result<&str, Refusal> {
    params["textDocument"]["uri"].as_str().ok_or_else(|| Refusal::incomplete("textDocument.uri"))
}

fn place<'a>(
    uri: &'a str,
    document: &'a Document,
    examined: &'a LintedFile,
    linting: &'a Linting<'_>,
    client: &Client,
) -> Place<'a> {
    let beside = document.path.as_deref().and_then(Path::parent);
    Place {
        uri,
        source: &examined.source,
        context: linting.context.as_deref().or(beside),
        encoding: client.encoding,
        shows_related: client.shows_related,
    }
}

/// The ways of launching a stage, if its contract can be told.
fn launches(document: &Document, stage: usize, linting: &Linting<'_>) -> Option<Vec<Launch>> {
    let (project, _) = linting.unsaved_project(document.path.as_deref(), document.text()).ok()?;
    let explained = explain_project(linting.store, &project, Some(&stage.to_string()), &[]).ok()?;
    let contract = &explained.contract;
    Some(modes::matrix(contract).iter().map(|mode| modes::launch(contract, mode)).collect())
}
