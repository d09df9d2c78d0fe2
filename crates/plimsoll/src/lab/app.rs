//! `labapp`: the sample program of examples and exercises. It is this very binary under another
//! name, so an image with it needs no download.
//!
//! A tiny HTTP server with knobs for what goes wrong in containers: which port and address it
//! listens on, whether it handles SIGTERM and how it stops, which paths it writes, how long a request
//! takes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use plimsoll_model::Signal;
use plimsoll_sys::signals;

/// A tiny server that shows what a container is made of.
#[derive(Parser)]
#[command(name = "labapp", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve HTTP until SIGTERM or SIGINT.
    Serve(Serve),
    /// Listen without speaking HTTP: greet, wait, or take datagrams.
    Talk(Talk),
    /// Ask a running server for /healthz; exit 0 if it is well. For HEALTHCHECK and exec probes.
    Check {
        /// Port of the server.
        #[arg(long, env = "PORT", default_value_t = 8080)]
        port: u16,
    },
    /// Print arguments, ids and environment of this process.
    Show {
        /// Anything.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
}

#[derive(Args)]
struct Serve {
    /// Port to listen on.
    #[arg(long, env = "PORT", default_value_t = 8080)]
    port: u16,
    /// Address to listen on.
    #[arg(long, default_value = "0.0.0.0")]
    address: String,
    /// What / answers.
    #[arg(long, env = "GREETING", default_value = "hello")]
    greeting: String,
    /// Create this directory and write a file into it at start.
    #[arg(long)]
    write: Vec<PathBuf>,
    /// Leave SIGTERM alone, as programs without a handler do.
    #[arg(long)]
    no_handler: bool,
    /// How long the answer of /slow takes, in milliseconds.
    #[arg(long, default_value_t = 500)]
    slow: u64,
    /// How long every answer takes, in milliseconds.
    #[arg(long, default_value_t = 0)]
    think: u64,
    /// End at once when asked to stop, whoever waits for an answer.
    #[arg(long)]
    abrupt: bool,
    /// Go on for so many milliseconds after being asked to stop; a second signal ends it at once.
    #[arg(long, default_value_t = 0)]
    linger: u64,
    /// Accept connections until the very end; without this none after being asked to stop.
    #[arg(long)]
    late: bool,
}

/// What the threads of a server share.
struct Shared {
    serve: Serve,
    /// Connections that may still want something.
    in_flight: AtomicUsize,
    /// Asked to stop.
    stopping: AtomicBool,
}

#[derive(Args)]
struct Talk {
    /// Port to listen on.
    #[arg(long, env = "PORT", default_value_t = 2500)]
    port: u16,
    /// Address to listen on.
    #[arg(long, default_value = "0.0.0.0")]
    address: std::net::IpAddr,
    /// What whoever connects is greeted with; nothing: it waits.
    #[arg(long)]
    greeting: Option<String>,
    /// Take datagrams instead of connections, and send them back.
    #[arg(long)]
    udp: bool,
    /// An IPv6 address stands for IPv6 alone.
    #[arg(long)]
    only_ipv6: bool,
    /// Wait so long before listening, in milliseconds.
    #[arg(long, default_value_t = 0)]
    after: u64,
}

/// Run as `labapp`; the words include the program's name.
pub fn main(words: Vec<std::ffi::OsString>) -> u8 {
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => {
            // A message to a closed descriptor has no reader; the exit code still tells.
            let _ = error.print();
            return if error.use_stderr() { 2 } else { 0 };
        }
    };
    let result = match cli.verb {
        Verb::Serve(serve) => run_server(serve),
        Verb::Talk(talk) => run_talk(&talk),
        Verb::Check { port } => check(port),
        Verb::Show { words } => show(&words),
    };
    match result {
        Ok(()) => 0,
        Err(message) => {
            crate::terminal::eprint(&format!("labapp: {message}\n"));
            1
        }
    }
}

