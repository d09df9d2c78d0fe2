//! COPY and ADD: their parts, expanded (buildkit `convert_copy.go`).

use plimsoll_dockerfile::expand;
use plimsoll_dockerfile::syntax::{Flag, Heredoc, Text};
use plimsoll_model::{Diagnostic, Source, Span};

use super::{Applied, StageState, Work, bad_expansion, refuse};

/// The written parts of a COPY or ADD.
pub(super) struct Parts<'a> {
    pub(super) is_add: bool,
    pub(super) flags: &'a [Flag],
    pub(super) sources: &'a [Text],
    pub(super) destination: &'a Text,
    pub(super) heredocs: &'a [Heredoc],
}

/// What a COPY or ADD copies. Paths are expanded but not joined with the working directory: a
/// final `/` has a meaning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CopyWork {
    /// ADD.
    pub is_add: bool,
    /// `--from` as written; never expanded.
    pub from: Option<String>,
    /// Sources: paths, patterns, for ADD also addresses.
    pub sources: Vec<String>,
    /// Where each of them stands in the text.
    pub source_spans: Vec<Span>,
    /// Files written in the Dockerfile: name and bytes.
    pub documents: Vec<(String, String)>,
    /// The destination; empty is the working directory.
    pub destination: String,
    /// `--chown`.
    pub chown: Option<String>,
    /// `--chmod`.
    pub chmod: Option<String>,
    /// `--link`.
    pub link: bool,
    /// `--parents`.
    pub parents: bool,
    /// `--exclude`, in order.
    pub exclude: Vec<String>,
    /// `--checksum`.
    pub checksum: Option<String>,
    /// `--keep-git-dir`.
    pub keep_git_dir: Option<bool>,
    /// `--unpack`.
    pub unpack: Option<bool>,
}

impl StageState {
    pub(super) fn copy(&self, source: &Source, parts: Parts<'_>) -> Result<Applied, Box<Diagnostic>> {
        let mut work = CopyWork {
            is_add: parts.is_add,
            destination: self.expand(source, parts.destination)?,
            ..CopyWork::default()
        };
        for flag in parts.flags {
            self.copy_flag(source, flag, &mut work)?;
        }
        for text in parts.sources {
            match document(text, parts.heredocs) {
                Some(heredoc) => {
                    work.documents.push((heredoc.name.clone(), self.body(source, text, heredoc)?))
                }
                None => {
                    work.sources.push(self.expand(source, text)?);
                    work.source_spans.push(text.span);
                }
            }
        }
        let created_by = Some(format!("{} # buildkit", copy_text(&work)));
        Ok(Applied { created_by, empty_layer: false, work: Work::Copy(work) })
    }

    fn copy_flag(&self, source: &Source, flag: &Flag, work: &mut CopyWork) -> Result<(), Box<Diagnostic>> {
        let expanded = || match &flag.value {
            Some(value) => self.expand(source, value).map(Some),
            None => Ok(None),
        };
        let switch = || match flag.value.as_ref().map(|value| value.text.to_ascii_lowercase()).as_deref() {
            None | Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => {
                let message = format!("--{} is true or false, not '{other}'", flag.name);
                Err(refuse(source, flag.span, message, ""))
            }
        };
        match flag.name.as_str() {
            "from" => work.from = flag.value.as_ref().map(|value| value.text.clone()),
            "chown" => work.chown = expanded()?.filter(|text| !text.is_empty()),
            "chmod" => work.chmod = expanded()?.filter(|text| !text.is_empty()),
            "checksum" => work.checksum = expanded()?.filter(|text| !text.is_empty()),
            "exclude" => work.exclude.extend(expanded()?),
            "link" => work.link = switch()?,
            "parents" => work.parents = switch()?,
            "keep-git-dir" => work.keep_git_dir = Some(switch()?),
            "unpack" => work.unpack = Some(switch()?),
            // Unknown flags are the parser's to refuse.
            _ => {}
        }
        Ok(())
    }

    fn body(&self, source: &Source, text: &Text, heredoc: &Heredoc) -> Result<String, Box<Diagnostic>> {
        if !heredoc.expand {
            return Ok(heredoc.body.clone());
        }
        // Bodies always escape with a backslash, whatever the file's directive says.
        expand::expand_keep_quotes(&heredoc.body, '\\', &|name| self.variable(name))
            .map_err(|error| bad_expansion(source, text, &error))
    }
}

/// The heredoc a source word stands for, if it is a marker.
fn document<'a>(text: &Text, heredocs: &'a [Heredoc]) -> Option<&'a Heredoc> {
    let word = text.text.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let name = word.strip_prefix('-').unwrap_or(word).trim_matches(['"', '\'']);
    heredocs.iter().find(|heredoc| heredoc.name == name)
}

fn copy_text(work: &CopyWork) -> String {
    let mut words = vec![if work.is_add { "ADD" } else { "COPY" }.to_string()];
    if work.parents {
        words.push("--parents".to_string());
    }
    words.extend(work.chown.iter().map(|owner| format!("--chown={owner}")));
    words.extend(work.chmod.iter().map(|mode| format!("--chmod={mode}")));
    words.extend(work.sources.iter().cloned());
    words.extend(work.documents.iter().map(|(name, _)| format!("<<{name}")));
    words.push(work.destination.clone());
    words.join(" ")
}
