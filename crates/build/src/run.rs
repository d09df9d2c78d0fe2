//! RUN: a process in a sandbox over the layers so far; what it wrote becomes a layer.

mod agent;
mod bound;
mod etc_files;
mod mounts;
mod options;
mod output;
mod process;
mod settings;

use std::path::{Path, PathBuf};

use plimsoll_contract::stage::RunWork;
use plimsoll_image::layer::{CommitRules, CommittedLayer, LayeredTree, Owners, mount_points};
use plimsoll_model::ProcessUser;
use plimsoll_runtime::host::IdMap;
use plimsoll_runtime::rootfs::RootFs;

use crate::error::BuildError;
use crate::event::StepId;
use crate::execute::Build;
use crate::owners;
use crate::step_cache::StepResult;

pub(crate) use bound::BoundFiles;
pub(crate) use mounts::name_of;
pub(crate) use options::{describe, refuse_flags};
pub(crate) use process::RunError;
pub use settings::{RunSettings, host_mapping, ulimit};

/// A RUN with everything decided.
pub(crate) struct RunJob<'a> {
    pub(crate) work: &'a RunWork,
    /// What bind mounts show and caches begin with, for each mount of the work.
    pub(crate) bound: &'a [Option<BoundFiles<'a>>],
    pub(crate) user: ProcessUser,
    pub(crate) workdir: &'a str,
    pub(crate) layers: &'a [CommittedLayer],
    pub(crate) tree: &'a LayeredTree,
    pub(crate) proxies: Vec<(String, String)>,
}

/// Run the process and make its layer.
pub(crate) fn execute(job: &RunJob<'_>, build: &Build<'_>, step: StepId) -> Result<StepResult, RunError> {
    let request = build.request;
    let scratch = scratch_directory(&request.store.root().join("tmp"))?;
    let lowers = job.layers.iter().map(|layer| request.store.layer_fs(&layer.diff_id)).collect();
    let rootfs = RootFs { lowers, scratch: scratch.path().to_path_buf() };
    let mounts = mounts::prepare(job, build, scratch.path())?;
    let made = ["proc", "sys", "dev", job.workdir].into_iter().chain(mounts.targets());
    let mount_points = mount_points(job.tree, made)?;
    let recorder = owners::recorder(job, request, &rootfs);
    let ended = process::run(job, build, step, &rootfs, &mounts, recorder.clone());
    if !matches!(ended, Ok(()) | Err(RunError::Failed { .. })) {
        return ended.map(|()| None);
    }
    let records = recorder.map(|recorder| recorder.finish());
    let owners = match request.host.ids {
        IdMap::Host | IdMap::Range => Owners::OnDisk,
        IdMap::Single => Owners::Single { uid: job.user.uid, gid: job.user.gid, records: records.as_ref() },
    };
    let rules = CommitRules { epoch: request.epoch, owners, mount_points: &mount_points };
    let layer = request.store.commit_upper(&rootfs.upper(), job.tree, &rules);
    match ended {
        // The failure is what counts; what it left may be lost.
        Err(RunError::Failed { command, code, tail, .. }) => {
            Err(RunError::Failed { command, code, tail, left: layer.ok().flatten().map(Box::new) })
        }
        _ => Ok(layer?),
    }
}

fn scratch_directory(temporary: &Path) -> Result<tempfile::TempDir, RunError> {
    tempfile::Builder::new().prefix("run-").tempdir_in(temporary).map_err(file_error(temporary))
}

/// A failure of the file system around a step.
fn file_error(path: &Path) -> impl Fn(std::io::Error) -> RunError + use<> {
    let path = path.display().to_string();
    move |source| RunError::Other(BuildError::File { doing: "cannot write to", path: path.clone(), source })
}

/// A directory of the step's own beside its layer.
fn own_directory(scratch: &Path, name: &str) -> Result<PathBuf, RunError> {
    let path = scratch.join(name);
    std::fs::create_dir(&path).map_err(file_error(&path))?;
    Ok(path)
}
