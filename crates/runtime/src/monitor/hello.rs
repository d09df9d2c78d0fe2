//! What the command that starts a monitor tells it, as the first message over its standard input.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use plimsoll_model::UserModeProgram;
use serde::{Deserialize, Serialize};

use crate::host::{HostFacts, IdMap};
use crate::user_mode::Programs;

const SCHEMA: &str = "plimsoll.monitor/1";

/// What the starting command knows and the monitor cannot find out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hello {
    /// Which user namespace we are in: from inside it looks like being root.
    pub host: HostFacts,
    /// Rows and columns of the terminal to begin with.
    pub window: Option<(u16, u16)>,
    /// Programs that can carry traffic out.
    pub user_mode: Programs,
}

#[derive(Serialize, Deserialize)]
struct HelloWire {
    schema: String,
    ids: IdsWire,
    kernel: String,
    window: Option<(u16, u16)>,
    user_mode: Vec<(String, PathBuf)>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum IdsWire {
    Host,
    Range,
    Single,
}

pub(crate) fn write(hello: &Hello) -> Vec<u8> {
    let ids = match hello.host.ids {
        IdMap::Host => IdsWire::Host,
        IdMap::Range => IdsWire::Range,
        IdMap::Single => IdsWire::Single,
    };
    let user_mode = hello.user_mode.fitting(None);
    let user_mode = user_mode.map(|(program, path)| (program.name().to_string(), path.to_path_buf()));
    let wire = HelloWire {
        schema: SCHEMA.into(),
        ids,
        kernel: hello.host.kernel.clone(),
        window: hello.window,
        user_mode: user_mode.collect(),
    };
    serde_json::to_vec(&wire).unwrap_or_default()
}

pub(super) fn read(bytes: &[u8]) -> Result<Hello, String> {
    let wire: HelloWire = serde_json::from_slice(bytes)
        .map_err(|error| format!("the monitor was not told what to do: {error}"))?;
    if wire.schema != SCHEMA {
        return Err(format!("the monitor is of another version: it reads {SCHEMA}, not {}", wire.schema));
    }
    let ids = match wire.ids {
        IdsWire::Host => IdMap::Host,
        IdsWire::Range => IdMap::Range,
        IdsWire::Single => IdMap::Single,
    };
    let known = |(name, path): (String, PathBuf)| Some((UserModeProgram::named(&name)?, path));
    let user_mode = wire.user_mode.into_iter().filter_map(known).collect();
    Ok(Hello { host: HostFacts { ids, kernel: wire.kernel }, window: wire.window, user_mode })
}

/// Take the socket from standard input and leave nothing there.
pub(super) fn take_socket() -> io::Result<OwnedFd> {
    let socket = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hello_arrives_as_it_was_said() {
        for ids in [IdMap::Host, IdMap::Range, IdMap::Single] {
            let host = HostFacts { ids, kernel: "6.1".into() };
            let user_mode = [(UserModeProgram::Pasta, PathBuf::from("/usr/bin/pasta"))].into_iter().collect();
            let hello = Hello { host, window: Some((24, 80)), user_mode };
            assert_eq!(read(&write(&hello)).unwrap(), hello);
        }
        assert!(read(b"").is_err());
        assert!(read(b"{\"schema\":\"x/2\",\"ids\":\"host\",\"kernel\":\"\",\"window\":null}").is_err());
    }
}
