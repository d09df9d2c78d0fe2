//! # DL3007 tag-latest
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for: FROM
//! with the tag `latest`. PL201 says the same of images without a tag.

use plimsoll_model::Diagnostic;

use super::words::{at_spans, image_parts};
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let stages = file.dockerfile.stages.iter();
    let latest = stages.filter(|stage| {
        let (_, tag, has_digest) = image_parts(&stage.from.image.text);
        tag == Some("latest") && !has_digest
    });
    let spans = latest.map(|stage| stage.span);
    at_spans(&file.dockerfile.source, spans, || report.warning("latest is another image every day"))
}
