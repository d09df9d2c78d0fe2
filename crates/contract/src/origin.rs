//! Where a file of the image comes from: the build context, another stage, a heredoc, the base.
//!
//! Used to read the entrypoint script before anything is built. What an instruction may have done
//! to the file without our seeing it makes content or mode unsure, never guessed.

use std::cell::Cell;

use plimsoll_dockerfile::shell;
use plimsoll_model::file_tree::clean_path;
use plimsoll_model::{EntryKind, FileTree, Source, Span};

use crate::contract::{Contract, EntryScript};
use crate::from_dockerfile::{Prediction, Step};
use crate::pid1::words;
use crate::stage::{CopyWork, Work};

/// An entry of the build context, as the builder would see it (ignored files are not there).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextEntry {
    /// A regular file.
    File {
        /// Its bytes, or the beginning of a large file.
        bytes: Vec<u8>,
        /// Permission bits.
        mode: u32,
    },
    /// A directory.
    Directory,
}

/// Looks up a clean path relative to the context's root.
pub type Context<'a> = &'a dyn Fn(&str) -> Option<ContextEntry>;

/// A file found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Path inside the image.
    pub path: String,
    /// Where it was read: a path of the context or of the base image.
    pub name: String,
    /// Bytes, unless an instruction may have changed them.
    pub bytes: Option<Vec<u8>>,
    /// Permission bits, unless an instruction may have changed them.
    pub mode: Option<u32>,
    /// The COPY or ADD of the Dockerfile that puts it into the image.
    pub placed_by: Option<(Source, Span)>,
    /// It stands in the build context (and not in the base image or in the Dockerfile itself).
    pub in_context: bool,
}

/// Places looked at before giving up: stages can copy from each other in many ways.
const BUDGET: usize = 5_000;

/// Scripts above this size are not read.
const SCRIPT_LIMIT: u64 = 1 << 20;

