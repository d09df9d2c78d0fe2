//! A Kubernetes manifest explained: each container joined with its image.
//!
//! | code | what it tells |
//! |---|---|
//! | K201 | `command` without `args` drops the image's CMD |
//! | K202 | words that no program sees, because a shell takes them as `$0`, `$1`... |
//! | K203 | there is nothing to start |
//! | K204 | `$NAME` where no shell expands it |
//! | K205 | the kubelet refuses the user |

use std::path::Path;

use plimsoll_contract::contract::{Contract, Launch, LaunchMode};
use plimsoll_contract::modes;
use plimsoll_contract::pid1::words::{self, Started};
use plimsoll_kube::read::{self, Container, Written};
use plimsoll_kube::rules::{self, Subject};
use plimsoll_lint::sort;
use plimsoll_model::{Diagnostic, Severity, Source, Span};

use crate::command_error::{CommandError, ErrorKind};

/// A manifest larger than this is none.
const LIMIT: u64 = 8 << 20;

/// A manifest explained.
pub struct ExplainedManifest {
    /// The text.
    pub source: Source,
    /// The containers with what they start.
    pub containers: Vec<ExplainedPart>,
    /// What is wrong, worst first.
    pub findings: Vec<Diagnostic>,
}

/// A container of a pod, joined with its image.
pub struct ExplainedPart {
    /// What the manifest says.
    pub container: Container,
    /// The contract of the image with where it comes from; without an image at hand, why.
    pub image: Result<(Contract, String), String>,
    /// What it starts, as far as it is known.
    pub launch: Option<Launch>,
}

/// Explain a manifest. `image` gives the contract of an image and where that comes from, or why there is none.
pub fn explain_manifest(
    path: &Path,
    image: impl Fn(&str) -> Result<(Contract, String), String>,
) -> Result<ExplainedManifest, CommandError> {
    let source = source(path)?;
    let objects = read::read(&source);
    let mut findings = objects.problems;
    if findings.iter().any(|found| found.code == "K001") {
        return Err(CommandError::with_diagnostics(ErrorKind::Parse, findings));
    }
    if objects.containers.is_empty() && findings.is_empty() {
        return Err(CommandError::usage(format!("no object in {} has a pod", path.display())).hint(
            "a Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job or CronJob was expected, or a List of them",
        ));
    }
    let mut containers = Vec::new();
    for container in objects.containers {
        let found = container.image.as_ref().map(|name| image(&name.text));
        let image = found.unwrap_or_else(|| Err("no image is named".to_string()));
        let mode = mode(&container);
        let launch = image.as_ref().ok().map(|(contract, _)| modes::launch(contract, &mode));
        let part = ExplainedPart { container, image, launch };
        findings.extend(part.findings(&source));
        containers.push(part);
    }
    sort(&mut findings);
    Ok(ExplainedManifest { source, containers, findings })
}

fn source(path: &Path) -> Result<Source, CommandError> {
    let file = std::fs::File::open(path).map_err(|error| CommandError::file("read", path, &error))?;
    let shown = path.strip_prefix("./").unwrap_or(path).display().to_string();
    if file.metadata().is_ok_and(|metadata| metadata.len() > LIMIT) {
        return Err(CommandError::usage(format!("cannot read {shown}: it is larger than {LIMIT} bytes")));
    }
    Ok(Source::new(shown.clone(), super::project::text_of(file, &shown)?))
}

fn texts(words: &[Written]) -> Vec<String> {
    words.iter().map(|word| word.text.clone()).collect()
}

fn mode(container: &Container) -> LaunchMode {
    let (command, args) = (texts(&container.command), texts(&container.args));
    match (command.is_empty(), args.is_empty()) {
        (true, true) => LaunchMode::Pod,
        (true, false) => LaunchMode::PodArgs(args),
        (false, true) => LaunchMode::PodCommand(command),
        (false, false) => LaunchMode::PodBoth(command, args),
    }
}

impl ExplainedPart {
    /// The whole argv; without the image known only where `command` says it all.
    pub fn argv(&self) -> Option<Result<Vec<String>, String>> {
        let container = &self.container;
        match &self.launch {
            Some(launch) => Some(launch.argv.clone()),
            None if container.command.is_empty() => None,
            None => Some(Ok([texts(&container.command), texts(&container.args)].concat())),
        }
    }

