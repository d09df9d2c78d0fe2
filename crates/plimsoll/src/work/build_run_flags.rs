//! Flags of a build that reach its RUNs and its sources: secrets, agents, hosts, limits, contexts.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use plimsoll_build::run::{host_mapping, ulimit};
use plimsoll_build::{NamedContexts, RunSettings};
use plimsoll_model::quantity::parse_bytes;
use plimsoll_runtime::plan::{Limit, Secret};

use super::build_contexts;
use crate::command_error::CommandError;
use crate::session::Session;

/// What RUNs get, and where files come from, with docker's names.
#[derive(Args, Clone, Default)]
pub struct BuildRunFlags {
    /// A secret for RUN --mount=type=secret. Without src and env: the variable called ID, else the file.
    #[arg(long, value_name = "id=ID[,src=FILE|,env=VARIABLE]", value_parser = secret_source)]
    pub secret: Vec<SecretSource>,
    /// An SSH agent for RUN --mount=type=ssh. Without a socket: that of SSH_AUTH_SOCK.
    #[arg(long, value_name = "ID[=SOCKET]", value_parser = agent_socket)]
    pub ssh: Vec<AgentSocket>,
    /// A name in /etc/hosts of every RUN.
    #[arg(long, value_name = "NAME:IP", value_parser = host_mapping)]
    pub add_host: Vec<(String, IpAddr)>,
    /// The network of every RUN that does not say another one.
    #[arg(long, value_name = "default|none|host", value_parser = ["default", "none", "host"])]
    pub network: Option<String>,
    /// Size of /dev/shm of every RUN.
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub shm_size: Option<u64>,
    /// A resource limit of every RUN.
    #[arg(long, value_name = "NAME=SOFT[:HARD]", value_parser = ulimit)]
    pub ulimit: Vec<Limit>,
    /// Files or an image under a name that FROM, COPY --from and RUN --mount can use.
    #[arg(long, value_name = "NAME=DIR|docker-image://IMAGE|oci-layout://DIR[:TAG]")]
    pub build_context: Vec<String>,
    /// A right RUNs may ask for; network.host is given without asking.
    #[arg(long, value_name = "RIGHT", value_parser = right)]
    pub allow: Vec<String>,
}

impl BuildRunFlags {
    /// The settings of every RUN, secrets read.
    pub fn settings(&self) -> Result<RunSettings, CommandError> {
        let mut secrets = BTreeMap::new();
        for source in &self.secret {
            let secret = source.read().map_err(CommandError::usage)?;
            secrets.insert(source.id.clone(), secret);
        }
        let mut agents = BTreeMap::new();
        for agent in &self.ssh {
            agents.insert(agent.id.clone(), agent.socket().map_err(CommandError::usage)?);
        }
        Ok(RunSettings {
            secrets,
            agents,
            hosts: self.add_host.clone(),
            no_network: self.network.as_deref() == Some("none"),
            shm_size: self.shm_size,
            limits: self.ulimit.clone(),
        })
    }

    /// The named contexts; images of layouts are taken into the store, which the caller holds.
    pub fn contexts(&self, session: &Session) -> Result<NamedContexts, CommandError> {
        build_contexts::open(&self.build_context, session)
    }
}

/// BuildKit's limit (`session/secrets/secrets.go`): more is no secret but a mistake.
const SECRET_LIMIT: u64 = 500 << 10;

/// `--secret`, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSource {
    id: String,
    from: SecretFrom,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum SecretFrom {
    Variable(String),
    File(PathBuf),
    /// The variable of that name, else the file.
    Id,
}

/// Read `id=ID[,src=FILE|,env=VARIABLE][,type=file|env]` (docker/buildx, `util/buildflags/secrets.go`).
fn secret_source(text: &str) -> Result<SecretSource, String> {
    let (mut id, mut source, mut variable, mut kind) = (None, None, None, None);
    for (key, value) in plimsoll_dockerfile::mount_fields(text) {
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            return Err(format!("'{key}' has no value: {key}=... was expected"));
        };
        match key.as_str() {
            "id" => id = Some(value),
            "source" | "src" => source = Some(value),
            "env" => variable = Some(value),
            "type" if matches!(value.as_str(), "file" | "env") => kind = Some(value),
            "type" => return Err(format!("'{value}' is no type of a secret: file or env was expected")),
            other => {
                return Err(format!("'{other}' means nothing for a secret: id, src, env and type do"));
            }
        }
    }
    let id = id.ok_or("the secret has no name: id=NAME was expected")?;
    // With type=env the source names the variable.
    if kind.as_deref() == Some("env") && variable.is_none() {
        variable = source.take();
    }
    let from = match (variable, source) {
        (Some(_), Some(_)) => {
            return Err("a secret comes from a variable or from a file, not both".to_string());
        }
        (Some(variable), None) => SecretFrom::Variable(variable),
        (None, Some(file)) => SecretFrom::File(file.into()),
        (None, None) => SecretFrom::Id,
    };
    Ok(SecretSource { id, from })
}

