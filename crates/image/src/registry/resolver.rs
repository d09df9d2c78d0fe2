//! From host names to addresses: `/etc/hosts`, then the name servers of `/etc/resolv.conf`.
//!
//! Why not the C library's resolver: plimsoll is one static binary that loads no code of the host,
//! and glibc's loads NSS modules (`libnss_resolve.so`, `libnss_mdns4.so`) of exactly its own version.
//! musl and Go answer names in this way too; systemd-resolved is reached through its stub address
//! in `resolv.conf`.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::dns::{self, Kind, Reply};

/// The resolver of this machine.
#[derive(Debug)]
pub(super) struct SystemResolver {
    hosts: PathBuf,
    settings: PathBuf,
    port: u16,
}

impl Default for SystemResolver {
    fn default() -> Self {
        SystemResolver { hosts: "/etc/hosts".into(), settings: "/etc/resolv.conf".into(), port: 53 }
    }
}

/// No name server gave an answer; in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoNameServer(String);

/// Datagrams to a name server are answered in milliseconds; a lost one is sent again after this.
const PATIENCE: Duration = Duration::from_secs(3);

/// ureq keeps no more addresses than this.
const MOST: usize = 16;

impl Resolver for SystemResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().ok_or_else(|| ureq::Error::BadUri(uri.to_string()))?;
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
        let deadline = Instant::now() + (*timeout.after).min(Duration::from_secs(60));
        let mut found = self.look_up(host, deadline).map_err(|error| ureq::Error::Other(Box::new(error)))?;
        // IPv4 first: every registry has it, and a broken IPv6 route costs a timeout.
        found.sort_by_key(IpAddr::is_ipv6);
        let mut addresses = self.empty();
        found.into_iter().take(MOST).for_each(|address| addresses.push(SocketAddr::new(address, port)));
        match addresses.is_empty() {
            true => Err(ureq::Error::HostNotFound),
            false => Ok(addresses),
        }
    }
}

