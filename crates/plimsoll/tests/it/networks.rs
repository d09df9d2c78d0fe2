//! Networks of containers: names, walls, ways in and out, and that nothing stays behind.

use std::net::Ipv4Addr;

use crate::harness::{Ids, World, eventually, ids};
use crate::outside::Outside;
use crate::run_network::{address, get};

/// A world whose containers can join networks; `None`, said aloud, where they cannot.
fn world() -> Option<World> {
    if ids() != Ids::Root {
        plimsoll_testkit::skip("networks of the store need root");
        return None;
    }
    World::with_busybox()
}

/// Start a container that answers every connection to port 7 by a word.
fn server(world: &World, name: &str, network: &str, word: &str) {
    let answer = format!("while :; do echo {word} | nc -l -p 7 >/dev/null; done");
    world.run(&["run", "-d", "--name", name, "--network", network, "bb", "sh", "-c", &answer]).ok();
}

/// What a container hears from port 7 of somebody.
fn ask(world: &World, asker: &str, somebody: &str) -> String {
    let ask = format!("nc -w 3 {somebody} 7 </dev/null 2>/dev/null");
    world.run(&["exec", asker, "sh", "-c", &ask]).stdout.trim().to_string()
}

fn inspect(world: &World, network: &str, template: &str) -> String {
    world.run(&["network", "inspect", "-f", template, network]).ok().stdout.trim().to_string()
}

fn address_of(world: &World, network: &str, name: &str) -> Ipv4Addr {
    let template = format!(
        "{{{{range .Containers}}}}{{{{if eq .Name \"{name}\"}}}}{{{{.IPv4Address}}}}{{{{end}}}}{{{{end}}}}"
    );
    let text = inspect(world, network, &template);
    text.split('/').next().unwrap().parse().unwrap_or_else(|_| panic!("{name} in {network}: '{text}'"))
}

