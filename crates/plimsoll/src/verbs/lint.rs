//! `plimsoll lint`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use plimsoll_lint::{Baseline, Day, Fixes, LabelKind, Settings};
use plimsoll_model::Severity;

use super::explain::FailOn;
use crate::command_error::{CommandError, CommandResult};
use crate::render::lint::{LintFormat, render, summary};
use crate::render::unified_diff::unified_diff;
use crate::session::{Session, store_root};
use crate::terminal;
use crate::work::atomic_file;
use crate::work::lint_settings::RuleWishes;
use crate::work::linting::{LintReport, Linting, Place, Repair};
use crate::work::listed_digests::ListedDigests;

/// Say what is wrong with Dockerfiles, where, and how to repair it; repair it with --fix.
///
/// Nothing is built, and nothing is fetched but digests for --pin: base images count as far as they are in the store. A comment keeps
/// findings back: "# plimsoll ignore=PL401 until=2027-01-31 reason=WHY" before an instruction, or "global ignore="
/// for the file; those of hadolint, tally and BuildKit (check=skip=) count, too.
#[derive(Args)]
pub struct Lint {
    /// Dockerfiles, directories to search for them, or - for standard input.
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The build context, instead of each Dockerfile's directory.
    #[arg(long, value_name = "DIR")]
    context: Option<PathBuf>,
    #[command(flatten)]
    rules: RuleFlags,
    /// Repair what keeps its meaning; =all also what needs a look.
    #[arg(
        long,
        value_enum,
        value_name = "WHICH",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "safe"
    )]
    fix: Option<Which>,
    /// Ask the registries for the digests of images without one, and write them behind their names.
    #[arg(long)]
    pin: bool,
    /// Also ask a registry without TLS, or with a certificate nobody vouches for.
    #[arg(long, requires = "pin")]
    insecure: bool,
    /// Print what --fix and --pin would change and write nothing.
    #[arg(long)]
    diff: bool,
    /// Report only what this file does not know.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write what is found to this file: from then on it is known.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["diff", "baseline"])]
    write_baseline: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value = "text")]
    format: LintFormat,
    /// Write a report to a file, too.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = written_report)]
    report: Vec<(LintFormat, PathBuf)>,
    /// Findings of this weight and above make the exit code 1: error unless the settings file says otherwise.
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
}

/// Which rules are checked.
#[derive(Args)]
pub struct RuleFlags {
    /// Only these rules: a code, the beginning of one (PL2), a name, another linter's name, or all, buildkit,
    /// hadolint.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    only: Vec<String>,
    /// These rules, too.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    enable: Vec<String>,
    /// Without these rules.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    disable: Vec<String>,
    /// Every finding is an error.
    #[arg(long)]
    strict: bool,
    /// Images come from these registries only: docker.io, *.example.org.
    #[arg(long, value_name = "REGISTRY", value_delimiter = ',')]
    trusted_registry: Vec<String>,
    /// A label the image has to have, and what its value is: text, url, semver, hash, rfc3339, spdx, email.
    #[arg(long, value_name = "LABEL:KIND", value_parser = required_label)]
    require_label: Vec<(String, LabelKind)>,
    /// No other labels than the required ones.
    #[arg(long)]
    strict_labels: bool,
    /// The settings file. Without it the nearest counts, beside each Dockerfile or above it in its repository:
    /// plimsoll.toml, or hadolint's .hadolint.yaml.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// `author:text`; without a kind it is text.
fn required_label(text: &str) -> Result<(String, LabelKind), String> {
    let (label, kind) = text.rsplit_once(':').unwrap_or((text, "text"));
    match LabelKind::parse(kind) {
        Some(kind) if !label.is_empty() => Ok((label.to_string(), kind)),
        _ => {
            Err("it is LABEL:KIND as in author:text; text, url, semver, hash, rfc3339, spdx, email are kinds"
                .into())
        }
    }
}

impl RuleFlags {
    /// What is wished; a word that means no rule, and a named file that says nothing, end the verb at once.
    pub fn wishes(&self) -> Result<RuleWishes, CommandError> {
        let wishes = RuleWishes {
            only: self.only.clone(),
            enable: self.enable.clone(),
            disable: self.disable.clone(),
            strict: self.strict,
            settings: Settings {
                allowed_registries: self.trusted_registry.clone(),
                labels: self.require_label.clone(),
                strict_labels: self.strict_labels,
                ..Settings::default()
            },
            file: self.config.clone(),
        };
        wishes.for_directory(None).map(|_| wishes)
    }
}

/// What `--fix` applies. A comment on a variant would be part of the help.
#[derive(Clone, Copy, ValueEnum)]
enum Which {
    Safe,
    All,
}

impl Lint {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let rules = self.rules.wishes()?;
        let baseline = self.baseline.as_deref().map(read_baseline).transpose()?;
        let session = open_store();
        let digests = self.pin.then(|| ListedDigests::new(self.insecure)).transpose()?;
        let linting = Linting {
            store: session.as_ref().map(|session| &session.store),
            rules,
            today: today()?,
            context: self.context.clone(),
            repair: self.repair(),
            digests: digests.as_ref(),
        };
        let mut report = linting.examine(&self.paths);
        let mut failed = digests.map_or(Vec::new(), ListedDigests::failures);
        if !self.diff {
            failed.extend(report.files.iter().filter_map(|file| file.write().err()));
        }
        if let Some(path) = &self.write_baseline {
            let found = report.baseline();
            write(path, &found.to_text())?;
            report.hide_known(found);
        } else if let Some(baseline) = baseline {
            report.hide_known(baseline);
        }
        let fail_on = self.fail_on.unwrap_or_else(|| report.fail_on());
        self.show(&report, fail_on)?;
        match failed.is_empty() {
            true => Ok(report.exit_code(|severity| fail_on.fails(severity))),
            false => Err(CommandError::all(failed)),
        }
    }

