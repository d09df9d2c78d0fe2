//! The flags of `run` that decide the process, and how they and an image become one
//! [`LaunchSpec`].

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use plimsoll_contract::contract::LaunchMode;
use plimsoll_contract::{from_image, modes};
use plimsoll_image::error::reason;
use plimsoll_image::layer::LayeredTree;
use plimsoll_model::file_tree::clean_path;
use plimsoll_model::launch::{ALL_CAPABILITIES, Mount, MountSource, Publish, Seccomp, Security, StopRule};
use plimsoll_model::quantity::parse_bytes;
use plimsoll_model::{Because, ImageConfig, LaunchSpec, Network, PortSpec, Signal, UserSpec};

use crate::command_error::{CommandError, ErrorKind};
use crate::volume::VolumeToMake;

/// Flags that decide the process, with docker's names and meaning.
#[derive(Args, Clone, Default)]
pub struct LaunchFlags {
    /// Program to start instead of the image's ENTRYPOINT; its CMD is dropped too. Empty: none.
    #[arg(long, value_name = "PROGRAM")]
    pub entrypoint: Option<String>,
    /// Set a variable; without a value it is taken from this environment.
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    pub env: Vec<String>,
    /// Read variables from a file, one NAME=VALUE a line.
    #[arg(long, value_name = "FILE")]
    pub env_file: Vec<PathBuf>,
    /// User and group: name or number.
    #[arg(short, long, value_name = "USER[:GROUP]")]
    pub user: Option<String>,
    /// Working directory.
    #[arg(short, long, value_name = "DIR")]
    pub workdir: Option<String>,
    /// Host name of the container.
    #[arg(long)]
    pub hostname: Option<String>,
    /// Mount a directory or file of the host, or a named volume.
    #[arg(short, long, value_name = "SOURCE:TARGET[:ro]")]
    pub volume: Vec<String>,
    /// Mount an empty directory in memory.
    #[arg(long, value_name = "TARGET[:size=SIZE,mode=MODE]")]
    pub tmpfs: Vec<String>,
    /// Forward a port of this machine into the container.
    #[arg(short, long, value_name = "[IP:][HOST:]PORT[/udp]")]
    pub publish: Vec<String>,
    /// Network: none, host, or private (own, with published ports).
    #[arg(long, value_name = "MODE")]
    pub network: Option<String>,
    /// The image's files cannot be changed.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    pub read_only: bool,
    /// Give a capability, or ALL.
    #[arg(long, value_name = "CAPABILITY")]
    pub cap_add: Vec<String>,
    /// Take a capability away, or ALL.
    #[arg(long, value_name = "CAPABILITY")]
    pub cap_drop: Vec<String>,
    /// no-new-privileges, or seccomp=unconfined.
    #[arg(long, value_name = "OPTION")]
    pub security_opt: Vec<String>,
    /// Start a small init as PID 1 that forwards signals and reaps zombies.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    pub init: bool,
    /// Signal that asks the process to stop.
    #[arg(long, value_name = "SIGNAL")]
    pub stop_signal: Option<String>,
    /// Seconds until a process that was asked to stop is killed.
    #[arg(long, value_name = "SECONDS")]
    pub stop_timeout: Option<u64>,
}

/// What the image brings.
pub struct ImageFacts<'a> {
    /// Its configuration.
    pub config: &'a ImageConfig,
    /// Its files.
    pub tree: &'a LayeredTree,
    /// Where named volumes lie.
    pub volumes: PathBuf,
    /// Host name when none is asked for.
    pub hostname: String,
}

/// A decided launch.
pub struct Decided {
    /// The process.
    pub spec: LaunchSpec,
    /// Named volumes to make.
    pub volumes: Vec<VolumeToMake>,
}

fn engine(message: impl std::fmt::Display) -> CommandError {
    CommandError::new(ErrorKind::Engine(125), message)
}