/// Whether ADD would unpack a file of this name (it looks at the content; the name is enough for
/// saying that we do not know what comes out).
pub(crate) fn is_archive(name: &str) -> bool {
    [".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".txz", ".tbz2"].iter().any(|end| name.ends_with(end))
}

/// The file that `word` of an argv means in the predicted image: searched in PATH when it has no
/// slash, joined with the working directory when it is relative.
pub fn locate_program(prediction: &Prediction<'_>, context: Context<'_>, word: &str) -> Option<Located> {
    let search = Search { prediction, context, budget: Cell::new(BUDGET) };
    candidates(&prediction.contract, word).iter().find_map(|path| search.locate(prediction.target, path))
}

/// Paths at which the kernel or execvp would look for a program.
pub fn candidates(contract: &Contract, word: &str) -> Vec<String> {
    if word.contains('/') {
        return vec![clean_path(&contract.workdir.value, word)];
    }
    let path = contract.env.iter().rev().find(|pair| pair.value.0 == "PATH");
    let path = path.map_or(crate::stage::DEFAULT_PATH, |pair| pair.value.1.as_str());
    path.split(':').filter(|dir| dir.starts_with('/')).map(|dir| clean_path(dir, word)).collect()
}

struct Search<'s, 'a> {
    prediction: &'s Prediction<'a>,
    context: Context<'s>,
    budget: Cell<usize>,
}

impl Search<'_, '_> {
    /// The file at `path` as it is after stage `stage`.
    fn locate(&self, stage: usize, path: &str) -> Option<Located> {
        let mut edited = Edits::default();
        let mut at = Some(stage);
        while let Some(index) = at {
            let evaluated = self.prediction.stage(index)?;
            for step in evaluated.steps.iter().rev() {
                match &step.applied.work {
                    Work::Run(run) => edited.see(run.argv.last().map_or("", String::as_str), path),
                    Work::Copy(copy) => {
                        if let Some(found) = self.placed(step, copy, path) {
                            return Some(edited.apply(found));
                        }
                    }
                    _ => {}
                }
            }
            at = match &evaluated.base {
                crate::from_dockerfile::Base::Stage(parent) => Some(*parent),
                crate::from_dockerfile::Base::Image { tree: Some(tree), .. } => {
                    return in_tree(tree.as_ref(), path).map(|found| edited.apply(found));
                }
                _ => None,
            };
        }
        None
    }

    /// The file a COPY or ADD puts at `path`, if it is this one that does.
    fn placed(&self, step: &Step, copy: &CopyWork, path: &str) -> Option<Located> {
        if self.budget.get() == 0 {
            return None;
        }
        self.budget.set(self.budget.get() - 1);
        let destination = clean_path(&step.workdir, &copy.destination);
        let base_name = |text: &str| text.trim_end_matches('/').rsplit('/').next().unwrap_or("").to_string();
        let written = copy.destination.as_str();
        let named_directory =
            written.is_empty() || written == "." || written.ends_with('/') || written.ends_with("/.");
        let is_directory = named_directory || copy.sources.len() + copy.documents.len() > 1;
        let inside = |name: &str| clean_path(&destination, name) == path;
        for (name, body) in &copy.documents {
            if (!is_directory && path == destination) || inside(name) {
                let found = Located {
                    path: path.to_string(),
                    name: format!("<<{name}"),
                    bytes: Some(body.clone().into_bytes()),
                    mode: Some(0o644),
                    placed_by: None,
                    in_context: false,
                };
                return Some(with_step(found, step, copy));
            }
        }
        for source in copy.sources.iter().rev() {
            if copy.is_add && (is_archive(source) || source.contains("://")) {
                continue;
            }
            let mut origins = Vec::new();
            if path == destination || inside(&base_name(source)) {
                origins.push(source.clone());
            }
            if let Some(rest) = below(path, &destination) {
                origins.push(format!("{source}/{rest}"));
                if let Some(matched) = wildcard(source, rest) {
                    origins.push(matched);
                }
            }
            for origin in origins {
                let found = match (&copy.from, step.from_stage) {
                    (None, _) => in_context(self.context, &origin, path),
                    (Some(_), Some(stage)) => {
                        let inner = clean_path("/", &origin);
                        let found = self.locate(stage, &inner);
                        found.map(|found| Located { path: path.to_string(), ..found })
                    }
                    // Another image: its files are not at hand here.
                    (Some(_), None) => None,
                };
                if let Some(found) = found {
                    return Some(with_step(found, step, copy));
                }
            }
        }
        None
    }
}

fn in_tree(tree: &dyn FileTree, path: &str) -> Option<Located> {
    let (real, entry) = tree.resolve(path).ok()?;
    if entry.kind != EntryKind::File {
        return None;
    }
    Some(Located {
        path: path.to_string(),
        name: real.clone(),
        bytes: tree.read_exact_path(&real, SCRIPT_LIMIT).ok(),
        mode: Some(entry.mode),
        placed_by: None,
        in_context: false,
    })
}

/// What RUN instructions may have done to a file after it was put there.
#[derive(Default)]
struct Edits {
    content: bool,
    mode: bool,
}

impl Edits {
    fn see(&mut self, text: &str, path: &str) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]).filter(|parent| !parent.is_empty());
        let named = text.contains(name) || text.contains('*') || parents.clone().any(|p| text.contains(p));
        let recursive = text.contains("-R") || text.contains("find ") || text.contains(" . ");
        if !named && !recursive {
            return;
        }
        self.mode |= ["chmod", "install ", "cp ", "mv ", "git "].iter().any(|word| text.contains(word));
        // A redirection counts only when it names the file: `>/dev/null` is everywhere.
        let written = text.contains(name) && (text.contains('>') || text.contains("tee "));
        self.content |= written
            || ["sed ", "dos2unix", "cp ", "mv ", "ln ", "install ", "patch", "perl "]
                .iter()
                .any(|word| text.contains(word));
    }

    fn apply(&self, mut found: Located) -> Located {
        if self.content {
            found.bytes = None;
        }
        if self.mode {
            found.mode = None;
        }
        found
    }
}

