//! `RUN --mount`: what each one means, its values expanded (buildkit
//! `instructions/commands_runmount.go`, `dockerfile2llb/convert_runmount.go`).

mod fields;

use std::collections::BTreeMap;

use plimsoll_dockerfile::mount_fields;
use plimsoll_dockerfile::syntax::{Flag, Text};
use plimsoll_model::{Diagnostic, Source};

use super::{StageState, refuse};
use fields::{Fields, Wrong, canonical};

/// One mount of a RUN. Targets are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunMount {
    /// Files of the build context, a stage, an image or a named context.
    Bind {
        /// Where the files are; `None`: the build context.
        from: Option<String>,
        /// Path there.
        source: String,
        /// Path in the step.
        target: String,
        /// Cannot be written; else what is written is thrown away.
        read_only: bool,
    },
    /// A directory that outlives the build.
    Cache(CacheMount),
    /// An empty file system in memory.
    Tmpfs {
        /// Path in the step.
        target: String,
        /// Bytes it may take.
        size: Option<u64>,
    },
    /// A file or variable with a secret.
    Secret(SecretMount),
    /// The socket of an SSH agent.
    Ssh(SshMount),
}

/// A directory that outlives the build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheMount {
    /// Its name.
    pub id: String,
    /// Path in the step.
    pub target: String,
    /// Where the files it begins with are.
    pub from: Option<String>,
    /// Path of those files.
    pub source: String,
    /// What happens when another step uses it.
    pub sharing: Sharing,
    /// Mode of a new one.
    pub mode: u32,
    /// User and group of a new one.
    pub owner: (u32, u32),
    /// Cannot be written.
    pub read_only: bool,
}

/// What happens when two steps use a cache at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Both write to it.
    Shared,
    /// The second gets another one.
    Private,
    /// The second waits.
    Locked,
}

/// A file or variable with a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretMount {
    /// Its name on the command line.
    pub id: String,
    /// The file in the step, if there is one.
    pub target: Option<String>,
    /// The variable of the step, if there is one.
    pub env: Option<String>,
    /// The step fails without it.
    pub required: bool,
    /// Mode of the file.
    pub mode: u32,
    /// User and group of the file.
    pub owner: (u32, u32),
}

/// The socket of an SSH agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshMount {
    /// Its name on the command line.
    pub id: String,
    /// The socket in the step.
    pub target: String,
    /// The step fails without it.
    pub required: bool,
    /// Mode of the socket.
    pub mode: u32,
    /// User and group of the socket.
    pub owner: (u32, u32),
}

impl RunMount {
    /// Where in the step something appears.
    pub fn target(&self) -> Option<&str> {
        match self {
            RunMount::Bind { target, .. } | RunMount::Tmpfs { target, .. } => Some(target),
            RunMount::Cache(cache) => Some(&cache.target),
            RunMount::Secret(secret) => secret.target.as_deref(),
            RunMount::Ssh(ssh) => Some(&ssh.target),
        }
    }
}

impl StageState {
    /// The mounts of a RUN, in order.
    pub(super) fn run_mounts(
        &self,
        source: &Source,
        flags: &[Flag],
    ) -> Result<Vec<RunMount>, Box<Diagnostic>> {
        let values = flags.iter().filter(|flag| flag.name == "mount").filter_map(|flag| flag.value.as_ref());
        values
            .enumerate()
            .map(|(number, value)| {
                let fields = self.expanded_fields(source, value)?;
                let fields = Fields { values: fields, workdir: self.workdir(), number };
                let mount = fields.mount();
                mount.map_err(|Wrong { what, label }| refuse(source, value.span, what, &label))
            })
            .collect()
    }

    /// Keys under their longest name. `from` is not expanded: the graph must be known before.
    fn expanded_fields(
        &self,
        source: &Source,
        value: &Text,
    ) -> Result<BTreeMap<&'static str, String>, Box<Diagnostic>> {
        let mut fields = BTreeMap::new();
        for (key, text) in mount_fields(&value.text) {
            let text = match text {
                None => "true".to_string(),
                Some(text) if key == "from" => text,
                Some(text) => self.expand(source, &Text { text, span: value.span })?,
            };
            fields.insert(canonical(&key), text);
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests;