fn run_server(serve: Serve) -> Result<(), String> {
    // Blocked before any thread exists, so that every thread inherits it and only the wait below
    // sees the signals.
    if !serve.no_handler {
        signals::block_all().map_err(|error| format!("cannot block signals: {error}"))?;
    }
    for directory in &serve.write {
        let file = directory.join("labapp.cache");
        let written = std::fs::create_dir_all(directory).and_then(|()| std::fs::write(&file, "warm\n"));
        written.map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    }
    let address = format!("{}:{}", serve.address, serve.port);
    let listener =
        TcpListener::bind(&address).map_err(|error| format!("cannot listen on {address}: {error}"))?;
    crate::terminal::eprint(&format!("labapp: listening on {address}\n"));
    let shared = Arc::new(Shared { serve, in_flight: AtomicUsize::new(0), stopping: AtomicBool::new(false) });
    if shared.serve.no_handler {
        accept_all(&listener, &shared);
        return Ok(());
    }
    let closing = listener.try_clone().map_err(|error| format!("cannot share the listener: {error}"))?;
    let accepting = Arc::clone(&shared);
    std::thread::spawn(move || accept_all(&listener, &accepting));
    let signal = wait_for_stop()?;
    crate::terminal::eprint(&format!(
        "labapp: signal {signal}, finishing {} requests\n",
        shared.in_flight.load(Ordering::SeqCst)
    ));
    if !shared.serve.abrupt {
        finish(&shared, &closing)?;
    }
    crate::terminal::eprint("labapp: bye\n");
    Ok(())
}

/// Answer what is under way, and no more than that.
fn finish(shared: &Arc<Shared>, listener: &TcpListener) -> Result<(), String> {
    if !shared.serve.late {
        // Wakes the thread that accepts, and closes the socket's queue.
        rustix::net::shutdown(listener, rustix::net::Shutdown::Both)
            .map_err(|error| format!("cannot stop listening: {error}"))?;
    }
    shared.stopping.store(true, Ordering::SeqCst);
    let finishing = Arc::clone(shared);
    let (tell, told) = std::sync::mpsc::channel();
    let second = tell.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(finishing.serve.linger));
        while finishing.in_flight.load(Ordering::SeqCst) > 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        // Nobody listens after a second signal.
        let _ = tell.send(Ok(()));
    });
    std::thread::spawn(move || {
        if let Ok(signal) = wait_for_stop() {
            let _ = second.send(Err(format!("a second signal, {signal}: ending at once")));
        }
    });
    told.recv().unwrap_or_else(|error| Err(format!("cannot wait for the end: {error}")))
}

/// SIGTERM ends it: PID 1 without a handler would ignore it.
fn run_talk(talk: &Talk) -> Result<(), String> {
    signals::block_all().map_err(|error| format!("cannot block signals: {error}"))?;
    std::thread::sleep(Duration::from_millis(talk.after));
    let address = std::net::SocketAddr::new(talk.address, talk.port);
    let failed = |error: std::io::Error| format!("cannot listen on {address}: {error}");
    if talk.udp {
        let socket = std::net::UdpSocket::bind(address).map_err(failed)?;
        std::thread::spawn(move || {
            let mut bytes = [0; 2048];
            while let Ok((length, from)) = socket.recv_from(&mut bytes) {
                let _ = socket.send_to(&bytes[..length], from);
            }
        });
    } else {
        let listener = listen(talk, address).map_err(failed)?;
        let greeting = talk.greeting.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let greeting = greeting.clone();
                std::thread::spawn(move || {
                    let greeted = greeting.map_or(Ok(()), |text| write!(stream, "{text}\r\n"));
                    // Whatever is said is read and not answered.
                    let _ = greeted.and_then(|()| std::io::copy(&mut stream, &mut std::io::sink()));
                });
            }
        });
    }
    crate::terminal::eprint(&format!("labapp: listening on {address}\n"));
    wait_for_stop().map(|_| ())
}