fn in_context(context: Context<'_>, origin: &str, path: &str) -> Option<Located> {
    let relative = clean_path("/", origin)[1..].to_string();
    match context(&relative)? {
        ContextEntry::File { bytes, mode } => Some(Located {
            path: path.to_string(),
            name: relative,
            bytes: Some(bytes),
            mode: Some(mode),
            placed_by: None,
            in_context: true,
        }),
        ContextEntry::Directory => None,
    }
}

/// `--chmod` decides the mode; the COPY nearest to the final image is the one to point at.
fn with_step(mut found: Located, step: &Step, copy: &CopyWork) -> Located {
    if let Some(written) = &copy.chmod {
        found.mode = u32::from_str_radix(written, 8).ok();
    }
    found.placed_by = Some((step.source.clone(), step.span));
    found
}

/// `path` relative to `directory`, if it lies below.
fn below<'p>(path: &'p str, directory: &str) -> Option<&'p str> {
    match directory {
        "/" => path.strip_prefix('/'),
        _ => path.strip_prefix(directory)?.strip_prefix('/'),
    }
}

/// The file a pattern such as `bin/*.sh` means when it matches this name.
fn wildcard(pattern: &str, name: &str) -> Option<String> {
    let (directory, last) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let (start, end) = last.split_once('*')?;
    let plain = !end.contains(['*', '?', '[']) && !start.contains(['?', '[']) && !name.contains('/');
    let matches = name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end);
    (plain && matches).then(|| format!("{directory}/{name}"))
}

/// The script the predicted image starts, if its text is at hand.
pub(crate) fn entry_script(prediction: &Prediction<'_>, context: Context<'_>) -> Option<EntryScript> {
    let word = started_file(&prediction.contract)?;
    let found = locate_program(prediction, context, &word)?;
    as_script(word, &found)
}

/// The script a finished image starts.
pub(crate) fn script_in_tree(contract: &Contract, tree: &dyn FileTree) -> Option<EntryScript> {
    let word = started_file(contract)?;
    let found = candidates(contract, &word).iter().find_map(|path| in_tree(tree, path))?;
    as_script(word, &found)
}

/// The word of the argv that names the file which decides: argv[0], or the script a shell is given,
/// past wrappers that replace themselves.
pub(crate) fn started_file(contract: &Contract) -> Option<String> {
    let argv: Vec<String> = contract.entrypoint.value.iter().chain(&contract.cmd.value).cloned().collect();
    match words::unwrap(&argv) {
        words::Started::Program(rest) => rest.first().cloned(),
        words::Started::ShellScript { script, .. } => Some(script),
        words::Started::ShellText { .. } | words::Started::Shell | words::Started::Unclear(_) => None,
    }
}

fn as_script(word: String, found: &Located) -> Option<EntryScript> {
    let bytes = found.bytes.as_ref()?;
    let text = std::str::from_utf8(bytes).ok()?;
    let looks_like = text.trim_start_matches('\u{feff}').starts_with("#!")
        || word.ends_with(".sh")
        || word.contains("entrypoint");
    (looks_like && !text.contains('\0'))
        .then(|| EntryScript { word, source: Source::new(found.name.clone(), text) })
}

/// The program that reads a script: what `#!` names, or what `/usr/bin/env` is told to start.
pub fn interpreter(shebang: &shell::Shebang) -> &str {
    let argument = || shebang.argument.as_deref().unwrap_or("").split_whitespace();
    match words::base_name(&shebang.interpreter) {
        "env" => argument().find(|word| !word.starts_with('-') && !word.contains('=')).unwrap_or("env"),
        _ => &shebang.interpreter,
    }
}

/// Whether a script is one for a POSIX-like shell, by its first line (none at all counts: shells
/// run such files themselves).
pub(crate) fn is_shell_script(script: &shell::Script) -> bool {
    let Some(shebang) = &script.shebang else { return true };
    words::is_shell(words::base_name(interpreter(shebang)).trim_end_matches('\r'))
}