    fn repair(&self) -> Repair {
        let fixes = match self.fix {
            Some(Which::All) => Fixes::All,
            Some(Which::Safe) | None => Fixes::Safe,
        };
        match (self.diff, self.fix) {
            (true, None) if self.pin => Repair::No,
            (true, _) => Repair::Try(fixes),
            (false, Some(_)) => Repair::Apply(fixes),
            (false, None) => Repair::No,
        }
    }

    /// Print the result, and write the reports that were asked for beside it.
    fn show(&self, report: &LintReport, fail_on: FailOn) -> Result<(), CommandError> {
        let fails = |severity: Severity| fail_on.fails(severity);
        for (format, path) in &self.report {
            write(path, &render(report, *format, &fails, false))?;
        }
        let repaired = report.files.iter().filter_map(|file| Some((file, file.repaired.as_ref()?)));
        if self.diff {
            for (file, repaired) in repaired {
                terminal::print(&unified_diff(file.name(), file.read.text(), repaired.text()));
                for (name, beside) in file.changed_beside() {
                    terminal::print(&unified_diff(&name, beside.read.text(), beside.source.text()));
                }
            }
            terminal::eprint(&summary(report));
        } else if let Some((_, text)) = repaired.into_iter().find(|(file, _)| file.place == Place::Stdin) {
            // The repaired text is the result; what is left to say goes beside it.
            terminal::print(text.text());
            terminal::eprint(&render(report, self.format, &fails, terminal::stderr_has_colour()));
        } else {
            terminal::print(&render(report, self.format, &fails, terminal::stdout_has_colour()));
        }
        Ok(())
    }
}

/// The store if there is one: without it nothing is known of base images, and the rest is examined all the same.
pub fn open_store() -> Option<Session> {
    let root = store_root().ok().filter(|root| root.exists())?;
    root.is_dir().then(|| Session::open_to_look().ok())?
}

/// The day it is, in UTC as everywhere in plimsoll.
pub fn today() -> Result<Day, CommandError> {
    let now = Timestamp::now().to_zoned(TimeZone::UTC).date();
    Day::parse(&now.to_string()).ok_or_else(|| CommandError::failure(format!("the clock says {now}")))
}

fn read_baseline(path: &Path) -> Result<Baseline, CommandError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let why = plimsoll_image::error::reason(&error);
        CommandError::usage(format!("cannot read the baseline {}: {why}", path.display()))
            .hint("--write-baseline FILE makes one of what is found now")
    })?;
    Baseline::parse(&text).map_err(|why| {
        CommandError::usage(format!("{} is no baseline: {why}", path.display()))
            .hint("--write-baseline FILE makes one of what is found now")
    })
}

fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    atomic_file::replace(path, |out| {
        out.write_all(text.as_bytes()).map_err(|error| CommandError::file("write", path, &error))
    })
}

/// `sarif=report.sarif`.
fn written_report(text: &str) -> Result<(LintFormat, PathBuf), String> {
    let (format, path) = text.split_once('=').ok_or("it is FORMAT=FILE as in sarif=lint.sarif")?;
    if path.is_empty() {
        return Err("it names no file".to_string());
    }
    Ok((LintFormat::from_str(format, true)?, PathBuf::from(path)))
}
