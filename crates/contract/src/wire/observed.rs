//! Processes and listeners as JSON.

use plimsoll_model::{PortSpec, Signal};
use serde::{Deserialize, Serialize};

use super::{duration, micros, read_signal};
use crate::evidence::{Listener, Observed, ProcessFact};

#[derive(Serialize, Deserialize)]
pub(super) struct ObservedWire {
    processes: Vec<ProcessWire>,
    listening: Vec<ListenerWire>,
    first_listen_us: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct ProcessWire {
    pid: u32,
    parent: u32,
    argv: Vec<String>,
    exe: String,
    uid: u32,
    gid: u32,
    capabilities: Vec<String>,
    zombie: bool,
    handles: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct ListenerWire {
    port: String,
    loopback_only: bool,
}

impl From<&Observed> for ObservedWire {
    fn from(seen: &Observed) -> Self {
        let listener = |listener: &Listener| ListenerWire {
            port: listener.port.to_string(),
            loopback_only: listener.loopback_only,
        };
        ObservedWire {
            processes: seen.processes.iter().map(ProcessWire::from).collect(),
            listening: seen.listening.iter().map(listener).collect(),
            first_listen_us: seen.first_listen.map(micros),
        }
    }
}

impl ObservedWire {
    pub(super) fn read(self) -> Result<Observed, String> {
        let listener = |wire: ListenerWire| {
            let port = PortSpec::parse(&wire.port).ok_or_else(|| format!("'{}' is no port", wire.port))?;
            Ok::<_, String>(Listener { port, loopback_only: wire.loopback_only })
        };
        Ok(Observed {
            processes: self.processes.into_iter().map(ProcessWire::read).collect::<Result<_, _>>()?,
            listening: self.listening.into_iter().map(listener).collect::<Result<_, _>>()?,
            first_listen: self.first_listen_us.map(duration),
        })
    }
}

impl From<&ProcessFact> for ProcessWire {
    fn from(process: &ProcessFact) -> Self {
        ProcessWire {
            pid: process.pid,
            parent: process.parent,
            argv: process.argv.clone(),
            exe: process.exe.clone(),
            uid: process.uid,
            gid: process.gid,
            capabilities: process.capabilities.clone(),
            zombie: process.zombie,
            handles: process.handles.iter().map(Signal::to_string).collect(),
        }
    }
}

impl ProcessWire {
    pub(super) fn read(self) -> Result<ProcessFact, String> {
        Ok(ProcessFact {
            pid: self.pid,
            parent: self.parent,
            argv: self.argv,
            exe: self.exe,
            uid: self.uid,
            gid: self.gid,
            capabilities: self.capabilities,
            zombie: self.zombie,
            handles: self.handles.iter().map(|name| read_signal(name)).collect::<Result<_, _>>()?,
        })
    }
}