impl LaunchFlags {
    /// Decide everything about the process.
    pub fn decide(
        &self,
        arguments: &[String],
        terminal: bool,
        image: &ImageFacts<'_>,
    ) -> Result<Decided, CommandError> {
        let user = self.user.as_deref().unwrap_or(&image.config.user);
        let user = UserSpec::parse(if user.is_empty() { "0" } else { user })
            .and_then(|spec| spec.resolve(image.tree))
            .map_err(engine)?;
        let workdir = clean_path("/", self.workdir()?.unwrap_or(&image.config.working_dir));
        let (mut mounts, volumes) = self.volume_mounts(image)?;
        for text in &self.tmpfs {
            mounts.push(tmpfs(text)?);
        }
        if let Some(target) = twice(&mounts) {
            return Err(engine(format!("two mounts are asked for {target}: leave one of them out")));
        }
        let spec = LaunchSpec {
            argv: self.argv(arguments, image.config)?,
            env: self.environment(image, terminal)?,
            user,
            workdir,
            hostname: self.hostname(image),
            stop: self.stop_rule(image.config)?,
            terminal,
            init: self.init,
            mounts,
            network: self.network()?,
            publish: self.published()?,
            security: self.security()?,
        };
        Ok(Decided { spec, volumes })
    }

    fn workdir(&self) -> Result<Option<&str>, CommandError> {
        match self.workdir.as_deref() {
            Some(text) if !text.starts_with('/') => {
                Err(engine(format!("-w '{text}': the path must be absolute")))
            }
            workdir => Ok(workdir),
        }
    }

    fn hostname(&self, image: &ImageFacts<'_>) -> String {
        self.hostname.clone().unwrap_or_else(|| image.hostname.clone())
    }

    fn argv(&self, arguments: &[String], config: &ImageConfig) -> Result<Vec<String>, CommandError> {
        let contract = from_image::from_image(config, None, Because::ImageConfig);
        let mode = match (&self.entrypoint, arguments) {
            (Some(entrypoint), _) => LaunchMode::Entrypoint(entrypoint.clone(), arguments.to_vec()),
            (None, []) => LaunchMode::AsBuilt,
            (None, _) => LaunchMode::RunArgs(arguments.to_vec()),
        };
        modes::launch(&contract, &mode).argv.map_err(engine)
    }

