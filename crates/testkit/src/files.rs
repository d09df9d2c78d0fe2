//! A server of files in the test's own process: what ADD fetches from, with the misbehaviour tests need.

use std::collections::BTreeMap;
use std::io::{BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::registry::http::{Request, Response, read_head, write_answer};

/// What is answered for one path.
#[derive(Debug, Clone, Default)]
pub struct Served {
    /// The bytes.
    pub body: Vec<u8>,
    /// `ETag`; with it a request that names the same one is answered by 304.
    pub etag: Option<String>,
    /// `Last-Modified`, and a `Date` of the year 2030.
    pub modified: Option<String>,
    /// The address that is answered instead of the bytes.
    pub redirect: Option<String>,
    /// This status instead of 200, in so many answers.
    pub status: Option<(u16, usize)>,
    /// So many answers end in the middle.
    pub cut: usize,
}

/// A running server; it stops when dropped.
#[derive(Debug)]
pub struct FileServer {
    /// Where it listens.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    files: Mutex<BTreeMap<String, Served>>,
    directory: Option<PathBuf>,
    seen: Mutex<Vec<(String, u16)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FileServer {
    /// Start a server without files.
    ///
    /// # Panics
    /// When no loopback port can be had.
    pub fn start() -> Self {
        Self::start_with(Shared::default())
    }

    /// Start a server of the files below a directory.
    ///
    /// # Panics
    /// When no loopback port can be had.
    pub fn of_directory(directory: PathBuf) -> Self {
        Self::start_with(Shared { directory: Some(directory), ..Shared::default() })
    }

    fn start_with(shared: Shared) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let addr = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(shared);
        let accepting = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                for stream in listener.incoming().flatten() {
                    if shared.stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let shared = Arc::clone(&shared);
                    std::thread::spawn(move || serve(&stream, &shared));
                }
            }
        });
        FileServer { addr, shared, accepting: Some(accepting) }
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Serve these bytes at a path.
    pub fn put(&self, path: &str, served: Served) {
        lock(&self.shared.files).insert(path.to_string(), served);
    }

    /// Paths (with query) and statuses of the requests since this was last asked.
    pub fn seen(&self) -> Vec<(String, u16)> {
        std::mem::take(&mut *lock(&self.shared.seen))
    }
}

impl Drop for FileServer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.addr);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// Serve one connection until the client leaves.
fn serve(stream: &TcpStream, shared: &Shared) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let mut reader = BufReader::new(stream);
    while let Ok(Some((request, target))) = read_head(&mut reader) {
        let (answer, cut) = answer(&request, shared);
        lock(&shared.seen).push((target, answer.status));
        let sent = match cut {
            true => write_cut(stream, &answer),
            false => write_answer(stream, &answer, &request.method, None),
        };
        if !matches!(sent, Ok(true)) {
            return;
        }
    }
}

/// The answer, and whether it ends in the middle.
fn answer(request: &Request, shared: &Shared) -> (Response, bool) {
    let mut files = lock(&shared.files);
    let Some(file) = files.get_mut(&request.path) else {
        let path = shared.directory.as_ref().map(|root| root.join(request.path.trim_start_matches('/')));
        let body = path.and_then(|path| std::fs::read(path).ok());
        let found = |body| Response::new(200, "application/octet-stream", body);
        return (body.map_or_else(|| Response::empty(404), found), false);
    };
    if let Some((status, left)) = &mut file.status
        && *left > 0
    {
        *left -= 1;
        return (Response::empty(*status), false);
    }
    let headers = |mut answer: Response| {
        for (name, value) in [("ETag", &file.etag), ("Last-Modified", &file.modified)] {
            if let Some(value) = value {
                answer = answer.with(name, value);
            }
        }
        match file.modified {
            Some(_) => answer.with("Date", "Tue, 01 Jan 2030 00:00:00 GMT"),
            None => answer,
        }
    };
    let same =
        |header: &str, value: &Option<String>| value.is_some() && request.header(header) == value.as_deref();
    if let Some(to) = &file.redirect {
        return (Response::empty(302).with("Location", to), false);
    }
    if same("if-none-match", &file.etag) || same("if-modified-since", &file.modified) {
        return (headers(Response::empty(304)), false);
    }
    let answer = headers(Response::new(200, "application/octet-stream", file.body.clone()));
    let cut = file.cut > 0;
    file.cut = file.cut.saturating_sub(1);
    (answer, cut)
}

fn write_cut(mut stream: &TcpStream, answer: &Response) -> std::io::Result<bool> {
    let half = answer.body.len() / 2;
    write!(stream, "HTTP/1.1 200 Test\r\nContent-Length: {}\r\n\r\n", answer.body.len())?;
    stream.write_all(&answer.body[..half])?;
    Ok(false)
}
