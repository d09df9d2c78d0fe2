//! # PL201 base-latest
//!
//! FROM names an image without a tag, or with `latest`: whatever was pushed last. The same Dockerfile
//! builds another image next month, and an old state cannot be built again.
//!
//! Name the release that was tested, `FROM python:3.13-slim`, and let `lint --pin` add its digest. A tag
//! that comes from a global ARG is looked at with the ARG's default.

use plimsoll_model::{Diagnostic, Reference};

use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &file.dockerfile.source;
    let stages = file.dockerfile.stages.iter().enumerate();
    let found = stages.filter_map(|(index, stage)| {
        let image = file.image(index).filter(is_moving)?;
        let label = match image.tag {
            None => "no tag means latest",
            Some(_) if stage.from.image.text.contains('$') => "latest, by the default of an ARG",
            Some(_) => "whatever was pushed last",
        };
        let message =
            format!("the base image is {}:latest, another one every day", image.familiar_repository());
        Some(report.warning(message).at(source, stage.from.image.span, label))
    });
    found.collect()
}

/// Neither a digest nor a tag that says more than `latest`.
pub(crate) fn is_moving(image: &Reference) -> bool {
    image.digest.is_none() && image.tag.as_deref().is_none_or(|tag| tag == "latest")
}
