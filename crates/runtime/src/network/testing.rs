//! For tests: a network namespace of one's own, in which an ordinary user is root, too.

use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::namespace;

/// Set in the copy of the test program that runs inside.
const INSIDE: &str = "PLIMSOLL_TEST_INSIDE";

/// Run the body of a test in a network namespace of its own: the test program starts itself again there
/// with this test alone. `test` is the whole name of the calling test.
pub fn in_private_network(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let Ok(probe) = Command::new("unshare").args(["-Urn", "true"]).output() else {
        return skip("unshare (util-linux) is not installed");
    };
    if !probe.status.success() {
        return skip("this machine makes no user namespace");
    }
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new("unshare");
    command.args(["-Urn"]).arg(program).args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "no test is called {test}: {text}");
}

fn skip(reason: &str) {
    if std::env::var_os("PLIMSOLL_NO_SKIP").is_some_and(|value| value == "1") {
        panic!("SKIPPED: {reason} (and PLIMSOLL_NO_SKIP=1 forbids skipping)");
    }
    // Not eprintln!: the harness would swallow it unless the test fails.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {reason}");
}

/// A process in a network namespace of its own, like a container's.
pub struct Neighbour {
    process: Child,
}

impl Neighbour {
    /// Start it.
    pub fn start() -> Neighbour {
        let mut command = Command::new("unshare");
        let process = command.args(["-n", "cat"]).stdin(Stdio::piped()).spawn().unwrap();
        let neighbour = Neighbour { process };
        let own = std::fs::read_link("/proc/self/ns/net").unwrap();
        for _ in 0..1000 {
            let link = std::fs::read_link(format!("/proc/{}/ns/net", neighbour.process.id())).unwrap();
            if link != own {
                return neighbour;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it did not get a namespace of its own");
    }

    /// Its namespace.
    pub fn namespace(&self) -> OwnedFd {
        namespace::of_process(self.process.id()).unwrap()
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
