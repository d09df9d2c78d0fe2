//! An ordinary user's containers go out by pasta or slirp4netns where these are, and start where not.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::symlink;
use std::path::Path;

use plimsoll_testkit::{program, skip};

use crate::harness::{Ids, World, chmod, eventually, finish, ids};

const PROGRAMS: [&str; 2] = ["pasta", "slirp4netns"];

/// A world whose user can use this program; `None`, said aloud.
fn world(name: &str) -> Option<World> {
    if ids() == Ids::Root {
        return None;
    }
    program(name)?;
    if let Err(error) = plimsoll_sys::probe::tun() {
        skip(&format!(
            "/dev/net/tun cannot be opened by this user ({error}); root can: chmod 0666 /dev/net/tun"
        ));
        return None;
    }
    World::with_busybox()
}

/// The machine's own address, by which it would reach others. No packet is sent.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    let led = socket.connect("198.51.100.1:9").and_then(|()| socket.local_addr()).ok();
    let address = led.map(|address| address.ip()).filter(|address| !address.is_loopback());
    if address.is_none() {
        skip("this machine has no address but loopback, nothing to go out to");
    }
    address
}

/// A server that greets whoever says something.
fn greeter(address: IpAddr) -> u16 {
    let listener = TcpListener::bind((address, 0)).expect("a port can be had");
    let port = listener.local_addr().expect("it has an address").port();
    std::thread::spawn(move || {
        for mut guest in listener.incoming().flatten() {
            let _ = guest.read(&mut [0; 16]).and_then(|_| guest.write_all(b"greetings\n"));
        }
    });
    port
}

/// A script that prints what a greeter says within some seconds. It neither closes its side nor waits for the
/// other's end: Debian 12's pasta (of March 2023) may lose either.
fn ask(host: &dyn std::fmt::Display, port: u16, seconds: u32) -> String {
    format!("exec 3>&1; timeout {seconds} nc {host} {port} -e sh -c 'echo hello; head -n 1 >&3'")
}

/// The carriers of a world, each with its parent: a carrier is told of a file in it.
fn carriers(world: &World) -> Vec<(u32, u32)> {
    let store = world.word("store");
    let all = std::fs::read_dir("/proc").expect("there are processes").flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let told = |pid: &u32| {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words);
        words.split('\0').any(|word| word.starts_with(&store) && word.ends_with("/netns"))
    };
    let found: Vec<(u32, u32)> = pids.filter(told).filter_map(|pid| Some((pid, parent(pid)?))).collect();
    // pasta lends itself to short-lived children.
    let is_first = |parent: u32| found.iter().all(|(pid, _)| *pid != parent);
    found.iter().filter(|(_, parent)| is_first(*parent)).copied().collect()
}

