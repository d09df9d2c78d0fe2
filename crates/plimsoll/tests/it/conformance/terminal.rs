//! A command called from a terminal, with what a person types there.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::command::{Output, ending};

/// What a terminal shows, and who reads it.
struct Screen {
    shown: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

/// Run a command on a terminal; what is shown there is its standard output.
pub fn finish(
    mut command: Command,
    typed: &[(&'static str, &'static str)],
    limit: Duration,
) -> Result<Output, String> {
    let begun = Instant::now();
    let (mut keyboard, tty, name) = pair();
    let screen = Screen::watch(keyboard.try_clone().expect("a descriptor can be doubled"));
    let what = format!("{command:?}");
    let side = || tty.try_clone().expect("a descriptor can be doubled");
    let child = command.stdin(side()).stdout(side()).stderr(side()).spawn();
    let child = child.map_err(|error| format!("{what} does not start: {error}"))?;
    // What stays open here would keep the screen from ending.
    drop((command, tty));
    for (seen, text) in typed {
        wait_until(begun, limit, || screen.shown().contains(seen));
        for key in text.bytes() {
            keyboard.write_all(&[key]).expect("a terminal takes what is typed");
            // As people type: each key is read before the next one is there. podman knows no others. The
            // kernel hands a key over a moment later.
            std::thread::sleep(Duration::from_millis(20));
            wait_until(begun, limit, || nothing_waits(&name));
        }
    }
    let output = ending(child, what, limit)?;
    wait_until(begun, limit, || screen.reader.is_finished());
    Ok(output.with_stdout(screen.shown().into_bytes()))
}

/// Both sides of a new terminal, the person's and the program's, and its name.
fn pair() -> (File, OwnedFd, CString) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
    grantpt(&person).expect("it is ours");
    unlockpt(&person).expect("it is ours");
    let name = ptsname(&person, Vec::new()).expect("it has a name");
    let program = open(&name).expect("it can be opened");
    (File::from(person), program, name)
}

fn open(name: &CStr) -> rustix::io::Result<OwnedFd> {
    rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())
}

/// No key waits to be read: all are, or the terminal is gone.
fn nothing_waits(name: &CStr) -> bool {
    open(name).and_then(|tty| rustix::io::ioctl_fionread(&tty)).unwrap_or(0) == 0
}

impl Screen {
    fn watch(mut side: File) -> Screen {
        let shown = Arc::new(Mutex::new(String::new()));
        let seen = Arc::clone(&shown);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // It ends with an error when no program has the terminal any more.
            while let Ok(length @ 1..) = side.read(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..length]);
                seen.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
            }
        });
        Screen { shown, reader }
    }

    fn shown(&self) -> String {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn wait_until(begun: Instant, limit: Duration, mut so: impl FnMut() -> bool) {
    while !so() && begun.elapsed() < limit {
        std::thread::sleep(Duration::from_millis(10));
    }
}
