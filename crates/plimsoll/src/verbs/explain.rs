//! `plimsoll explain`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use plimsoll_contract::contract::LaunchMode;
use plimsoll_contract::modes;
use plimsoll_image::Store;
use plimsoll_model::Severity;

use super::format::TextOrJson;
use crate::command_error::{CommandError, CommandResult, ErrorKind};
use crate::render::{container, contract, diagnostic, manifest, markdown};
use crate::session::Session;
use crate::terminal;
use crate::work::answering;
use crate::work::explain_subject::{self, ExplainSubject, Thing};
use crate::work::explaining::{Explained, explain_project};
use crate::work::explaining_container::ContainerFacts;
use crate::work::explaining_manifest::explain_manifest;
use crate::work::explaining_named::{explain_archive, explain_layout, explain_name, explain_stored};
use crate::work::project::Project;
use crate::work::stdin_project;

/// Say what will become PID 1 in every way of launching an image, and what is wrong with it.
#[derive(Args)]
pub struct Explain {
    /// A directory with a Dockerfile, a Dockerfile, - for standard input, a Kubernetes manifest, an image, a
    /// container, an archive or a layout with an image; or a topic, a rule (PL101), an exit code (137), a signal or a message. Without
    /// one: what can be asked.
    subject: Option<String>,
    /// Another Dockerfile of the directory.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The directory with the Dockerfile of a manifest's image, where the store does not have it.
    #[arg(long, value_name = "DIR")]
    image_from: Option<PathBuf>,
    /// Another stage than the last one.
    #[arg(long, value_name = "STAGE")]
    target: Option<String>,
    /// Value of an ARG.
    #[arg(long, value_name = "NAME[=VALUE]")]
    build_arg: Vec<String>,
    /// What if: run with this entrypoint.
    #[arg(long, value_name = "PROGRAM")]
    entrypoint: Option<String>,
    /// What if: a pod with this command: words up to the next option, or a JSON list.
    #[arg(long, value_name = "WORD...")]
    k8s_command: Vec<String>,
    /// What if: a pod with these args: words up to the next option, or a JSON list.
    #[arg(long, value_name = "WORD...")]
    k8s_args: Vec<String>,
    /// How to print.
    #[arg(long, value_enum, default_value = "text")]
    format: TextOrJson,
    /// Findings of this weight and above make the exit code 1.
    #[arg(long, value_enum, default_value = "error")]
    fail_on: FailOn,
    /// What if: run with these arguments.
    #[arg(last = true, value_name = "ARG")]
    arguments: Vec<String>,
}

/// The least severity that fails a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Findings that break the image.
    Error,
    /// Findings that hurt in production, too.
    Warning,
    /// Every finding.
    Info,
    /// No finding.
    Never,
}

impl FailOn {
    /// Whether a finding of this severity fails.
    pub fn fails(self, severity: Severity) -> bool {
        match self {
            FailOn::Error => severity >= Severity::Error,
            FailOn::Warning => severity >= Severity::Warning,
            FailOn::Info => true,
            FailOn::Never => false,
        }
    }
}

/// The options that take all words up to the next option of `explain`; those of the pod's program
/// (`--k8s-args --port 80`) are among them.
const LISTS: [&str; 2] = ["--k8s-command", "--k8s-args"];

/// Give each word of a list its option, as clap can read it: `--k8s-args=--port --k8s-args=80`.
pub fn spread_lists(words: Vec<OsString>) -> Vec<OsString> {
    let command = Explain::augment_args(clap::Command::new("explain"));
    let own: Vec<String> =
        command.get_arguments().filter_map(|arg| arg.get_long()).map(|long| format!("--{long}")).collect();
    let mut spread = Vec::new();
    let mut list: Option<(&OsStr, bool)> = None;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let option = word.to_str().map_or("", |text| text.split('=').next().unwrap_or(text));
        let is_own = option == "--" || own.iter().any(|own| own == option);
        match list {
            Some((name, _)) if !is_own => {
                spread.push([name, OsStr::new("="), word].into_iter().collect());
                list = Some((name, true));
                continue;
            }
            // Without a word it stays as written, and clap says what is missing.
            Some((name, false)) => spread.push(name.to_os_string()),
            _ => {}
        }
        list = LISTS.contains(&word.to_str().unwrap_or_default()).then_some((word.as_os_str(), false));
        if list.is_none() {
            spread.push(word.clone());
        }
        if option == "--" {
            spread.extend(words.by_ref().cloned());
        }
    }
    if let Some((name, false)) = list {
        spread.push(name.to_os_string());
    }
    spread
}

