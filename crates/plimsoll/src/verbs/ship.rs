//! `plimsoll ship`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use plimsoll_build::Built;
use plimsoll_contract::contract::Contract;
use plimsoll_contract::evidence::Verdict;
use plimsoll_contract::judge::Proof;
use plimsoll_image::layer::LayeredTree;
use plimsoll_kube::{Manifest, generate};
use plimsoll_model::quantity::human_bytes;
use plimsoll_model::{Diagnostic, Digest, Reference, Severity};

use super::format::TextOrJson;
use super::kube::KubeFlags;
use crate::command_error::{CommandError, CommandResult, ErrorKind};
use crate::launch_flags::experiment::ExperimentFlags;
use crate::render::diagnostic;
use crate::report::{self, Report, Stage};
use crate::session::Session;
use crate::terminal::{self, Progress};
use crate::work::building::{self, BuildFlags};
use crate::work::explaining::{explain_built, explain_project};
use crate::work::project::Project;
use crate::work::proving::prove_image;
use crate::work::scanning::scan_image;

/// Everything in one go: build, explain, prove, scan, write the Kubernetes manifest, report.
#[derive(Args)]
pub struct Ship {
    #[command(flatten)]
    build: BuildFlags,
    #[command(flatten)]
    kube: KubeFlags,
    /// A copy of the OSV data base: a directory ECOSYSTEM/all.zip, or a zip file.
    #[arg(long, value_name = "DIR|ZIP", env = "PLIMSOLL_DB")]
    db: Option<PathBuf>,
    /// Where the manifest and the HTML page go. Never part of the build.
    #[arg(short, long, value_name = "DIR", default_value = "deploy")]
    output: PathBuf,
    /// How to print.
    #[arg(long, value_enum, default_value = "text")]
    format: TextOrJson,
    /// Print nothing but errors and the last line.
    #[arg(short, long)]
    quiet: bool,
    /// The directory with the Dockerfile.
    directory: PathBuf,
    // Last: its headings hold for what follows them.
    #[command(flatten)]
    experiment: ExperimentFlags,
}

/// The stages so far, each with its time.
struct Ledger<'a> {
    stages: Vec<Stage>,
    progress: &'a Progress,
}

impl Ledger<'_> {
    /// Do a stage; its line is made from its result.
    fn stage<T>(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<T, CommandError>,
        line: impl FnOnce(&T) -> String,
    ) -> Result<T, CommandError> {
        self.progress.doing(name);
        let started = Instant::now();
        let result = work()?;
        self.enter(name, line(&result), started.elapsed());
        Ok(result)
    }

    fn enter(&mut self, name: &'static str, text: String, took: Duration) {
        self.progress.step(&format!(" {name:8} {text}"));
        self.stages.push(Stage { name, text, took });
    }
}

