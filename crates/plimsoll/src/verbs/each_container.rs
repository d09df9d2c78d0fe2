//! Doing one thing to each container named: the successes are printed as they come, the failures told
//! together at the end.

use plimsoll_runtime::container::Container;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;

type Act<'a> = dyn Fn(&Session, &str, &Container) -> Result<String, CommandError> + 'a;

/// Do it to each container that is found; the failures are told together at the end.
pub fn each(
    names: &[String],
    act: impl Fn(&Session, &str, &Container) -> Result<String, CommandError>,
) -> CommandResult {
    let session = Session::open_outside()?;
    each_in(&session, names, act)
}

/// The same in a session that is open already.
pub fn each_in<N: AsRef<str>>(
    session: &Session,
    names: &[N],
    act: impl Fn(&Session, &str, &Container) -> Result<String, CommandError>,
) -> CommandResult {
    let act: &Act<'_> = &act;
    let containers = session.containers()?;
    let mut failed = Vec::new();
    for name in names.iter().map(AsRef::as_ref) {
        let found = containers.find(name).map_err(CommandError::failure);
        match found.and_then(|container| act(session, name, &container)) {
            Ok(line) => terminal::print(&format!("{line}\n")),
            Err(error) => failed.push(error),
        }
    }
    if failed.is_empty() { Ok(0) } else { Err(CommandError::all(failed)) }
}
