//! `lsp`: an editor at both ends of two pipes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::World;

/// A server that is silent for longer hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// Rules these tests speak of, so that others may come.
const ONLY: &str = "--only=PL0,PL101,PL104,PL401,PL608,PL8";

/// What an editor does.
struct Editor {
    server: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    /// Told while an answer was awaited.
    told: Vec<Value>,
    asked: u64,
}

impl Editor {
    /// Start a server and do not speak yet.
    fn start(world: &World) -> Editor {
        let mut command = world.command(&["lsp", "--stdio", ONLY]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut server = command.spawn().expect("plimsoll can be started");
        let input = server.stdin.take();
        let output = server.stdout.take().expect("its output is a pipe");
        let (sender, messages) = channel();
        std::thread::spawn(move || receive(output, &sender));
        Editor { server, input, messages, told: Vec::new(), asked: 0 }
    }

    /// The same after the greeting, with columns counted this way.
    fn greeted(world: &World, encoding: &str) -> Editor {
        let mut editor = Editor::start(world);
        let capabilities = json!({
            "general": { "positionEncodings": [encoding] },
            "textDocument": { "publishDiagnostics": { "relatedInformation": true } },
        });
        let answer = editor.ask("initialize", json!({ "processId": null, "capabilities": capabilities }));
        assert_eq!(answer["result"]["capabilities"]["positionEncoding"], encoding);
        editor.tell("initialized", json!({}));
        editor
    }

    fn write(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("the editor is there");
        input.write_all(bytes).and_then(|()| input.flush()).expect("the server reads");
    }

    fn body(&mut self, body: &[u8]) {
        self.write(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        self.write(body);
    }

    fn tell(&mut self, method: &str, params: Value) {
        let message = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        self.body(message.to_string().as_bytes());
    }

    #[track_caller]
    fn next(&mut self) -> Value {
        self.messages.recv_timeout(LIMIT).expect("the server says something")
    }

    /// The whole answer to a request.
    #[track_caller]
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.body(message.to_string().as_bytes());
        loop {
            let message = self.next();
            if message["id"] == id {
                return message;
            }
            self.told.push(message);
        }
    }

    #[track_caller]
    fn open(&mut self, uri: &str, text: &str) -> Vec<Value> {
        let opened = json!({ "uri": uri, "languageId": "dockerfile", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": opened }));
        self.published(uri, 1)
    }

    #[track_caller]
    fn change(&mut self, uri: &str, version: i64, changes: Value) -> Vec<Value> {
        let document = json!({ "uri": uri, "version": version });
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
        self.published(uri, version)
    }

    /// What is wrong with a version of a file.
    #[track_caller]
    fn published(&mut self, uri: &str, version: i64) -> Vec<Value> {
        loop {
            let message = if self.told.is_empty() { self.next() } else { self.told.remove(0) };
            let params = &message["params"];
            if params["uri"] == uri && params["version"] == version {
                return params["diagnostics"].as_array().expect("diagnostics are a list").clone();
            }
        }
    }

    #[track_caller]
    fn actions(&mut self, uri: &str, range: &Value, context: Value) -> Vec<Value> {
        let params = json!({ "textDocument": { "uri": uri }, "range": range, "context": context });
        let answer = self.ask("textDocument/codeAction", params);
        answer["result"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
    }

    #[track_caller]
    fn hover(&mut self, uri: &str, line: u64, character: u64) -> String {
        let position = json!({ "line": line, "character": character });
        let answer =
            self.ask("textDocument/hover", json!({ "textDocument": { "uri": uri }, "position": position }));
        answer["result"]["contents"]["value"].as_str().unwrap_or_default().to_string()
    }

    /// The exit code of the server, of which nothing more is wanted.
    #[track_caller]
    fn end(mut self) -> i32 {
        drop(self.input.take());
        // Its output ends when it does.
        loop {
            match self.messages.recv_timeout(LIMIT) {
                Ok(_) => {}
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(error) => panic!("the server goes on: {error}"),
            }
        }
        self.server.wait().expect("it can be waited for").code().expect("it ended by itself")
    }

    #[track_caller]
    fn goodbye(mut self) {
        assert_eq!(self.ask("shutdown", Value::Null)["result"], Value::Null);
        self.tell("exit", Value::Null);
        assert_eq!(self.end(), 0);
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // A failed test leaves no server behind; one that has ended is not there to be killed.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Cut what a server writes into messages.
fn receive(output: ChildStdout, sender: &Sender<Value>) {
    let mut output = BufReader::new(output);
    loop {
        let mut header = String::new();
        if output.read_line(&mut header).unwrap_or(0) == 0 {
            return;
        }
        let length = header.trim().strip_prefix("Content-Length: ").and_then(|length| length.parse().ok());
        let mut body = vec![0; length.expect("a header is the length of the body")];
        output.read_line(&mut String::new()).expect("an empty line");
        output.read_exact(&mut body).expect("a body");
        let _ = sender.send(serde_json::from_slice(&body).expect("a body is JSON"));
    }
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

fn codes(found: &[Value]) -> Vec<&str> {
    found.iter().map(|found| found["code"].as_str().unwrap()).collect()
}

/// The byte of a place, columns being UTF-16 units or bytes.
fn offset(text: &str, place: &Value, encoding: &str) -> usize {
    let line = usize::try_from(place["line"].as_u64().unwrap()).unwrap();
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let wanted = usize::try_from(place["character"].as_u64().unwrap()).unwrap();
    let mut units = 0;
    for (at, c) in text[start..].char_indices() {
        if units >= wanted {
            return start + at;
        }
        units += if encoding == "utf-8" { c.len_utf8() } else { c.len_utf16() };
    }
    text.len()
}

/// A text after the edit of an action.
fn edited(text: &str, action: &Value, uri: &str, encoding: &str) -> String {
    let mut edits: Vec<(usize, usize, &str)> = action["edit"]["changes"][uri]
        .as_array()
        .unwrap_or_else(|| panic!("no edit of {uri}: {action}"))
        .iter()
        .map(|edit| {
            let at = |name: &str| offset(text, &edit["range"][name], encoding);
            (at("start"), at("end"), edit["newText"].as_str().unwrap())
        })
        .collect();
    edits.sort();
    let mut text = text.to_string();
    for (start, end, new) in edits.into_iter().rev() {
        text.replace_range(start..end, new);
    }
    text
}

fn everything() -> Value {
    json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9999, "character": 0 } })
}

const SCRIPTED: &str =
    "FROM scratch\nCOPY --chmod=755 start.sh /start.sh\nENTRYPOINT [\"/start.sh\"]\nCMD [\"-v\"]\n";

#[test]
fn the_findings_are_those_of_lint() {
    let world = World::new();
    world.write("p/start.sh", "#!/bin/sh\nserver \"$@\"\n");
    let path = world.write("p/Dockerfile", SCRIPTED);
    let uri = uri(&path);
    let document = world.run(&["lint", ONLY, "--format", "json", "p/Dockerfile"]).json();
    let expected: Vec<(&str, &str)> = document["files"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| (found["code"].as_str().unwrap(), found["message"].as_str().unwrap()))
        .collect();
    assert!(expected.iter().any(|(code, _)| *code == "PL104"), "{expected:?}");
    let mut editor = Editor::greeted(&world, "utf-16");
    let found = editor.open(&uri, SCRIPTED);
    let fact = |found: &Value| found["message"].as_str().unwrap().lines().next().unwrap().to_string();
    let told: Vec<(&str, String)> =
        found.iter().map(|found| (found["code"].as_str().unwrap(), fact(found))).collect();
    assert_eq!(told.iter().map(|(code, fact)| (*code, fact.as_str())).collect::<Vec<_>>(), expected);
    // The place in the script can be gone to, the one in the Dockerfile is where it is started.
    let script = found.iter().find(|found| found["code"] == "PL104").unwrap();
    assert_eq!(script["range"]["start"]["line"], 2, "{script}");
    let related = script["relatedInformation"].as_array().unwrap();
    let in_script = |one: &&Value| one["location"]["uri"].as_str().unwrap().ends_with("/p/start.sh");
    let place = &related.iter().find(in_script).unwrap_or_else(|| panic!("{script}"))["location"];
    assert_eq!(place["range"]["start"], json!({ "line": 1, "character": 0 }));
    assert_eq!(related.last().unwrap()["message"], "more: plimsoll explain PL104");
    // A script that was saved counts, when the editor says that something was.
    world.write("p/start.sh", "#!/bin/sh\nexec server \"$@\"\n");
    editor.tell("textDocument/didSave", json!({ "textDocument": { "uri": uri } }));
    let found = editor.published(&uri, 1);
    assert!(!codes(&found).contains(&"PL104"), "{found:?}");
    editor.goodbye();
}

#[test]
fn the_text_of_the_editor_counts() {
    let world = World::new();
    let path = world.write("p/Dockerfile", "FROM scratch\nUSER 1\nCMD [\"/a\"]\n");
    let uri = uri(&path);
    let mut editor = Editor::greeted(&world, "utf-16");
    let found = editor.open(&uri, "FROM scratch\n# 𝒳\nUSER 1\nCMD [\"/𝒳\"]\n");
    assert_eq!(found, Vec::<Value>::new());
    let at = |line: u64, character: u64| json!({ "line": line, "character": character });
    let changes = json!([
        { "range": { "start": at(2, 0), "end": at(3, 0) }, "text": "" },
        { "range": { "start": at(2, 8), "end": at(2, 8) }, "text": "b" },
    ]);
    let found = editor.change(&uri, 2, changes);
    assert_eq!(codes(&found), ["PL401"]);
    // A mistake behind a character of two units.
    let found = editor.change(&uri, 3, json!([{ "text": "FROM scratch\nUSER 1\nENV 𝒳=1 b\n" }]));
    assert_eq!(codes(&found), ["PL007"], "{found:?}");
    assert_eq!(found[0]["range"]["start"], at(2, 9), "{found:?}");
    assert_eq!(found[0]["severity"], 1);
    // Closed, it is forgotten.
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    let closed = editor.next();
    assert_eq!(closed["params"], json!({ "uri": uri, "diagnostics": [] }));
    // A text that is no file, and a file in a directory that is not there.
    assert_eq!(codes(&editor.open("untitled:Untitled-1", "FROM scratch\nCMD [\"/a\"]\n")), ["PL401"]);
    assert_eq!(codes(&editor.open("file:///no/such/Dockerfile", "RUM x\n")), ["PL001", "PL012"]);
    editor.goodbye();
}

const REPAIRABLE: &str =
    "# 𝒳\r\nFROM scratch\r\nMAINTAINER 𝒳 me\r\nUSER 1\r\nENTRYPOINT /𝒳 --port 80\r\nCMD [\"-v\"]\r\n";

#[test]
fn edits_are_those_of_lint() {
    let world = World::new();
    let path = world.write("p/Dockerfile", REPAIRABLE);
    let uri = uri(&path);
    for encoding in ["utf-16", "utf-8"] {
        let mut editor = Editor::greeted(&world, encoding);
        let found = editor.open(&uri, REPAIRABLE);
        for code in ["PL101", "PL608"] {
            let range = &found.iter().find(|found| found["code"] == code).unwrap()["range"];
            let actions = editor.actions(&uri, range, json!({ "only": ["quickfix"] }));
            let titled = |start: &str| {
                let is_it = |action: &&Value| action["title"].as_str().unwrap().starts_with(start);
                actions.iter().find(is_it).unwrap_or_else(|| panic!("no {start}: {actions:?}")).clone()
            };
            let repair = titled(&format!("{code}: "));
            assert_eq!(repair["isPreferred"], code == "PL608", "{repair}");
            assert_eq!(repair["diagnostics"][0]["code"], code);
            world.write("q/Dockerfile", REPAIRABLE);
            world.run(&["lint", "--only", code, "--fix=all", "--fail-on", "never", "q"]).ok();
            let repaired = std::fs::read_to_string(world.path("q/Dockerfile")).unwrap();
            assert_ne!(repaired, REPAIRABLE);
            assert_eq!(edited(REPAIRABLE, &repair, &uri, encoding), repaired);
            // A comment keeps it back instead.
            let ignored = edited(REPAIRABLE, &titled(&format!("ignore {code} ")), &uri, encoding);
            assert!(
                ignored.contains(&format!("\r\n# plimsoll ignore={code} reason=\"...\"\r\n")),
                "{ignored}"
            );
            world.write("q/Dockerfile", &ignored);
            let left = world.run(&["lint", ONLY, "--fail-on", "never", "q"]);
            assert!(!left.stdout.contains(code) && !left.stdout.contains("PL80"), "{left}");
        }
        let all = editor.actions(&uri, &everything(), json!({ "only": ["source.fixAll"] }));
        assert_eq!(all.len(), 1, "{all:?}");
        world.write("q/Dockerfile", REPAIRABLE);
        world.run(&["lint", ONLY, "--fix", "--fail-on", "never", "q"]).ok();
        let repaired = std::fs::read_to_string(world.path("q/Dockerfile")).unwrap();
        assert_eq!(edited(REPAIRABLE, &all[0], &uri, encoding), repaired);
        // Nothing is left to repair then.
        editor.change(&uri, 2, json!([{ "text": repaired }]));
        let all = editor.actions(&uri, &everything(), json!({ "only": ["source.fixAll.plimsoll"] }));
        assert_eq!(all, Vec::<Value>::new());
        editor.goodbye();
    }
}

#[test]
fn the_pointer_explains() {
    let world = World::new();
    let path = world.write("p/Dockerfile", "");
    let uri = uri(&path);
    let mut editor = Editor::greeted(&world, "utf-16");
    let text = "FROM scratch AS one\nCMD [\"/first\"]\nFROM scratch\nUSER 1\nENTRYPOINT /server --port 80\nCMD [\"-v\"]\n";
    editor.open(&uri, text);
    let first = editor.hover(&uri, 1, 6);
    assert!(first.contains("PID 1 will be") && first.contains("argv   [\"/first\"]"), "{first}");
    let last = editor.hover(&uri, 5, 6);
    assert!(last.contains("**PL101 args-ignored**: arguments never reach"), "{last}");
    assert!(last.contains("argv   [\"/bin/sh\", \"-c\", \"/server --port 80\", \"-v\"]"), "{last}");
    let user = editor.hover(&uri, 3, 1);
    assert!(user.contains("who RUN and the container run as") && !user.contains("PID 1"), "{user}");
    assert!(editor.hover(&uri, 0, 2).contains("Begins a stage"));
    assert_eq!(editor.hover(&uri, 3, 6), "");
    editor.goodbye();
}

#[test]
fn nonsense_is_refused_and_service_goes_on() {
    let world = World::new();
    let mut editor = Editor::start(&world);
    let early = editor.ask("textDocument/hover", json!({}));
    assert_eq!(early["error"]["code"], -32002, "{early}");
    editor.tell("textDocument/didOpen", json!({ "textDocument": { "uri": "untitled:1" } }));
    let capabilities = editor.ask("initialize", Value::Null)["result"]["capabilities"].clone();
    assert_eq!(capabilities["positionEncoding"], "utf-16");
    assert_eq!(editor.ask("initialize", Value::Null)["error"]["code"], -32600);
    assert_eq!(editor.ask("workspace/fly", Value::Null)["error"]["code"], -32601);
    for body in [&b"{"[..], b"\xff", b"[]", b"7", br#"{"id":{},"method":"shutdown"}"#] {
        editor.body(body);
        let refused = editor.next();
        assert_eq!(refused["id"], Value::Null, "{refused}");
        assert!(refused["error"]["code"].as_i64().unwrap() <= -32600, "{refused}");
    }
    let uri = "untitled:1";
    editor.open(uri, "FROM scratch\nCMD [\"/a\"]\n");
    let far = json!({ "line": u64::MAX, "character": u64::MAX });
    for method in ["textDocument/hover", "textDocument/codeAction"] {
        for params in [
            Value::Null,
            json!([]),
            json!({ "textDocument": { "uri": uri } }),
            json!({ "textDocument": { "uri": uri }, "position": { "line": -1, "character": 0 }, "range": 7 }),
        ] {
            assert_eq!(editor.ask(method, params)["error"]["code"], -32602, "{method}");
        }
        let range = json!({ "start": far, "end": { "line": 0, "character": 0 } });
        for uri in [uri, "untitled:unknown"] {
            let params = json!({ "textDocument": { "uri": uri }, "position": far, "range": range });
            assert!(editor.ask(method, params).get("error").is_none(), "{method}");
        }
    }
    // A change that nobody understands is told, and changes nothing.
    let broken = json!([{ "text": "" }, { "range": { "start": far }, "text": "" }]);
    editor
        .tell("textDocument/didChange", json!({ "textDocument": { "uri": uri }, "contentChanges": broken }));
    assert_eq!(editor.next()["method"], "window/logMessage");
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": far });
    let found = editor.change(uri, 2, json!([{ "range": range, "text": "RUM\n" }]));
    assert!(codes(&found).contains(&"PL001"), "{found:?}");
    editor.goodbye();
}

#[test]
fn a_client_that_is_gone_ends_the_server() {
    let world = World::new();
    assert_eq!(Editor::start(&world).end(), 1);
    assert_eq!(Editor::greeted(&world, "utf-16").end(), 1);
    for last in ["Content-Length: 99999999999999\r\n\r\n{", "Content-Length: 5\r\n\r\n{", "Content-Len"] {
        let mut editor = Editor::greeted(&world, "utf-8");
        editor.write(last.as_bytes());
        assert_eq!(editor.end(), 1, "{last}");
    }
    // Where the next message begins nobody knows: it is said, and that is the end.
    let mut editor = Editor::greeted(&world, "utf-8");
    editor.write(b"no header at all\r\n\r\n");
    assert_eq!(editor.next()["error"]["code"], -32700);
    assert_eq!(editor.end(), 1);
    // It leaves without a goodbye.
    let mut editor = Editor::greeted(&world, "utf-8");
    editor.tell("exit", Value::Null);
    assert_eq!(editor.end(), 1);
}
