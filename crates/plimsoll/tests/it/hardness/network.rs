//! Networks: who seems to be whom, and what is reachable.

use std::io::Read as _;
use std::net::{IpAddr, TcpStream, UdpSocket};
use std::time::Duration;

use super::inside;
use crate::harness::{World, eventually};

/// CVE-2021-20199: forwarded connections came from 127.0.0.1, which programs trust.
#[test]
fn no_client_seems_to_be_the_container_itself() {
    let Some(world) = World::with_busybox() else { return };
    let flags = inside::flags("peers");
    let mut words = vec!["run", "-d", "--name", "it"];
    words.extend(flags.iter().map(String::as_str));
    words.extend(["-p", "127.0.0.1::7000", "-p", "127.0.0.1::7000/udp", "-p", "127.0.0.1::7006", "bb"]);
    words.extend(inside::words());
    world.run(&words).ok();
    let ports: Vec<_> = super::running(&world, "it").ports.iter().map(|port| port.host).collect();
    for address in [ports[0], ports[2]] {
        let mut peer = String::new();
        eventually("the server answers", || {
            let stream = TcpStream::connect(address);
            stream.and_then(|mut stream| stream.read_to_string(&mut peer)).is_ok_and(|length| length > 0)
        });
        assert_foreign(&peer);
    }
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    socket.connect(ports[1]).unwrap();
    let mut answer = [0; 64];
    eventually("the server answers", || socket.send(b"?").is_ok() && socket.recv(&mut answer).is_ok());
    let length = answer.iter().position(|byte| *byte == 0).unwrap();
    assert_foreign(std::str::from_utf8(&answer[..length]).unwrap());
}

fn assert_foreign(peer: &str) {
    let ip: IpAddr = peer.parse().unwrap_or_else(|_| panic!("'{peer}' is no address"));
    assert!(!ip.to_canonical().is_loopback() && !ip.is_unspecified(), "a client seems to come from {ip}");
}

/// What a container or an image listens on without being published is for nobody outside; and what listens on
/// the host is not there inside.
#[test]
fn no_port_is_open_that_was_not_published() {
    let Some(world) = World::with_busybox() else { return };
    let host = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = host.local_addr().unwrap().port().to_string();
    world
        .build(&["-t", "evil"], "FROM bb\nEXPOSE 45454 45455/udp\nCMD [\"nc\", \"-l\", \"-p\", \"45454\"]\n")
        .ok();
    for network in ["private", "none"] {
        world.run(&["run", "-d", "--name", network, "--network", network, "evil"]).ok();
        assert!(TcpStream::connect("127.0.0.1:45454").is_err(), "{network}");
        for address in ["127.0.0.1", "10.0.2.2", "localhost"] {
            world.run(&["exec", network, "nc", "-w", "2", address, &port]).ends(1);
        }
    }
}
