//! # PL502 healthcheck-tool-missing
//!
//! HEALTHCHECK starts a program that the image does not have, mostly curl or wget: every check fails, and
//! docker calls a working container unhealthy. The same command as a probe restarts the pod over and
//! over.
//!
//! Check with what is there: the program's own command, or a probe of Kubernetes that needs no tool
//! (`httpGet`, `tcpSocket`). Said only when the files of the image or of its base are at hand, and no RUN
//! and no COPY may bring the tool.

use plimsoll_dockerfile::shell;
use plimsoll_model::image_config::HealthcheckTest;
use plimsoll_model::{Diagnostic, FileTree};

use crate::rule::Report;
use crate::subject::Subject;
use plimsoll_contract::origin;
use plimsoll_contract::stage::Work;

/// Tools that checks use.
const TOOLS: [&str; 7] = ["curl", "wget", "nc", "pg_isready", "redis-cli", "mysqladmin", "grpc_health_probe"];

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some(health) = &subject.contract.healthcheck else { return Vec::new() };
    let program = match &health.value.test {
        HealthcheckTest::Exec(argv) => argv.first().cloned(),
        HealthcheckTest::Shell(text) => first_program(text),
        _ => None,
    };
    let Some(program) = program.filter(|program| TOOLS.contains(&program.as_str())) else {
        return Vec::new();
    };
    let base = subject.written.and_then(|(_, prediction)| prediction.base_tree());
    let Some(tree) = subject.tree.or(base.map(|tree| tree as &dyn FileTree)) else { return Vec::new() };
    let is_there = |path: &String| tree.resolve(path).is_ok();
    let may_come = subject.tree.is_none() && (subject.run_mentions(&program) || copies_programs(subject));
    if may_come || origin::candidates(subject.contract, &program).iter().any(is_there) {
        return Vec::new();
    }
    let found = report.error(format!("the image has no {program}: every health check fails"));
    vec![subject.label(found, &health.because, "not in the image", true)]
}

fn first_program(text: &str) -> Option<String> {
    let script = shell::read(text);
    script.simple_commands().first()?.program().map(str::to_string)
}

/// Files of other images or archives may hold it.
fn copies_programs(subject: &Subject<'_>) -> bool {
    subject.steps().iter().any(|step| match &step.applied.work {
        Work::Copy(copy) => copy.from.is_some() || copy.is_add,
        _ => false,
    })
}
