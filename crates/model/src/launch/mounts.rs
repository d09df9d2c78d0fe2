//! What is mounted into a container beside its root file system.

use std::path::PathBuf;

use crate::quantity::parse_bytes;

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// What is mounted.
    pub source: MountSource,
    /// Absolute clean path inside the container; created if missing.
    pub target: String,
    /// Mounted read-only.
    pub read_only: bool,
    /// What of later mounts on one side shows on the other.
    pub propagation: Propagation,
}

impl Mount {
    /// A file or directory of the host, writable.
    pub fn bind(path: impl Into<PathBuf>, target: impl Into<String>) -> Self {
        Mount::of(MountSource::Bind(path.into()), target)
    }

    /// An empty file system in memory.
    pub fn tmpfs(tmpfs: Tmpfs, target: impl Into<String>) -> Self {
        Mount::of(MountSource::Tmpfs(tmpfs), target)
    }

    /// A writable mount that shows nothing of later mounts.
    pub fn of(source: MountSource, target: impl Into<String>) -> Self {
        Mount { source, target: target.into(), read_only: false, propagation: Propagation::default() }
    }

    /// The same, read-only if so.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }
}

/// What a mount shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountSource {
    /// A file or directory of the host.
    Bind(PathBuf),
    /// A volume of the store.
    Volume {
        /// Its name.
        name: String,
        /// Where its files lie.
        directory: PathBuf,
        /// Clean path of the part of it that is shown; empty: all of it. What stands there is up to those
        /// who wrote to the volume.
        subpath: String,
        /// Its files are kept in memory while the container runs (`type=tmpfs`), not in the directory.
        memory: Option<Tmpfs>,
        /// It was made for this container, which did not name it, and goes with it.
        anonymous: bool,
    },
    /// A fresh tmpfs.
    Tmpfs(Tmpfs),
}

/// A file system in memory (docker: no size limit, mode 1777, nothing is executed from it).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tmpfs {
    /// Size limit in bytes.
    pub size: Option<u64>,
    /// Mode of its root.
    pub mode: u32,
    /// Owner and group of its root.
    pub owner: (u32, u32),
    /// Programs can be started from it.
    pub exec: bool,
}

impl Default for Tmpfs {
    fn default() -> Self {
        Tmpfs { size: None, mode: 0o1777, owner: (0, 0), exec: false }
    }
}

impl Tmpfs {
    /// Apply one of the mount options that docker takes for it; `false`: it is none of them.
    pub fn apply(&mut self, option: &str) -> Result<bool, String> {
        let number = |text: &str| text.parse::<u32>().map_err(|_| format!("'{text}' is no id"));
        match option.split_once('=').unwrap_or((option, "")) {
            ("size", text) => {
                self.size =
                    Some(parse_bytes(text).ok_or_else(|| format!("'{text}' is no size, 64m is one"))?);
            }
            ("mode", text) => self.mode = parse_mode(text).ok_or_else(|| format!("'{text}' is no mode"))?,
            ("uid", text) => self.owner.0 = number(text)?,
            ("gid", text) => self.owner.1 = number(text)?,
            ("exec", "") => self.exec = true,
            ("noexec", "") => self.exec = false,
            // What it is anyway.
            ("defaults" | "rw" | "nosuid" | "nodev" | "async" | "nomand" | "diratime" | "relatime", "") => {}
            ("suid" | "dev" | "nr_inodes" | "nr_blocks" | "mpol" | "noatime" | "nodiratime" | "sync", _) => {
                return Err("it is not supported: size, mode, uid, gid and exec are".to_string());
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Octal digits of permission, set-id and sticky bits.
pub fn parse_mode(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    u32::from_str_radix(text, 8).ok().filter(|mode| digits && *mode <= 0o7777)
}

/// What of later mounts on one side of a bind mount shows on the other (mount_namespaces(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
    /// Nothing, and what is mounted below the source now is left out.
    Private,
    /// Nothing; what is mounted below the source now is shown (docker's default).
    #[default]
    RecursivePrivate,
    /// The host's later mounts show inside.
    Slave,
    /// The same for what is mounted below.
    RecursiveSlave,
    /// Later mounts show on both sides.
    Shared,
    /// The same for what is mounted below.
    RecursiveShared,
}

impl Propagation {
    /// All of them with docker's words.
    pub const WORDS: [(Propagation, &'static str); 6] = [
        (Propagation::Private, "private"),
        (Propagation::RecursivePrivate, "rprivate"),
        (Propagation::Slave, "slave"),
        (Propagation::RecursiveSlave, "rslave"),
        (Propagation::Shared, "shared"),
        (Propagation::RecursiveShared, "rshared"),
    ];

    /// docker's word.
    pub fn word(self) -> &'static str {
        Propagation::WORDS.iter().find(|(known, _)| *known == self).map_or("rprivate", |(_, word)| word)
    }

    /// Read docker's word.
    pub fn parse(text: &str) -> Option<Self> {
        Propagation::WORDS.iter().find(|(_, word)| *word == text).map(|(known, _)| *known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_memory() {
        let mut tmpfs = Tmpfs::default();
        for option in ["size=64m", "mode=0750", "uid=7", "gid=8", "exec", "nosuid", "rw"] {
            assert_eq!(tmpfs.apply(option), Ok(true), "{option}");
        }
        assert_eq!(tmpfs, Tmpfs { size: Some(64 << 20), mode: 0o750, owner: (7, 8), exec: true });
        for wrong in
            ["size=x", "size=50%", "mode=9", "mode=", "mode=+7", "mode=77777", "uid=-1", "nr_inodes=5", "dev"]
        {
            assert!(tmpfs.apply(wrong).is_err(), "{wrong}");
        }
        for unknown in ["", "bogus", "exec=1", "ro"] {
            assert_eq!(tmpfs.apply(unknown), Ok(false), "{unknown}");
        }
    }
}
