//! What the tests of a container's life share: a tiny root file system, a store, and this test binary
//! as the monitor.

use std::fs;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use jiff::Timestamp;
use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::Mount;
use plimsoll_runtime::attach::{Finished, Streams};
use plimsoll_runtime::container::{Asked, Container, Containers, NewContainer, Upkeep};
use plimsoll_runtime::host::HostFacts;
use plimsoll_runtime::logs::LogOptions;
use plimsoll_runtime::monitor::{MonitorProgram, WaitingMonitor, monitor_main};
use plimsoll_runtime::user_mode::Programs;

const ENTRY: &str = "life_support::monitor_entry";

/// Not a test of its own: the monitor's process begins here. A normal run of the tests passes no
/// directory and finds nothing to do.
#[test]
fn monitor_entry() {
    let arguments: Vec<String> = std::env::args().collect();
    let called = arguments.iter().any(|argument| argument == ENTRY);
    if let Some(directory) = arguments.last().filter(|last| called && last.starts_with('/')) {
        std::process::exit(monitor_main(Path::new(directory)));
    }
}

const RUNNER: &str = "life_support::runner_entry";

/// Not a test of its own either: attaches to a new container in a process of its own, which can be
/// sent signals.
#[test]
fn runner_entry() {
    let arguments: Vec<String> = std::env::args().collect();
    let [.., entry, _, _, directory] = arguments.as_slice() else { return };
    if entry == RUNNER {
        let ids = plimsoll_sys::userns::enter().unwrap();
        let container = Container::open(Path::new(directory)).unwrap();
        let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
        let streams = Streams::new(Some(stdin.as_fd()), stdout.as_fd(), stderr.as_fd());
        let Finished::Exit(code) =
            container.run_foreground(&HostFacts::gather(ids), begin(&container), streams).unwrap()
        else {
            std::process::exit(0)
        };
        std::process::exit(code);
    }
}

/// Start a command that runs a container attached. The test harness has threads of its own, which
/// would be hit by the signals meant for the one that is attached: all signals are blocked in all of
/// them, by inheritance.
pub fn start_runner(container: &Container) -> Child {
    let mut command = Command::new("/proc/self/exe");
    command.args(["--exact", RUNNER, "--nocapture", "--test-threads=1"]).arg(container.path());
    command.stdout(Stdio::null());
    let spawn = move || {
        plimsoll_sys::signals::block_all().unwrap();
        command.spawn().unwrap()
    };
    std::thread::spawn(spawn).join().unwrap()
}

const SERVER: &str = "life_support::server_entry";

/// Not a test of its own either: a server inside a container. `tcp ADDRESS` and `udp ADDRESS` echo,
/// `peer ADDRESS` tells each client where it seems to come from.
#[test]
fn server_entry() {
    let arguments: Vec<String> = std::env::args().collect();
    let [.., entry, _, _, protocol, address] = arguments.as_slice() else { return };
    if entry == SERVER {
        match protocol.as_str() {
            "tcp" => echo_connections(&bind(address)),
            "peer" => tell_peers(&bind(address)),
            _ => echo_datagrams(&UdpSocket::bind(address).unwrap()),
        }
    }
}

/// A container's address may come a moment after its process.
fn bind(address: &str) -> TcpListener {
    let mut bound = None;
    eventually("the address is there", || {
        bound = TcpListener::bind(address).ok();
        bound.is_some()
    });
    bound.unwrap()
}

fn tell_peers(listener: &TcpListener) {
    loop {
        let (mut stream, peer) = listener.accept().unwrap();
        write!(stream, "{}", peer.ip()).unwrap();
    }
}

fn echo_connections(listener: &TcpListener) {
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        std::thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
    }
}

fn echo_datagrams(socket: &UdpSocket) {
    let mut datagram = [0; 2048];
    loop {
        let (length, from) = socket.recv_from(&mut datagram).unwrap();
        socket.send_to(&datagram[..length], from).unwrap();
    }
}

/// An echo server as PID 1 of a container: this very binary, which is static.
pub fn server(protocol: &str, address: &str) -> LaunchSpec {
    let mut spec = shell("");
    spec.argv = ["/server", "--exact", SERVER, "--nocapture", "--test-threads=1", protocol, address]
        .map(str::to_string)
        .to_vec();
    spec.mounts.push(Mount::bind(std::env::current_exe().unwrap(), "/server").read_only(true));
    spec
}

fn monitor() -> MonitorProgram {
    let arguments = ["--exact", ENTRY, "--nocapture", "--test-threads=1"];
    MonitorProgram {
        // Even if another build has replaced the file meanwhile.
        program: "/proc/self/exe".into(),
        arguments: arguments.into_iter().map(Into::into).collect(),
        user_mode: Programs::default(),
    }
}

/// A monitor for this container, waiting to be told what to do.
pub fn begin(container: &Container) -> WaitingMonitor {
    monitor().begin(container.path(), false).unwrap()
}

pub struct Fixture {
    pub temporary: tempfile::TempDir,
    pub containers: Containers,
    pub host: HostFacts,
}

