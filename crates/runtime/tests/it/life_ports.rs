//! Published ports: from a socket of the host to a program in a container, without a daemon.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use plimsoll_model::launch::Publish;
use plimsoll_model::{LaunchSpec, Network, PortSpec};
use plimsoll_runtime::attach::Finished;
use plimsoll_runtime::container::{Container, State};
use plimsoll_runtime::observe::view;

use crate::life_support::{Fixture, begin, eventually, fixture, server, shell};

fn publish(spec: LaunchSpec, container: &str, host_port: Option<u16>) -> LaunchSpec {
    let container = PortSpec::parse(container).unwrap();
    LaunchSpec {
        network: Network::Private,
        publish: vec![Publish {
            host_ip: Ipv4Addr::LOCALHOST.into(),
            host_port,
            further_ports: 0,
            container,
        }],
        ..spec
    }
}

fn start(fixture: &Fixture, spec: LaunchSpec) -> (Container, SocketAddr) {
    let container = fixture.create(spec);
    fixture.start(&container);
    let State::Running { run, .. } = container.state().unwrap() else { panic!("it does not run") };
    (container, run.ports[0].host)
}

/// Connect until the server inside is up.
fn connect(address: SocketAddr) -> TcpStream {
    let mut found = None;
    eventually("the server answers", || {
        let Ok(stream) = TcpStream::connect(address) else { return false };
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        // A refused connection inside is reset outside; an accepted one stays silent.
        let alive = match stream.peek(&mut [0]) {
            Ok(length) => length > 0,
            Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
        };
        if alive {
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            found = Some(stream);
        }
        alive
    });
    found.unwrap()
}

fn echo_server() -> LaunchSpec {
    publish(server("tcp", "0.0.0.0:7000"), "7000", None)
}

#[test]
fn a_connection_goes_in_and_answers_come_out() {
    let Some(fixture) = fixture() else { return };
    let (_container, address) = start(&fixture, echo_server());
    let mut stream = connect(address);
    stream.write_all(b"ping").unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"ping");
}

#[test]
fn much_goes_both_ways_and_each_end_is_passed_on() {
    let Some(fixture) = fixture() else { return };
    let (_container, address) = start(&fixture, echo_server());
    let stream = connect(address);
    let sent: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    let received = std::thread::scope(|scope| {
        scope.spawn(|| {
            (&stream).write_all(&sent).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
        });
        let mut received = Vec::new();
        (&stream).read_to_end(&mut received).unwrap();
        received
    });
    assert!(received == sent, "{} of {} bytes came back", received.len(), sent.len());
}

#[test]
fn many_connections_live_beside_each_other() {
    let Some(fixture) = fixture() else { return };
    let (_container, address) = start(&fixture, echo_server());
    let mut streams = vec![connect(address)];
    streams.extend((0..40).map(|_| TcpStream::connect(address).unwrap()));
    for (at, stream) in streams.iter_mut().enumerate() {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(&[at as u8]).unwrap();
    }
    for (at, stream) in streams.iter_mut().enumerate() {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        assert_eq!(byte[0], at as u8);
    }
}

#[test]
fn where_nothing_listens_a_connection_is_reset() {
    let Some(fixture) = fixture() else { return };
    let (_container, address) = start(&fixture, publish(shell("sleep 60"), "7000", None));
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn a_server_on_loopback_alone_is_not_reachable() {
    let Some(fixture) = fixture() else { return };
    let spec = publish(server("tcp", "127.0.0.1:7000"), "7000", None);
    let (container, address) = start(&fixture, spec);
    let State::Running { run, .. } = container.state().unwrap() else { panic!("it does not run") };
    eventually("it listens", || !view(run.process.pid).unwrap().listening.is_empty());
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn no_client_seems_to_come_from_loopback() {
    let Some(fixture) = fixture() else { return };
    let (_container, address) = start(&fixture, publish(server("peer", "0.0.0.0:7000"), "7000", None));
    let mut peer = String::new();
    connect(address).read_to_string(&mut peer).unwrap();
    assert!(!peer.parse::<std::net::IpAddr>().unwrap().is_loopback(), "{peer}");
}

#[test]
fn a_quick_program_with_ports_is_no_failure() {
    let Some(fixture) = fixture() else { return };
    for _ in 0..10 {
        let container = fixture.create(publish(shell("exit 3"), "7000", None));
        assert_eq!(fixture.run(&container, None).0, Finished::Exit(3));
    }
}

#[test]
fn a_server_on_ipv6_alone_is_found() {
    let Some(fixture) = fixture() else { return };
    if !std::path::Path::new("/proc/net/tcp6").exists() {
        return;
    }
    let (_container, address) = start(&fixture, publish(server("tcp", "[fd00::100]:7000"), "7000", None));
    let mut stream = connect(address);
    stream.write_all(b"six").unwrap();
    let mut answer = [0; 3];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"six");
}

#[test]
fn datagrams_go_in_and_answers_find_their_way_back() {
    let Some(fixture) = fixture() else { return };
    let (_container, address) = start(&fixture, publish(server("udp", "0.0.0.0:5353"), "5353/udp", None));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    socket.connect(address).unwrap();
    let mut answer = [0; 16];
    eventually("an answer", || {
        socket.send(b"question").unwrap();
        socket.recv(&mut answer).is_ok_and(|length| &answer[..length] == b"question")
    });
}

#[test]
fn a_busy_port_fails_at_once_and_names_its_holder() {
    let Some(fixture) = fixture() else { return };
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let container = fixture.create(publish(shell("sleep 60"), "7000", Some(port)));
    let error = container.start_detached(&fixture.host, begin(&container)).unwrap_err();
    assert_eq!(error.exit_code(), 125);
    let text = error.to_string();
    assert!(
        text.contains(&format!("port {port}")) && text.contains(&std::process::id().to_string()),
        "{text}"
    );
    assert!(!container.state().unwrap().is_running());
}

#[test]
fn the_port_is_free_when_the_container_has_ended() {
    let Some(fixture) = fixture() else { return };
    let (container, address) = start(&fixture, publish(shell("sleep 60"), "7000", None));
    container.end_now().unwrap();
    eventually("the port is free", || TcpListener::bind(address).is_ok());
}
