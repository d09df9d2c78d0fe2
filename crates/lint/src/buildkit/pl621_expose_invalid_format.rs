//! # PL621 ExposeInvalidFormat
//!
//! EXPOSE names ports of the container only. An address or a port of the host in front is dropped today and
//! will be refused some day; where a port is published is decided by `run -p`.
//!
//! Write the last part: `EXPOSE 80`, not `EXPOSE 127.0.0.1:8080:80`.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::{Diagnostic, Edit};

use super::Walk;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (step, _) in walk.done() {
        let Instruction::Expose(written) = &step.statement.instruction else { continue };
        for port in &step.words {
            let Some((host, container)) = port.text.rsplit_once(':') else { continue };
            // `:80` and `::80` name neither an address nor a port.
            if host.is_empty() || host == ":" {
                continue;
            }
            let one = report.warning(format!("EXPOSE publishes nothing: '{host}:' is dropped"));
            let mut one = step.point(walk, one, port.span, &format!("the same as {container}"));
            if !step.is_trigger && written.contains(port) {
                let edits = vec![Edit { span: port.span, replacement: container.to_string() }];
                one.fix = Some(walk.fix(format!("write {container}"), edits, true));
            }
            found.push(one);
        }
    }
    found
}
