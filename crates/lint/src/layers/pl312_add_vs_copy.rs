//! # PL312 add-vs-copy
//!
//! ADD does more than copy: it unpacks archives and fetches addresses, by how the source looks. For plain
//! files COPY does the same and nothing else.
//!
//! Off unless asked for: on plain files both do the same, so this is a matter of style.

use plimsoll_dockerfile::syntax::{Flag, Instruction, Text};
use plimsoll_model::Diagnostic;

use crate::edits;
use crate::file::File;
use crate::rule::Report;

/// Ends of the names of archives that ADD unpacks.
const ARCHIVES: [&str; 14] = [
    ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".gz", ".bz2", ".xz", ".zst",
    ".lzma", ".tar.zst",
];

/// Flags that only ADD has.
const OWN_FLAGS: [&str; 3] = ["checksum", "keep-git-dir", "unpack"];

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &file.dockerfile.source;
    let found = file.statements().filter_map(|statement| {
        let Instruction::Copy { is_add: true, flags, sources, .. } = &statement.instruction else {
            return None;
        };
        let own = |flag: &Flag| OWN_FLAGS.contains(&flag.name.as_str());
        if flags.iter().any(own) || !sources.iter().all(is_plain) {
            return None;
        }
        let word = if statement.keyword.text.starts_with(char::is_lowercase) { "copy" } else { "COPY" };
        let title = "COPY copies and does nothing else";
        let found = report.info("ADD copies plain files here, as COPY does");
        let found = found.at(source, statement.keyword.span, "would unpack an archive");
        Some(found.fix(edits::replace(source, statement.keyword.span, word, title, true)))
    });
    found.collect()
}

/// Surely neither an archive nor an address. A variable or a pattern may be one.
fn is_plain(text: &Text) -> bool {
    let name = text.text.trim_matches(['"', '\'']);
    let is_remote = name.contains("://") || name.starts_with("git@") || name.starts_with("<<");
    let may_be_archive =
        name.contains(['$', '*', '?', '[']) || ARCHIVES.iter().any(|end| name.ends_with(end));
    !is_remote && !may_be_archive
}
