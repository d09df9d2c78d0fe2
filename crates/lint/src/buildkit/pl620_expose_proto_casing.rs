//! # PL620 ExposeProtoCasing
//!
//! The protocol of an EXPOSE is written in capital letters; the image stores it in small ones.
//!
//! Write `EXPOSE 53/udp`.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::{Diagnostic, Edit};

use super::Walk;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (step, _) in walk.done() {
        let Instruction::Expose(written) = &step.statement.instruction else { continue };
        for port in &step.words {
            let Some((number, protocol)) = port.text.split_once('/') else { continue };
            let lower = protocol.to_lowercase();
            if protocol == lower {
                continue;
            }
            let one = report.info(format!("the protocol of {} is stored as {lower}", port.text));
            let mut one = step.point(walk, one, port.span, "");
            if !step.is_trigger && written.contains(port) {
                let replacement = format!("{number}/{lower}");
                let title = format!("write {replacement}");
                one.fix = Some(walk.fix(title, vec![Edit { span: port.span, replacement }], true));
            }
            found.push(one);
        }
    }
    found
}
