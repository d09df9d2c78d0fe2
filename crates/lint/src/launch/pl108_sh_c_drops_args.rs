//! # PL108 sh-c-drops-args
//!
//! `sh -c` takes one text. Words after it become `$0`, `$1`... of the shell and are lost unless the
//! text uses `"$@"`:
//!
//! ```Dockerfile
//! ENTRYPOINT ["sh", "-c", "server --port $PORT"]   # CMD and arguments are lost
//! CMD ["sh", "-c", "node", "server.js"]            # runs node without server.js
//! ```
//!
//! Hand them on, with a word for `$0`:
//! `ENTRYPOINT ["sh", "-c", "exec server --port $PORT \"$@\"", "--"]`.

use plimsoll_dockerfile::syntax::Command;
use plimsoll_model::Diagnostic;

use super::exec_form;
use crate::rule::Report;
use crate::subject::{Part, Subject};
use plimsoll_contract::modes;
use plimsoll_contract::pid1::words::{self, Started};

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let own = [Part::Entrypoint, Part::Cmd].into_iter().filter_map(|part| own_words(subject, report, part));
    own.chain(entrypoint(subject, report)).collect()
}

/// Words that the array itself puts after the text.
fn own_words(subject: &Subject<'_>, report: &Report, part: Part) -> Option<Diagnostic> {
    let words = subject.words(part);
    let Started::ShellText { text, args, .. } = words::unwrap(words) else { return None };
    // One word is a name for $0, which many write on purpose.
    let lost = modes::drops_args(words, subject.contract) && !args.is_empty();
    let is_name = args.len() == 1 && (args[0] == "--" || args[0] == "-" || text.contains(' '));
    if !lost || is_name {
        return None;
    }
    let found = report.error(format!("sh -c runs only {text:?}: the words after it are lost"));
    let mut found = subject.at(found, part, &format!("{} become $0, $1...", exec_form::json_array(&args)));
    if let Some((source, _, Command::Exec { argv, span })) = subject.command(part) {
        let before = argv.len() - args.len() - 1;
        let mut fixed = argv[..before].to_vec();
        fixed.push(format!("{text} {}", plimsoll_contract::judge::command_text(&args)));
        let title = "make it one text".to_string();
        found.fix = Some(exec_form::replace(source, *span, exec_form::json_array(&fixed), title));
    }
    Some(found)
}

/// Words that come after the ENTRYPOINT: CMD and what is given at the launch.
fn entrypoint(subject: &Subject<'_>, report: &Report) -> Option<Diagnostic> {
    let words = subject.words(Part::Entrypoint);
    let Started::ShellText { text, args, .. } = words::unwrap(words) else { return None };
    let lost = modes::drops_args(words, subject.contract) && args.len() <= 1;
    if subject.is_shell_form(Part::Entrypoint) || !lost {
        return None;
    }
    let cmd = subject.words(Part::Cmd);
    let no_use = "the text does not use \"$@\"";
    let found = match cmd.is_empty() {
        true => {
            let found = report.warning("arguments would be lost in sh's $0, $1...");
            subject.at(found, Part::Entrypoint, no_use)
        }
        false => {
            let found = report.error("CMD is lost in sh's $0, $1...");
            let found = match subject.command(Part::Cmd) {
                Some(_) => subject.at(found, Part::Cmd, "no program sees these words"),
                None => subject.at(found, Part::Entrypoint, ""),
            };
            subject.beside(found, Part::Entrypoint, no_use)
        }
    };
    let mut found = found.note("also lost: words after the image in `run`, and Kubernetes args");
    if let Some((source, _, Command::Exec { argv, span })) = subject.command(Part::Entrypoint) {
        let one_command = exec_form::is_one_command(&text);
        if let (true, Some(at)) = (one_command, argv.iter().position(|word| *word == text)) {
            let exec = if text.trim_start().starts_with("exec ") { "" } else { "exec " };
            let mut fixed = argv[..at].to_vec();
            fixed.push(format!("{exec}{} \"$@\"", text.trim()));
            fixed.push(args.first().cloned().unwrap_or("--".to_string()));
            let title = "hand the arguments on".to_string();
            found.fix = Some(exec_form::replace(source, *span, exec_form::json_array(&fixed), title));
        }
    }
    Some(found)
}
