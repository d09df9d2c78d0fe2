//! # PL115 entrypoint-not-executable
//!
//! The file the image starts has no execute bit: `exec: "/entrypoint.sh": permission denied` (126).
//! COPY keeps the mode of the build context, and a heredoc gives 0644.
//!
//! Write `COPY --chmod=0755`, or set the bit in the context (`git update-index --chmod=+x FILE`).
//!
//! Nothing is said when a later RUN changes modes, or when a shell is given the file to read.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::file_tree::clean_path;
use plimsoll_model::{Diagnostic, Edit, EntryKind, FileTree, Fix, Span};

use crate::rule::Report;
use crate::subject::{Part, Subject};
use plimsoll_contract::pid1::words::{self, Started};

const EXECUTE: u32 = 0o111;

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let part = subject.leading();
    let Started::Program(rest) = words::unwrap(subject.words(part)) else { return Vec::new() };
    let Some(word) = rest.first() else { return Vec::new() };
    let found = match subject.tree {
        // The finished image has the last word; the COPY is still the place to change.
        Some(tree) => in_image(subject, report, tree, word, part)
            .map(|found| placed(subject, report, word).unwrap_or(found)),
        None => placed(subject, report, word),
    };
    found.map(|found| subject.beside(found, part, "starts it")).into_iter().collect()
}

fn placed(subject: &Subject<'_>, report: &Report, word: &str) -> Option<Diagnostic> {
    let located = subject.locate(word)?;
    let mode = located.mode.filter(|mode| mode & EXECUTE == 0)?;
    let (source, span) = located.placed_by.clone()?;
    let statement = subject.statement(&plimsoll_model::Because::Written { source: source.clone(), span });
    let found = report.error(format!("{word} is not executable"));
    let mut found = found.at(&source, span, format!("gives {} mode {mode:04o}", located.path));
    found.notes.push("at run time: permission denied (126)".to_string());
    if let Some((Instruction::Copy { flags, .. }, statement)) =
        statement.map(|statement| (&statement.instruction, statement))
    {
        let chmod = flags.iter().find(|flag| flag.name == "chmod");
        let after = statement.keyword.span.end;
        let edit = match chmod {
            Some(flag) => Edit { span: flag.span, replacement: "--chmod=0755".to_string() },
            None => Edit { span: Span::new(after, after), replacement: " --chmod=0755".to_string() },
        };
        found.fix = Some(Fix {
            title: "copy it as an executable".to_string(),
            source,
            edits: vec![edit],
            safe: chmod.is_none(),
        });
    }
    Some(found)
}

fn in_image(
    subject: &Subject<'_>,
    report: &Report,
    tree: &dyn FileTree,
    word: &str,
    part: Part,
) -> Option<Diagnostic> {
    if !word.contains('/') {
        // execvp goes on to the next directory of PATH.
        return None;
    }
    let path = clean_path(&subject.contract.workdir.value, word);
    let (_, entry) = tree.resolve(&path).ok()?;
    let bad = entry.kind == EntryKind::File && entry.mode & EXECUTE == 0;
    bad.then(|| {
        let found = report.error(format!("{word} is not executable: its mode is {:04o}", entry.mode));
        let found = subject.at(found, part, "the kernel refuses to start it");
        found.note("at run time: permission denied (126)")
    })
}
