//! The hostile program for what busybox cannot do: this test binary itself, which is static, mounted into a
//! container.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Command;

use plimsoll_sys::attempts;
use rustix::fs::{Mode, OFlags, StatVfsMountFlags, fstatvfs};

use crate::harness::World;

/// Which part the program plays.
pub const ROLE: &str = "HOSTILE_ROLE";
/// Where it is in the container.
pub const PROGRAM: &str = "/hostile";
/// How the harness is asked for nothing but the part.
const ARGUMENTS: [&str; 4] = ["--exact", "hardness::inside::play", "--nocapture", "--test-threads=1"];
/// The file that ends [`watch`].
pub const STOP: &str = "/stop";

/// Not a test of its own: nothing without a part to play.
#[test]
#[allow(clippy::print_stdout, reason = "this is how the program inside answers")]
fn play() {
    let Ok(role) = std::env::var(ROLE) else { return };
    // The harness leaves its first line open.
    println!();
    match role.as_str() {
        "calls" => attempts::all().iter().for_each(|(name, answer)| println!("{name}: {answer}")),
        "peers" => tell_peers(),
        "rights" => println!("{}", fs::read_to_string("/proc/self/status").expect("procfs is mounted")),
        "watch" => println!("{}", watch()),
        role => panic!("there is no part {role}"),
    }
}

/// The words that start the program in a container of [`flags`].
pub fn words() -> Vec<&'static str> {
    [&[PROGRAM][..], &ARGUMENTS].concat()
}

/// The flags that give a container the program and its part.
pub fn flags(role: &str) -> Vec<String> {
    let program = std::env::current_exe().expect("a program knows where it is").display().to_string();
    vec!["-v".into(), format!("{program}:{PROGRAM}:ro"), "-e".into(), format!("{ROLE}={role}")]
}

/// Copy the program, by another process: a file that this one has open for writing, even for a moment, may be
/// so in a process that another test is just starting, and then cannot be executed.
pub fn copy_to(path: &Path) {
    fs::create_dir_all(path.parent().expect("a file lies in a directory")).expect("a directory can be made");
    let program = std::env::current_exe().expect("a program knows where it is");
    let copied = Command::new("cp").arg(program).arg(path).status().expect("cp is installed");
    assert!(copied.success(), "{} cannot be written", path.display());
}

/// The answers of the kernel to all calls of [`attempts`], in a container with these flags.
pub fn answers(world: &World, more: &[&str]) -> BTreeMap<String, i32> {
    let flags = flags("calls");
    let mut all = vec!["run", "--rm"];
    all.extend(flags.iter().map(String::as_str));
    all.extend(more);
    all.push("bb");
    all.extend(words());
    read_answers(&world.run(&all).ok().stdout)
}

/// The lines `NAME: NUMBER`.
pub fn read_answers(output: &str) -> BTreeMap<String, i32> {
    let pairs = output.lines().filter_map(|line| line.split_once(": "));
    let answers: BTreeMap<String, i32> =
        pairs.filter_map(|(name, number)| Some((name.to_string(), number.parse().ok()?))).collect();
    assert!(answers.len() > 40, "most calls have no answer: {output}");
    answers
}

/// Get hold of every foreign program file that a process of this container is seen to run, until it is
/// time to stop. What lies on a mount that is not read-only could be written when nobody runs it any more.
fn watch() -> String {
    let mut held = Vec::new();
    while !fs::exists(STOP).unwrap_or(false) {
        let processes = fs::read_dir("/proc").expect("procfs is mounted").flatten();
        held.extend(processes.filter_map(|process| foreign_program(&process.path())).take(100));
    }
    let read_only =
        |file: &&OwnedFd| fstatvfs(file).is_ok_and(|fs| fs.f_flag.contains(StatVfsMountFlags::RDONLY));
    let writable = held.len() - held.iter().filter(read_only).count();
    format!("held {}, writable {writable}", held.len())
}

/// What a process runs, if it is nothing of this container.
fn foreign_program(process: &Path) -> Option<OwnedFd> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let file = rustix::fs::open(process.join("exe"), flags, Mode::empty()).ok()?;
    let is = |path: &str| {
        let (ours, theirs) = (rustix::fs::stat(path).ok()?, rustix::fs::fstat(&file).ok()?);
        Some((ours.st_dev, ours.st_ino) == (theirs.st_dev, theirs.st_ino))
    };
    (is("/bin/busybox") == Some(false) && is("/proc/self/exe") == Some(false)).then_some(file)
}

/// Tell everybody who connects, over TCP of both versions and UDP, where they seem to come from.
fn tell_peers() {
    let tell = |listener: TcpListener| {
        for stream in listener.incoming().flatten() {
            let peer = stream.peer_addr().expect("it is connected").ip().to_string();
            // Who is gone already needs no answer.
            let _ = (&stream).write_all(peer.as_bytes());
        }
    };
    let datagrams = UdpSocket::bind("0.0.0.0:7000").expect("a port is free");
    let listeners = ["0.0.0.0:7000", "[::]:7006"].map(TcpListener::bind);
    std::thread::scope(|scope| {
        listeners.into_iter().flatten().for_each(|listener| drop(scope.spawn(move || tell(listener))));
        while let Ok((_, peer)) = datagrams.recv_from(&mut [0]) {
            let _ = datagrams.send_to(peer.ip().to_string().as_bytes(), peer);
        }
    });
}
