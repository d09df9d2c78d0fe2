//! The stop test as JSON.

use serde::{Deserialize, Serialize};

use super::{duration, micros, read_signal};
use crate::evidence::StopRecord;

#[derive(Serialize, Deserialize)]
pub(super) struct StopWire {
    id: String,
    signal: String,
    grace_us: u64,
    times_us: Vec<u64>,
    code: i32,
    killed: bool,
    killed_with_namespace: Vec<String>,
    zombies: u32,
    listener_closed_us: Option<u64>,
    log: Vec<String>,
}

impl From<&StopRecord> for StopWire {
    fn from(stop: &StopRecord) -> Self {
        StopWire {
            id: stop.id.clone(),
            signal: stop.signal.to_string(),
            grace_us: micros(stop.grace),
            times_us: stop.times.iter().copied().map(micros).collect(),
            code: stop.code,
            killed: stop.killed,
            killed_with_namespace: stop.killed_with_namespace.clone(),
            zombies: stop.zombies,
            listener_closed_us: stop.listener_closed.map(micros),
            log: stop.log.clone(),
        }
    }
}

impl StopWire {
    pub(super) fn read(self) -> Result<StopRecord, String> {
        Ok(StopRecord {
            id: self.id,
            signal: read_signal(&self.signal)?,
            grace: duration(self.grace_us),
            times: self.times_us.into_iter().map(duration).collect(),
            code: self.code,
            killed: self.killed,
            killed_with_namespace: self.killed_with_namespace,
            zombies: self.zombies,
            listener_closed: self.listener_closed_us.map(duration),
            log: self.log,
        })
    }
}
