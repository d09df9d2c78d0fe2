//! `plimsoll build`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use plimsoll_build::execute::plan_request;
use plimsoll_build::{Built, Runnable};
use plimsoll_model::quantity::human_bytes;
use plimsoll_model::{Platform, Reference};
use plimsoll_runtime::binfmt;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal::{self, Progress};
use crate::work::assembling::{Assembled, Assembly, PlatformBuilt};
use crate::work::build_output_flags::{OutputFlags, ProgressForm, Wanted};
use crate::work::build_view::{self, BuildView};
use crate::work::building::{self, BuildFlags, Target};
use crate::work::epoch::BuildTime;
use crate::work::exporting::Export;
use crate::work::output_spec::OutputSpec;
use crate::work::project::Project;
use crate::work::refused_build_flags::RefusedFlags;
use crate::work::{atomic_file, build_record, cache_transfer, epoch, stdin_project};

/// Build an image from a Dockerfile.
#[derive(Args)]
pub struct Build {
    #[command(flatten)]
    flags: BuildFlags,
    #[command(flatten)]
    output: OutputFlags,
    #[command(flatten)]
    _refused: RefusedFlags,
    /// Show what would be built, in order, and build nothing.
    #[arg(long)]
    plan: bool,
    /// The directory whose files COPY and ADD can see; - reads a tar archive of it, or the Dockerfile alone,
    /// from standard input; https://HOST/REPO.git#REF:DIR fetches a git repository.
    directory: PathBuf,
}

impl Build {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let wanted = self.output.wanted(&self.flags.tag)?;
        let session = Session::open_to_launch()?;
        let file = self.flags.file.as_deref();
        let project = stdin_project::open(&session.store, &self.directory, file)?;
        if self.plan {
            for platform in &wanted.platforms {
                terminal::print(&plan(&session, &project, &self.flags, platform)?);
            }
            return Ok(0);
        }
        let quiet = self.output.quiet || self.output.progress == ProgressForm::Quiet;
        let progress = build_view::progress(self.output.progress, quiet);
        let view = BuildView::new(self.output.progress, &progress, self.flags.why);
        let work = Work { build: &self, session: &session, project: &project, wanted: &wanted };
        let ended = work.run(&progress, &view);
        progress.finish();
        match ended {
            Ok(()) => Ok(0),
            Err(error) => view.failed(error),
        }
    }
}

/// A build with everything it was asked for.
struct Work<'a> {
    build: &'a Build,
    session: &'a Session,
    project: &'a Project,
    wanted: &'a Wanted,
}