fn listen(talk: &Talk, address: std::net::SocketAddr) -> std::io::Result<TcpListener> {
    use rustix::net;
    if !talk.only_ipv6 {
        return TcpListener::bind(address);
    }
    let socket = net::socket(net::AddressFamily::INET6, net::SocketType::STREAM, None)?;
    net::sockopt::set_ipv6_v6only(&socket, true)?;
    net::bind(&socket, &address)?;
    net::listen(&socket, 16)?;
    Ok(TcpListener::from(socket))
}

fn wait_for_stop() -> Result<Signal, String> {
    loop {
        let number = signals::wait().map_err(|error| format!("cannot wait for signals: {error}"))?;
        if let Some(signal @ (Signal::TERM | Signal::INT | Signal::QUIT)) = Signal::new(number) {
            return Ok(signal);
        }
    }
}

fn accept_all(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            match shared.stopping.load(Ordering::SeqCst) {
                true => return,
                false => continue,
            }
        };
        let shared = Arc::clone(shared);
        shared.in_flight.fetch_add(1, Ordering::SeqCst);
        std::thread::spawn(move || {
            // A client that goes away in the middle is its own affair.
            let _ = answer(stream, &shared);
            shared.in_flight.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// Longest request line and headers read.
const REQUEST_LIMIT: u64 = 16 << 10;
/// Longest wait for a request.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often an idle connection looks whether the server stops.
const IDLE: Duration = Duration::from_millis(20);

/// Wait for the first byte. `false`: nothing came, and the server stops or its patience is over.
fn is_asked(stream: &TcpStream, shared: &Shared) -> std::io::Result<bool> {
    stream.set_read_timeout(Some(IDLE))?;
    let begun = std::time::Instant::now();
    let mut told = false;
    loop {
        match stream.peek(&mut [0]) {
            Ok(read) => return Ok(read > 0),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        // One more look after being told: what was sent before the signal is answered.
        if told || begun.elapsed() >= PATIENCE {
            return Ok(false);
        }
        told = shared.stopping.load(Ordering::SeqCst);
    }
}

fn answer(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    if !is_asked(&stream, shared)? {
        return Ok(());
    }
    let serve = &shared.serve;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.try_clone()?.take(REQUEST_LIMIT));
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    std::thread::sleep(Duration::from_millis(serve.think));
    let (status, body) = match request.split_whitespace().nth(1).unwrap_or("") {
        "/" => ("200 OK", format!("{}\n", serve.greeting)),
        "/healthz" => ("200 OK", "well\n".to_string()),
        "/slow" => {
            std::thread::sleep(Duration::from_millis(serve.slow));
            ("200 OK", "at last\n".to_string())
        }
        "/show" => ("200 OK", description(&[])),
        _ => ("404 Not Found", "nothing here\n".to_string()),
    };
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn check(port: u16) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("127.0.0.1:{port} does not answer: {error}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(failed)?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).map_err(failed)?;
    stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").map_err(failed)?;
    let mut text = String::new();
    stream.take(REQUEST_LIMIT).read_to_string(&mut text).map_err(failed)?;
    let first = text.lines().next().unwrap_or("nothing").to_string();
    first.contains(" 200 ").then_some(()).ok_or_else(|| format!("answered {first}"))
}

fn show(words: &[String]) -> Result<(), String> {
    crate::terminal::print(&description(words));
    Ok(())
}

/// What a process is, from inside.
fn description(words: &[String]) -> String {
    let mut text = format!(
        "pid {}\nuid {} gid {}\nargv {:?}\nwords {words:?}\n",
        std::process::id(),
        rustix::process::getuid().as_raw(),
        rustix::process::getgid().as_raw(),
        std::env::args().collect::<Vec<_>>(),
    );
    if let Ok(directory) = std::env::current_dir() {
        text.push_str(&format!("cwd {}\n", directory.display()));
    }
    for (name, value) in std::env::vars() {
        text.push_str(&format!("env {name}={value}\n"));
    }
    text
}
