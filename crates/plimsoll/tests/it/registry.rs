//! `pull` and `push`: a registry that works, one that does not, and Debian's docker-registry.

use std::net::TcpListener;

use plimsoll_testkit::{Auth, Fault, TestRegistry};

use crate::docker_registry::DockerRegistry;
use crate::harness::World;
use crate::saved::{digest, files};

const DOCKERFILE: &str = "FROM scratch\nCOPY data /data\n";

/// A world with an image `app` whose layer does not compress, and a registry that has it.
fn pushed() -> (World, TestRegistry, String) {
    let world = World::new();
    world.write("p/data", plimsoll_testkit::image::noise(7, 300_000));
    world.build(&["-t", "app"], DOCKERFILE).ok();
    let registry = TestRegistry::start();
    let name = registry.reference("team/app:1").to_string();
    let output = world.run(&["push", "app", &name]);
    output.ok().is(&digest(&world, "app"));
    (world, registry, name)
}

#[test]
fn what_is_pushed_is_pulled() {
    let (world, registry, name) = pushed();
    let other = World::new();
    other.run(&["pull", &name]).ok().is(&digest(&world, "app"));
    assert_eq!(files(&other, &name), files(&world, "app"));
    other.assert_store_valid();
    other.assert_nothing_left();
    // A second pull asks for the manifest only.
    let blobs = registry.count("GET", "/blobs/");
    other.run(&["pull", "-q", &name]).ok();
    assert_eq!(registry.count("GET", "/blobs/"), blobs);
    // A base image and a run fetch what the store lacks.
    let third = World::new();
    third.build(&["-t", "child"], &format!("FROM {name}\nLABEL a=b\n")).ok();
    assert!(files(&third, "child").contains_key("/data"));
    World::new().run(&["run", "--rm", &name, "/nothing"]).ends(127);
    World::new().run(&["run", "--rm", "--pull", "never", &name]).ends(125).says(&["--pull=never"]);
}

#[test]
fn faults_are_one_sentence_each_and_leave_the_store_valid() {
    let (_world, registry, name) = pushed();
    let cases: &[(&str, Fault, &[&str])] = &[
        ("/manifests/", Fault::Status(404, "MANIFEST_UNKNOWN"), &["no tag '1'", "team/app"]),
        ("/manifests/", Fault::Status(403, "DENIED"), &["team/app"]),
        ("/manifests/", Fault::Status(500, "UNKNOWN"), &["500"]),
        ("/blobs/", Fault::Status(404, "BLOB_UNKNOWN"), &["404"]),
        ("/blobs/", Fault::Status(500, "UNKNOWN"), &["500"]),
        ("/blobs/", Fault::WrongBytes, &["sha256:"]),
        ("/blobs/", Fault::CutAfter(1000), &["127.0.0.1"]),
        ("/manifests/", Fault::HangUp, &["127.0.0.1"]),
    ];
    std::thread::scope(|scope| {
        for (part, fault, words) in cases {
            let (registry, name) = (&registry, &name);
            scope.spawn(move || {
                // A registry of its own for each, since faults hit whoever comes next.
                let own = TestRegistry::start();
                let mine = own.reference("team/app:1").to_string();
                let world = World::new();
                world.run(&["pull", "-q", name]).ok();
                world.run(&["push", "-q", name, &mine]).ok();
                own.fault("GET", part, 1000, fault.clone());
                let other = World::new();
                let failed = other.run(&["pull", &mine]);
                failed.ends(1).one_sentence().says(words);
                other.run(&["images", "-q"]).ok().is("");
                other.assert_store_valid();
                other.assert_nothing_left();
                let built = other.build(&[], &format!("FROM scratch\nFROM {mine}\n"));
                built.ends(4).one_sentence().says(&["p/Dockerfile:2"]).says(words);
                other.run(&["run", "--rm", &mine]).ends(125).one_sentence().says(words);
                let _ = registry;
            });
        }
    });
}

#[test]
fn a_short_fault_is_waited_out() {
    let (world, registry, name) = pushed();
    registry.fault("GET", "/blobs/", 1, Fault::CutAfter(100_000));
    registry.fault("GET", "/manifests/", 1, Fault::Status(503, "UNAVAILABLE"));
    let other = World::new();
    let pulled = other.run(&["pull", &name]);
    pulled.ok().is(&digest(&world, "app")).says(&["trying again"]);
}

#[test]
fn a_failed_push_says_why() {
    let (world, registry, name) = pushed();
    registry.fault("PUT", "/manifests/", 1000, Fault::Status(403, "DENIED"));
    world.run(&["push", "app", &name]).ends(1).one_sentence().says(&["127.0.0.1"]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let closed = format!("127.0.0.1:{port}/app");
    world.run(&["push", "app", &closed]).ends(1).one_sentence().says(&["refused the connection"]);
    world.run(&["pull", &closed]).ends(1).one_sentence().says(&["refused the connection"]);
    let id = world.run(&["images", "-q", "app"]).stdout;
    world.run(&["push", id.trim()]).ends(2).says(&["under which name"]);
}

#[test]
fn a_login_is_found_where_docker_keeps_it() {
    let registry = TestRegistry::start_with(Auth::Basic("me", "secret"));
    let name = registry.reference("app:1").to_string();
    let world = World::new();
    world.write("p/data", "x");
    world.build(&["-t", "app"], DOCKERFILE).ok();
    world.run(&["push", "app", &name]).ends(1).one_sentence().says(&["login"]);
    // me:secret
    let login = format!("{{\"auths\":{{\"{}\":{{\"auth\":\"bWU6c2VjcmV0\"}}}}}}", registry.addr);
    world.write("home/.docker/config.json", login);
    world.run(&["push", "app", &name]).ok();
    world.write("home/.docker/config.json", "{ broken");
    world.run(&["pull", &name]).ends(2).one_sentence().says(&["config.json"]);
}

#[test]
fn debians_registry_takes_and_gives() {
    let Some(world) = World::with_busybox() else { return };
    let Some(registry) = DockerRegistry::start(&world) else { return };
    let name = format!("{}/team/app:1", registry.host);
    world.build(&["-t", &name], "FROM bb\nRUN echo text > /made\n").ok();
    world.run(&["push", &name]).ok();
    let other = World::new();
    other.run(&["pull", &name]).ok().is(&digest(&world, &name));
    assert_eq!(files(&other, &name)["/made"].content, "text\n");
    other.run(&["run", "--rm", &name, "cat", "/made"]).ok().is("text");
    other.run(&["pull", &format!("{}/team/app:2", registry.host)]).ends(1).one_sentence().says(&["team/app"]);
}