/// Interfaces of this store's networks.
fn interfaces(world: &World) -> Vec<String> {
    let store = world.word("store");
    let entries = std::fs::read_dir("/sys/class/net").unwrap().flatten();
    let ours = entries.filter(|entry| {
        std::fs::read_to_string(entry.path().join("ifalias"))
            .is_ok_and(|alias| alias.trim().ends_with(&store))
    });
    ours.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// No bridge, no lease.
#[track_caller]
fn assert_no_network_left(world: &World) {
    assert_eq!(interfaces(world), Vec::<String>::new());
    for network in world.in_store("networks") {
        assert_eq!(world.in_store(&format!("networks/{network}/leases")), Vec::<String>::new(), "{network}");
    }
}

#[test]
fn containers_of_one_network_find_each_other_by_name() {
    let Some(world) = world() else { return };
    world.run(&["network", "create", "back"]).ok();
    server(&world, "db", "back", "data");
    // The very first packet of a program arrives: it is not started before its network is ready.
    let first = world.run(&[
        "run",
        "--rm",
        "--network",
        "back",
        "--cap-add",
        "NET_RAW",
        "bb",
        "ping",
        "-c1",
        "-W1",
        "db",
    ]);
    first.ok().prints(&["1 packets received"]);
    server(&world, "web", "back", "pages");
    eventually("the servers listen", || {
        ask(&world, "web", "db") == "data" && ask(&world, "db", "web") == "pages"
    });
    let id = world.run(&["ps", "-q", "--no-trunc"]).ok().stdout.lines().next().unwrap()[..12].to_string();
    assert_eq!(ask(&world, "db", &id), "pages", "by its short id");

    world.run(&["rm", "-f", "db"]).ok();
    let hosts = world.run(&["exec", "web", "cat", "/etc/hosts"]);
    assert!(!hosts.ok().stdout.contains(" db\t"), "{hosts}");
    hosts.prints(&[" web\t", "localhost"]);
    world.run(&["rm", "-f", "web"]).ok();
    assert_no_network_left(&world);
}

#[test]
fn networks_are_walls() {
    let Some(world) = world() else { return };
    world.run(&["network", "create", "back"]).ok();
    world.run(&["network", "create", "front"]).ok();
    server(&world, "db", "back", "data");
    server(&world, "web", "front", "pages");
    let (db, web) = (address_of(&world, "back", "db"), address_of(&world, "front", "web"));
    world.run(&["run", "-d", "--name", "peer", "--network", "back", "bb", "sleep", "1000"]).ok();
    eventually("the server listens", || ask(&world, "peer", "db") == "data");
    assert_eq!(ask(&world, "db", &web.to_string()), "");
    assert_eq!(ask(&world, "web", &db.to_string()), "");
    assert_eq!(ask(&world, "web", "db"), "", "nor by name");

    // In both at once it reaches both, until it leaves one.
    world.run(&["network", "connect", "--alias", "www", "back", "web"]).ok().is("");
    assert_eq!(ask(&world, "web", "db"), "data");
    assert_eq!(ask(&world, "peer", "www"), "pages");
    let again = world.run(&["network", "connect", "back", "web"]);
    again.ends(1).one_sentence().says(&["in network back already"]);
    world.run(&["network", "disconnect", "back", "web"]).ok().is("");
    assert_eq!(ask(&world, "web", &db.to_string()), "");
    let twice = world.run(&["network", "disconnect", "back", "web"]);
    twice.ends(1).one_sentence().says(&["web", "not in network back"]);

    world.run(&["rm", "-f", "db", "web", "peer"]).ok();
    assert_no_network_left(&world);
}

#[test]
fn the_way_out_bears_the_hosts_address_and_there_is_none_in() {
    let Some(world) = world() else { return };
    let Some(outside) = Outside::new() else { return };
    world.run(&["network", "create", "open"]).ok();
    world.run(&["network", "create", "--internal", "closed"]).ok();
    server(&world, "from-open", "open", "open");
    server(&world, "from-closed", "closed", "closed");
    // The machine outside knows no way to the container's subnet: an answer proves that the packets came
    // from the host's address.
    eventually("the way out", || ask(&world, "from-open", &outside.address()) == "outside");
    assert_eq!(ask(&world, "from-closed", &outside.address()), "");
    // Even when told the way, it gets nowhere.
    let inside = address_of(&world, "open", "from-open");
    outside.learn_the_way_to(inside);
    assert_eq!(outside.ask(inside), "");
    // The host itself gets everywhere.
    for (network, name) in [("open", "from-open"), ("closed", "from-closed")] {
        let address = address_of(&world, network, name);
        eventually("the host reaches it", || crate::outside::hear(address) == network);
    }
    world.run(&["exec", "from-closed", "ip", "route"]).ok().prints(&["scope link"]);
    assert!(!world.run(&["exec", "from-closed", "ip", "route"]).stdout.contains("default"));
    // And its own subnet is not taken from it.
    world.run(&["network", "create", "--subnet", &outside.subnet(), "stolen"]).ok();
    let taken = world.run(&["run", "--rm", "--network", "stolen", "bb", "true"]);
    taken.ends(125).one_sentence().says(&[&outside.subnet(), "taken by interface plt", "--subnet"]);
    world.run(&["rm", "-f", "from-open", "from-closed"]).ok();
    assert_no_network_left(&world);
}

#[test]
fn a_published_port_leads_into_a_network() {
    let Some(world) = world() else { return };
    world.run(&["network", "create", "back"]).ok();
    world.build(&["-t", "web"], "FROM bb\nRUN mkdir /www && echo served > /www/index.html\nCMD [\"httpd\", \"-f\", \"-v\", \"-p\", \"80\", \"-h\", \"/www\"]\n").ok();
    world.run(&["run", "-d", "--name", "web", "--network", "back", "-p", "80", "web"]).ok();
    let here = address(&world, "web");
    eventually("the server answers", || get(&here, "/").contains("served"));
    // Who asks is the network's gateway, never the container itself.
    let gateway = inspect(&world, "back", "{{range .IPAM.Config}}{{.Gateway}}{{end}}");
    let log = world.run(&["logs", "web"]);
    assert!(log.stderr.contains(&format!("{gateway}]:")), "{log}");
    assert!(!log.stderr.contains("127.0.0.1"), "{log}");

    // From a container of another network, by the host's address there.
    world.run(&["run", "-d", "--name", "other", "bb", "sleep", "1000"]).ok();
    let host = inspect(&world, "bridge", "{{range .IPAM.Config}}{{.Gateway}}{{end}}");
    let port = here.rsplit(':').next().unwrap();
    let ask = format!("printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 {host} {port}");
    world.run(&["exec", "other", "sh", "-c", &ask]).ok().prints(&["served"]);
    world.run(&["rm", "-f", "web", "other"]).ok();
    assert_no_network_left(&world);
}

#[test]
fn the_default_network_is_dockers() {
    let Some(world) = world() else { return };
    let inside = world.run(&[
        "run",
        "--rm",
        "--name",
        "me",
        "bb",
        "sh",
        "-c",
        "ls /sys/class/net; ip route; cat /etc/hosts",
    ]);
    let subnet = inspect(&world, "bridge", "{{range .IPAM.Config}}{{.Subnet}}{{end}}");
    inside.ok().prints(&["eth0", "default via", &subnet, " me\t"]);
    for name in ["bridge", "default"] {
        // Another subnet, if networks of others have come or gone meanwhile.
        let routes = world.run(&["run", "--rm", "--network", name, "bb", "ip", "route"]);
        routes.ok().prints(&["default via 10.8"]);
    }
    assert_no_network_left(&world);
    let unknown = world.run(&["run", "--rm", "--network", "nowhere", "bb", "true"]);
    unknown.ends(125).one_sentence().says(&["'nowhere'", "network create"]);
    world.run(&["run", "--plan", "--network", "nowhere", "bb", "true"]).ends(125).says(&["'nowhere'"]);
    world.assert_nothing_left();
}

#[test]
fn twenty_start_at_once() {
    let Some(world) = world() else { return };
    world.run(&["network", "create", "busy"]).ok();
    let outputs: Vec<_> = std::thread::scope(|scope| {
        let start = |number: usize| {
            let (world, name) = (&world, format!("c{number}"));
            scope.spawn(move || {
                world.run(&["run", "-d", "--name", &name, "--network", "busy", "bb", "sleep", "1000"])
            })
        };
        let starts: Vec<_> = (0..20).map(start).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    for output in &outputs {
        output.ok();
    }
    let addresses = inspect(&world, "busy", "{{range .Containers}}{{.IPv4Address}} {{end}}");
    let mut addresses: Vec<&str> = addresses.split_whitespace().collect();
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 20, "{addresses:?}");
    let hosts = world.run(&["exec", "c7", "cat", "/etc/hosts"]);
    let missing = (0..20).find(|number| !hosts.stdout.contains(&format!(" c{number}\t")));
    assert_eq!(missing, None, "{hosts}");
    let names: Vec<String> = (0..20).map(|number| format!("c{number}")).collect();
    let all: Vec<&str> = ["rm", "-f"].into_iter().chain(names.iter().map(String::as_str)).collect();
    world.run(&all).ok();
    assert_no_network_left(&world);
}

#[test]
fn who_was_killed_is_cleaned_up_after() {
    let Some(world) = world() else { return };
    world.run(&["network", "create", "back"]).ok();
    server(&world, "db", "back", "data");
    let id = world.run(&["ps", "-q", "--no-trunc"]).ok().stdout.trim().to_string();
    let state = std::fs::read_to_string(world.path(&format!("store/containers/{id}/running.json"))).unwrap();
    let state: serde_json::Value = serde_json::from_str(&state).unwrap();
    let kill = |who: &str| {
        let pid = rustix::process::Pid::from_raw(state[who]["pid"].as_i64().unwrap() as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    };
    // Without its monitor it runs on, and keeps its place.
    kill("monitor");
    eventually("it is alone", || world.run(&["ps"]).stdout.contains("unmonitored"));
    server(&world, "web", "back", "pages");
    eventually("both answer", || ask(&world, "web", "db") == "data");
    let refused = world.run(&["network", "rm", "back"]);
    refused.ends(1).one_sentence().says(&["back", "in use by db, web"]);
    world.run(&["rm", "-f", "web"]).ok();

    kill("process");
    eventually("it has ended", || world.run(&["ps", "-q"]).stdout.is_empty());
    assert_eq!(interfaces(&world).len(), 1, "nobody has cleaned up yet");
    world.run(&["network", "rm", "back"]).ok().is("back");
    assert_no_network_left(&world);
    world.run(&["rm", "db"]).ok();
}

#[test]
fn asked_addresses_are_given_or_refused() {
    let Some(world) = world() else { return };
    let create = ["network", "create", "--subnet", "198.18.200.0/29", "--gateway", "198.18.200.6", "small"];
    world.run(&create).ok();
    world.run(&["run", "-d", "--name", "a", "bb", "sleep", "1000"]).ok();
    world.run(&["network", "connect", "--ip", "198.18.200.3", "small", "a"]).ok();
    assert_eq!(address_of(&world, "small", "a"), Ipv4Addr::new(198, 18, 200, 3));
    world
        .run(&["exec", "a", "ip", "addr", "show", "eth1"])
        .ok()
        .prints(&["198.18.200.3/29", "02:42:c6:12:c8:03"]);
    world.run(&["run", "-d", "--name", "b", "bb", "sleep", "1000"]).ok();
    for (address, why) in [
        ("198.18.200.3", "belongs to container"),
        ("198.18.200.6", "its gateway"),
        ("198.18.200.7", "no address for a container"),
        ("10.0.0.1", "no address for a container"),
    ] {
        let refused = world.run(&["network", "connect", "--ip", address, "small", "b"]);
        refused.ends(1).one_sentence().says(&[address, why]);
    }
    // Five addresses are left but for the gateway and a's.
    for name in ["c", "d", "e", "f"] {
        world.run(&["run", "-d", "--name", name, "--network", "small", "bb", "sleep", "1000"]).ok();
    }
    let full = world.run(&["run", "--rm", "--network", "small", "bb", "true"]);
    full.ends(125).one_sentence().says(&["small", "198.18.200.0/29", "is free"]);
    world.run(&["rm", "-f", "a", "b", "c", "d", "e", "f"]).ok();

    // A subnet that somebody else has is not taken from them.
    let overlap = world.run(&["network", "create", "--subnet", "198.18.200.0/28", "large"]);
    overlap.ends(1).one_sentence().says(&["198.18.200.0/28", "network small"]);
    assert_no_network_left(&world);
}

#[test]
fn where_the_kernel_refuses_the_network_is_private_and_said_to_be() {
    let Some(world) = world() else { return };
    let id = inspect(&world, "bridge", "{{.Id}}");
    // In a network namespace of its own, where loopback bears the bridge's name, too.
    let script = format!("ip link property add dev lo altname pl-{} && exec \"$@\"", &id[..12]);
    let mut command = std::process::Command::new("unshare");
    command.args(["-n", "sh", "-c", &script, "sh"]).arg(crate::harness::program());
    command.args(["run", "--rm", "bb", "ls", "/sys/class/net"]);
    world.dress(&mut command);
    let output = crate::harness::finish(command, Vec::new());
    output.ok().is("lo").says(&["warning: network bridge", "private network instead"]);
    world.assert_nothing_left();
}
