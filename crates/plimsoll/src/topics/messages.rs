//! The messages people paste: by a piece of them that is the same everywhere.

/// A message of an engine, a kernel, a kubelet or a program.
pub struct Message {
    /// Lower-case piece of it; `*` stands for anything between.
    pub pattern: &'static str,
    /// What it means, in one sentence or two.
    pub meaning: &'static str,
    /// The topic that goes on.
    pub topic: &'static str,
}

impl Message {
    /// Whether a pasted line holds it, in any case.
    fn is_in(&self, line: &str) -> bool {
        let mut rest = line;
        self.pattern.split('*').all(|part| match rest.find(part) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        })
    }
}

macro_rules! messages {
    ($($pattern:literal $topic:literal $meaning:literal,)*) => {
        /// All known messages; of several that fit, the first is meant.
        pub const MESSAGES: &[Message] =
            &[$(Message { pattern: $pattern, meaning: $meaning, topic: $topic }),*];
    };
}

messages! {
    "exec format error" "exec-errors"
        "The kernel knows no way to run the file: it is for another architecture, or a script that does not \
         begin with #!.",
    "executable file not found in $path" "exec-errors"
        "The first word of argv is in no directory of PATH: not installed, PATH overwritten, or the whole \
         line written as one word.",
    "image has non-numeric user" "user"
        "runAsNonRoot is set and USER is a name, which the kubelet cannot check: write its number.",
    "image will run as root" "user"
        "runAsNonRoot is set, and the image has no USER or user 0.",
    "breaks non-root policy" "user"
        "runAsNonRoot and runAsUser: 0 contradict each other.",
    "unable to find user" "user"
        "The name after USER or --user is not in the image's /etc/passwd.",
    "createcontainerconfigerror" "user"
        "The kubelet refuses to make the container. Mostly: runAsNonRoot with a user that is root or a name; \
         else a ConfigMap or Secret that does not exist.",
    "mkdir*permission denied" "readonly"
        "The program writes where its user may not: the directory belongs to root.",
    "read-only file system" "readonly"
        "The root file system is read-only, and nothing writable is mounted where the program writes.",
    "could not change permissions of directory" "readonly"
        "The root of a volume belongs to another user: use a sub-directory, as PGDATA does.",
    "bind*permission denied" "ports"
        "The port is below 1024, the user is not root, and this runtime does not open low ports to everybody.",
    "listen*permission denied" "ports"
        "The port is below 1024, the user is not root, and this runtime does not open low ports to everybody.",
    "address already in use" "ports"
        "Something listens on this port in the same network already: a second process of the container, \
         another container of the pod, or with the host's network the host.",
    "port is already allocated" "ports"
        "Another container or program has the published port of the host: publish another one.",
    "connection refused" "ports"
        "Nobody listens on that address and port: not yet, on another port, or on 127.0.0.1 only.",
    "no command specified" "argv"
        "The image has neither ENTRYPOINT nor CMD, or --entrypoint \"\" took them away.",
    "crashloopbackoff" "foreground"
        "PID 1 ended again and again, with whatever exit code, 0 included.",
    "back-off restarting failed container" "foreground"
        "PID 1 ended again and again, with whatever exit code, 0 included.",
    "tcp://*port" "variables"
        "A Service of the namespace has the name of the variable: Kubernetes sets NAME_PORT=tcp://ADDRESS:PORT. \
         enableServiceLinks: false switches that off.",
    "json arguments recommended" "shell-pid1"
        "CMD or ENTRYPOINT is in shell form; whether that does harm depends on the shell and the line.",
    "npm*sigterm" "wrappers"
        "npm was told to stop and reports it as an error; node behind it may have been cut off.",
    "502 bad gateway" "rollout"
        "During a rollout: the proxy still sends to a pod that listens no more, or not yet.",
    "defunct" "zombies"
        "A process that has ended and that PID 1 does not wait for.",
    "oomkilled" "exit-codes"
        "The memory limit was reached, and the kernel killed the process: exit code 137.",
    "segmentation fault" "exit-codes"
        "SIGSEGV: exit code 139.",
    "no such file or directory" "exec-errors"
        "If the file is there: the interpreter after #! (with a carriage return, perhaps) or the loader of \
         the program is not.",
    "permission denied" "exec-errors"
        "The file has no execute bit, is a directory, or lies where the user may not go.",
    "[*]: not found" "json"
        "The exec form was no JSON, so a shell looks for a program called like the bracket.",
    "command not found" "exec-errors"
        "A shell ran and did not find the program in PATH.",
    ": not found" "exec-errors"
        "A shell ran and did not find the program in PATH, or not the interpreter of a script.",
}

/// The message a pasted line holds.
pub fn message(line: &str) -> Option<&'static Message> {
    let line = line.to_ascii_lowercase();
    MESSAGES.iter().find(|message| message.is_in(&line))
}

/// The exit code a pasted line tells: `exited with code 137`, `Exited (137)`, `exit status 127`.
pub fn exit_code(line: &str) -> Option<u8> {
    let line = line.to_ascii_lowercase();
    let after = &line[line.find("exit")?..];
    let digits = after.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topics::topic;

    #[test]
    fn every_message_finds_itself_and_leads_to_a_topic() {
        for known in MESSAGES {
            let line = known.pattern.replace('*', " something ").to_ascii_uppercase();
            let found = message(&line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(found.pattern, known.pattern, "an earlier one hides it");
            assert!(topic(known.topic).is_some(), "{}", known.topic);
        }
    }

    #[test]
    fn longer_pasted_lines() {
        let topic = |line: &str| message(line).map(|message| message.topic);
        let nginx = "nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)";
        assert_eq!(topic(nginx), Some("ports"));
        let runc = "docker: Error response from daemon: OCI runtime create failed: exec: \"/e.sh\": permission denied";
        assert_eq!(topic(runc), Some("exec-errors"));
        let kubelet = "Error: container has runAsNonRoot and image has non-numeric user (app), cannot verify";
        assert_eq!(topic(kubelet), Some("user"));
        assert_eq!(topic("/bin/sh: 1: [httpd,-f]: not found"), Some("json"));
        assert_eq!(topic("all is well"), None);
        assert_eq!(exit_code("app exited with code 137"), Some(137));
        assert_eq!(exit_code("Exited (127) 3 minutes ago"), Some(127));
        assert_eq!((exit_code("exit status"), exit_code("exit 70000")), (None, None));
    }
}
