//! How a container is kept: what happens around its process, not inside it.

use std::time::Duration;

/// What the monitor does for a container beyond starting its process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Upkeep {
    /// Remove the container, and its anonymous volumes, when it has ended (`--rm`).
    pub auto_remove: bool,
    /// Keep standard input open (`-i`).
    pub open_stdin: bool,
    /// Start it again when it has ended.
    pub restart: RestartPolicy,
    /// How its health is found out; `None`: not at all.
    pub health: Option<HealthCheck>,
    /// What is kept of its output.
    pub log: LogRule,
}

/// When a container that has ended is started again (docker's `--restart`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RestartPolicy {
    /// Never.
    #[default]
    No,
    /// When it ended with a code other than 0.
    OnFailure {
        /// At most so often; `None`: without end.
        most: Option<u32>,
    },
    /// Always, unless it was stopped by a command.
    Always,
    /// The same; the difference, what a daemon starts at boot, needs a daemon.
    UnlessStopped,
}

/// A command that tells whether a container does its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Time between checks.
    pub interval: Duration,
    /// Longest time of one check.
    pub timeout: Duration,
    /// Failures do not count before.
    pub start_period: Duration,
    /// Time between checks during the start period.
    pub start_interval: Duration,
    /// Failures in a row until it is unhealthy.
    pub retries: u32,
}

/// What is kept of a container's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRule {
    /// docker's word for how it is kept: `json-file`, `local`, `k8s-file`; all mean our own files. `none`
    /// keeps nothing.
    pub driver: String,
    /// Begin a new file when one has so many bytes; `None`: never.
    pub max_size: Option<u64>,
    /// So many files at most.
    pub max_file: u32,
    /// Options as given, for `inspect`.
    pub options: Vec<(String, String)>,
}

impl LogRule {
    /// Nothing is kept.
    pub fn is_none(&self) -> bool {
        self.driver == "none"
    }
}

impl Default for LogRule {
    fn default() -> Self {
        LogRule { driver: "json-file".into(), max_size: None, max_file: 1, options: Vec::new() }
    }
}

/// What image and command line said before it was decided: docker's `inspect` repeats it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// ENTRYPOINT as it counts; `None`: there is none.
    pub entrypoint: Option<Vec<String>>,
    /// CMD or the arguments.
    pub cmd: Vec<String>,
    /// The user as written.
    pub user: String,
    /// Ports, exposed by the image or `--expose`, as `80/tcp`.
    pub exposed: Vec<String>,
    /// Volumes of the image and anonymous ones.
    pub volumes: Vec<String>,
    /// Labels of the image and the command line.
    pub labels: Vec<(String, String)>,
    /// `-v` as written.
    pub binds: Vec<String>,
    /// `--cap-add` and `--cap-drop` as written.
    pub cap_add: Vec<String>,
    /// See `cap_add`.
    pub cap_drop: Vec<String>,
    /// `--security-opt` as written.
    pub security_opt: Vec<String>,
    /// `--group-add` as written.
    pub group_add: Vec<String>,
    /// `--volumes-from` as written.
    pub volumes_from: Vec<String>,
    /// Which streams were attached at the start: stdin, stdout, stderr.
    pub attached: [bool; 3],
    /// `-P`: publish all exposed ports.
    pub publish_all: bool,
    /// The host name was asked for.
    pub hostname: Option<String>,
}
