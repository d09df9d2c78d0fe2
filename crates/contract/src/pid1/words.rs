//! What an argv starts, seen through shells and through wrappers that replace themselves.

/// The thing an argv starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// This program with these arguments.
    Program(Vec<String>),
    /// A shell with `-c text`.
    ShellText {
        /// The shell as written.
        shell: String,
        /// The text.
        text: String,
        /// Words after the text: `$0`, `$1`, ...
        args: Vec<String>,
    },
    /// A shell given a script file.
    ShellScript {
        /// The shell as written.
        shell: String,
        /// The script as written.
        script: String,
        /// Words after it: `$1`, ...
        args: Vec<String>,
    },
    /// A shell alone: it reads commands from its input.
    Shell,
    /// A wrapper with options we do not read; the text names it.
    Unclear(String),
}

/// Whether a program's base name is that of a POSIX-like shell.
pub fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "dash" | "ash" | "ksh" | "mksh" | "zsh" | "rbash")
}

/// The last component of a path.
pub fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Look through `env`, `gosu`, `su-exec`, `nice`, `exec`-like wrappers and shells.
pub fn unwrap(argv: &[String]) -> Started {
    let mut rest = argv;
    // Every turn takes words away, so this ends.
    while let Some(first) = rest.first() {
        let after = match base_name(first) {
            "gosu" | "su-exec" if rest.len() > 2 && !rest[1].starts_with('-') => &rest[2..],
            "env" => match after_env(&rest[1..]) {
                Some(after) if !after.is_empty() => after,
                _ => return Started::Unclear("env".to_string()),
            },
            "busybox" if rest.get(1).is_some_and(|applet| is_shell(applet)) => &rest[1..],
            "nice" | "nohup" | "setsid" | "stdbuf" | "chroot" | "setpriv" | "runuser" | "ionice"
            | "timeout" => {
                return Started::Unclear(first.clone());
            }
            name if is_shell(name) => return shell_words(rest),
            _ => return Started::Program(rest.to_vec()),
        };
        rest = after;
    }
    Started::Program(Vec::new())
}

/// The words after `env`'s own: assignments and `-i`; other options are not read.
fn after_env(words: &[String]) -> Option<&[String]> {
    let own = |word: &String| word.contains('=') || word == "-i" || word == "-";
    let count = words.iter().take_while(|word| own(word)).count();
    let rest = &words[count..];
    rest.first().is_none_or(|word| !word.starts_with('-')).then_some(rest)
}

fn shell_words(argv: &[String]) -> Started {
    let shell = argv[0].clone();
    let mut at = 1;
    let mut text_next = false;
    while let Some(option) = argv.get(at).filter(|word| word.len() > 1 && word.starts_with(['-', '+'])) {
        at += 1;
        match option.as_str() {
            "--" => break,
            "--login" | "--norc" | "--noprofile" | "--posix" => continue,
            long if long.starts_with("--") => return Started::Unclear(shell),
            letters => {
                text_next |= letters.starts_with('-') && letters.contains('c');
                if letters.contains('s') {
                    return Started::Shell;
                }
                // `-o pipefail`, `-eo pipefail`: the option's name is a word of its own.
                if letters.ends_with('o') {
                    at += 1;
                }
            }
        }
    }
    let args = argv.get(at + 1..).unwrap_or_default().to_vec();
    match (argv.get(at), text_next) {
        (Some(text), true) => Started::ShellText { shell, text: text.clone(), args },
        (Some(script), false) => Started::ShellScript { shell, script: script.clone(), args },
        (None, _) => Started::Shell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &[&str]) -> Started {
        unwrap(&line.iter().map(|word| word.to_string()).collect::<Vec<_>>())
    }

    fn program(line: &[&str]) -> Started {
        Started::Program(line.iter().map(|word| word.to_string()).collect())
    }

    #[test]
    fn wrappers_that_replace_themselves_are_looked_through() {
        assert_eq!(of(&["server", "-x"]), program(&["server", "-x"]));
        assert_eq!(of(&["gosu", "app", "server"]), program(&["server"]));
        assert_eq!(of(&["/usr/bin/env", "-i", "A=1", "server"]), program(&["server"]));
        assert_eq!(of(&["tini", "--", "server"]), program(&["tini", "--", "server"]));
        assert!(matches!(of(&["env", "-S", "a b"]), Started::Unclear(_)));
        assert!(matches!(of(&["env"]), Started::Unclear(_)));
        assert!(matches!(of(&["setpriv", "--reuid=1", "x"]), Started::Unclear(_)));
    }

    #[test]
    fn shells() {
        let text = |text: &str, args: &[&str]| Started::ShellText {
            shell: "sh".into(),
            text: text.into(),
            args: args.iter().map(|word| word.to_string()).collect(),
        };
        assert_eq!(of(&["sh", "-c", "a b"]), text("a b", &[]));
        assert_eq!(of(&["sh", "-ec", "a", "zero", "one"]), text("a", &["zero", "one"]));
        assert_eq!(of(&["sh", "-o", "pipefail", "-c", "a"]), text("a", &[]));
        assert_eq!(of(&["sh", "-eo", "pipefail", "-c", "a"]), text("a", &[]));
        assert_eq!(of(&["sh"]), Started::Shell);
        assert_eq!(of(&["bash", "-l"]), Started::Shell);
        assert!(matches!(of(&["bash", "-x", "run.sh", "a"]),
            Started::ShellScript { script, args, .. } if script == "run.sh" && args == ["a"]));
    }
}