impl Explain {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let explained = match explain_subject::choose(self.subject.as_deref(), self.file.as_deref())? {
            ExplainSubject::Contents => return self.print(&answering::contents(), answering::contents_json),
            ExplainSubject::Page(page) => {
                let colour = terminal::stdout_has_colour();
                let text = markdown::render(&page.text(), terminal::width(), colour);
                return self.print(&text, || page.to_json());
            }
            ExplainSubject::Manifest(path) => return self.manifest(&path),
            ExplainSubject::Thing(thing) => self.explained(&thing),
        };
        let (explained, container) = match explained {
            Err(error) if self.format == TextOrJson::Json && !error.diagnostics.is_empty() => {
                print_json(&contract::to_json(None, &[], &error.diagnostics))?;
                return Ok(error.kind.exit_code());
            }
            explained => explained?,
        };
        let launches = match container {
            Some(_) if self.asks_what_if() => {
                return Err(CommandError::usage("a container is launched already")
                    .hint("explain its image to ask how else it could be started"));
            }
            Some(_) => vec![modes::launch(&explained.contract, &LaunchMode::AsBuilt)],
            None => self.modes(&explained)?,
        };
        match self.format {
            TextOrJson::Json => {
                let mut document =
                    contract::to_json(Some(&explained.contract), &launches, &explained.findings);
                if let Some(container) = &container {
                    document["container"] = container::container_json(container);
                }
                print_json(&document)?;
            }
            TextOrJson::Text => {
                let colour = terminal::stdout_has_colour();
                let findings =
                    explained.findings.iter().map(|found| format!("{}\n", diagnostic::render(found, colour)));
                let container =
                    container.as_ref().map_or(String::new(), |it| container::container_table(it) + "\n");
                let table = contract::contract_table(&explained.contract, &explained.subject);
                terminal::print(&format!(
                    "{}{container}{table}\n{}",
                    findings.collect::<String>(),
                    contract::launch_table(&launches)
                ));
            }
        }
        let fails = explained.findings.iter().any(|found| self.fail_on.fails(found.severity));
        Ok(if fails { ErrorKind::Findings.exit_code() } else { 0 })
    }

    /// The contract of what was named; the facts are those of a container.
    fn explained(&self, thing: &Thing) -> Result<(Explained, Option<ContainerFacts>), CommandError> {
        let session = Session::open_to_look();
        let project = |store: Option<&Store>, project: &Project| {
            explain_project(store, project, self.target.as_deref(), &self.build_arg)
        };
        let explained = match thing {
            Thing::Project(path) => {
                let opened = Project::open(path, self.file.as_deref())?;
                // Without a store nothing is known of base images; the rest can still be explained.
                project(session.ok().map(|session| session.store).as_ref(), &opened)
            }
            Thing::StandardInput => {
                let store = session?.store;
                project(Some(&store), &stdin_project::open(&store, Path::new("-"), self.file.as_deref())?)
            }
            Thing::Archive(path) => explain_archive(&session?.store, path),
            Thing::Layout(path) => explain_layout(&session?.store, path),
            Thing::Name(name) => return explain_name(&session?, name),
        };
        Ok((explained?, None))
    }

    /// A manifest: each container with its image, of the store or of `--image-from`.
    fn manifest(&self, path: &Path) -> CommandResult {
        if self.asks_what_if() {
            return Err(CommandError::usage("a manifest says itself what is launched")
                .hint("explain its image to ask how else it could be started"));
        }
        let store = Session::open_to_look().ok().map(|session| session.store);
        let project = self.image_from.as_deref().map(|path| Project::open(path, None)).transpose()?;
        let project = project
            .map(|project| explain_project(store.as_ref(), &project, self.target.as_deref(), &self.build_arg))
            .transpose()?;
        let manifest = explain_manifest(path, |name| {
            let stored = store.as_ref().and_then(|store| explain_stored(store, name).ok());
            match (stored, &project) {
                (Some(stored), _) => Ok((stored.contract, "the store".to_string())),
                (None, Some(project)) => Ok((project.contract.clone(), project.subject.clone())),
                (None, None) => Err("pull it, or name its Dockerfile with --image-from DIR".to_string()),
            }
        })?;
        let colour = terminal::stdout_has_colour();
        let findings =
            manifest.findings.iter().map(|found| format!("{}\n", diagnostic::render(found, colour)));
        let text = format!("{}{}", findings.collect::<String>(), manifest::manifest_tables(&manifest));
        self.print(&text, || manifest::to_json(&manifest))?;
        let fails = manifest.findings.iter().any(|found| self.fail_on.fails(found.severity));
        Ok(if fails { ErrorKind::Findings.exit_code() } else { 0 })
    }

    fn print(&self, text: &str, document: impl FnOnce() -> serde_json::Value) -> CommandResult {
        match self.format {
            TextOrJson::Json => print_json(&document())?,
            TextOrJson::Text => terminal::print(text),
        }
        Ok(0)
    }

    fn asks_what_if(&self) -> bool {
        let words = [&self.arguments, &self.k8s_command, &self.k8s_args];
        self.entrypoint.is_some() || words.iter().any(|words| !words.is_empty())
    }

    /// The asked what-if, or the whole matrix.
    fn modes(&self, explained: &Explained) -> Result<Vec<plimsoll_contract::contract::Launch>, CommandError> {
        let (command, args) = (words(&self.k8s_command)?, words(&self.k8s_args)?);
        let docker = self.entrypoint.is_some() || !self.arguments.is_empty();
        let pod = !command.is_empty() || !args.is_empty();
        if docker && pod {
            return Err(CommandError::usage(
                "--k8s-command and --k8s-args ask about a pod, --entrypoint and -- ARGS about run: ask for one of them",
            ));
        }
        let asked = match (&self.entrypoint, command.is_empty(), args.is_empty()) {
            (Some(entrypoint), ..) => {
                Some(LaunchMode::Entrypoint(entrypoint.clone(), self.arguments.clone()))
            }
            (None, true, true) if self.arguments.is_empty() => None,
            (None, true, true) => Some(LaunchMode::RunArgs(self.arguments.clone())),
            (None, false, true) => Some(LaunchMode::PodCommand(command)),
            (None, true, false) => Some(LaunchMode::PodArgs(args)),
            (None, false, false) => Some(LaunchMode::PodBoth(command, args)),
        };
        let modes = asked.map_or_else(|| modes::matrix(&explained.contract), |mode| vec![mode]);
        Ok(modes.iter().map(|mode| modes::launch(&explained.contract, mode)).collect())
    }
}

