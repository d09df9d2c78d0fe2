//! A command run to its end, and what is expected of it.

use std::io::{Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A command that takes longer than this hangs.
const LIMIT: Duration = Duration::from_secs(180);

/// What a command has said and how it ended.
#[derive(Debug, Clone)]
pub struct Output {
    /// Exit code; 128+n for a signal.
    pub code: i32,
    /// Standard output as bytes.
    pub bytes: Vec<u8>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    what: String,
}

impl Output {
    /// Nothing said, ended with 0.
    pub fn nothing() -> Output {
        Output {
            code: 0,
            bytes: Vec::new(),
            stdout: String::new(),
            stderr: String::new(),
            what: "nothing".to_string(),
        }
    }

    /// With this as its standard output.
    pub fn with_stdout(self, bytes: Vec<u8>) -> Output {
        Output { stdout: String::from_utf8_lossy(&bytes).into_owned(), bytes, ..self }
    }

    /// It ended with 0.
    #[track_caller]
    pub fn ok(&self) -> &Self {
        self.ends(0)
    }

    /// It ended with this code.
    #[track_caller]
    pub fn ends(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "exit code of {self}");
        self
    }

    /// Standard error has all these words, wherever its lines end.
    #[track_caller]
    pub fn says(&self, words: &[&str]) -> &Self {
        let unwrapped = unwrapped(&self.stderr);
        for word in words {
            let said = self.stderr.contains(word) || unwrapped.contains(word);
            assert!(said, "standard error has no '{word}': {self}");
        }
        self
    }

    /// Standard output has all these words.
    #[track_caller]
    pub fn prints(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(self.stdout.contains(word), "standard output has no '{word}': {self}");
        }
        self
    }

    /// Standard output is exactly this, blanks at its ends aside.
    #[track_caller]
    pub fn is(&self, text: &str) -> &Self {
        assert_eq!(self.stdout.trim(), text, "{self}");
        self
    }

    /// One sentence on standard error, no more: what a mistake of the command line gets.
    #[track_caller]
    pub fn one_sentence(&self) -> &Self {
        let errors = self.stderr.lines().filter(|line| line.starts_with("error")).count();
        assert_eq!(errors, 1, "one sentence was expected: {self}");
        self
    }

    /// It is a panic that ended it.
    pub fn has_panicked(&self) -> bool {
        self.stderr.contains("panicked") || self.stdout.contains("panicked at")
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {self}"))
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}\nexit code {}\n--- stdout\n{}\n--- stderr\n{}",
            self.what, self.code, self.stdout, self.stderr
        )
    }
}

/// A text with its lines joined as a reader does.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Run a command to its end, with something on its standard input.
#[track_caller]
pub fn finish(command: Command, input: Vec<u8>) -> Output {
    let (child, what) = start(command, input);
    collect(child, what)
}

/// Start a command with something on its standard input; also how it was called.
#[track_caller]
pub fn start(command: Command, input: Vec<u8>) -> (Child, String) {
    start_into(command, input, Stdio::piped())
}

/// The same with its output going somewhere.
#[track_caller]
pub fn start_into(mut command: Command, input: Vec<u8>, output: Stdio) -> (Child, String) {
    let words: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
    let mut child = command
        .stdin(stdin)
        .stdout(output)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{words:?} does not start: {error}"));
    if let Some(mut pipe) = child.stdin.take() {
        // A program need not read its input to the end.
        std::thread::spawn(move || drop(pipe.write_all(&input)));
    }
    (child, words.join(" "))
}

/// What a started command says until its end.
#[track_caller]
pub fn collect(child: Child, what: String) -> Output {
    let output = ending(child, what, LIMIT).unwrap_or_else(|problem| panic!("{problem}"));
    assert!(!output.has_panicked(), "{output}");
    output
}

/// What a started command says until its end, or that it has none within the limit.
pub fn ending(mut child: Child, what: String, limit: Duration) -> Result<Output, String> {
    fn reader(from: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut from) = from {
                let _ = from.read_to_end(&mut bytes);
            }
            bytes
        })
    }
    let (stdout, stderr) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let Some(code) = wait(&mut child, limit) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("{what} has not ended after {limit:?}"));
    };
    let bytes = stdout.join().expect("a pipe can be read");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&bytes), text(&stderr.join().expect("a pipe can be read")));
    Ok(Output { code, bytes, stdout, stderr, what })
}

/// Wait for the end of a process: its code, 128+n for a signal; `None` when the time is over.
pub fn wait(child: &mut Child, limit: Duration) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt as _;
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    while begun.elapsed() < limit {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return Some(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
    None
}

/// Try again until it is so.
#[track_caller]
pub fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