    fn findings(&self, source: &Source) -> Vec<Diagnostic> {
        let mut found = self.launch_findings(source);
        found.extend(self.literal_variables(source));
        found.extend(self.refused_user(source));
        let argv = self.argv().and_then(Result::ok).unwrap_or_default();
        let contract = self.image.as_ref().ok().map(|(contract, _)| contract);
        let subject = Subject { source, container: &self.container, contract, argv: &argv };
        found.extend(rules::findings(&subject));
        found
    }

    fn launch_findings(&self, source: &Source) -> Vec<Diagnostic> {
        let (Some(launch), Ok((contract, _))) = (&self.launch, &self.image) else { return Vec::new() };
        let mut found = Vec::new();
        let written = |words: &[Written]| whole(words).unwrap_or(self.container.span);
        if launch.drops_cmd {
            let cmd = contract.cmd.value.join(" ");
            let message = format!("command drops the image's CMD, '{cmd}'");
            let finding = Diagnostic::new("K201", "", Severity::Warning, message);
            let place = written(&self.container.command);
            found.push(
                finding.at(source, place, "replaces ENTRYPOINT and CMD").note(
                    "write args too, or leave command away to keep ENTRYPOINT: plimsoll explain k8s-argv",
                ),
            );
        }
        if !launch.ignored_args.is_empty() && !self.container.args.is_empty() {
            let message = format!("no program sees {}", launch.ignored_args.join(" "));
            let finding = Diagnostic::new("K202", "", Severity::Error, message);
            let place = written(&self.container.args);
            found.push(
                finding
                    .at(source, place, "land in a shell's $0, $1...")
                    .note("the shell's text or script does not use \"$@\": plimsoll explain args-ignored"),
            );
        }
        if let Err(why) = &launch.argv {
            found.push(Diagnostic::new("K203", "", Severity::Error, why).at(source, self.name(), ""));
        }
        found
    }

    /// `$NAME` in words that no shell reads.
    fn literal_variables(&self, source: &Source) -> Vec<Diagnostic> {
        let Some(Ok(argv)) = self.argv() else { return Vec::new() };
        if !matches!(words::unwrap(&argv), Started::Program(_)) {
            return Vec::new();
        }
        let all = self.container.command.iter().chain(&self.container.args);
        let literal = all.filter(|word| looks_expandable(&word.text));
        let finding = |word: &Written| {
            let message = format!("the program gets '{}' as it is written", word.text);
            Diagnostic::new("K204", "", Severity::Warning, message)
                .at(source, word.span, "no shell reads this")
                .note("the kubelet expands $(NAME), from the pod's env: plimsoll explain variables")
        };
        literal.map(finding).collect()
    }

    /// The kubelet's check (k8s: kuberuntime/security_context_others.go verifyRunAsNonRoot).
    fn refused_user(&self, source: &Source) -> Option<Diagnostic> {
        if !self.container.non_root {
            return None;
        }
        let why = match (self.container.user.as_deref(), &self.image) {
            (Some("0"), _) => "runAsUser is 0, and runAsNonRoot forbids it".to_string(),
            (Some(_), _) | (None, Err(_)) => return None,
            (None, Ok((contract, _))) => {
                // The group does not count in Kubernetes.
                let user = contract.user.value.split(':').next().unwrap_or_default();
                match user.parse::<u32>() {
                    Ok(0) => "the image runs as root, and runAsNonRoot forbids it".to_string(),
                    Ok(_) => return None,
                    Err(_) if user.is_empty() => {
                        "the image has no USER, and runAsNonRoot forbids root".to_string()
                    }
                    Err(_) => format!("the kubelet cannot tell whether the image's USER {user} is root"),
                }
            }
        };
        let finding =
            Diagnostic::new("K205", "", Severity::Error, why).at(source, self.name(), "does not start");
        Some(finding.note("runAsUser: 10001 settles it: plimsoll explain user"))
    }

    /// The place that stands for the container: its image, else all of it.
    fn name(&self) -> Span {
        self.container.image.as_ref().map_or(self.container.span, |image| image.span)
    }
}

/// From the first word to the last.
fn whole(words: &[Written]) -> Option<Span> {
    let (first, last) = (words.first()?, words.last()?);
    // An alias may put a later word before an earlier one.
    (first.span.start <= last.span.end).then(|| first.span.to(last.span))
}

/// Whether a shell would expand something in it: `$NAME` or `${NAME}`.
fn looks_expandable(text: &str) -> bool {
    text.split('$').skip(1).any(|after| {
        let name = after.strip_prefix('{').unwrap_or(after);
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    })
}