impl Work<'_> {
    fn run(&self, progress: &Progress, view: &BuildView<'_>) -> Result<(), CommandError> {
        let flags = &self.build.flags;
        let build_args = building::build_args(&flags.build_arg)?;
        let time = epoch::Asked::ask(&build_args, &self.project.directory);
        let _hold = self.session.store.hold().map_err(CommandError::failure)?;
        cache_transfer::take_over(self.session, &flags.cache, progress);
        let time = time.answer()?;
        let builts = self.platforms(&build_args, &time, progress, view)?;
        let all: Vec<&Built> = builts.iter().map(|one| &one.built).collect();
        cache_transfer::hand_on(self.session, &flags.cache, &all, progress)?;
        let assembly = Assembly {
            store: &self.session.store,
            builts: &builts,
            attest: &self.wanted.attest,
            dockerfile: &self.project.dockerfile,
            target: flags.target.as_deref(),
            build_args: &build_args,
            labels: &self.wanted.labels,
            time: (time.epoch > 0).then_some(time.created.as_str()),
        };
        let export = Export { assembly: &assembly, tags: &flags.tag, progress };
        let mut made: Option<(Assembled, &[Reference])> = None;
        for output in &self.wanted.outputs {
            if let Some(assembled) = export.run(output)? {
                made.get_or_insert((assembled, export.names(output)));
            }
        }
        let (assembled, names) = match made {
            Some(made) => made,
            None => (assembly.assemble(&OutputSpec::store(false).form, &[])?, &[][..]),
        };
        self.write_down(&assembly, &assembled, names)?;
        self.last_line(&assembly, &assembled, names);
        Ok(())
    }

    /// Build for every platform, all of them checked first.
    fn platforms(
        &self,
        build_args: &BTreeMap<String, String>,
        time: &BuildTime,
        progress: &Progress,
        view: &BuildView<'_>,
    ) -> Result<Vec<PlatformBuilt>, CommandError> {
        let flags = &self.build.flags;
        let runnable = Runnable { own: Platform::host(), emulated: binfmt::architectures() };
        let several = self.wanted.platforms.len() > 1;
        let contexts = flags.run.contexts(self.session)?;
        for platform in &self.wanted.platforms {
            let args = build_args.clone();
            let source = &self.project.dockerfile;
            plimsoll_build::check(source, flags.target.as_deref(), platform, args, &contexts, &runnable)
                .map_err(building::failed)?;
        }
        let mut builts = Vec::new();
        for platform in &self.wanted.platforms {
            view.begin(several.then_some(platform));
            let labels = self.wanted.labels.clone();
            let target = Target {
                platform: platform.clone(),
                runnable: &runnable,
                labels,
                contexts: &contexts,
                build_args,
                time,
                several,
            };
            let built = building::build_for(self.session, self.project, flags, &target, progress, view)?;
            view.built(&built);
            builts.push(PlatformBuilt { platform: platform.clone(), built });
        }
        Ok(builts)
    }

    fn write_down(
        &self,
        assembly: &Assembly<'_>,
        assembled: &Assembled,
        names: &[Reference],
    ) -> Result<(), CommandError> {
        let write = |path: &PathBuf, text: String| {
            let failed = |error| CommandError::file("write", path, &error);
            atomic_file::replace(path, |out| out.write_all(text.as_bytes()).map_err(failed))
        };
        if let Some(path) = &self.build.output.iidfile {
            write(path, build_record::image_id(assembly, assembled).to_string())?;
        }
        if let Some(path) = &self.build.output.metadata_file {
            let metadata = build_record::metadata(assembly, assembled, names)?;
            write(path, format!("{metadata:#}\n"))?;
        }
        Ok(())
    }

    /// The result: on standard output, unless an archive went there.
    fn last_line(&self, assembly: &Assembly<'_>, assembled: &Assembled, names: &[Reference]) {
        if self.build.output.quiet {
            terminal::print(&format!("{}\n", build_record::image_id(assembly, assembled)));
            return;
        }
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let named = if names.is_empty() { String::new() } else { format!("{}  ", names.join(", ")) };
        let steps = building::steps(assembly.builts.iter().map(|one| &one.built));
        let images = assembly.builts.iter().map(|one| &one.built.image);
        let layers = images.flat_map(|image| image.layers().map(|(_, diff_id)| diff_id));
        let size: u64 = layers.filter_map(|diff_id| self.session.store.layer_size(&diff_id)).sum();
        let size = human_bytes(size);
        let size = match assembly.builts.len() {
            1 => size,
            several => format!("{size} for {several} platforms"),
        };
        let line = format!("{named}{}  {steps}  {size}\n", assembled.listed);
        match self.wanted.outputs.iter().any(OutputSpec::is_on_stdout) {
            true if self.build.output.progress == ProgressForm::Json => {}
            true => terminal::eprint(&line),
            false => terminal::print(&line),
        }
    }
}

fn plan(
    session: &Session,
    project: &Project,
    flags: &BuildFlags,
    platform: &Platform,
) -> Result<String, CommandError> {
    let parsed = plimsoll_dockerfile::parse(project.dockerfile.clone());
    let args = building::build_args(&flags.build_arg)?;
    let contexts = flags.run.contexts(session)?;
    let plan = plan_request(&parsed.dockerfile, flags.target.as_deref(), platform, args, &contexts)
        .map_err(building::failed)?;
    Ok(plan.0.to_string())
}