fn print_json(document: &serde_json::Value) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(document).map_err(CommandError::failure)?;
    terminal::print(&format!("{text}\n"));
    Ok(())
}

/// Words as given, or the elements of a single JSON list.
fn words(given: &[String]) -> Result<Vec<String>, CommandError> {
    match given {
        [only] if only.starts_with('[') => serde_json::from_str(only)
            .map_err(|error| CommandError::usage(format!("'{only}' is no JSON list of words: {error}"))),
        words => Ok(words.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end_at_our_own_options() {
        let spread = |text: &str| {
            let words = spread_lists(text.split(' ').map(OsString::from).collect());
            words.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(spread("explain p --k8s-args --port 80"), "explain p --k8s-args=--port --k8s-args=80");
        assert_eq!(
            spread("explain --k8s-command a --k8s-args b -c --format json p"),
            "explain --k8s-command=a --k8s-args=b --k8s-args=-c --format json p"
        );
        assert_eq!(
            spread("explain p --k8s-args x -- --k8s-args y"),
            "explain p --k8s-args=x -- --k8s-args y"
        );
        assert_eq!(spread("explain p --k8s-args --format json"), "explain p --k8s-args --format json");
        assert_eq!(spread("explain p --k8s-args=[] --k8s-command"), "explain p --k8s-args=[] --k8s-command");
    }
}
