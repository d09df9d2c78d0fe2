//! Other limits for a group that is in use.

use std::collections::HashSet;

use plimsoll_model::launch::Limits;

use super::create::enable;
use super::error::CgroupError;
use super::rate::Rate;
use super::setting::Setting;
use super::{Cgroup, version_one, version_two};

impl Cgroup {
    /// Write the limits that are not the old ones. What cannot be limited is a warning, a limit that is
    /// below what is used already an error.
    pub fn update(&self, old: &Limits, new: &Limits) -> Result<Vec<String>, CgroupError> {
        let unified = self.unified();
        let settings = |limits: &Limits| {
            let rates = limits.io_rates.iter().map(Rate::of).collect::<Result<Vec<_>, _>>()?;
            Ok(match unified {
                Some(_) => version_two::settings(limits, &rates),
                None => version_one::settings(limits, &rates),
            })
        };
        let known = settings(old)?;
        let mut wanted = settings(new)?;
        wanted.retain(|setting| !known.contains(setting));
        if let Some(top) = unified.and_then(|group| group.parent()?.parent()) {
            let needed: HashSet<&str> = wanted.iter().map(|setting| setting.controller).collect();
            enable(top, &needed);
        }
        self.write_all(&wanted).or_else(|_| {
            // Of memory and memory with swap the first must never be the larger one: the order that raises
            // both cannot lower them.
            wanted.reverse();
            self.write_all(&wanted)
        })
    }

    fn write_all(&self, settings: &[Setting]) -> Result<Vec<String>, CgroupError> {
        let mut warnings = Vec::new();
        for setting in settings {
            let files = std::iter::once(setting.file).chain(setting.otherwise.iter().map(|(file, _)| *file));
            match files.into_iter().find_map(|file| self.holder(file)) {
                Some(directory) => warnings.extend(setting.apply(directory)?),
                None => {
                    let why =
                        format!("the container was started without the controller '{}'", setting.controller);
                    warnings.push(setting.flag.discarded(&why));
                }
            }
        }
        Ok(warnings)
    }
}
