//! # PL614 RedundantTargetPlatform
//!
//! `FROM --platform=$TARGETPLATFORM` takes the image for the platform that is built for: what FROM does
//! without the flag, too.
//!
//! Remove the flag.

use plimsoll_model::{Diagnostic, Edit, Span};

use super::Walk;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some(target) = walk.scope.as_ref().and_then(|scope| scope.global("TARGETPLATFORM")) else {
        return Vec::new();
    };
    let found = walk.from_lines.iter().filter_map(|line| {
        let stage = &walk.dockerfile.stages[line.stage];
        let (platform, written) = (line.platform.as_ref()?, stage.from.platform.as_ref()?);
        let only = platform.unknown.is_empty() && platform.known.iter().eq(["TARGETPLATFORM"]);
        if !only || platform.text.as_ref() != Some(&target) {
            return None;
        }
        let found = report.info("the target platform is what FROM takes anyway");
        let mut found = walk.point(found, stage.span, written.span, "the default");
        let before = Span::new(stage.span.start, written.span.start);
        if let Some(flag) = walk.source().slice(before).rfind("--platform=") {
            let span = Span::new(stage.span.start + flag, stage.from.image.span.start);
            let edits = vec![Edit { span, replacement: String::new() }];
            found.fix = Some(walk.fix("remove the flag", edits, true));
        }
        Some(found)
    });
    found.collect()
}
