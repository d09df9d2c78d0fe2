//! What the command that starts a monitor tells it, as the first message over its standard input.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use serde::{Deserialize, Serialize};

use crate::host::{HostFacts, IdMap};

const SCHEMA: &str = "plimsoll.monitor/1";

/// What the starting command knows and the monitor cannot find out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hello {
    /// Which user namespace we are in: from inside it looks like being root.
    pub host: HostFacts,
    /// Rows and columns of the terminal to begin with.
    pub window: Option<(u16, u16)>,
}

#[derive(Serialize, Deserialize)]
struct HelloWire {
    schema: String,
    ids: IdsWire,
    kernel: String,
    window: Option<(u16, u16)>,
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
    let wire =
        HelloWire { schema: SCHEMA.into(), ids, kernel: hello.host.kernel.clone(), window: hello.window };
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
    Ok(Hello { host: HostFacts { ids, kernel: wire.kernel }, window: wire.window })
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
            let hello = Hello { host: HostFacts { ids, kernel: "6.1".into() }, window: Some((24, 80)) };
            assert_eq!(read(&write(&hello)).unwrap(), hello);
        }
        assert!(read(b"").is_err());
        assert!(read(b"{\"schema\":\"x/2\",\"ids\":\"host\",\"kernel\":\"\",\"window\":null}").is_err());
    }
}