/// `None`, said aloud, where containers cannot be started.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub fn fixture() -> Option<Fixture> {
    let skip = |reason: String| {
        assert_ne!(std::env::var("PLIMSOLL_NO_SKIP").as_deref(), Ok("1"), "{reason}");
        eprintln!("SKIPPED: {reason}");
        None
    };
    if !Path::new("/bin/busybox").exists() {
        return skip("/bin/busybox is not installed (Debian: busybox-static)".into());
    }
    match plimsoll_sys::userns::enter() {
        Ok(ids) => {
            let temporary = tempfile::tempdir().unwrap();
            make_root(&temporary.path().join("layer"));
            let containers = Containers::open(temporary.path()).unwrap();
            Some(Fixture { temporary, containers, host: HostFacts::gather(ids) })
        }
        Err(error) => skip(format!("run the tests as root, or under `unshare -Urm`: {error}")),
    }
}

fn make_root(root: &Path) {
    for directory in ["bin", "etc", "tmp"] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
    // Not by this process: a child that another test starts meanwhile has the copy open for writing until it
    // executes, and `Text file busy` would be the answer.
    let copied = Command::new("cp").arg("/bin/busybox").arg(root.join("bin/busybox")).status().unwrap();
    assert!(copied.success());
    for applet in
        ["sh", "cat", "sleep", "echo", "id", "mkdir", "chmod", "nc", "stty", "hostname", "yes", "kill"]
    {
        symlink("busybox", root.join("bin").join(applet)).unwrap();
    }
    fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").unwrap();
}

/// `sh -c SCRIPT` as root, without a network.
pub fn shell(script: &str) -> LaunchSpec {
    let argv = vec!["/bin/sh".into(), "-c".into(), script.into()];
    let env = vec![("PATH".into(), "/bin".into())];
    LaunchSpec { env, hostname: "box".into(), ..LaunchSpec::of(argv) }
}

impl Fixture {
    pub fn layer(&self) -> PathBuf {
        self.temporary.path().join("layer")
    }

    pub fn create(&self, spec: LaunchSpec) -> Container {
        self.create_with(spec, |_| {})
    }

    pub fn create_with(&self, spec: LaunchSpec, change: impl FnOnce(&mut NewContainer)) -> Container {
        self.create_in(&self.containers, spec, change)
    }

    pub fn create_in(
        &self,
        containers: &Containers,
        spec: LaunchSpec,
        change: impl FnOnce(&mut NewContainer),
    ) -> Container {
        let mut new = NewContainer {
            name: None,
            image: "box".into(),
            image_digest: None,
            spec,
            lowers: vec![self.layer()],
            upkeep: Upkeep::default(),
            asked: Asked::default(),
        };
        change(&mut new);
        containers.create(new, Timestamp::now()).unwrap()
    }

    pub fn start(&self, container: &Container) {
        container.start_detached(&self.host, begin(container)).unwrap();
    }

    /// Run attached, with this input; the exit, and what was written to stdout and stderr.
    pub fn run(&self, container: &Container, input: Option<&str>) -> (Finished, String, String) {
        let captured = Captured::new(input);
        let finished = container.run_foreground(&self.host, begin(container), captured.streams());
        let (stdout, stderr) = captured.read();
        (finished.unwrap_or_else(|error| panic!("{error}")), stdout, stderr)
    }

    /// Nothing of any container is left in the store's working directories.
    pub fn assert_clean(&self) {
        for directory in ["tmp", "trash", "containers/names"] {
            let left = fs::read_dir(self.temporary.path().join(directory)).unwrap().count();
            assert_eq!(left, 0, "{directory}");
        }
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let Ok(listing) = self.containers.list() else { return };
        for container in listing.containers {
            let _ = container.end_now();
            let _ = self.containers.remove(&container);
        }
        // A monitor may still be deleting a container that removes itself.
        let trash = self.temporary.path().join("trash");
        let is_empty = || fs::read_dir(&trash).is_ok_and(|mut entries| entries.next().is_none());
        for _ in 0..500 {
            if is_empty() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

/// Files in place of the caller's streams.
pub struct Captured {
    stdin: Option<OwnedFd>,
    stdout: File,
    stderr: File,
}

impl Captured {
    pub fn new(input: Option<&str>) -> Self {
        let stdin = input.map(|text| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file.rewind().unwrap();
            file.into()
        });
        Captured { stdin, stdout: tempfile::tempfile().unwrap(), stderr: tempfile::tempfile().unwrap() }
    }

    pub fn streams(&self) -> Streams<'_> {
        Streams::new(self.stdin.as_ref().map(AsFd::as_fd), self.stdout.as_fd(), self.stderr.as_fd())
    }

    pub fn read(self) -> (String, String) {
        let text = |mut file: File| {
            file.rewind().unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            String::from_utf8(bytes).unwrap()
        };
        (text(self.stdout), text(self.stderr))
    }
}

/// The container's log so far.
pub fn logs(container: &Container) -> (String, String) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    container.logs(&LogOptions::default(), &mut stdout, &mut stderr).unwrap();
    (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// Wait until something holds; a test that waits for ever is a failed one.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("never: {what}");
}
