//! Other people's tools read what we write, and we read what they write.

use std::path::Path;
use std::process::{Child, Command, Output};
use std::time::Duration;

use plimsoll_image::Store;
use plimsoll_image::archive::Format;
use plimsoll_image::layer::{LayerBuilder, LayeredTree, Meta, Owner};
use plimsoll_model::{Digest, ImageConfig, Platform};
use plimsoll_testkit::{program, skip, store};

/// An image of our own making, with all that other tools could stumble over.
fn image(store: &Store) -> Digest {
    let nothing = LayeredTree::open(store, &[]).unwrap();
    let mut builder = LayerBuilder::new(store, &nothing, 1_000_000).unwrap();
    let meta = Meta { mode: 0o755, owner: Owner::default(), mtime: None };
    builder.add_file(b"bin/hello", &b"#!/bin/sh\n"[..], meta).unwrap();
    builder.add_hard_link(b"bin/hi", b"bin/hello").unwrap();
    builder.add_symlink(b"sbin", b"bin", Owner::default()).unwrap();
    builder.add_file(("long/".repeat(50) + "name").as_bytes(), &b"x"[..], meta).unwrap();
    builder.add_file("ünïcode".as_bytes(), &b"x"[..], meta).unwrap();
    let layer = builder.finish().unwrap().unwrap();
    let config = ImageConfig {
        platform: Some(Platform::host()),
        cmd: vec!["/bin/hello".into()],
        created: Some("1970-01-12T13:46:40Z".into()),
        ..ImageConfig::default()
    };
    let manifest = store.create_image(config, &[layer]).unwrap();
    store.tag(&manifest, &"peer/app:1".parse().unwrap()).unwrap();
    manifest
}

fn archive(store: &Store, directory: &Path, format: Format) -> std::path::PathBuf {
    let path = directory.join(format!("{format:?}.tar"));
    let image = store.find_image("peer/app:1").unwrap();
    store.save(&[image], format, std::fs::File::create(&path).unwrap()).unwrap();
    path
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn skopeo_reads_the_store_and_both_archives() {
    let Some(skopeo) = program("skopeo") else { return };
    let store = store();
    let manifest = image(&store);
    let config = store.image(&manifest).unwrap().config_digest;
    let oci = archive(&store, store.directory(), Format::Oci);
    let docker = archive(&store, store.directory(), Format::Docker);
    let sources = [
        format!("oci:{}:docker.io/peer/app:1", store.root().display()),
        format!("oci-archive:{}", oci.display()),
        format!("docker-archive:{}", docker.display()),
        format!("docker-archive:{}:peer/app:1", docker.display()),
    ];
    for source in sources {
        let output = run(Command::new(&skopeo).args(["inspect", "--config", "--raw", &source]));
        assert_eq!(Digest::of(&output.stdout), config, "{source}");
        let copy = store.directory().join("copy");
        run(Command::new(&skopeo).args([
            "copy",
            "--insecure-policy",
            &source,
            &format!("dir:{}", copy.display()),
        ]));
    }
}

#[test]
fn what_skopeo_writes_is_loaded() {
    let Some(skopeo) = program("skopeo") else { return };
    let store = store();
    let manifest = image(&store);
    let config = store.image(&manifest).unwrap().config_digest;
    let source = format!("oci-archive:{}", archive(&store, store.directory(), Format::Oci).display());
    for target in ["docker-archive", "oci-archive"] {
        let path = store.directory().join(target);
        let target = format!("{target}:{}:again/app:2", path.display());
        run(Command::new(&skopeo).args(["copy", "--insecure-policy", &source, &target]));
        let other = plimsoll_testkit::store();
        let loaded = other.load(std::fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(loaded[0].references[0].to_string(), "again/app:2");
        assert_eq!(loaded[0].config, config, "{target}");
        other.unpack_image(&other.find_image("again/app:2").unwrap()).unwrap();
    }
}

#[test]
fn umoci_unpacks_the_store() {
    let Some(umoci) = program("umoci") else { return };
    let store = store();
    image(&store);
    let bundle = store.directory().join("bundle");
    let image = format!("{}:docker.io/peer/app:1", store.root().display());
    run(Command::new(&umoci).args(["unpack", "--rootless", "--image", &image]).arg(&bundle));
    assert_eq!(std::fs::read(bundle.join("rootfs/sbin/hi")).unwrap(), b"#!/bin/sh\n");
}

#[test]
fn tar_lists_a_layer_without_complaint() {
    let Some(tar) = program("tar") else { return };
    let store = store();
    let manifest = image(&store);
    let layer = store.image(&manifest).unwrap().manifest.layers[0].digest;
    let output = run(Command::new(tar).arg("-tzf").arg(store.blob_path(&layer).unwrap()));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8(output.stdout).unwrap().contains("bin/hi\n"));
}

/// A daemon of the test's own, ended with it.
struct Daemon {
    child: Child,
    socket: String,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn daemon(directory: &Path) -> Option<Daemon> {
    let dockerd = program("dockerd")?;
    if !rustix::process::geteuid().is_root() {
        skip("dockerd needs root");
        return None;
    }
    let socket = format!("unix://{}", directory.join("docker.sock").display());
    let log = std::fs::File::create(directory.join("dockerd.log")).unwrap();
    let mut command = Command::new(dockerd);
    command.args([
        "--iptables=false",
        "--ip6tables=false",
        "--bridge=none",
        "--storage-driver=vfs",
        "-H",
        &socket,
    ]);
    for name in ["data-root", "exec-root", "pidfile"] {
        command.arg(format!("--{name}={}", directory.join(name).display()));
    }
    command.stdout(log.try_clone().unwrap()).stderr(log);
    let daemon = Daemon { child: command.spawn().ok()?, socket };
    for _ in 0..120 {
        let ready = Command::new("docker").args(["-H", &daemon.socket, "version"]).output();
        if ready.is_ok_and(|output| output.status.success()) {
            return Some(daemon);
        }
        std::thread::sleep(Duration::from_millis(250));
    }
    let log = std::fs::read_to_string(directory.join("dockerd.log")).unwrap_or_default();
    skip(&format!("dockerd does not start here: {}", log.lines().last().unwrap_or_default()));
    None
}

#[test]
fn docker_loads_what_we_save_and_we_load_what_docker_saves() {
    if program("docker").is_none() {
        return;
    }
    let store = store();
    let manifest = image(&store);
    let config = store.image(&manifest).unwrap().config_digest;
    let path = archive(&store, store.directory(), Format::Docker);
    let Some(daemon) = daemon(store.directory()) else { return };
    let docker = || {
        let mut command = Command::new("docker");
        command.args(["-H", &daemon.socket]);
        command
    };
    let output = run(docker().args(["load", "-i"]).arg(&path));
    assert!(String::from_utf8_lossy(&output.stdout).contains("peer/app:1"));
    let id = run(docker().args(["image", "inspect", "-f", "{{.Id}}", "peer/app:1"]));
    assert_eq!(String::from_utf8(id.stdout).unwrap().trim(), config.to_string());
    let saved = store.directory().join("saved.tar");
    run(docker().args(["save", "peer/app:1", "-o"]).arg(&saved));
    let other = plimsoll_testkit::store();
    let loaded = other.load(std::fs::File::open(&saved).unwrap()).unwrap();
    assert_eq!((loaded[0].config, loaded[0].references[0].to_string().as_str()), (config, "peer/app:1"));
    other.unpack_image(&other.find_image("peer/app:1").unwrap()).unwrap();
}
