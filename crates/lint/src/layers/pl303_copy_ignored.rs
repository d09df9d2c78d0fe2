//! # PL303 copy-ignored
//!
//! COPY names a file that `.dockerignore` keeps out of the build. The builder does not see it: the build
//! fails with `not found`, though the file is there.
//!
//! Allow it with a line `!path` at the end of `.dockerignore`, or do not copy it.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;
use plimsoll_model::file_tree::clean_path;

use crate::file::File;
use crate::rule::Report;
use crate::stage_facts::flag_value;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some(context) = file.context else { return Vec::new() };
    let source = &file.dockerfile.source;
    let mut found = Vec::new();
    for statement in file.statements() {
        let Instruction::Copy { flags, sources, .. } = &statement.instruction else { continue };
        if flag_value(flags, "from").is_some() {
            continue;
        }
        for text in sources.iter().filter(|text| is_plain(&text.text)) {
            let path = clean_path("/", &text.text);
            let path = path.trim_start_matches('/');
            if !path.is_empty() && context.exists(path) && context.is_ignored(path) {
                let message = format!("{path} is there, and .dockerignore keeps it out of the build");
                let note = format!("a line !{path} at the end of .dockerignore lets it in");
                found
                    .push(report.error(message).at(source, text.span, "not found by the builder").note(note));
            }
        }
    }
    found
}

/// A path without variables and patterns.
fn is_plain(text: &str) -> bool {
    !text.contains(['$', '*', '?', '[', '<', '"', '\'']) && !text.contains("://")
}