fn parent(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

#[test]
fn traffic_goes_out_and_not_to_the_hosts_loopback() {
    for name in PROGRAMS {
        let (Some(world), Some(address)) = (world(name), own_address()) else { continue };
        let run = |script: &str| world.run(&["run", "--rm", "--network", name, "bb", "sh", "-c", script]);
        let port = greeter(address);
        run(&ask(&address, port, 30)).ok().is("greetings");
        let secret = greeter([127, 0, 0, 1].into());
        for host in ["10.0.2.2", "127.0.0.1"] {
            let tried = run(&format!("{} || true", ask(&host, secret, 2)));
            assert!(!tried.stdout.contains("greetings"), "{name} leads to the host's loopback: {tried}");
        }
        let servers = run("grep nameserver /etc/resolv.conf; cat /etc/hosts | grep 10.0.2.100 | wc -l");
        servers.ok().is("nameserver 10.0.2.3\n1");
        let words = ["run", "--rm", "--network", name, "--dns", "9.9.9.9", "bb", "grep", "^nameserver"];
        world.run(&[&words[..], &["/etc/resolv.conf"]].concat()).ok().is("nameserver 9.9.9.9");
        assert!(carriers(&world).is_empty(), "{name} stays behind");
        world.assert_nothing_left();
    }
}

#[test]
fn the_default_network_takes_what_is_there() {
    let (Some(world), Some(address)) = (world("slirp4netns"), own_address()) else { return };
    let port = greeter(address);
    let script = ask(&address, port, 30);
    world.run(&["run", "--rm", "bb", "sh", "-c", &script]).ok().is("greetings");
    world.run(&["doctor"]).ok().prints(&["way out", "/slirp4netns"]);
}

#[test]
fn ports_are_forwarded_beside_it_and_it_ends_with_its_container() {
    for name in PROGRAMS {
        let Some(world) = world(name) else { continue };
        let listen = "while :; do echo inside | nc -lp 8080; done";
        let words = ["run", "-d", "--name", "up", "--network", name, "-p", "127.0.0.1::8080", "bb"];
        world.run(&[&words[..], &["sh", "-c", listen]].concat()).ok();
        let published = world.run(&["port", "up", "8080"]).ok().stdout.trim().to_string();
        eventually("the container answers", || {
            let mut said = String::new();
            let heard =
                TcpStream::connect(&published).and_then(|mut stream| stream.read_to_string(&mut said));
            heard.is_ok() && said == "inside\n"
        });
        assert_eq!(carriers(&world).len(), 1, "{name}");
        let mode = world.run(&["inspect", "-f", "{{.HostConfig.NetworkMode}}", "up"]);
        mode.ok().is(name);
        world.run(&["restart", "-t", "0", "up"]).ok();
        assert_eq!(carriers(&world).len(), 1, "{name} after a restart");
        world.run(&["kill", "up"]).ok();
        world.run(&["wait", "up"]).ok();
        assert!(carriers(&world).is_empty(), "{name} stays behind");

        // A monitor that is killed can end nothing itself.
        world.run(&["start", "up"]).ok();
        let monitor = carriers(&world).first().map(|(_, monitor)| *monitor).expect("it has a carrier");
        let pid = rustix::process::Pid::from_raw(monitor as i32).expect("a pid is positive");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it is ours");
        eventually("it ends with the monitor", || carriers(&world).is_empty());
        world.run(&["rm", "-f", "up"]).ok();
        world.assert_nothing_left();
    }
}

/// A PATH with nothing that carries traffic, but with what maps ids.
fn bare_path(world: &World) -> String {
    let directory = world.path("bin");
    std::fs::create_dir_all(&directory).expect("a directory can be made");
    for name in ["newuidmap", "newgidmap"] {
        let tool = Path::new("/usr/bin").join(name);
        if tool.exists() {
            symlink(tool, directory.join(name)).expect("a link can be made");
        }
    }
    directory.display().to_string()
}

#[test]
fn without_a_program_the_network_is_private_unless_it_was_asked_for() {
    if ids() == Ids::Root {
        return;
    }
    let Some(world) = World::with_busybox() else { return };
    let path = bare_path(&world);
    let run = |words: &[&str]| {
        let mut command = world.command(&[&["run", "--rm"], words, &["bb", "true"]].concat());
        command.env("PATH", &path);
        finish(command, Vec::new())
    };
    let quiet = run(&[]);
    assert_eq!(quiet.ok().stderr, "", "{quiet}");
    let said = ["needs the program pasta", "PATH", "passt", "leave --network out"];
    run(&["--network", "pasta"]).ends(125).one_sentence().says(&said);
    let mut doctor = world.command(&["doctor"]);
    doctor.env("PATH", &path);
    let said = ["neither pasta nor slirp4netns", "published ports work", "remedy"];
    finish(doctor, Vec::new()).ok().prints(&said);

    // One that is there and does not work: a script, since the program of the machine may well do.
    chmod(&world.write("bin/slirp4netns", "#!/bin/sh\necho 'cannot do it' >&2\nexit 3\n"), 0o755);
    let quiet = run(&[]);
    assert_eq!(quiet.ok().stderr, "", "{quiet}");
    if plimsoll_sys::probe::tun().is_ok() {
        let asked = run(&["--network", "slirp4netns"]);
        asked.ends(125).one_sentence().says(&["slirp4netns", "does not work here", "cannot do it"]);
    }
    world.assert_nothing_left();
}

#[test]
fn root_has_a_bridge() {
    if ids() != Ids::Root {
        return;
    }
    let Some(world) = World::with_busybox() else { return };
    for name in PROGRAMS {
        let refused = world.run(&["run", "--rm", "--network", name, "bb", "true"]);
        refused.ends(125).one_sentence().says(&[name, "ordinary users", "bridge"]);
    }
    world.assert_nothing_left();
}
