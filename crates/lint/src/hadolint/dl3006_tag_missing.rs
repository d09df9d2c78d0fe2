//! # DL3006 tag-missing
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for: FROM
//! without a tag. PL201 knows the defaults of ARGs as well.

use plimsoll_model::Diagnostic;

use super::words::{at_spans, image_parts};
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let mut names: Vec<&str> = Vec::new();
    let mut spans = Vec::new();
    for stage in &file.dockerfile.stages {
        let (image, tag, has_digest) = image_parts(&stage.from.image.text);
        let is_known = image == "scratch" || names.contains(&image) || image.starts_with('$');
        if tag.is_none() && !has_digest && !is_known {
            spans.push(stage.span);
        }
        names.extend(stage.from.name.as_ref().map(|name| name.text.as_str()));
    }
    at_spans(&file.dockerfile.source, spans.into_iter(), || report.warning("the base image has no tag"))
}
