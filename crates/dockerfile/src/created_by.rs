//! What a line of an image's history says, whichever builder wrote it.
//!
//! The text is free; these are the forms of the builders in use:
//! - docker's classic builder: `/bin/sh -c #(nop)  CMD ["x"]`, `/bin/sh -c cmd`, `|1 A=1 /bin/sh -c cmd`;
//! - BuildKit: `CMD ["x"]`, `COPY a b # buildkit`, `RUN |1 A=1 /bin/sh -c cmd # buildkit`;
//! - buildah: the classic forms with one blank, an exec-form RUN as `/bin/sh -c ["cmd"]`;
//! - kaniko: the instruction as it stands in the Dockerfile.

use crate::INSTRUCTIONS;

/// A step of a build, as far as its history line tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedBy<'a> {
    /// The instruction; `None` for a text of no known builder (`docker commit`, `ko`, `bazel`).
    pub instruction: Option<&'static str>,
    /// What follows the instruction: of RUN the command alone, of others the rest of the line.
    pub text: &'a str,
}

/// The classic builder's mark of a step that runs nothing.
const NOTHING_RUN: &str = "#(nop)";
const BUILDKIT: &str = " # buildkit";
const SHELL: &str = "/bin/sh -c ";

impl<'a> CreatedBy<'a> {
    /// Read a line.
    pub fn read(line: &'a str) -> Self {
        let line = line.trim();
        let line = line.strip_suffix(BUILDKIT).unwrap_or(line);
        if let Some((_, rest)) = line.split_once(NOTHING_RUN) {
            return CreatedBy::instruction(rest.trim_start())
                .unwrap_or(CreatedBy::unknown(rest.trim_start()));
        }
        if line.starts_with('|') || line.starts_with(SHELL) {
            return CreatedBy { instruction: Some("RUN"), text: command(line) };
        }
        CreatedBy::instruction(line).unwrap_or(CreatedBy::unknown(line))
    }

    fn unknown(text: &'a str) -> Self {
        CreatedBy { instruction: None, text }
    }

    fn instruction(text: &'a str) -> Option<Self> {
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let known = INSTRUCTIONS.iter().copied().find(|known| known.eq_ignore_ascii_case(word))?;
        let rest = rest.trim_start();
        let text = if known == "RUN" { command(rest) } else { rest };
        Some(CreatedBy { instruction: Some(known), text })
    }
}

/// The command of a RUN without build arguments and shell.
fn command(text: &str) -> &str {
    let command = without_arguments(text).unwrap_or(text);
    command.strip_prefix(SHELL).unwrap_or(command)
}

/// What follows `|2 A=1 B=two words`. Values may have blanks, and nothing tells where the last one
/// ends: at the shell, if there is one.
fn without_arguments(text: &str) -> Option<&str> {
    let (count, mut rest) = text.strip_prefix('|')?.split_once(' ')?;
    for _ in 0..count.parse::<usize>().ok()? {
        rest = rest.split_once(' ')?.1;
    }
    if rest.starts_with(SHELL) {
        return Some(rest);
    }
    let shell = rest.find(&format!(" {SHELL}"));
    Some(shell.map_or(rest, |at| &rest[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_builders_say_the_same() {
        for (line, instruction, text) in [
            // docker 20.10, classic builder.
            (r#"/bin/sh -c #(nop)  CMD ["-c" "echo x y"]"#, Some("CMD"), r#"["-c" "echo x y"]"#),
            ("/bin/sh -ec #(nop)  STOPSIGNAL SIGQUIT", Some("STOPSIGNAL"), "SIGQUIT"),
            ("/bin/sh -c #(nop) WORKDIR /w", Some("WORKDIR"), "/w"),
            ("/bin/sh -c #(nop) COPY file:70 in /b ", Some("COPY"), "file:70 in /b"),
            ("|1 V=2 /bin/sh -c echo hi > /made", Some("RUN"), "echo hi > /made"),
            ("|1 V=2 /bin/busybox --install /bin", Some("RUN"), "/bin/busybox --install /bin"),
            ("/bin/sh -c apt-get update", Some("RUN"), "apt-get update"),
            // BuildKit.
            ("RUN |2 A=1 B=two words /bin/sh -c make # buildkit", Some("RUN"), "make"),
            ("RUN /bin/bash -c make # buildkit", Some("RUN"), "/bin/bash -c make"),
            ("COPY --chown=1:2 src dst # buildkit", Some("COPY"), "--chown=1:2 src dst"),
            ("EXPOSE map[80/tcp:{}]", Some("EXPOSE"), "map[80/tcp:{}]"),
            // buildah 1.28.
            ("/bin/sh -c #(nop) EXPOSE 80 53/udp", Some("EXPOSE"), "80 53/udp"),
            (r#"|1 V=1 /bin/sh -c ["/bin/busybox","true"]"#, Some("RUN"), r#"["/bin/busybox","true"]"#),
            // kaniko.
            ("RUN apt-get update", Some("RUN"), "apt-get update"),
            // Nobody's.
            ("bazel build ...", None, "bazel build ..."),
            ("|x", Some("RUN"), "|x"),
            ("|99999999999 A", Some("RUN"), "|99999999999 A"),
            ("", None, ""),
        ] {
            assert_eq!(CreatedBy::read(line), CreatedBy { instruction, text }, "{line}");
        }
    }
}