    /// The image's variables, then files, then flags; later ones win by name.
    fn environment(
        &self,
        image: &ImageFacts<'_>,
        terminal: bool,
    ) -> Result<Vec<(String, String)>, CommandError> {
        let mut env: Vec<(String, String)> = Vec::new();
        let mut set = |name: &str, value: String| match env.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => env.push((name.to_string(), value)),
        };
        set("PATH", plimsoll_contract::stage::DEFAULT_PATH.to_string());
        set("HOSTNAME", self.hostname(image));
        if terminal {
            set("TERM", "xterm".to_string());
        }
        for (name, value) in &image.config.env {
            set(name, value.clone());
        }
        for path in &self.env_file {
            let text = std::fs::read_to_string(path)
                .map_err(|error| engine(format!("cannot read {}: {}", path.display(), reason(&error))))?;
            for line in
                text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'))
            {
                if let Some((name, value)) = assignment(line)? {
                    set(&name, value);
                }
            }
        }
        for text in &self.env {
            if let Some((name, value)) = assignment(text)? {
                set(&name, value);
            }
        }
        Ok(env)
    }

    fn stop_rule(&self, config: &ImageConfig) -> Result<StopRule, CommandError> {
        let mut rule = StopRule::default();
        if let Some(text) = self.stop_signal.as_ref().or(config.stop_signal.as_ref()) {
            rule.signal = Signal::parse(text).ok_or_else(|| engine(format!("'{text}' is no signal")))?;
        }
        if let Some(seconds) = self.stop_timeout {
            rule.grace = Duration::from_secs(seconds);
        }
        Ok(rule)
    }

    fn network(&self) -> Result<Network, CommandError> {
        match self.network.as_deref() {
            None | Some("private" | "bridge" | "default") => Ok(Network::Private),
            Some("none") => Ok(Network::None),
            Some("host") => Ok(Network::Host),
            Some(other) => {
                Err(engine(format!("there is no network '{other}': none, host and private are known")))
            }
        }
    }

    /// The published ports; none where the container has no network of its own, as in docker.
    fn published(&self) -> Result<Vec<Publish>, CommandError> {
        let private = self.network()? == Network::Private;
        let mut publish = Vec::new();
        for text in &self.publish {
            publish.extend(published(text)?);
        }
        Ok(if private { publish } else { Vec::new() })
    }

    fn security(&self) -> Result<Security, CommandError> {
        let mut security = Security { read_only_root: self.read_only, ..Security::default() };
        let known = |name: &String| {
            let upper = name.to_ascii_uppercase();
            let bare = upper.strip_prefix("CAP_").unwrap_or(&upper).to_string();
            let valid = bare == "ALL" || ALL_CAPABILITIES.contains(&bare.as_str());
            valid.then_some(bare).ok_or_else(|| engine(format!("'{name}' is no capability")))
        };
        let dropped = self.cap_drop.iter().map(known).collect::<Result<Vec<_>, _>>()?;
        let added = self.cap_add.iter().map(known).collect::<Result<Vec<_>, _>>()?;
        // docker's order: ALL first, whichever side it stands on, then single names.
        if added.iter().any(|name| name == "ALL") {
            security.capabilities = ALL_CAPABILITIES.map(str::to_string).to_vec();
        }
        if dropped.iter().any(|name| name == "ALL") {
            security.capabilities.clear();
        }
        security.capabilities.retain(|name| !dropped.contains(name));
        for name in added.into_iter().filter(|name| name != "ALL") {
            if !security.capabilities.contains(&name) {
                security.capabilities.push(name);
            }
        }
        for option in &self.security_opt {
            match option.as_str() {
                "no-new-privileges" | "no-new-privileges=true" | "no-new-privileges:true" => {
                    security.no_new_privileges = true;
                }
                "no-new-privileges=false" | "no-new-privileges:false" => security.no_new_privileges = false,
                "seccomp=unconfined" | "seccomp:unconfined" => security.seccomp = Seccomp::Unconfined,
                other => {
                    let message = format!(
                        "--security-opt {other} is not supported: no-new-privileges and seccomp=unconfined are"
                    );
                    return Err(engine(message));
                }
            }
        }
        Ok(security)
    }

    fn volume_mounts(&self, image: &ImageFacts<'_>) -> Result<(Vec<Mount>, Vec<VolumeToMake>), CommandError> {
        let mut mounts = Vec::new();
        let mut volumes = Vec::new();
        for text in &self.volume {
            let parts: Vec<&str> = text.split(':').collect();
            let (source, target, options) = match parts.as_slice() {
                [target] => (None, *target, ""),
                [source, target] => (Some(*source), *target, ""),
                [source, target, options] => (Some(*source), *target, *options),
                _ => return Err(engine(format!("-v '{text}' is not SOURCE:TARGET[:ro]"))),
            };
            if !target.starts_with('/') {
                return Err(engine(format!("-v '{text}': the path in the container must be absolute")));
            }
            let read_only = match options {
                "" | "rw" | "z" | "Z" => false,
                "ro" | "ro,z" | "ro,Z" => true,
                other => {
                    return Err(engine(format!("-v '{text}': option '{other}' is not known, ro and rw are")));
                }
            };
            let target = clean_path("/", target);
            let path = match source {
                Some(source) if source.starts_with(['/', '.']) => host_path(source)?,
                Some(name) => named_volume(&image.volumes, name)?,
                None => anonymous_volume(&image.volumes)?,
            };
            if path.starts_with(&image.volumes) {
                volumes.push(VolumeToMake { path: path.clone(), image_path: target.clone() });
            }
            mounts.push(Mount { source: MountSource::Bind(path), target, read_only });
        }
        Ok((mounts, volumes))
    }
}

/// A path that has more than one mount.
fn twice(mounts: &[Mount]) -> Option<&str> {
    let mut seen = BTreeSet::new();
    mounts.iter().map(|mount| mount.target.as_str()).find(|target| !seen.insert(*target))
}

/// `NAME=VALUE`, or `NAME` with the value of this environment; nothing if it is not set here.
pub fn assignment(text: &str) -> Result<Option<(String, String)>, CommandError> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_string())),
        None => (text, std::env::var(text).ok()),
    };
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(engine(format!("'{text}' does not name a variable")));
    }
    Ok(value.map(|value| (name.to_string(), value)))
}

fn host_path(source: &str) -> Result<PathBuf, CommandError> {
    let path = std::path::absolute(source).map_err(engine)?;
    if path.exists() {
        return Ok(path);
    }
    Err(engine(format!("{} does not exist on this machine: create it, or name a volume", path.display())))
}

fn named_volume(volumes: &Path, name: &str) -> Result<PathBuf, CommandError> {
    let word = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if name.len() < 2 || !name.chars().all(word) || name.starts_with(['.', '-', '_']) {
        return Err(engine(format!(
            "'{name}' is no volume name: letters, digits, '_', '.', '-'; a host path begins with '/' or '.'"
        )));
    }
    Ok(volumes.join(name))
}

