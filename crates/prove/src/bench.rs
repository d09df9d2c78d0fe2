//! Where one container of an experiment stands: its scratch directory, its output, its plan.

use std::fs::{File, Permissions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use plimsoll_model::LaunchSpec;
use plimsoll_runtime::launch::{LaunchOptions, Stdio};
use plimsoll_runtime::plan::{SandboxPlan, plan};
use plimsoll_runtime::rootfs::RootFs;

use crate::subject::{ProveError, Subject};

/// Bytes of output read back.
const LOG_LIMIT: u64 = 64 << 10;
/// Lines of output kept.
const LOG_LINES: usize = 20;

/// A place for one container: its scratch directory and its output.
pub(crate) struct Bench {
    pub(crate) scratch: tempfile::TempDir,
    pub(crate) log: Log,
    pub(crate) rootfs: RootFs,
}

impl Bench {
    pub(crate) fn set_up(subject: &Subject<'_>) -> Result<Self, ProveError> {
        let directory = &subject.scratch;
        let failed = |source| ProveError::Scratch { path: directory.clone(), source };
        let scratch = tempfile::Builder::new().prefix("run-").tempdir_in(directory).map_err(failed)?;
        let log = Log::create(&scratch.path().join("log")).map_err(failed)?;
        let rootfs = RootFs { lowers: subject.lowers.clone(), scratch: scratch.path().to_path_buf() };
        Ok(Bench { scratch, log, rootfs })
    }

    pub(crate) fn failed(&self, source: std::io::Error) -> ProveError {
        ProveError::Scratch { path: self.scratch.path().to_path_buf(), source }
    }

    /// The plan, or why there can be none.
    pub(crate) fn plan(&self, subject: &Subject<'_>, spec: &LaunchSpec) -> Result<SandboxPlan, String> {
        plan(spec, subject.host, &self.rootfs).map_err(|error| error.to_string())
    }
}

/// Options of every experiment: its container ends with us.
pub(crate) fn dying() -> LaunchOptions {
    LaunchOptions { die_with_parent: true, ..LaunchOptions::default() }
}

/// The output of a trial: a file, so that a program that writes much never waits for us.
pub(crate) struct Log(File);

impl Log {
    /// Output into a file that is open for reading and writing.
    pub(crate) fn of(file: File) -> Self {
        Log(file)
    }

    pub(crate) fn create(path: &Path) -> std::io::Result<Self> {
        let file = File::options().read(true).append(true).create_new(true).open(path)?;
        // As with an engine's pipes, the container's user may open /dev/stdout again (nginx, httpd do).
        file.set_permissions(Permissions::from_mode(0o666))?;
        Ok(Log(file))
    }

    pub(crate) fn stdio(&self) -> std::io::Result<Stdio> {
        Ok(Stdio {
            stdin: File::open("/dev/null")?.into(),
            stdout: self.0.try_clone()?.into(),
            stderr: self.0.try_clone()?.into(),
        })
    }

    pub(crate) fn head(&self) -> std::io::Result<Vec<String>> {
        let text = self.read_from(0)?;
        Ok(lines(&text).take(LOG_LINES).collect())
    }

    pub(crate) fn tail(&self) -> std::io::Result<Vec<String>> {
        let length = self.0.metadata()?.len();
        let text = self.read_from(length.saturating_sub(LOG_LIMIT))?;
        let all: Vec<String> = lines(&text).collect();
        Ok(all[all.len().saturating_sub(LOG_LINES)..].to_vec())
    }

    /// The last line written, empty if there is none.
    pub(crate) fn last_line(&self) -> String {
        self.tail().ok().and_then(|lines| lines.last().cloned()).unwrap_or_default()
    }

    fn read_from(&self, offset: u64) -> std::io::Result<Vec<u8>> {
        let mut file = self.0.try_clone()?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(LOG_LIMIT).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Lines without control characters: what a container prints must not steer a terminal.
fn lines(bytes: &[u8]) -> impl Iterator<Item = String> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| String::from_utf8_lossy(line).chars().filter(|c| !c.is_control()).take(400).collect())
}
