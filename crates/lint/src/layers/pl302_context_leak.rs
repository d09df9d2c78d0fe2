//! # PL302 context-leak
//!
//! `COPY .` takes everything beside the Dockerfile, and something is there that does not belong into
//! an image: `.git` with the whole history, `node_modules` of another system, `.env` with passwords.
//! Every commit then changes the layer, too.
//!
//! Name it in `.dockerignore`; `lint --fix` does, but for what an instruction speaks of.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::{Diagnostic, Fix, Source, quantity};

use crate::edits;
use crate::file::File;
use crate::rule::Report;
use crate::stage_facts::flag_value;

/// What a context has and an image does not want.
const LEFTOVERS: [&str; 15] = [
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    ".venv",
    "venv",
    "__pycache__",
    ".env",
    ".npmrc",
    ".terraform",
    ".idea",
    ".vscode",
    ".aws",
    ".ssh",
    "id_rsa",
];

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some(context) = file.context else { return Vec::new() };
    let source = &file.dockerfile.source;
    let whole = file.statements().find_map(|statement| match &statement.instruction {
        Instruction::Copy { flags, sources, .. } if flag_value(flags, "from").is_none() => {
            sources.iter().find(|source| matches!(source.text.as_str(), "." | "./" | "/"))
        }
        _ => None,
    });
    let Some(whole) = whole else { return Vec::new() };
    let is_taken = |path: &&str| context.exists(path) && !context.is_ignored(path);
    let taken: Vec<&str> = LEFTOVERS.into_iter().filter(is_taken).collect();
    if taken.is_empty() {
        return Vec::new();
    }
    let bytes: u64 = taken.iter().map(|path| context.size(path)).sum();
    let size = quantity::human_bytes(bytes);
    let found = report.warning(format!("{} goes into the image ({size})", taken.join(", ")));
    let found = found.at(source, whole.span, "takes all that .dockerignore does not name");
    let found = found.note(format!("lines for .dockerignore: {}", taken.join(" ")));
    vec![match context.ignore_file().and_then(|ignore| fix(file, &ignore, &taken)) {
        Some(fix) => found.fix(fix),
        None => found,
    }]
}

/// The lines at the end of the ignore file, where they are stronger than all above. What an instruction speaks
/// of by its name, or a RUN may ask git about, is left to a person.
fn fix(file: &File<'_>, ignore: &Source, taken: &[&str]) -> Option<Fix> {
    let source = &file.dockerfile.source;
    let wanted = |name: &str| {
        file.statements()
            .map(|statement| source.slice(statement.span))
            .any(|text| text.contains(name) || name == ".git" && text.contains("git "))
    };
    let lines: String = taken.iter().filter(|name| !wanted(name)).map(|name| format!("{name}\n")).collect();
    if lines.is_empty() {
        return None;
    }
    let text = ignore.text();
    let begin = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let title = "name it in .dockerignore";
    Some(edits::insert(ignore, text.len(), format!("{begin}{lines}"), title, true))
}
