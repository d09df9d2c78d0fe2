//! # PL114 interpreter-missing
//!
//! The script the image starts cannot be started by the kernel:
//!
//! - its lines end in CR LF, so the kernel looks for an interpreter called `/bin/sh\r`:
//!   `exec /entrypoint.sh: no such file or directory`, although the file is there;
//! - it has no `#!` line, or a byte order mark before it: `exec format error`;
//! - its interpreter is not in the image, as `#!/bin/bash` on Alpine: `no such file or directory`. With
//!   `#!/usr/bin/env bash` both have to be there.
//!
//! Keep scripts with LF line ends (`*.sh text eol=lf` in .gitattributes), begin them with `#!/bin/sh`,
//! and install the shell they name.

use plimsoll_dockerfile::shell;
use plimsoll_model::{Certainty, Diagnostic, Edit, Fix, Source, Span, TreeError};

use crate::rule::Report;
use crate::subject::Subject;
use plimsoll_contract::contract::ShellKind;
use plimsoll_contract::origin;
use plimsoll_contract::pid1::words::{self, Started, base_name};

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let part = subject.leading();
    let Some(script) = subject.script(part) else { return Vec::new() };
    let source = &script.source;
    let read = shell::read(source.text());
    let by_shell = matches!(words::unwrap(subject.words(part)), Started::ShellScript { .. });
    let first_line = source.line_span(1).unwrap_or_default();
    let found = if read.crlf && !source.text().is_empty() {
        Some(crlf(report, source, first_line, by_shell))
    } else if by_shell {
        None
    } else if read.shebang.is_none() {
        Some(no_shebang(report, source, first_line, &script.word))
    } else {
        missing(subject, report, source, &read)
    };
    found.map(|found| subject.beside(found, part, "starts the script")).into_iter().collect()
}

fn crlf(report: &Report, source: &Source, first_line: Span, by_shell: bool) -> Diagnostic {
    let label = match by_shell {
        true => "every line ends in CR LF: the shell takes the CR for a part of the command",
        false => "ends in CR LF: the kernel looks for an interpreter whose name ends in CR",
    };
    let found =
        report.error(format!("{} has Windows line ends", source.name())).at(source, first_line, label);
    let carriage_returns = source
        .text()
        .match_indices("\r\n")
        .map(|(at, _)| Edit { span: Span::new(at, at + 1), replacement: String::new() });
    let fix = Fix {
        title: "write LF line ends".to_string(),
        source: source.clone(),
        edits: carriage_returns.collect(),
        safe: true,
    };
    found.note("at run time: exec ...: no such file or directory, although the file is there").fix(fix)
}

fn no_shebang(report: &Report, source: &Source, first_line: Span, word: &str) -> Diagnostic {
    let text = source.text();
    let start = text.len() - text.trim_start_matches('\u{feff}').trim_start().len();
    let hidden = start > 0 && text[start..].starts_with("#!");
    let found = report.error(format!("the kernel cannot start {word}: it has no #! line"));
    let (label, edit) = match hidden {
        true => {
            let span = Span::new(0, start);
            ("something stands before the #!", Edit { span, replacement: String::new() })
        }
        false => {
            let edit = Edit { span: Span::new(0, 0), replacement: "#!/bin/sh\n".to_string() };
            ("the first line must name the interpreter", edit)
        }
    };
    let fix =
        Fix { title: "begin with #!".to_string(), source: source.clone(), edits: vec![edit], safe: hidden };
    found.at(source, first_line, label).note("at run time: exec format error").fix(fix)
}

fn missing(
    subject: &Subject<'_>,
    report: &Report,
    source: &Source,
    read: &shell::Script,
) -> Option<Diagnostic> {
    let shebang = read.shebang.as_ref()?;
    // Behind `env` there are two programs that have to be there.
    let needed = [shebang.interpreter.as_str(), origin::interpreter(shebang)];
    let missing = needed.into_iter().find_map(|program| Some((program, absent(subject, program)?)));
    let (interpreter, certainty) = missing?;
    let name = base_name(interpreter);
    // What a RUN installs or a COPY brings is not in the base's files.
    let brought = subject.run_mentions(name)
        || subject.locate(interpreter).is_some_and(|found| found.placed_by.is_some());
    if subject.tree.is_none() && brought {
        return None;
    }
    let image = match subject.tree {
        Some(_) => "the image".to_string(),
        None => subject.image_name(),
    };
    let found = report.error(format!("{image} has no {interpreter}")).certainty(certainty);
    let found = found.at(source, shebang.span, format!("the kernel cannot start {}", source.name()));
    Some(found.note("at run time: exec ...: no such file or directory, although the script is there"))
}

/// Whether an interpreter is not in the image, and how sure that is.
fn absent(subject: &Subject<'_>, interpreter: &str) -> Option<Certainty> {
    // One without a slash stands behind `env` and is searched in PATH.
    let paths = origin::candidates(subject.contract, interpreter);
    let missing = |tree: &dyn plimsoll_model::FileTree, path: &String| {
        matches!(tree.resolve(path), Err(TreeError::Missing { .. }))
    };
    let gone = |tree: &dyn plimsoll_model::FileTree| paths.iter().all(|path| missing(tree, path));
    if let Some(tree) = subject.tree {
        return gone(tree).then_some(Certainty::Certain);
    }
    let (_, prediction) = subject.written?;
    if let Some(tree) = prediction.base_tree() {
        return gone(tree).then_some(Certainty::Certain);
    }
    // Without files: Alpine and busybox have no bash, an image without /bin/sh has no shell at all.
    let name = base_name(interpreter);
    match subject.contract.shell {
        ShellKind::Missing if words::is_shell(name) => Some(Certainty::Certain),
        ShellKind::Busybox if name == "bash" => Some(Certainty::Likely),
        _ => None,
    }
}
