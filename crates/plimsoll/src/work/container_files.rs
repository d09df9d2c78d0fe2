//! The files of a container at hand, whether it runs or not, as root or as an ordinary user.

use std::os::fd::AsFd as _;

use plimsoll_runtime::container::Container;
use plimsoll_runtime::files::Files;
use plimsoll_runtime::host::{HostFacts, IdMap};
use plimsoll_sys::userns;

use crate::command_error::{CommandError, ErrorKind};

/// Open them. An ordinary user becomes root of a user namespace by it, since the files may belong to other ids of
/// it: of a running container's own one, because only from there its processes can be looked into. Must be called
/// before any thread is started. Tells which ids there are now.
pub fn open(container: &Container) -> Result<(Files, IdMap), CommandError> {
    let machine = |error: userns::UsernsError| CommandError::new(ErrorKind::Machine, error);
    let Some(process) = container.process().map_err(CommandError::failure)? else {
        let host = HostFacts::gather(userns::enter().map_err(machine)?);
        return Ok((container.resting_files(&host).map_err(CommandError::failure)?, host.ids));
    };
    let host = HostFacts::gather(userns::enter_beside(process.as_fd()).map_err(machine)?);
    Ok((container.running_files(process.as_fd()).map_err(CommandError::failure)?, host.ids))
}
