//! `run`: networks and published ports.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::{Ids, World, eventually, ids};

/// Ask a server over HTTP; empty when nobody answers.
pub fn get(address: &str, path: &str) -> String {
    let mut text = String::new();
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: x\r\n\r\n").as_bytes())?;
        stream.read_to_string(&mut text)
    });
    asked.map_or(String::new(), |_| text)
}

/// Where a container's first port is reached.
pub fn address(world: &World, name: &str) -> String {
    let list = world.run(&["ps", "--format", "json"]);
    let line = list
        .ok()
        .stdout
        .lines()
        .find(|line| line.contains(&format!("\"Names\":\"{name}\"")))
        .map(str::to_string);
    let line = line.unwrap_or_else(|| panic!("{name} does not run: {list}"));
    let row: serde_json::Value = serde_json::from_str(&line).unwrap();
    let ports = row["Ports"].as_str().unwrap().to_string();
    ports.split("->").next().unwrap().replace("0.0.0.0", "127.0.0.1")
}

#[test]
fn a_published_port_answers() {
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "web"], "FROM bb\nRUN mkdir /www && echo served > /www/index.html\nCMD [\"httpd\", \"-f\", \"-p\", \"8080\", \"-h\", \"/www\"]\n").ok();
    world.run(&["run", "-d", "--name", "web", "-p", "127.0.0.1::8080", "-p", "127.0.0.1::9999", "web"]).ok();
    let address = address(&world, "web");
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    eventually("the server answers", || get(&address, "/").contains("served"));
    assert!((0..20).all(|_| get(&address, "/").contains("served")), "again and again");
    world.run(&["ps"]).ok().prints(&["->8080/tcp"]);

    // A port in use is said, and nothing is left of the second container.
    let port = address.rsplit(':').next().unwrap();
    let taken = world.run(&["run", "--rm", "-p", &format!("127.0.0.1:{port}:8080"), "web"]);
    taken.ends(125).one_sentence().says(&[port, "in use by container web"]);

    world.run(&["rm", "-f", "web"]).ok();
    eventually("the port is free", || TcpStream::connect(&address).is_err());
    world.assert_nothing_left();
}

#[test]
fn a_port_of_another_program_is_not_taken_and_the_program_named() {
    let Some(world) = World::with_busybox() else { return };
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    for publish in [format!("{port}:80"), format!("127.0.0.1:{port}:80")] {
        let taken = world.run(&["run", "--rm", "-p", &publish, "bb", "true"]);
        taken.ends(125).one_sentence().says(&[&format!("port {port}"), "in use", "another host port"]);
        if ids() == Ids::Root {
            // From a user namespace the files of other processes cannot be seen.
            taken.says(&[&format!("by process {} (", std::process::id())]);
        }
    }
    world.assert_nothing_left();
}

#[test]
fn each_network_is_what_it_is_called() {
    let Some(world) = World::with_busybox() else { return };
    let interfaces = |network: &str| {
        let output = world.run(&["run", "--rm", "--network", network, "bb", "ls", "/sys/class/net"]);
        output.ok().stdout.split_whitespace().map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(interfaces("none"), ["lo"]);
    let ours: Vec<String> = std::fs::read_dir("/sys/class/net")
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        // Networks of other tests come and go.
        .filter(|name| !name.starts_with("pl-") && !name.starts_with("pv-"))
        .collect();
    let host = interfaces("host");
    assert!(ours.iter().all(|name| host.contains(name)), "{host:?} of {ours:?}");
    let own = "ip addr show lo | grep -c 'inet 127.0.0.1'";
    world.run(&["run", "--rm", "--network", "none", "bb", "sh", "-c", own]).ok().is("1");
    // What listens inside a network of its own cannot be reached from here.
    world.run(&["run", "-d", "--name", "inner", "--network", "none", "bb", "nc", "-l", "-p", "45454"]).ok();
    assert!(TcpStream::connect("127.0.0.1:45454").is_err());
    let published = world.run(&["run", "--rm", "--network", "none", "-p", "80", "bb", "true"]);
    published.ok().says(&["warning", "-p", "private network"]);
}
