//! RUN: a process over the files so far.

use plimsoll_contract::stage::{RunMount, RunWork};
use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::{Diagnostic, Severity};

use super::{Outcome, StageBuild};
use crate::error::BuildError;
use crate::failed_step::FailedStep;
use crate::key::KeyHasher;
use crate::place::Place;
use crate::run::{self, BoundFiles, RunError};

impl<'a> StageBuild<'a, '_> {
    pub(super) fn run_process(&self, place: &Place<'_>, work: &RunWork) -> Outcome {
        let Instruction::Run { flags, .. } = &place.statement.instruction else {
            unreachable!("only RUN asks for a process");
        };
        run::refuse_flags(flags).map_err(|(span, message)| {
            let found = Diagnostic::new("PL024", "unsupported-run-flag", Severity::Error, message);
            BuildError::Refused(Box::new(found.at(place.source, span, "")))
        })?;
        let bound: Vec<Option<BoundFiles<'_>>> =
            work.mounts.iter().map(|mount| self.bound_files(place, mount)).collect::<Result<_, _>>()?;
        for (mount, bound) in work.mounts.iter().zip(&bound) {
            if let RunMount::Cache(cache) = mount {
                self.build.note_mount(run::name_of(cache, bound.as_ref(), self.build));
            }
        }
        let mut key = KeyHasher::new("run");
        self.below(&mut key);
        key.texts("the command", "", work.argv.iter().map(String::as_str));
        for (name, value) in &work.env {
            key.texts("variable ", name, [name.as_str(), value]);
        }
        key.texts("the working directory", "", [self.state.workdir()]);
        key.texts("the user", "", [self.state.config.user.as_str()]);
        let script = work.script.iter().flat_map(|script| [script.path.as_str(), script.body.as_str()]);
        key.texts("the script", "", script);
        run::describe(work, self.build.request.run, &bound, &mut key);
        self.known_or(place, key, || {
            let tree = self.tree()?;
            let user = self.user(place)?;
            let job = run::RunJob {
                work,
                bound: &bound,
                user,
                workdir: self.state.workdir(),
                layers: &self.layers,
                tree,
                proxies: self.build.scope.proxy_env(),
            };
            run::execute(&job, self.build, self.id()).map_err(|error| self.failed(place, work, error))
        })
    }

    /// The failure with its place; what the process left is kept to be looked at.
    fn failed(&self, place: &Place<'_>, work: &RunWork, mut error: RunError) -> BuildError {
        let step = error.left().map(|left| FailedStep {
            state: &self.state,
            layers: &self.layers,
            left,
            env: &work.env,
        });
        let is_kept = step.is_some_and(|step| step.keep(self.build).is_ok());
        let mut error = error.at(place.source, place.statement.span, |why| place.refuse(why));
        if let BuildError::RunFailed { kept, .. } = &mut error {
            *kept = is_kept;
        }
        error
    }

    /// The files a mount shows or begins with.
    fn bound_files(&self, place: &Place<'_>, mount: &RunMount) -> Result<Option<BoundFiles<'a>>, BuildError> {
        let (from, source) = match mount {
            RunMount::Bind { from, source, .. } => (from.as_deref(), source),
            // Without from a cache begins empty, not with the build context.
            RunMount::Cache(cache) if cache.from.is_some() => (cache.from.as_deref(), &cache.source),
            _ => return Ok(None),
        };
        let files = self.files_from(place, from)?;
        let bound =
            BoundFiles::find(files, source, place.flag("mount")).map_err(|error| place.copy_failed(error))?;
        if matches!(mount, RunMount::Cache(_)) && !bound.is_directory() {
            return Err(
                place.refuse(format!("a cache is a directory and cannot begin with the file '{source}'"))
            );
        }
        Ok(Some(bound))
    }
}
