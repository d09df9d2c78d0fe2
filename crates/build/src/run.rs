//! RUN: a process in a sandbox over the layers so far; what it wrote becomes a layer.

use std::collections::VecDeque;
use std::io::Read as _;
use std::os::fd::OwnedFd;

use plimsoll_contract::stage::RunWork;
use plimsoll_dockerfile::syntax::Flag;
use plimsoll_image::layer::{CommitRules, CommittedLayer, LayeredTree, Owners};
use plimsoll_model::launch::{Mount, MountSource, Security, StopRule};
use plimsoll_model::{LaunchSpec, Network, ProcessUser, Source, Span};
use plimsoll_runtime::host::IdMap;
use plimsoll_runtime::launch::{LaunchOptions, Stdio, launch};
use plimsoll_runtime::plan::plan;
use plimsoll_runtime::rootfs::RootFs;

use crate::error::BuildError;
use crate::event::Event;
use crate::execute::Request;
use crate::step_cache::StepResult;

/// The flags of a RUN that are carried out.
#[derive(Debug, Default)]
pub(crate) struct RunOptions {
    no_network: bool,
}

impl RunOptions {
    /// Read the flags; what cannot be carried out is refused with its place.
    pub(crate) fn read(flags: &[Flag]) -> Result<Self, (Span, String)> {
        let mut options = RunOptions::default();
        for flag in flags {
            let value = flag.value.as_ref().map_or("", |value| value.text.as_str());
            match (flag.name.as_str(), value) {
                ("network", "none") => options.no_network = true,
                ("network", "default" | "host") => {}
                _ => {
                    let text = format!(
                        "RUN --{} cannot be carried out yet: remove it, or build this file with another builder",
                        flag.name
                    );
                    return Err((flag.span, text));
                }
            }
        }
        Ok(options)
    }

    /// What of the options the result depends on.
    pub(crate) fn key_parts(&self) -> Option<&'static str> {
        self.no_network.then_some("network=none")
    }
}

/// A RUN with everything decided.
pub(crate) struct RunJob<'a> {
    pub(crate) work: &'a RunWork,
    pub(crate) options: &'a RunOptions,
    pub(crate) user: ProcessUser,
    pub(crate) workdir: &'a str,
    pub(crate) layers: &'a [CommittedLayer],
    pub(crate) tree: &'a LayeredTree,
    pub(crate) proxies: Vec<(String, String)>,
}

/// Why a RUN failed, before its place is known.
pub(crate) enum RunError {
    Failed { command: String, code: i32, tail: Vec<String> },
    NotStarted { command: String, why: String },
    Other(BuildError),
}

impl RunError {
    pub(crate) fn at(self, source: &Source, span: Span) -> BuildError {
        let source_text = source.clone();
        match self {
            RunError::Failed { command, code, tail } => {
                BuildError::RunFailed { command, code, source_text, span, tail }
            }
            RunError::NotStarted { command, why } => {
                BuildError::RunNotStarted { command, why, source_text, span }
            }
            RunError::Other(error) => error,
        }
    }
}

impl From<plimsoll_image::Error> for RunError {
    fn from(error: plimsoll_image::Error) -> Self {
        RunError::Other(error.into())
    }
}

/// Lines of output a failure shows.
const TAIL_LINES: usize = 20;

/// Run the process and make its layer.
pub(crate) fn execute(job: &RunJob<'_>, request: &Request<'_>) -> Result<StepResult, RunError> {
    let file = |path: &std::path::Path| {
        let path = path.display().to_string();
        move |source| RunError::Other(BuildError::File { doing: "cannot write to", path, source })
    };
    let temporary = request.store.root().join("tmp");
    let scratch = tempfile::Builder::new().prefix("run-").tempdir_in(&temporary).map_err(file(&temporary))?;
    let lowers = job.layers.iter().map(|layer| request.store.layer_fs(&layer.diff_id)).collect();
    let rootfs = RootFs { lowers, scratch: scratch.path().to_path_buf() };
    let files = scratch.path().join("files");
    std::fs::create_dir(&files).map_err(file(&files))?;
    let mounts = mounts(job, &files).map_err(file(&files))?;
    let mount_points = mount_points(&mounts, job.workdir);
    run_process(job, request, &rootfs, mounts)?;
    let owners = match request.host.ids {
        IdMap::Host | IdMap::Range => Owners::OnDisk,
        IdMap::Single => Owners::Single { uid: job.user.uid, gid: job.user.gid },
    };
    let rules = CommitRules { epoch: request.epoch, owners, mount_points: &mount_points };
    Ok(request.store.commit_upper(&rootfs.upper(), job.tree, &rules)?)
}

