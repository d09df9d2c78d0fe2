//! Work that has to be done inside another network namespace.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::process_id::once_visible;

/// The network namespace a process lives in, held open. One that has ended has none: not found.
pub fn of_process(pid: u32) -> io::Result<OwnedFd> {
    once_visible(pid, || Ok(File::open(format!("/proc/{pid}/ns/net"))?.into()))
}

/// Make this thread one of that network namespace. An ordinary user's monitor has no right to come back.
pub fn enter(namespace: &OwnedFd) -> io::Result<()> {
    Ok(move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?)
}

/// Do something in a thread that lives in that network namespace and ends with it. A socket made there
/// stays there, whoever uses it afterwards.
pub fn inside<T: Send>(namespace: &OwnedFd, work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    let thread = std::thread::Builder::new().name("network".into());
    std::thread::scope(|scope| {
        let working = thread.spawn_scoped(scope, || enter(namespace).and_then(|()| work()))?;
        working.join().unwrap_or_else(|_| Err(io::Error::other("the thread inside it has panicked")))
    })
}
