//! # PL405 world-writable
//!
//! `chmod 777`: every user of the container can change these files, also programs that root starts
//! later.
//!
//! Give them to the one user that writes: `COPY --chown=app`, `chown app`. For an arbitrary user id
//! (OpenShift) group 0 with `chmod g=u` is enough. Directories with the sticky bit (1777) are fine.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use crate::edits;
use crate::rule::Report;
use crate::run_commands::{RunCommand, RunWord, Runs};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let mut found = Vec::new();
    let message = "everybody in the container may change these files";
    for (_, command) in runs.commands() {
        let Some(word) = open_mode(command) else { continue };
        let diagnostic = report.warning(message).at(source, word.span, "writable by all");
        let narrower = word.raw.replace('7', "5").replacen('5', "7", 1);
        let is_plain = matches!(word.raw.as_str(), "777" | "0777") && command.is_exact;
        found.push(match is_plain {
            true => {
                diagnostic.fix(edits::replace(source, word.span, narrower, "only the owner writes", false))
            }
            false => diagnostic,
        });
    }
    for statement in runs.file.statements() {
        let Instruction::Copy { flags, .. } = &statement.instruction else { continue };
        let mode = flags.iter().find(|flag| flag.name == "chmod").and_then(|flag| flag.value.as_ref());
        if let Some(mode) = mode.filter(|mode| is_open(&mode.text)) {
            let diagnostic = report.warning(message).at(source, mode.span, "writable by all");
            found.push(diagnostic.fix(edits::replace(
                source,
                mode.span,
                "0755",
                "only the owner writes",
                false,
            )));
        }
    }
    found
}

fn open_mode(command: &RunCommand) -> Option<&RunWord> {
    if command.program() != "chmod" {
        return None;
    }
    let mode = command.arguments().iter().find(|word| !word.text.starts_with('-'))?;
    let is_temporary = command.arguments().iter().any(|word| word.text.starts_with("/tmp"));
    (is_open(&mode.text) && !is_temporary).then_some(mode)
}

/// Others may write, and no sticky bit keeps them from what is not theirs.
fn is_open(mode: &str) -> bool {
    if let Ok(bits) = u32::from_str_radix(mode, 8) {
        return bits & 0o002 != 0 && bits & 0o1000 == 0;
    }
    mode.split(',').any(|clause| {
        let Some(at) = clause.find(['+', '=']) else { return false };
        let (who, what) = clause.split_at(at);
        what.contains('w') && !what.contains('t') && who.contains(['a', 'o'])
    })
}

#[cfg(test)]
mod tests {
    use super::is_open;

    #[test]
    fn modes() {
        for open in ["777", "0777", "666", "a+rwx", "o+w", "u+x,o=rw"] {
            assert!(is_open(open), "{open}");
        }
        for fine in ["755", "1777", "0644", "+x", "g=u", "a+x", "u+w", "${VAR}", "o-w", "a+rwt"] {
            assert!(!is_open(fine), "{fine}");
        }
    }
}
