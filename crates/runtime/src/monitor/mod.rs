//! The monitor: one process per container that is its parent, keeps its log, forwards its ports, and
//! writes down how it ended. It is our own binary, started anew, in a session of its own: it outlives
//! the command that started it.

mod hello;
mod output;
mod prepare;
mod session;
mod start;

use std::os::fd::OwnedFd;
use std::path::Path;

use jiff::Timestamp;

use crate::container::wire;
use crate::container::{Container, ContainerError, Containers, End, Ended};
use crate::fd_message;
use session::Session;

pub(crate) use hello::Hello;
pub(crate) use output::set_nonblocking;
pub use start::MonitorProgram;
pub(crate) use start::Started;

/// Be the monitor of the container in this directory: what the hidden verb `monitor DIR` of the roof
/// calls, and nothing else. Standard input is the socket to the command that started it.
pub fn monitor_main(directory: &Path) -> i32 {
    // A terminal that hangs up must not reach us. Fails only for a session leader, which is as good.
    let _ = rustix::process::setsid();
    let Ok(client) = hello::take_socket() else { return 125 };
    let Ok((message, readers)) = fd_message::receive(&client) else { return 125 };
    let Ok(container) = Container::open(directory) else { return 125 };
    match begin(&container, &message, &client, readers) {
        Ok(mut session) => {
            drop(client);
            let ended = session.watch();
            conclude(&container, &ended, |answer| session.finish(answer));
        }
        Err(error) => {
            let how = End::NotStarted { code: error.exit_code(), why: error.to_string() };
            let ended = Ended { at: Timestamp::now(), how };
            conclude(&container, &ended, |answer| {
                let _ = fd_message::send(&client, answer, &[]);
            });
        }
    }
    0
}

fn begin(
    container: &Container,
    message: &[u8],
    client: &OwnedFd,
    readers: Vec<OwnedFd>,
) -> Result<Session, ContainerError> {
    let hello = hello::read(message).map_err(|why| ContainerError::NotStarted { code: 125, why })?;
    let client = client.try_clone().map_err(ContainerError::doing("start the monitor"))?;
    Session::start(container, &hello, client, readers)
}

/// Write the end down, free the name of a container that is not to be kept, then tell who waits, and
/// only then delete what may take long.
fn conclude(container: &Container, ended: &Ended, tell: impl FnOnce(&[u8])) {
    // Should the disk be full, those who wait are still told.
    let _ = container.directory().write_ended(ended);
    let discarded = container
        .record()
        .auto_remove
        .then(|| Containers::around(container).and_then(|store| store.discard(container)));
    tell(&wire::write_ended(ended));
    if let Some(Ok(discarded)) = discarded {
        // What cannot be deleted stays in the trash.
        let _ = discarded.delete();
    }
}
