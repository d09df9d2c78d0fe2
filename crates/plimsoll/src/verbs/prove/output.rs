//! Where a proof goes: to the terminal, to other programs, to files; and what is expected of it.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum as _};
use plimsoll_contract::evidence::Verdict;
use plimsoll_contract::expect::{Expectation, check};
use plimsoll_contract::judge::Proof;

use crate::command_error::{CommandError, CommandResult, ErrorKind};
use crate::render::contract_table::contract_table;
use crate::render::proof::{Judged, ProofFormat, render};
use crate::report::columns::Extent;
use crate::report::sections;
use crate::terminal;
use crate::work::{atomic_file, contract_file};

#[derive(Args)]
pub struct Output {
    /// Only show this experiment of the record (launch-1, stop, rung-read-only, ...).
    #[arg(long, value_name = "ID")]
    case: Option<String>,
    /// Show every line of every section.
    #[arg(long)]
    all: bool,
    /// Compare with the table [contract] of this file, or of plimsoll.toml here or above in the git tree: what is
    /// not as expected makes the exit code 5, what cannot be decided here 6.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    expect: Option<Option<PathBuf>>,
    /// Write the table [contract] of what was proven; a file that is there keeps its other tables.
    #[arg(long, value_name = "FILE")]
    write_expect: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value = "text")]
    format: ProofFormat,
    /// Write a report to a file, too.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = written_report)]
    report: Vec<(ProofFormat, PathBuf)>,
    /// Write the record to a file, as --report evidence=FILE does: --replay and diff read it.
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
    /// Write one HTML page, as --report html=FILE does.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// The file's name, and what it expects.
pub type Expectations = Option<(String, Vec<Expectation>)>;

impl Output {
    /// What is expected, if something is.
    pub fn expectations(&self) -> Result<Expectations, CommandError> {
        let Some(path) = &self.expect else { return Ok(None) };
        let path = path.clone().map_or_else(found, Ok)?;
        let expectations = contract_file::load(&path)?;
        Ok(Some((path.display().to_string(), expectations)))
    }

    /// Write what was asked for and print the rest.
    pub fn show(&self, proof: Proof, expectations: Expectations) -> CommandResult {
        let expected = expectations.map(|(name, wanted)| (name, check(&wanted, &proof)));
        let judged = Judged { proof, expected };
        let extent = if self.all { Extent::All } else { Extent::Short("--all") };
        let named = [(ProofFormat::Evidence, &self.evidence), (ProofFormat::Html, &self.html)];
        let named = named.into_iter().filter_map(|(format, path)| Some((format, path.as_ref()?)));
        for (format, path) in self.report.iter().map(|(format, path)| (*format, path)).chain(named) {
            write(path, &render(&judged, format, extent))?;
        }
        if let Some(path) = &self.write_expect {
            write_table(path, &judged.proof)?;
        }
        let text = match (&self.case, self.format) {
            (Some(case), ProofFormat::Text) => {
                sections::case(&judged.proof, case).ok_or_else(|| no_such_case(case, &judged.proof))?
            }
            (_, format) => render(&judged, format, extent),
        };
        terminal::print(&text);
        Ok(exit_code(&judged))
    }
}

/// 5 when a required claim is refuted or an expectation is not met; 6 when an expectation could not be decided.
fn exit_code(judged: &Judged) -> u8 {
    let any = |wanted: fn(&Verdict) -> bool| judged.answers().iter().any(|answer| wanted(&answer.verdict));
    if !judged.proof.holds() || any(|verdict| matches!(verdict, Verdict::Refuted(_))) {
        return ErrorKind::Contradiction.exit_code();
    }
    if any(|verdict| matches!(verdict, Verdict::Unproven(_))) { ErrorKind::Machine.exit_code() } else { 0 }
}

/// The file that counts where we stand.
fn found() -> Result<PathBuf, CommandError> {
    let here = std::env::current_dir().map_err(CommandError::usage)?;
    let found = contract_file::find(&here).ok_or_else(|| {
        CommandError::usage(format!("there is no {} here or above in the git tree", contract_file::NAME))
            .hint(format!("--write-expect {} writes one of what was proven", contract_file::NAME))
    })?;
    // As people would write it.
    Ok(found.strip_prefix(&here).map_or(found.clone(), Path::to_path_buf))
}

/// The table behind what the file has already.
fn write_table(path: &Path, proof: &Proof) -> Result<(), CommandError> {
    let table = contract_table(proof);
    let known = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return write(path, &table),
        Err(error) => return Err(CommandError::file("read", path, &error)),
    };
    if contract_file::has_table(&known) {
        let message = format!("{} has a table [contract] already: it is left as it is", path.display());
        return Err(
            CommandError::usage(message).hint("name another file and compare the two, or take the table out")
        );
    }
    let gap = if known.is_empty() || known.ends_with("\n\n") { "" } else { "\n" };
    let end = if known.is_empty() || known.ends_with('\n') { "" } else { "\n" };
    atomic_file::rewrite(path, &known, &format!("{known}{end}{gap}{table}"))
}

fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    atomic_file::replace(path, |out| {
        out.write_all(text.as_bytes()).map_err(|error| CommandError::file("write", path, &error))
    })
}

/// `junit=prove.xml`.
fn written_report(text: &str) -> Result<(ProofFormat, PathBuf), String> {
    let (format, path) = text.split_once('=').ok_or("it is FORMAT=FILE as in junit=prove.xml")?;
    if path.is_empty() {
        return Err("it names no file".to_string());
    }
    let known = || {
        let names = ProofFormat::value_variants().iter().filter_map(|format| format.to_possible_value());
        names.map(|name| name.get_name().to_string()).collect::<Vec<_>>().join(", ")
    };
    let format = ProofFormat::from_str(format, true)
        .map_err(|_| format!("there is no form '{format}'; there are {}", known()))?;
    Ok((format, PathBuf::from(path)))
}

fn no_such_case(case: &str, proof: &Proof) -> CommandError {
    let evidence = &proof.evidence;
    let launches = evidence.launches.iter().map(|launch| launch.id.as_str());
    let stops = evidence.stop.iter().flat_map(|stop| &stop.runs).map(|run| run.id.as_str());
    let stop = evidence.stop.iter().map(|stop| stop.id.as_str()).chain(stops);
    let rungs = evidence.rungs.iter().map(|rung| rung.id.as_str());
    let rollout = evidence.rollout.iter().map(|rollout| rollout.id.as_str());
    let known: Vec<String> =
        launches.chain(stop).chain(rungs).chain(rollout).map(terminal::printable).collect();
    CommandError::usage(format!("there is no experiment '{}'", terminal::printable(case)))
        .hint(format!("there are {}", known.join(", ")))
}
