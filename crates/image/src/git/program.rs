//! Running git, so that nothing but the command line decides what it does.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use super::GitError;

/// The git of this machine.
#[derive(Debug, Clone, Default)]
pub struct GitProgram {
    /// What the roof hands on of its environment: where programs are, the ssh agent, proxies.
    pub environment: Vec<(OsString, OsString)>,
}

/// What may be fetched from, for repositories and their submodules alike.
const PROTOCOLS: &str = "http:https:git:ssh";

/// Settings that beat those of any file.
const SETTINGS: [&str; 15] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.autocrlf=false",
    "core.symlinks=true",
    "core.logAllRefUpdates=false",
    "credential.helper=",
    // Objects stay loose, so that a kept `.git` does not depend on how a server packs.
    "fetch.unpackLimit=1000000",
    "gc.auto=0",
    "maintenance.auto=false",
    "init.defaultBranch=main",
    "advice.detachedHead=false",
    "submodule.recurse=false",
    // A server that stops sending is given up after a minute.
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
];

/// What is kept of its output.
const LONGEST: u64 = 16 << 20;

/// How often a running git is looked at.
const PAUSE: Duration = Duration::from_millis(10);

/// git as it is used now.
#[derive(Clone, Copy)]
pub struct Git<'a> {
    /// The program.
    pub program: &'a GitProgram,
    /// Asked now and then whether to give up.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

impl Git<'_> {
    /// Run git in a directory. `remote` is for the message if there is no git; the error is its last
    /// words.
    pub(super) fn run(
        &self,
        remote: &str,
        at: &Path,
        words: &[&str],
    ) -> Result<Result<String, String>, GitError> {
        let mut command = Command::new("git");
        command.env_clear().envs(self.program.environment.iter().map(|(name, value)| (name, value)));
        for (name, value) in [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_ALLOW_PROTOCOL", PROTOCOLS),
            ("GIT_CEILING_DIRECTORIES", "/"),
            ("LC_ALL", "C"),
        ] {
            command.env(name, value);
        }
        command.env("GIT_SSH_COMMAND", self.program.ssh());
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.args(words).current_dir(at).stdin(Stdio::null());
        let output = self.output(&mut command).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => GitError::NotInstalled { remote: remote.to_string() },
            _ => GitError::Failed {
                remote: remote.to_string(),
                doing: "be run for",
                why: crate::error::reason(&error),
            },
        })?;
        let said = String::from_utf8_lossy(&output.stderr);
        Ok(match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(last_words(&said)),
        })
    }

    /// What a command says until its end, which comes early when the build is given up.
    fn output(&self, command: &mut Command) -> io::Result<Output> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (stdout, stderr) = (std::thread::spawn(|| gather(stdout)), std::thread::spawn(|| gather(stderr)));
        // Both ends are closed when git and its helpers have nothing more to say.
        while !(stdout.is_finished() && stderr.is_finished()) {
            if (self.stop)() {
                // A helper that waits for a server may hold its ends longer: nobody waits for it.
                child.kill()?;
                child.wait()?;
                return Err(io::Error::other("the build was given up"));
            }
            std::thread::sleep(PAUSE);
        }
        let status = child.wait()?;
        let (stdout, stderr) = (stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default());
        Ok(Output { status, stdout, stderr })
    }
}

/// What comes through a pipe, as far as anybody reads it: a list of refs may have some megabytes.
fn gather(pipe: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What was read before an error is still worth showing.
        let _ = pipe.by_ref().take(LONGEST).read_to_end(&mut bytes);
        let _ = io::copy(&mut pipe, &mut io::sink());
    }
    bytes
}

impl GitProgram {
    /// ssh without a configuration file, with the host keys its user knows. In a user namespace ssh takes
    /// us for root and would look for them in root's home.
    fn ssh(&self) -> OsString {
        let mut ssh = OsString::from("ssh -F /dev/null -o BatchMode=yes");
        let home =
            self.environment.iter().find(|(name, _)| name == "HOME").and_then(|(_, home)| home.to_str());
        let plain = |home: &&str| !home.is_empty() && !home.contains(['\'', '"', '\\', ' ', '\n']);
        if let Some(home) = home.filter(plain) {
            ssh.push(format!(" -o 'UserKnownHostsFile={home}/.ssh/known_hosts'"));
        }
        ssh
    }
}

/// Of what git says when it fails, the lines that begin with `fatal:` or `error:` and those of the server.
fn last_words(said: &str) -> String {
    let important = ["fatal: ", "error: ", "remote: "];
    let lines = said.lines().map(str::trim);
    let told: Vec<&str> =
        lines.filter_map(|line| important.iter().find_map(|word| line.strip_prefix(word))).collect();
    let text = match told.is_empty() {
        true => said.lines().last().unwrap_or("it says nothing").to_string(),
        false => told.join("; "),
    };
    crate::registry::harmless(&text, 400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_the_important_ones() {
        let said = "Cloning into 'x'...\nremote: not found\nfatal: repository 'https://h/r.git/' not found\n";
        assert_eq!(last_words(said), "not found; repository 'https://h/r.git/' not found");
        assert_eq!(last_words("a\nb\n"), "b");
        assert_eq!(last_words(""), "it says nothing");
    }
}