impl SystemResolver {
    /// All addresses of a host; none if there is no such host.
    fn look_up(&self, host: &str, deadline: Instant) -> Result<Vec<IpAddr>, NoNameServer> {
        let name = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        if let Ok(address) = name.parse() {
            return Ok(vec![address]);
        }
        let known = in_hosts(&read_small(&self.hosts), &name);
        if !known.is_empty() {
            return Ok(known);
        }
        // RFC 6761 section 6.3: never asked of a server.
        if name == "localhost" || name.ends_with(".localhost") {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let settings = Settings::parse(&read_small(&self.settings));
        for candidate in settings.candidates(&name) {
            let found = self.ask_servers(&settings.servers, &candidate, deadline)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    /// Each server in turn, and all of them a second time.
    fn ask_servers(
        &self,
        servers: &[IpAddr],
        name: &str,
        deadline: Instant,
    ) -> Result<Vec<IpAddr>, NoNameServer> {
        let mut told = Vec::new();
        for server in servers.iter().chain(servers) {
            let patience = PATIENCE.min(deadline.saturating_duration_since(Instant::now()));
            if patience.is_zero() {
                break;
            }
            match ask(SocketAddr::new(*server, self.port), name, patience) {
                Ok(found) => return Ok(found),
                Err(why) => told.push(format!("{server} {why}")),
            }
        }
        told.dedup();
        told.truncate(servers.len().max(1));
        Err(NoNameServer(format!("name server {}", told.join(", name server "))))
    }
}

/// Both kinds of addresses from one server.
fn ask(server: SocketAddr, name: &str, patience: Duration) -> Result<Vec<IpAddr>, Silence> {
    let mut found = Vec::new();
    for kind in [Kind::A, Kind::Aaaa] {
        let Some(question) = dns::question(random_id()?, name, kind) else { return Ok(found) };
        let mut reply = by_datagram(server, &question, patience)?;
        if reply == Reply::Truncated {
            reply = by_stream(server, &question, patience)?;
        }
        match reply {
            Reply::Addresses(addresses) => found.extend(addresses),
            Reply::NoSuchName => return Ok(found),
            Reply::Failed(_) | Reply::Truncated if !found.is_empty() => return Ok(found),
            Reply::Failed(code) => return Err(Silence::Refused(code)),
            Reply::Truncated => return Err(Silence::Refused(0)),
        }
    }
    Ok(found)
}

/// Why one server gave no answer.
#[derive(Debug)]
enum Silence {
    Refused(u8),
    Network(io::Error),
}

impl From<io::Error> for Silence {
    fn from(error: io::Error) -> Self {
        Silence::Network(error)
    }
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Silence::Refused(code) => write!(f, "could not find out (code {code})"),
            Silence::Network(error) if is_timeout(error) => f.write_str("did not answer"),
            Silence::Network(error) => write!(f, "could not be asked: {}", crate::error::reason(error)),
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn by_datagram(server: SocketAddr, question: &[u8], patience: Duration) -> io::Result<Reply> {
    let ours: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind(SocketAddr::new(ours, 0))?;
    // Connected: the kernel drops datagrams of anybody else.
    socket.connect(server)?;
    socket.send(question)?;
    let deadline = Instant::now() + patience;
    let mut buffer = [0; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        let length = socket.recv(&mut buffer)?;
        if let Some(reply) = dns::reply(&buffer[..length], question) {
            return Ok(reply);
        }
    }
}

/// RFC 1035 section 4.2.2: two bytes of length before each message.
fn by_stream(server: SocketAddr, question: &[u8], patience: Duration) -> io::Result<Reply> {
    let mut stream = TcpStream::connect_timeout(&server, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    let length = u16::try_from(question.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), question].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message)?;
    dns::reply(&message, question).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Not to be guessed by who would forge an answer (RFC 5452); the port is random already.
fn random_id() -> io::Result<u16> {
    let mut raw = [0; 2];
    rustix::rand::getrandom(&mut raw, rustix::rand::GetRandomFlags::empty())?;
    Ok(u16::from_ne_bytes(raw))
}

/// A configuration file, empty if it is not there; both files have a few hundred bytes, block lists
/// in `/etc/hosts` a few megabytes.
fn read_small(path: &Path) -> String {
    let mut text = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(16 << 20).read_to_end(&mut text));
    read.map(|_| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
}

/// hosts(5): an address and its names on each line.
fn in_hosts(text: &str, name: &str) -> Vec<IpAddr> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let matching = lines.filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|word| word.eq_ignore_ascii_case(name)).then_some(address)
    });
    matching.collect()
}

/// resolv.conf(5), as far as it decides which server is asked for which name.
#[derive(Debug, PartialEq, Eq)]
struct Settings {
    servers: Vec<IpAddr>,
    search: Vec<String>,
    dots: usize,
}