impl SecretSource {
    fn read(&self) -> Result<Secret, String> {
        use std::os::unix::ffi::OsStringExt as _;
        let variable = |name: &str| std::env::var_os(name).map(|value| Secret::new(value.into_vec()));
        match &self.from {
            SecretFrom::Variable(name) => variable(name)
                .ok_or_else(|| format!("--secret {}: the environment has no variable {name}", self.id)),
            SecretFrom::File(path) => self.read_file(path),
            SecretFrom::Id => match variable(&self.id) {
                Some(secret) => Ok(secret),
                None => self.read_file(Path::new(&self.id)),
            },
        }
    }

    fn read_file(&self, path: &Path) -> Result<Secret, String> {
        let failed = |why: String| format!("--secret {}: cannot read {}: {why}", self.id, path.display());
        let reason = |error: std::io::Error| failed(plimsoll_image::error::reason(&error));
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(reason)?;
        file.take(SECRET_LIMIT + 1).read_to_end(&mut bytes).map_err(reason)?;
        match bytes.len() as u64 > SECRET_LIMIT {
            true => Err(failed(format!("it is larger than {SECRET_LIMIT} bytes"))),
            false => Ok(Secret::new(bytes)),
        }
    }
}

/// `--ssh`, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentSocket {
    id: String,
    path: Option<PathBuf>,
}

/// Read `ID[=SOCKET]`.
fn agent_socket(text: &str) -> Result<AgentSocket, String> {
    let (id, path) = match text.split_once('=') {
        Some((id, path)) => (id, Some(PathBuf::from(path))),
        None => (text, None),
    };
    match id.is_empty() || path.as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
        true => Err("ID[=SOCKET] was expected, such as default".to_string()),
        false => Ok(AgentSocket { id: id.to_string(), path }),
    }
}

impl AgentSocket {
    fn socket(&self) -> Result<PathBuf, String> {
        use std::os::unix::fs::FileTypeExt as _;
        let id = &self.id;
        let set = || std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty()).map(PathBuf::from);
        let Some(path) = self.path.clone().or_else(set) else {
            return Err(format!(
                "--ssh {id}: no agent is running (SSH_AUTH_SOCK is not set); start one with `eval $(ssh-agent)` and `ssh-add`"
            ));
        };
        let shown = path.display();
        let kind = std::fs::metadata(&path).map(|metadata| metadata.file_type()).map_err(|error| {
            format!("--ssh {id}: cannot look at {shown}: {}", plimsoll_image::error::reason(&error))
        })?;
        match kind.is_socket() {
            true => std::path::absolute(&path).map_err(|error| format!("--ssh {id}: {error}")),
            false => Err(format!(
                "--ssh {id}: {shown} is no socket; a key is given by its agent: `ssh-add {shown}`, then --ssh {id}"
            )),
        }
    }
}

fn size(text: &str) -> Result<u64, String> {
    match parse_bytes(text) {
        Some(0) | None => Err("a size such as 64m or 1g was expected".to_string()),
        Some(size) => Ok(size),
    }
}

fn right(text: &str) -> Result<String, String> {
    match text {
        "network.host" => Ok(text.to_string()),
        "security.insecure" => {
            Err("no build gets a process without any confinement here; run what needs one \
                                    in a container of its own with plimsoll run"
                .to_string())
        }
        _ => Err("there is no such right; network.host is one".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_dockers_forms() {
        let from = |text: &str| secret_source(text).map(|source| (source.id, source.from));
        let id = || "a".to_string();
        assert_eq!(from("id=a"), Ok((id(), SecretFrom::Id)));
        assert_eq!(from("id=a,src=f"), Ok((id(), SecretFrom::File("f".into()))));
        assert_eq!(from("type=file,id=a,source=f"), Ok((id(), SecretFrom::File("f".into()))));
        assert_eq!(from("id=a,env=V"), Ok((id(), SecretFrom::Variable("V".into()))));
        assert_eq!(from("type=env,id=a,src=V"), Ok((id(), SecretFrom::Variable("V".into()))));
        assert!(from("id=a,scr=f").unwrap_err().contains("id, src, env"));
        for wrong in ["", "src=f", "id=", "id=a,type=x", "id=a,src=f,env=V", "a"] {
            assert!(from(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn agents() {
        let agent =
            |id: &str, path: Option<&str>| Ok(AgentSocket { id: id.into(), path: path.map(Into::into) });
        assert_eq!(agent_socket("default"), agent("default", None));
        assert_eq!(agent_socket("a=/x"), agent("a", Some("/x")));
        assert!(agent_socket("=x").is_err() && agent_socket("a=").is_err());
    }
}
