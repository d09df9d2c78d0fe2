//! TLS in front of a plain server, and a CONNECT proxy: what stands between clients and registries.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;

use crate::skip::program;

/// Ends TLS for a host name and passes the bytes on, with a certificate of its own authority.
#[derive(Debug)]
pub struct TlsFront {
    /// Where it listens.
    pub addr: SocketAddr,
    /// The authority's certificate, PEM.
    pub authority: PathBuf,
    child: Child,
    _directory: TempDir,
}

const TERMINATOR: &str = r#"
import socket, ssl, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try: end.shutdown(socket.SHUT_RDWR)
        except OSError: pass
def serve(raw):
    try:
        client = context.wrap_socket(raw, server_side=True)
    except OSError:
        raw.close()
        return
    server = socket.create_connection(("127.0.0.1", int(sys.argv[3])))
    threading.Thread(target=pump, args=(client, server), daemon=True).start()
    pump(server, client)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"#;

impl TlsFront {
    /// Start in front of `behind` for the host names; `None`, said aloud, without openssl and python3.
    ///
    /// # Panics
    /// When the tools are there but fail.
    pub fn start(behind: SocketAddr, names: &str) -> Option<Self> {
        let (openssl, python) = (program("openssl")?, program("python3")?);
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        certificates(&openssl, directory.path(), names);
        let path = |name: &str| directory.path().join(name);
        let mut command = Command::new(python);
        command.arg("-c").arg(TERMINATOR).arg(path("leaf.pem")).arg(path("leaf.key"));
        command
            .arg(behind.port().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().expect("python starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("standard output is a pipe");
        BufReader::new(output).read_line(&mut line).expect("python tells its port");
        let port: u16 = line.trim().parse().expect("python tells its port");
        let addr = SocketAddr::from(([127, 0, 0, 1], port));
        Some(TlsFront { addr, authority: path("ca.pem"), child, _directory: directory })
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An authority (`ca.pem`) and a certificate of it (`leaf.pem`, `leaf.key`).
fn certificates(openssl: &Path, directory: &Path, names: &str) {
    let run = |arguments: &str| {
        let mut command = Command::new(openssl);
        let output =
            command.args(arguments.split(' ')).current_dir(directory).output().expect("openssl starts");
        assert!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    run(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 3650 -subj /CN=test"));
    run(&format!("req -new {key} -keyout leaf.key -out leaf.csr -subj /CN=leaf"));
    let extensions = format!("basicConstraints=CA:FALSE\nsubjectAltName={names}\n");
    fs::write(directory.join("leaf.ext"), extensions).expect("a test file can be written");
    run(
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 -extfile leaf.ext -out leaf.pem",
    );
}

/// An HTTP proxy for CONNECT that leads to one server, whatever it is asked for.
#[derive(Debug)]
pub struct ConnectProxy {
    /// Where it listens.
    pub addr: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
}

impl ConnectProxy {
    /// Start; every tunnel leads to `to`, or is answered 403 when there is no `to`.
    ///
    /// # Panics
    /// When no loopback port can be had.
    pub fn start(to: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let addr = listener.local_addr().expect("a listener has an address");
        let (asked, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        std::thread::spawn({
            let (asked, stop) = (Arc::clone(&asked), Arc::clone(&stop));
            move || {
                for stream in listener.incoming().flatten() {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let asked = Arc::clone(&asked);
                    std::thread::spawn(move || tunnel(&stream, to, &asked));
                }
            }
        });
        ConnectProxy { addr, asked, stop }
    }

    /// The request lines so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ConnectProxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.addr);
    }
}

fn tunnel(mut client: &TcpStream, to: Option<SocketAddr>, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 8192 {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let line = head.lines().next().unwrap_or_default().to_string();
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    let Some(to) = to else {
        return client.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    };
    let server = TcpStream::connect(to)?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    std::thread::scope(|scope| {
        scope.spawn(|| pump(client, &server));
        pump(&server, client);
    });
    Ok(())
}

/// One direction, until one side ends; then both do.
fn pump(mut from: &TcpStream, mut to: &TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