impl Settings {
    fn parse(text: &str) -> Self {
        let mut settings = Settings { servers: Vec::new(), search: Vec::new(), dots: 1 };
        for line in text.lines().filter(|line| !line.starts_with(['#', ';'])) {
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                // A scope (`fe80::1%eth0`) cannot be carried in an IpAddr; such a server is left out.
                Some("nameserver") => {
                    settings.servers.extend(words.next().and_then(|word| word.parse::<IpAddr>().ok()))
                }
                Some("search" | "domain") => settings.search = words.map(str::to_ascii_lowercase).collect(),
                Some("options") => {
                    let dots = words.filter_map(|word| word.strip_prefix("ndots:")?.parse().ok()).next_back();
                    settings.dots = dots.unwrap_or(settings.dots).min(15);
                }
                _ => {}
            }
        }
        settings.servers.truncate(3);
        settings.search.truncate(6);
        if settings.servers.is_empty() {
            settings.servers.push(Ipv4Addr::LOCALHOST.into());
        }
        settings
    }

    /// The names to try, in order.
    fn candidates(&self, name: &str) -> Vec<String> {
        if let Some(absolute) = name.strip_suffix('.') {
            return vec![absolute.to_string()];
        }
        let longer = self.search.iter().map(|domain| format!("{name}.{}", domain.trim_matches('.')));
        let mut candidates: Vec<String> = longer.collect();
        let at = if name.matches('.').count() >= self.dots { 0 } else { candidates.len() };
        candidates.insert(at, name.to_string());
        candidates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_file() {
        let text = "127.0.0.1 localhost\n# 10.0.0.9 r.example\n10.0.0.1\tother R.example # r2.example\n::2 r.example\n";
        assert_eq!(
            in_hosts(text, "r.example"),
            ["10.0.0.1".parse::<IpAddr>().unwrap(), "::2".parse().unwrap()]
        );
        assert_eq!(in_hosts(text, "r2.example"), Vec::<IpAddr>::new());
    }

    #[test]
    fn resolv_conf() {
        let settings = Settings::parse(
            "; c\nnameserver 10.0.0.1\nnameserver fe80::1%eth0\nnameserver ::1\nsearch a.example b.example.\noptions edns0 ndots:2\n",
        );
        assert_eq!(settings.servers, ["10.0.0.1".parse::<IpAddr>().unwrap(), "::1".parse().unwrap()]);
        assert_eq!(settings.candidates("r"), ["r.a.example", "r.b.example", "r"]);
        assert_eq!(settings.candidates("r.x.y")[0], "r.x.y");
        assert_eq!(settings.candidates("r."), ["r"]);
        assert_eq!(Settings::parse("").servers, [IpAddr::from(Ipv4Addr::LOCALHOST)]);
    }

    /// A name server that knows one name, answers the first question with noise before the answer, and
    /// stops after `questions`.
    fn name_server(questions: usize) -> (u16, std::thread::JoinHandle<()>) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let serve = move || {
            let mut buffer = [0; 512];
            for _ in 0..questions {
                let (length, from) = socket.recv_from(&mut buffer).unwrap();
                let mut answer = buffer[..length].to_vec();
                answer[2] |= 0x80;
                let known = answer.windows(10).any(|part| part == b"\x01r\x07example");
                match (known, answer[length - 3]) {
                    (true, 1) => {
                        answer[7] = 1;
                        answer.extend_from_slice(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\0\0\x05");
                    }
                    (true, _) => {}
                    (false, _) => answer[3] = 3,
                }
                socket.send_to(b"noise", from).unwrap();
                socket.send_to(&answer, from).unwrap();
            }
        };
        (port, std::thread::spawn(serve))
    }

    #[test]
    fn a_name_server_is_asked() {
        let directory = tempfile::tempdir().unwrap();
        let settings = directory.path().join("resolv.conf");
        std::fs::write(&settings, "nameserver 127.0.0.1\nsearch example\n").unwrap();
        // `r` is tried as r.example (two questions), `none.test` as none.test and none.test.example.
        let (port, server) = name_server(4);
        let resolver = SystemResolver { hosts: directory.path().join("none"), settings, port };
        let deadline = Instant::now() + Duration::from_secs(20);
        let look_up = |name: &str| resolver.look_up(name, deadline).unwrap();
        assert_eq!(look_up("r"), ["127.0.0.5".parse::<IpAddr>().unwrap()]);
        assert_eq!(look_up("none.test"), Vec::<IpAddr>::new());
        assert_eq!(look_up("[::1]"), ["::1".parse::<IpAddr>().unwrap()]);
        assert_eq!(look_up("localhost").len(), 2);
        server.join().unwrap();
    }

    #[test]
    fn a_dead_name_server_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let settings = directory.path().join("resolv.conf");
        std::fs::write(&settings, "nameserver 127.0.0.1\n").unwrap();
        // Nobody answers at port 1 of loopback, and the kernel says so at once.
        let port = 1;
        let resolver = SystemResolver { hosts: directory.path().join("none"), settings, port };
        let error = resolver.look_up("r.example", Instant::now() + Duration::from_secs(20)).unwrap_err();
        assert!(error.to_string().starts_with("name server 127.0.0.1 "), "{error}");
    }
}