fn anonymous_volume(volumes: &Path) -> Result<PathBuf, CommandError> {
    let mut raw = [0u8; 16];
    rustix::rand::getrandom(&mut raw, rustix::rand::GetRandomFlags::empty()).map_err(engine)?;
    Ok(volumes.join(format!("{:032x}", u128::from_ne_bytes(raw))))
}

fn tmpfs(text: &str) -> Result<Mount, CommandError> {
    let (target, options) = text.split_once(':').unwrap_or((text, ""));
    if !target.starts_with('/') {
        return Err(engine(format!("--tmpfs '{text}': the path must be absolute")));
    }
    let (mut size, mut mode) = (None, 0o1777);
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some(("size", value)) => {
                size = Some(
                    parse_bytes(value)
                        .ok_or_else(|| engine(format!("--tmpfs '{text}': '{value}' is no size")))?,
                );
            }
            Some(("mode", value)) => {
                let bad = |_| engine(format!("--tmpfs '{text}': '{value}' is no mode"));
                mode = u32::from_str_radix(value, 8).map_err(bad)?;
            }
            _ if matches!(option, "rw" | "nosuid" | "nodev" | "noexec" | "exec") => {}
            _ => {
                return Err(engine(format!(
                    "--tmpfs '{text}': option '{option}' is not known, size and mode are"
                )));
            }
        }
    }
    Ok(Mount { source: MountSource::Tmpfs { size, mode }, target: clean_path("/", target), read_only: false })
}

/// `[IP:][HOST:]CONTAINER[/proto]`, ranges on both sides of equal length.
fn published(text: &str) -> Result<Vec<Publish>, CommandError> {
    let bad = || engine(format!("-p '{text}' is not [IP:][HOST:]PORT[/tcp|/udp]"));
    let (rest, container) = text.rsplit_once(':').map_or((None, text), |(rest, port)| (Some(rest), port));
    let container = PortSpec::parse_range(container).ok_or_else(bad)?;
    let (ip, host) = match rest {
        None => (None, None),
        Some(rest) => match rest.rsplit_once(':') {
            Some((ip, host)) => (Some(ip.trim_matches(['[', ']'])), Some(host)),
            None => (None, Some(rest)),
        },
    };
    let host_ip: IpAddr = match ip {
        None => Ipv4Addr::UNSPECIFIED.into(),
        Some(ip) => ip.parse().map_err(|_| bad())?,
    };
    let host: Vec<Option<u16>> = match host {
        None | Some("") => vec![None; container.len()],
        Some(host) => {
            PortSpec::parse_range(host).ok_or_else(bad)?.iter().map(|port| Some(port.number)).collect()
        }
    };
    if host.len() != container.len() {
        return Err(engine(format!("-p '{text}': the ranges have different lengths")));
    }
    let pairs = host.into_iter().zip(container);
    Ok(pairs.map(|(host_port, container)| Publish { host_ip, host_port, container }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_in_dockers_forms() {
        let one = |text: &str| published(text).unwrap()[0];
        assert_eq!(one("80").host_port, None);
        assert_eq!(one("8080:80").host_port, Some(8080));
        assert_eq!(one("127.0.0.1:8080:80").host_ip, "127.0.0.1".parse::<IpAddr>().unwrap());
        assert_eq!(one("127.0.0.1::80").host_port, None);
        assert_eq!(one("53:53/udp").container.to_string(), "53/udp");
        assert_eq!(one("[::1]:8080:80").host_ip, "::1".parse::<IpAddr>().unwrap());
        assert_eq!(published("8000-8001:80-81").unwrap().len(), 2);
        for bad in ["", "x", "1:2:3:4", "80-81:80", "0", "70000"] {
            assert!(published(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn capabilities_in_dockers_order() {
        let flags = |add: &[&str], drop: &[&str]| {
            let own = |list: &[&str]| list.iter().map(|name| (*name).to_string()).collect();
            LaunchFlags { cap_add: own(add), cap_drop: own(drop), ..LaunchFlags::default() }
                .security()
                .unwrap()
                .capabilities
        };
        assert_eq!(flags(&["net_bind_service"], &["ALL"]), ["NET_BIND_SERVICE"]);
        assert!(!flags(&[], &["CAP_CHOWN"]).contains(&"CHOWN".to_string()));
        assert_eq!(flags(&["ALL"], &[]).len(), 41);
        assert!(LaunchFlags { cap_add: vec!["NOPE".into()], ..LaunchFlags::default() }.security().is_err());
    }
}
