//! `plimsoll explain`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use plimsoll_contract::contract::LaunchMode;
use plimsoll_contract::findings::RULES;
use plimsoll_contract::modes;
use plimsoll_image::layer::LayeredTree;
use plimsoll_model::Severity;

use super::format::TextOrJson;
use crate::command_error::{CommandError, CommandResult, ErrorKind};
use crate::render::{contract, diagnostic};
use crate::session::Session;
use crate::terminal;
use crate::work::explaining::{Explained, explain_image, explain_project};
use crate::work::project::Project;

/// Say what will become PID 1 in every way of launching an image, and what is wrong with it.
#[derive(Args)]
pub struct Explain {
    /// A directory with a Dockerfile, a Dockerfile, an image, or the code of a rule (PL101).
    subject: String,
    /// Another Dockerfile of the directory.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
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
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
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
        if let Some(manual) = manual(&self.subject) {
            terminal::print(&format!("{manual}\n"));
            return Ok(0);
        }
        let explained = match self.explained() {
            Err(error) if self.format == TextOrJson::Json && !error.diagnostics.is_empty() => {
                print_json(&contract::to_json(None, &[], &error.diagnostics))?;
                return Ok(error.kind.exit_code());
            }
            explained => explained?,
        };
        let launches = self.modes(&explained)?;
        match self.format {
            TextOrJson::Json => {
                print_json(&contract::to_json(Some(&explained.contract), &launches, &explained.findings))?
            }
            TextOrJson::Text => {
                let colour = terminal::stdout_has_colour();
                let findings =
                    explained.findings.iter().map(|found| format!("{}\n", diagnostic::render(found, colour)));
                let table = contract::contract_table(&explained.contract, &explained.subject);
                terminal::print(&format!(
                    "{}{table}\n{}",
                    findings.collect::<String>(),
                    contract::launch_table(&launches)
                ));
            }
        }
        let fails = explained.findings.iter().any(|found| self.fail_on.fails(found.severity));
        Ok(if fails { ErrorKind::Findings.exit_code() } else { 0 })
    }

    /// A path that exists is a project; everything else is an image.
    fn explained(&self) -> Result<Explained, CommandError> {
        let path = Path::new(&self.subject);
        let session = Session::open_to_look();
        if path.exists() || self.file.is_some() {
            let project = Project::open(path, self.file.as_deref())?;
            // Without a store nothing is known of base images; the rest can still be explained.
            let store = session.ok().map(|session| session.store);
            return explain_project(store.as_ref(), &project, self.target.as_deref(), &self.build_arg);
        }
        if let Some(code) = rule_code(&self.subject) {
            let example = RULES.first().map_or("PL101", |rule| rule.code);
            return Err(CommandError::usage(format!("there is no rule {code}"))
                .hint(format!("findings name their rule; plimsoll explain {example} is the manual of one")));
        }
        let session = session?;
        let image = session.store.find_image(&self.subject).map_err(|error| {
            CommandError::usage(error)
                .hint(format!("if '{}' was meant as a path: there is nothing there", self.subject))
        })?;
        session.store.unpack_image(&image).map_err(CommandError::failure)?;
        let tree = LayeredTree::of_image(&session.store, &image).map_err(CommandError::failure)?;
        explain_image(&session.store, &image, &tree)
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

/// What looks like the code of a rule and can be no image, since those are lower case.
fn rule_code(subject: &str) -> Option<&str> {
    let digits = subject.strip_prefix("PL")?;
    (!digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())).then_some(subject)
}

fn print_json(document: &serde_json::Value) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(document).map_err(CommandError::failure)?;
    terminal::print(&format!("{text}\n"));
    Ok(())
}

/// The manual of a rule, by code or name.
fn manual(subject: &str) -> Option<String> {
    let wanted = |rule: &&plimsoll_contract::findings::Rule| {
        rule.code.eq_ignore_ascii_case(subject) || rule.name.eq_ignore_ascii_case(subject)
    };
    let rule = RULES.iter().find(wanted)?;
    Some(format!("{} {}\n\n{}", rule.code, rule.name, rule.manual().trim()))
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