fn run_process(
    job: &RunJob<'_>,
    request: &Request<'_>,
    rootfs: &RootFs,
    mounts: Vec<Mount>,
) -> Result<(), RunError> {
    let command = job.work.argv.join(" ");
    let not_started = |why: String| RunError::NotStarted { command: command.clone(), why };
    let mut env = job.work.env.clone();
    env.extend(
        job.proxies.iter().filter(|(name, _)| !job.work.env.iter().any(|(known, _)| known == name)).cloned(),
    );
    let spec = LaunchSpec {
        argv: job.work.argv.clone(),
        env,
        user: job.user.clone(),
        workdir: job.workdir.to_string(),
        hostname: "build".to_string(),
        stop: StopRule::default(),
        terminal: false,
        init: false,
        mounts,
        // A build fetches packages; without root there is no private network with a way out.
        network: if job.options.no_network { Network::None } else { Network::Host },
        publish: Vec::new(),
        security: Security::default(),
    };
    let plan = plan(&spec, request.host, rootfs).map_err(|error| not_started(error.to_string()))?;
    let (reader, writer) = std::io::pipe().map_err(|error| not_started(error.to_string()))?;
    let stdio = stdio(writer.into()).map_err(|error| not_started(error.to_string()))?;
    let options = LaunchOptions { die_with_parent: true };
    let running = launch(&plan, stdio, &options).map_err(|error| not_started(error.to_string()))?;
    let tail = forward_output(reader, request);
    let exit = running.wait(None).map_err(|error| not_started(error.to_string()))?;
    match exit.map_or(0, |exit| exit.code()) {
        0 => Ok(()),
        code => Err(RunError::Failed { command: shown(&command), code, tail }),
    }
}

/// Nothing to read, one pipe for both outputs.
fn stdio(writer: OwnedFd) -> std::io::Result<Stdio> {
    let stdin = std::fs::File::open("/dev/null")?.into();
    Ok(Stdio { stdin, stdout: writer.try_clone()?, stderr: writer })
}

/// Pass the output on as it comes; the last lines are kept for a failure. The pipe ends when the
/// last process of the sandbox is gone.
fn forward_output(mut reader: std::io::PipeReader, request: &Request<'_>) -> Vec<String> {
    let mut tail = VecDeque::new();
    let mut partial: Vec<u8> = Vec::new();
    let mut buffer = [0u8; 16 << 10];
    while let Ok(length @ 1..) = reader.read(&mut buffer) {
        (request.events)(Event::Output { bytes: buffer[..length].to_vec() });
        partial.extend_from_slice(&buffer[..length]);
        while let Some(end) = partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = partial.drain(..=end).collect();
            keep(&mut tail, &line);
        }
        // A line without an end must not grow for ever.
        if partial.len() > 64 << 10 {
            keep(&mut tail, &std::mem::take(&mut partial));
        }
    }
    if !partial.is_empty() {
        keep(&mut tail, &partial);
    }
    tail.into()
}

fn keep(tail: &mut VecDeque<String>, line: &[u8]) {
    if tail.len() == TAIL_LINES {
        tail.pop_front();
    }
    let text = String::from_utf8_lossy(line);
    tail.push_back(text.trim_end().chars().filter(|c| !c.is_control()).collect());
}

/// A command as a message shows it: one line, not too long.
fn shown(command: &str) -> String {
    let line = command.lines().next().unwrap_or("");
    let text: String = line.chars().take(70).collect();
    if text.len() < command.len() { format!("'{text}…'") } else { format!("'{text}'") }
}

/// The host's name resolution, and the script of a heredoc.
fn mounts(job: &RunJob<'_>, files: &std::path::Path) -> std::io::Result<Vec<Mount>> {
    let bind = |source: std::path::PathBuf, target: &str| Mount {
        source: MountSource::Bind(source),
        target: target.to_string(),
        read_only: true,
    };
    let mut mounts = Vec::new();
    if !job.options.no_network {
        for name in ["resolv.conf", "hosts"] {
            let host = std::path::Path::new("/etc").join(name);
            if host.is_file() {
                // A copy: the host's file may be a link to where the sandbox cannot reach.
                let copy = files.join(name);
                std::fs::copy(&host, &copy)?;
                mounts.push(bind(copy, &format!("/etc/{name}")));
            }
        }
    }
    if let Some(script) = &job.work.script {
        use std::os::unix::fs::PermissionsExt as _;
        let path = files.join("script");
        std::fs::write(&path, &script.body)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
        mounts.push(bind(path, &script.path));
    }
    Ok(mounts)
}

/// What the sandbox makes only in order to mount something on it.
fn mount_points(mounts: &[Mount], workdir: &str) -> Vec<Vec<u8>> {
    let fixed = ["proc", "sys", "dev"].map(str::to_string).into_iter();
    let targets = mounts.iter().map(|mount| mount.target.trim_start_matches('/').to_string());
    let workdir = workdir.trim_start_matches('/').to_string();
    fixed.chain(targets).chain([workdir]).map(String::into_bytes).collect()
}
