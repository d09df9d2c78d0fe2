//! A registry (OCI distribution-spec v1.1) in the test's own process, on a free loopback port, that
//! keeps everything in memory, remembers what it was asked, and misbehaves on demand.

mod auth;
mod fault;
pub(crate) mod http;
mod routes;
mod state;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use plimsoll_model::Digest;
use plimsoll_model::Reference;

pub use auth::Auth;
pub use fault::Fault;
pub use state::Seen;

use fault::Planned;
use state::State;

/// A running registry; it stops when dropped.
#[derive(Debug)]
pub struct TestRegistry {
    /// Where it listens.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    addr: SocketAddr,
    stop: AtomicBool,
    state: Mutex<State>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl TestRegistry {
    /// Start a registry without authentication.
    ///
    /// # Panics
    /// When no loopback port can be had.
    pub fn start() -> Self {
        Self::start_with(Auth::Open)
    }

    /// Start a registry that wants a login.
    ///
    /// # Panics
    /// When no loopback port can be had.
    pub fn start_with(auth: Auth) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let addr = listener.local_addr().expect("a listener has an address");
        let state = Mutex::new(State::new(auth));
        let shared = Arc::new(Shared { addr, stop: AtomicBool::new(false), state });
        let accepting = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        TestRegistry { addr, shared, accepting: Some(accepting) }
    }

    /// A reference into this registry: `app:1` becomes `127.0.0.1:PORT/app:1`.
    ///
    /// # Panics
    /// When the name is none.
    pub fn reference(&self, name: &str) -> Reference {
        format!("{}/{name}", self.addr).parse().expect("a test names its image well")
    }

    /// Misbehave in the next `times` requests with this method (empty: any) whose path and query
    /// contain `part`. Faults planned first come first.
    pub fn fault(&self, method: &str, part: &str, times: usize, fault: Fault) {
        let (method, part) = (method.to_string(), part.to_string());
        self.shared.state().faults.push(Planned { method, part, left: times, fault });
    }

    /// All requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.state().seen.clone()
    }

    /// How many requests with this method had this part in their path and query.
    pub fn count(&self, method: &str, part: &str) -> usize {
        self.seen().iter().filter(|seen| seen.method == method && seen.target.contains(part)).count()
    }

    /// Put a blob into a repository.
    pub fn put_blob(&self, repository: &str, bytes: &[u8]) -> Digest {
        self.shared.state().put_blob(repository, bytes.to_vec())
    }

    /// Put a manifest into a repository, under its digest and under a tag.
    pub fn put_manifest(&self, repository: &str, tag: &str, media_type: &str, bytes: &[u8]) -> Digest {
        self.shared.state().put_manifest(repository, tag, media_type, bytes.to_vec())
    }

    /// The manifest a tag names, with its media type.
    pub fn manifest(&self, repository: &str, tag: &str) -> Option<(String, Vec<u8>)> {
        self.shared.state().manifest(repository, tag).cloned()
    }

    /// Whether a repository has a blob.
    pub fn has_blob(&self, repository: &str, digest: &Digest) -> bool {
        self.shared.state().blob(repository, &digest.to_string()).is_some()
    }

    /// Forget all tokens given out, as if their time had run out.
    pub fn expire_tokens(&self) {
        self.shared.state().tokens.clear();
    }

    /// Name another token service than our own.
    pub fn set_realm(&self, realm: &str) {
        self.shared.state().realm = Some(realm.to_string());
    }

    /// Answer mounts with "upload it yourself" (202).
    pub fn refuse_mounts(&self) {
        self.shared.state().mounts = false;
    }

    /// Give upload addresses as `/v2/...` instead of `http://host/v2/...`.
    pub fn relative_locations(&self) {
        self.shared.state().absolute_locations = false;
    }
}

impl Drop for TestRegistry {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Wakes the accepting thread; if that fails it has ended already.
        let _ = TcpStream::connect(self.addr);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopped() {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        std::thread::spawn(move || http::serve(&stream, &shared));
    }
}
