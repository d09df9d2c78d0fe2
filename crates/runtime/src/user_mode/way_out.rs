//! What a container that is about to start is to have of the outside.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use plimsoll_model::{Network, UserModeProgram};
use plimsoll_sys::probe;

use super::{Carrier, NAME_SERVER, Programs};
use crate::host::IdMap;
use crate::words::in_words;

/// Why no program can carry traffic out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The one that was asked for is not there.
    #[error(
        "--network {} needs the program {}, which is in no directory of PATH; install it (Debian: {}), or \
         leave --network out", .program.name(), .program.name(), .program.debian_package()
    )]
    Missing {
        /// Which.
        program: UserModeProgram,
    },
    /// None is there.
    #[error("neither pasta nor slirp4netns is in a directory of PATH")]
    NoProgram,
    /// The device both of them need.
    #[error("/dev/net/tun cannot be opened: {why}")]
    NoDevice {
        /// The reason in words.
        why: String,
    },
    /// Root has something better.
    #[error(
        "--network {} is for ordinary users: root's containers go out by a bridge; leave --network out",
        .program.name()
    )]
    Root {
        /// Which was asked for.
        program: UserModeProgram,
    },
}

/// Programs to try, in order; none where nothing is to go out, or can.
#[derive(Debug, Default)]
pub(crate) struct WayOut {
    programs: Vec<(UserModeProgram, PathBuf)>,
    /// It was asked for: without it the container is not to start.
    is_required: bool,
}

impl WayOut {
    /// Decide for a network. Of a private one it is a wish, which never fails.
    pub(crate) fn choose(network: &Network, ids: &IdMap, there: &Programs) -> Result<WayOut, Unusable> {
        let is_root = *ids == IdMap::Host;
        match network {
            Network::Private if !is_root => Ok(WayOut::with(None, there).unwrap_or_default()),
            Network::UserMode(program) if is_root => Err(Unusable::Root { program: *program }),
            Network::UserMode(program) => WayOut::with(Some(*program), there),
            _ => Ok(WayOut::default()),
        }
    }

    fn with(wanted: Option<UserModeProgram>, there: &Programs) -> Result<WayOut, Unusable> {
        let programs = there.usable(wanted)?;
        let programs = programs.map(|(program, path)| (program, path.to_path_buf())).collect();
        Ok(WayOut { programs, is_required: wanted.is_some() })
    }

    /// The container's name server, if it is another one than the host's.
    pub(crate) fn name_server(&self) -> Option<IpAddr> {
        (!self.programs.is_empty()).then_some(NAME_SERVER)
    }

    /// Start what works for the container whose process this is. `directory` is the container's own.
    pub(crate) fn open(&self, pid: u32, directory: &Path) -> Result<Option<Carrier>, String> {
        let mut failed = None;
        for (program, path) in &self.programs {
            match Carrier::start(*program, path, pid, directory) {
                Ok(carrier) => return Ok(Some(carrier)),
                Err(why) => {
                    failed = Some(format!("--network {}: it does not work here: {why}", program.name()))
                }
            }
        }
        match failed.filter(|_| self.is_required) {
            Some(why) => Err(why),
            None => Ok(None),
        }
    }
}

impl Programs {
    /// Those that can do their work, in the order to try: there is one, and the device it needs.
    pub fn usable(
        &self,
        wanted: Option<UserModeProgram>,
    ) -> Result<impl Iterator<Item = (UserModeProgram, &Path)>, Unusable> {
        let mut fitting = self.fitting(wanted).peekable();
        if fitting.peek().is_none() {
            return Err(wanted.map_or(Unusable::NoProgram, |program| Unusable::Missing { program }));
        }
        probe::tun().map_err(|error| Unusable::NoDevice { why: in_words(&error) })?;
        Ok(fitting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_for_can_fail() {
        let none = Programs::default();
        let choose = |network: &Network, ids: &IdMap| WayOut::choose(network, ids, &none);
        let pasta = Network::UserMode(UserModeProgram::Pasta);
        assert!(choose(&Network::Private, &IdMap::Single).unwrap().programs.is_empty());
        assert!(choose(&Network::None, &IdMap::Range).unwrap().name_server().is_none());
        let missing = choose(&pasta, &IdMap::Range).unwrap_err();
        assert!(
            missing.to_string().contains("needs the program pasta") && missing.to_string().contains("passt")
        );
        assert_eq!(
            choose(&pasta, &IdMap::Host).unwrap_err(),
            Unusable::Root { program: UserModeProgram::Pasta }
        );
    }
}
