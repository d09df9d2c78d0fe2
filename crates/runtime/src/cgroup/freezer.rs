//! Letting all processes of a group stand still, and go on.

use std::path::Path;
use std::time::Duration;

use super::error::CgroupError;
use super::setting::write;
use super::{Cgroup, stats};

/// How often, and after which time each, the kernel is asked whether all processes stand still: 2 s.
const TRIES: u32 = 1000;
const PATIENCE: Duration = Duration::from_millis(2);

/// The files of version 2 and version 1.
const SWITCH: &str = "cgroup.freeze";
const STATE: &str = "freezer.state";

impl Cgroup {
    /// Let all its processes stand still.
    pub fn freeze(&self) -> Result<(), CgroupError> {
        let (directory, file, value) = self.freezer("1", "FROZEN")?;
        let path = directory.join(file);
        for _ in 0..TRIES {
            // Version 1 tries again each time it is told so.
            write(&path, value).map_err(CgroupError::at("write", &path))?;
            if self.stands_still() {
                return Ok(());
            }
            std::thread::sleep(PATIENCE);
        }
        self.thaw()?;
        Err(CgroupError::NotFrozen)
    }

    /// Let them go on.
    pub fn thaw(&self) -> Result<(), CgroupError> {
        let (directory, file, value) = self.freezer("0", "THAWED")?;
        let path = directory.join(file);
        write(&path, value).map_err(CgroupError::at("write", &path))
    }

    /// Its processes stand still, or are about to.
    pub fn is_frozen(&self) -> bool {
        let wished = self.read(SWITCH).map(|text| text.trim() == "1");
        wished.unwrap_or_else(|| self.read(STATE).is_some_and(|text| text.trim() != "THAWED"))
    }

    fn stands_still(&self) -> bool {
        match self.holder(SWITCH) {
            Some(_) => {
                self.read("cgroup.events").and_then(|text| stats::number_after("frozen", &text)) == Some(1)
            }
            None => self.read(STATE).is_some_and(|text| text.trim() == "FROZEN"),
        }
    }

    /// The directory and file that freeze, and what is to be written to it on version 2 or 1.
    fn freezer(
        &self,
        two: &'static str,
        one: &'static str,
    ) -> Result<(&Path, &'static str, &'static str), CgroupError> {
        let switch = self.holder(SWITCH).map(|directory| (directory, SWITCH, two));
        let state = || self.holder(STATE).map(|directory| (directory, STATE, one));
        switch.or_else(state).ok_or(CgroupError::NoFreezer)
    }
}