impl Ship {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let started = Instant::now();
        let date = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut project = Project::open(&self.directory, self.build.file.as_deref())?;
        project.leave_out(&self.output);
        let progress = Progress::new(self.quiet || self.format == TextOrJson::Json);
        let mut ledger = Ledger { stages: Vec::new(), progress: &progress };
        let session = match Session::open_to_launch() {
            Ok(session) => session,
            Err(error) if error.kind == ErrorKind::Machine => return self.static_part(&project, error),
            Err(error) => return Err(error),
        };
        let mut flags = self.build.clone();
        if flags.tag.is_empty() {
            let name = format!("{}:dev", project.default_name());
            flags.tag.push(name.parse().map_err(CommandError::usage)?);
        }
        let built = ledger.stage(
            "build",
            || building::build(&session, &project, &flags, &progress, false),
            |built| self.build_line(&session, built, &flags.tag[0]),
        )?;
        let tree = LayeredTree::of_image(&session.store, &built.image).map_err(CommandError::failure)?;
        let context = |path: &str| project.context_entry(path);
        let explained = ledger.stage(
            "explain",
            || explain_built(&session.store, &built.provenance, &tree, &context),
            |explained| explain_line(&explained.contract),
        )?;
        ledger
            .stages
            .insert(0, Stage { name: "lint", text: lint_line(&explained.findings), took: Duration::ZERO });
        let mut image = built.image.clone();
        image.reference = flags.tag.first().cloned();
        let proof = ledger.stage(
            "prove",
            || {
                prove_image(
                    &session,
                    &image,
                    &tree,
                    &explained.contract,
                    (&self.experiment, &[]),
                    false,
                    &progress,
                )
            },
            prove_line,
        )?;
        ledger.enter("harden", harden_line(&proof), Duration::ZERO);
        let scan = ledger.stage(
            "scan",
            || scan_image(&session.store, &image, &tree, self.db.as_deref()),
            plimsoll_scan::summary,
        )?;
        let options = self.kube.options();
        let manifest = ledger.stage(
            "kube",
            || Ok(generate(&proof, &options)),
            |manifest| {
                format!(
                    "for Kubernetes {} · Pod Security: {}",
                    options.kubernetes,
                    manifest.pod_security.level.word()
                )
            },
        )?;
        let mut report = Report {
            subject: self.directory.display().to_string(),
            dockerfile: project.dockerfile.clone(),
            platform: plimsoll_model::Platform::host().to_string(),
            image: flags.tag[0].to_string(),
            digest: image.manifest_digest.to_string(),
            steps: (built.steps, built.cached),
            stages: ledger.stages,
            findings: explained.findings,
            proof: Some(proof),
            scan,
            manifest: Some(manifest),
            wrote: Vec::new(),
            took: started.elapsed(),
            date,
        };
        self.write(&mut report)?;
        progress.finish();
        self.show(&report)?;
        Ok(report::conclusion::exit_code(&report))
    }

    /// What can be said where no namespace can be made; ends with the code that tells so.
    fn static_part(&self, project: &Project, machine: CommandError) -> CommandResult {
        let store = Session::open_to_look().ok().map(|session| session.store);
        let explained =
            explain_project(store.as_ref(), project, self.build.target.as_deref(), &self.build.build_arg)?;
        let colour = terminal::stdout_has_colour();
        for found in &explained.findings {
            terminal::print(&format!("{}\n", diagnostic::render(found, colour)));
        }
        let table = crate::render::contract::contract_table(&explained.contract, &explained.subject);
        terminal::print(&format!("{table}\n"));
        Err(machine.hint("the contract was explained; nothing was built or run"))
    }

    fn build_line(&self, session: &Session, built: &Built, name: &Reference) -> String {
        let size: u64 =
            built.image.layers().filter_map(|(_, diff_id)| session.store.layer_size(&diff_id)).sum();
        let steps = building::steps([built]);
        format!("{name}  {}  {steps}  {}", short(&built.image.manifest_digest), human_bytes(size))
    }

    /// The manifest and the page, each written beside and renamed.
    fn write(&self, report: &mut Report) -> Result<(), CommandError> {
        let directory = &self.output;
        std::fs::create_dir_all(directory).map_err(|error| unwritable(directory, &error))?;
        let name = report
            .image
            .rsplit('/')
            .next()
            .unwrap_or("app")
            .split([':', '@'])
            .next()
            .unwrap_or("app")
            .to_string();
        let yaml_path = directory.join(format!("{name}.yaml"));
        let html_path = directory.join(format!("{name}.html"));
        if let Some(manifest) = &report.manifest {
            write_file(&yaml_path, &manifest.to_yaml())?;
            report.wrote.push((yaml_path, format!("{} values, each with its source", reasoned(manifest))));
        }
        report.wrote.push((html_path.clone(), "full report, one file".to_string()));
        write_file(&html_path, &report::html::render(report))
    }

    fn show(&self, report: &Report) -> Result<(), CommandError> {
        if self.format == TextOrJson::Json {
            let text =
                serde_json::to_string_pretty(&report::json::report(report)).map_err(CommandError::failure)?;
            terminal::print(&format!("{text}\n"));
            return Ok(());
        }
        let text = report::terminal::render(report);
        if self.quiet {
            terminal::print(&format!("{}\n", text.lines().last().unwrap_or("")));
            return Ok(());
        }
        let colour = terminal::stdout_has_colour();
        let findings: String =
            report.findings.iter().map(|found| format!("{}\n", diagnostic::render(found, colour))).collect();
        terminal::print(&format!("{findings}{text}"));
        Ok(())
    }
}

fn short(digest: &Digest) -> String {
    format!("sha256:{}…", &digest.hex()[..8])
}

fn reasoned(manifest: &Manifest) -> usize {
    manifest.fields.len()
}

fn unwritable(path: &Path, error: &std::io::Error) -> CommandError {
    let why = plimsoll_image::error::reason(error);
    CommandError::failure(format!("cannot write {}: {why}", path.display()))
        .hint("choose another directory with -o DIR")
}

fn write_file(path: &Path, text: &str) -> Result<(), CommandError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(|error| unwritable(path, &error))?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::io::Write::write_all(&mut file, text.as_bytes())
        .and_then(|()| file.as_file().set_permissions(mode))
        .map_err(|error| unwritable(path, &error))?;
    file.persist(path).map_err(|error| unwritable(path, &error.error))?;
    Ok(())
}

fn lint_line(findings: &[Diagnostic]) -> String {
    let count = |severity| findings.iter().filter(|found| found.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let counted = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    format!(
        "{}  {}  {} advice",
        counted(errors, "error"),
        counted(warnings, "warning"),
        count(Severity::Info)
    )
}

fn explain_line(contract: &Contract) -> String {
    let argv: Vec<&str> =
        contract.entrypoint.value.iter().chain(&contract.cmd.value).map(String::as_str).collect();
    let user = if contract.user.value.is_empty() { "root" } else { &contract.user.value };
    let argv = crate::render::contract::shorten(&argv.join(" "), 36);
    format!("PID 1 {argv} · user {user} · stops on {}", contract.stop_signal.value)
}

fn prove_line(proof: &Proof) -> String {
    let proven = proof.claims.iter().filter(|claim| claim.verdict == Verdict::Proven).count();
    format!("{} launches · {proven} of {} claims proven", proof.evidence.launches.len(), proof.claims.len())
}

fn harden_line(proof: &Proof) -> String {
    let rungs = &proof.evidence.rungs;
    let held = rungs.iter().filter(|record| record.verdict == Verdict::Proven).count();
    format!("{held} of {} rungs hold", rungs.len())
}
