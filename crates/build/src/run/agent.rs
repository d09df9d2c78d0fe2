//! The socket of an SSH agent for a step: our own socket, so that its owner and mode are those the
//! step asks for, with everything passed on to the agent.

use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// A socket that passes everything on, until it is dropped.
pub(super) struct AgentProxy {
    path: PathBuf,
    /// Keeps the short name of the socket's directory.
    directory: std::fs::File,
    name: String,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl AgentProxy {
    /// Listen in a directory. Without an owner the socket belongs to us.
    pub(super) fn start(
        agent: &Path,
        directory: &Path,
        name: &str,
        mode: u32,
        owner: Option<(u32, u32)>,
    ) -> io::Result<Self> {
        let path = directory.join(name);
        let directory = std::fs::File::open(directory)?;
        let listener = UnixListener::bind(short_name(&directory, name))?;
        if let Some((uid, gid)) = owner {
            chown(&path, Some(uid), Some(gid))?;
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))?;
        let ended = Arc::new(AtomicBool::new(false));
        let (agent, seen) = (agent.to_path_buf(), Arc::clone(&ended));
        let thread = std::thread::spawn(move || {
            for client in listener.incoming() {
                if seen.load(Ordering::SeqCst) {
                    break;
                }
                if let (Ok(client), Ok(agent)) = (client, UnixStream::connect(&agent)) {
                    pass_on(client, agent);
                }
            }
        });
        Ok(AgentProxy { path, directory, name: name.to_string(), ended, thread: Some(thread) })
    }

    /// The socket.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The address of a socket has room for 107 bytes, and a store may lie deep.
fn short_name(directory: &std::fs::File, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{name}", directory.as_raw_fd()))
}

/// Both directions, each until its end. Nobody waits for these threads: they end with the step's
/// processes, whose sockets the kernel closes.
fn pass_on(client: UnixStream, agent: UnixStream) {
    let one_way = |from: io::Result<UnixStream>, to: io::Result<UnixStream>| {
        let (Ok(mut from), Ok(mut to)) = (from, to) else { return };
        std::thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Write);
        });
    };
    one_way(client.try_clone(), agent.try_clone());
    one_way(Ok(agent), Ok(client));
}

impl Drop for AgentProxy {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a client.
        let woken = UnixStream::connect(short_name(&self.directory, &self.name));
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn questions_and_answers_are_passed_on() {
        let directory = tempfile::tempdir().unwrap();
        let deep = directory.path().join("d".repeat(120));
        std::fs::create_dir(&deep).unwrap();
        let real = directory.path().join("real");
        let agent = UnixListener::bind(&real).unwrap();
        let answering = std::thread::spawn(move || {
            let (mut client, _) = agent.accept().unwrap();
            let mut question = String::new();
            client.read_to_string(&mut question).unwrap();
            client.write_all(format!("{question}!").as_bytes()).unwrap();
        });
        let proxy = AgentProxy::start(&real, &deep, "agent", 0o640, None).unwrap();
        assert_eq!(std::fs::metadata(proxy.path()).unwrap().permissions().mode() & 0o777, 0o640);
        let mut client = UnixStream::connect(short_name(&proxy.directory, "agent")).unwrap();
        client.write_all(b"who").unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "who!");
        answering.join().unwrap();
        drop(proxy);
    }
}
