//! The real shells of this machine: recognised by their bytes, and what they become is what is
//! predicted. A shell replaces itself in any process, not only as PID 1, so no namespace is needed.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use plimsoll_contract::{Pid1, ShellKind, pid1, shell_kind};
use plimsoll_model::{Because, ImageConfig, MemoryTree};

const SHELLS: [(&str, ShellKind); 3] =
    [("/bin/dash", ShellKind::Dash), ("/bin/bash", ShellKind::Bash), ("/bin/busybox", ShellKind::Busybox)];

/// Texts in which `sleep 600` stands for the program.
const TEXTS: [&str; 24] = [
    "sleep 600",
    "exec sleep 600",
    "true && sleep 600",
    "true; sleep 600",
    "true\nsleep 600",
    "cd / && sleep 600",
    "X=1 sleep 600",
    "X=1; sleep 600",
    "export X=1; sleep 600",
    "umask 022 && sleep 600",
    "sleep 600 > /dev/null",
    "sleep 600 < /dev/null",
    "sleep 600 | cat",
    "true | true; sleep 600",
    "true & sleep 600",
    "sleep 600 & wait",
    "trap : USR1; sleep 600",
    "if true; then sleep 600; fi",
    "if true; then :; fi; sleep 600",
    "f() { :; }; f; sleep 600",
    "{ sleep 600; }",
    "sleep 600; true",
    "set -e; exec sleep 600",
    "while true; do sleep 600; done",
];

fn skip(why: &str) {
    eprintln!("SKIPPED: {why}");
    assert_ne!(std::env::var("PLIMSOLL_NO_SKIP").as_deref(), Ok("1"), "a skip is a failure here");
}

#[test]
fn real_shells_are_recognised() {
    for (path, kind) in SHELLS {
        match std::fs::read(path) {
            Ok(bytes) => {
                let mut tree = MemoryTree::default();
                tree.executable("/bin/sh", &bytes);
                assert_eq!(shell_kind::identify(&tree, "/bin/sh"), kind, "{path}");
            }
            Err(error) => skip(&format!("{path}: {error}")),
        }
    }
}

/// A started shell, ended with its children.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // The shell first: a loop would start the next one.
        let below = children(self.0.id());
        let _ = self.0.kill();
        let _ = self.0.wait();
        for child in below {
            let _ = Command::new("kill").arg(child.to_string()).stderr(Stdio::null()).status();
        }
    }
}

fn children(pid: u32) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// The words a process runs with; busybox stays `/bin/busybox` whatever it is.
fn is_sleep(pid: u32) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.starts_with(b"sleep\0")
}

/// Whether the shell became the program; `None` if neither could be seen in time.
fn became_the_program(shell: &str, text: &str) -> Option<bool> {
    let mut command = Command::new(shell);
    if shell.ends_with("busybox") {
        command.arg("sh");
    }
    let quiet = command.args(["-c", text]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Started(quiet.spawn().unwrap());
    let pid = started.0.id();
    for _ in 0..1000 {
        if is_sleep(pid) {
            return Some(true);
        }
        if children(pid).into_iter().any(is_sleep) {
            return Some(false);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}

#[test]
fn what_real_shells_become_is_what_is_predicted() {
    for (path, kind) in SHELLS {
        if !Path::new(path).exists() {
            skip(&format!("{path} is not installed"));
            continue;
        }
        let mut contract = plimsoll_contract::from_image(&ImageConfig::default(), None, Because::ImageConfig);
        contract.shell = kind;
        let mut told = 0;
        for text in TEXTS {
            let argv = ["/bin/sh", "-c", text].map(str::to_string);
            let predicted = pid1::predict(&argv, &contract);
            let seen =
                became_the_program(path, text).unwrap_or_else(|| panic!("{path} -c {text:?}: nothing"));
            match predicted {
                Pid1::Program(program) => assert!(seen && program == "sleep", "{path} -c {text:?} stays"),
                Pid1::Shell { .. } => assert!(!seen, "{path} -c {text:?} becomes the program"),
                Pid1::Unknown(_) => continue,
                Pid1::Nothing => panic!("{path} -c {text:?} starts"),
            }
            told += 1;
        }
        assert!(told >= 20, "only {told} of {} texts are predicted for {path}", TEXTS.len());
    }
}
