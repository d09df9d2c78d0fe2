//! The report of `ship`: one value, shown as text, as JSON, as one HTML page. Pure.

pub mod columns;
pub mod conclusion;
#[cfg(test)]
pub mod demo;
pub mod html;
pub mod json;
pub mod picture;
mod process_tree;
mod readiness;
mod redaction;
pub mod rollout;
pub mod sections;
#[cfg(test)]
pub mod snapshot;
mod stop_runs;
pub mod terminal;
mod times;
mod written_tree;

use std::path::PathBuf;
use std::time::Duration;

use plimsoll_contract::contract::LaunchMode;
use plimsoll_contract::evidence::{LaunchRecord, Outcome, Rung, Verdict};
use plimsoll_contract::judge::Proof;
use plimsoll_kube::Manifest;
use plimsoll_model::{Diagnostic, Severity, Source};
use plimsoll_scan::ScanReport;

/// Everything one `ship` found out.
pub struct Report {
    /// What was shipped, as given.
    pub subject: String,
    /// Its Dockerfile.
    pub dockerfile: Source,
    /// The platform, `linux/amd64`.
    pub platform: String,
    /// The image's name.
    pub image: String,
    /// Its manifest digest.
    pub digest: String,
    /// Steps of the build and how many came from the cache.
    pub steps: (usize, usize),
    /// The stages of the work, in order.
    pub stages: Vec<Stage>,
    /// What the Dockerfile's findings are.
    pub findings: Vec<Diagnostic>,
    /// What was proven; `None` where this machine cannot run experiments.
    pub proof: Option<Proof>,
    /// What the scan found.
    pub scan: ScanReport,
    /// The manifests; `None` where nothing was proven.
    pub manifest: Option<Manifest>,
    /// Files written, with a word about each.
    pub wrote: Vec<(PathBuf, String)>,
    /// How long it all took.
    pub took: Duration,
    /// Seconds since 1970 at the beginning, RFC 3339.
    pub date: String,
}

/// One line of the summary.
pub struct Stage {
    /// `lint`, `build`, ...
    pub name: &'static str,
    /// What came out.
    pub text: String,
    /// How long it took.
    pub took: Duration,
}

impl Report {
    /// Number of findings of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|found| found.severity == severity).count()
    }

    /// Claims that were refuted although the image promises them.
    pub fn broken_promises(&self) -> usize {
        let claims = self.proof.iter().flat_map(|proof| &proof.claims);
        claims.filter(|claim| claim.required && matches!(claim.verdict, Verdict::Refuted(_))).count()
    }
}

/// The state of a launch in one word.
pub fn launch_word(record: &LaunchRecord, proof: &Proof) -> &'static str {
    let refuted = proof.claims.iter().any(|claim| {
        claim.experiment.as_deref() == Some(record.id.as_str())
            && claim.id.starts_with("launch")
            && matches!(claim.verdict, Verdict::Refuted(_))
    });
    match (&record.outcome, refuted) {
        (_, true) => "no",
        (Outcome::Undecided { .. }, _) => "?",
        _ if surprises_by_dropping(record) || !record.predicted.ignored_args.is_empty() => "note",
        (Outcome::Exited { code: 1.., .. }, _) if record.predicted.mode == LaunchMode::AsBuilt => "note",
        _ => "ok",
    }
}

/// The image's CMD is lost where people do not expect it: in a pod. Of `--entrypoint` they know.
pub fn surprises_by_dropping(record: &LaunchRecord) -> bool {
    record.predicted.drops_cmd && matches!(record.predicted.mode, LaunchMode::PodCommand(_))
}

/// What really became PID 1.
pub fn launch_pid1(record: &LaunchRecord) -> String {
    let observed = match &record.outcome {
        Outcome::Running(observed) => Some(observed),
        Outcome::Exited { seen, .. } => seen.as_ref(),
        Outcome::NotStarted { .. } | Outcome::Undecided { .. } => None,
    };
    match observed.and_then(|observed| observed.pid1()) {
        Some(process) => process.argv.join(" "),
        None => "-".to_string(),
    }
}

/// What became of a launch, in a few words.
pub fn launch_result(record: &LaunchRecord) -> String {
    match &record.outcome {
        Outcome::Running(observed) => match observed.first_listen {
            Some(time) => format!("ready {}", seconds(time)),
            None => "runs, no port".to_string(),
        },
        Outcome::Exited { code, .. } => format!("exit {code}"),
        Outcome::NotStarted { code, .. } => format!("{code} not started"),
        Outcome::Undecided { .. } => "undecided".to_string(),
    }
}

/// A rung in the words of a manifest.
pub fn rung_name(rung: &Rung) -> String {
    match rung {
        Rung::NonRoot { uid, .. } => format!("runAsNonRoot, uid {uid}"),
        Rung::ReadOnlyRoot => "readOnlyRootFilesystem".to_string(),
        Rung::DropAllCapabilities => "capabilities: drop ALL".to_string(),
        Rung::NoNewPrivileges => "allowPrivilegeEscalation: false".to_string(),
        Rung::AllTogether => "all of these together".to_string(),
        Rung::ArbitraryUser { uid } => format!("uid {uid}, group 0"),
        Rung::DefaultSeccomp => "seccomp: RuntimeDefault".to_string(),
        Rung::LowPorts => "no right to ports < 1024".to_string(),
        Rung::HomeNotWritable => "HOME not writable".to_string(),
        Rung::NoEgress => "no egress network".to_string(),
        Rung::MemoryLimit { bytes } => format!("memory limit {}Mi", bytes >> 20),
        Rung::PidsLimit { count } => format!("pids limit {count}"),
    }
}

/// The state of a verdict in one word.
pub fn verdict_word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Proven => "yes",
        Verdict::Refuted(_) => "no",
        Verdict::Unproven(_) => "?",
    }
}

/// A time as reports show it.
pub fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
