//! Where the ids of a process are kept: in the process.
//!
//! A table by process number would have to know every fork before its child runs, every end before its
//! number is used again, and whose child an orphan was. `RLIMIT_LOCKS` knows all of that: a fork and an
//! executed program inherit it, it ends with the process, we may set it from outside, and Linux enforces it
//! no more. It holds a mark and the number of an entry of our table. A process that forges it changes whom
//! its own files in its own layer belong to, which it may do by `chown` as well.

use std::collections::HashMap;

use plimsoll_sys::process;
use rustix::io::Errno;

use super::credentials::Credentials;

/// The upper half of a limit that is ours.
const MARK: u64 = 0x706c_696d << 32;

/// Different credentials in one build step; real ones have a handful.
const MOST: usize = 4096;

/// All credentials that were taken on.
#[derive(Debug)]
pub(super) struct CredentialMarks {
    table: Vec<Credentials>,
    numbers: HashMap<Credentials, usize>,
}

impl CredentialMarks {
    /// Processes without a mark have these.
    pub(super) fn new(initial: Credentials) -> Self {
        CredentialMarks { table: vec![initial.clone()], numbers: HashMap::from([(initial, 0)]) }
    }

    /// The credentials of a thread that waits for our answer.
    pub(super) fn of(&self, thread: u32) -> &Credentials {
        // Nobody has changed anything yet: not worth a call.
        let limit = if self.table.len() > 1 { process::lock_limit(thread).unwrap_or(0) } else { 0 };
        let number = if limit & !0xffff_ffff == MARK { (limit & 0xffff_ffff) as usize } else { 0 };
        self.table.get(number).unwrap_or(&self.table[0])
    }

    /// Mark a process.
    pub(super) fn set(&mut self, thread: u32, credentials: Credentials) -> Result<(), Errno> {
        let number = match self.numbers.get(&credentials) {
            Some(number) => *number,
            None if self.table.len() < MOST => {
                self.table.push(credentials.clone());
                self.numbers.insert(credentials, self.table.len() - 1);
                self.table.len() - 1
            }
            None => return Err(Errno::AGAIN),
        };
        process::set_lock_limit(thread, MARK | number as u64).map_err(|_| Errno::PERM)
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::super::credentials::Ids;
    use super::*;

    #[test]
    fn marks_are_inherited_and_end_with_the_process() {
        let script = "read a; sleep 60 & echo $!; read b; kill $!";
        let pipes = |command: &mut Command| command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut shell = pipes(Command::new("sh").args(["-c", script])).unwrap();
        let mut marks = CredentialMarks::new(Credentials::default());
        let other = Credentials { user: Ids { real: 7, ..Ids::default() }, ..Credentials::default() };
        assert_eq!(marks.of(shell.id()), &Credentials::default());
        marks.set(shell.id(), other.clone()).unwrap();
        let (mut input, output) = (shell.stdin.take().unwrap(), shell.stdout.take().unwrap());
        std::io::Write::write_all(&mut input, b"\n").unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line).unwrap();
        assert_eq!(marks.of(line.trim().parse().unwrap()), &other);
        assert_eq!(marks.of(std::process::id()), &Credentials::default());
        std::io::Write::write_all(&mut input, b"\n").unwrap();
        shell.wait().unwrap();
    }
}
