//! # PL608 MaintainerDeprecated
//!
//! `MAINTAINER` sets a field that nothing reads any more. Tools look for the label
//! `org.opencontainers.image.authors`.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::{Diagnostic, Edit};

use super::Walk;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let statements = walk.statements().filter_map(|statement| match &statement.instruction {
        Instruction::Maintainer(name) => Some((statement, name)),
        _ => None,
    });
    let found = statements.map(|(statement, name)| {
        let quoted = format!("\"{}\"", name.text.replace('\\', "\\\\").replace('"', "\\\""));
        let replacement = format!("LABEL org.opencontainers.image.authors={quoted}");
        report
            .info("MAINTAINER sets a field that nothing reads any more")
            .at(walk.source(), statement.span, "a label does")
            .fix(walk.fix("make it a label", vec![Edit { span: statement.span, replacement }], true))
    });
    found.collect()
}
