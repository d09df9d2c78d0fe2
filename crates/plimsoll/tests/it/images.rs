//! `images`, `history`, `inspect`, `tag`, `rmi`, `save`, `load`, and what other tools make of them.

use std::path::Path;
use std::process::Command;

use plimsoll_model::Digest;
use plimsoll_testkit::program;

use crate::harness::{Ids, World, finish, ids};
use crate::saved::{digest, files};

const DOCKERFILE: &str =
    "FROM scratch\nENV A=1\nCOPY Dockerfile /etc/\nENTRYPOINT [\"/app\"]\nCMD [\"x y\"]\n";

#[test]
fn names_come_and_go() {
    let world = World::new();
    world.build(&["-t", "app", "-t", "team/app:2"], DOCKERFILE).ok();
    let list = world.run(&["images"]);
    list.ok().prints(&["REPOSITORY", "IMAGE ID", "app", "latest", "team/app", "2"]);
    let id = world.run(&["images", "-q", "--no-trunc", "app"]).ok().stdout.trim().to_string();
    assert!(id.starts_with("sha256:") && id.len() == 71, "{id}");

    world.run(&["tag", "app", "other:3"]).ok();
    world.run(&["tag", &id[7..19], "by-id"]).ok();
    assert_eq!(world.run(&["images", "-q"]).stdout.lines().count(), 4);
    world.run(&["images", "other"]).ok().prints(&["other", "3"]);

    // Several names: by id only with force.
    world.run(&["rmi", &id]).ends(1).says(&["4 names", "force"]);
    world.run(&["rmi", "other:3", "by-id", "team/app:2"]).ok().prints(&["Untagged: other:3"]);
    world.run(&["rmi", "app"]).ok().prints(&["Untagged: app:latest", "Deleted: sha256:"]);
    world.run(&["images", "-q"]).ok().is("");
    assert!(
        world.in_store("blobs/sha256").is_empty() || world.in_store("steps").len() == 1,
        "blobs are freed"
    );
    world.assert_nothing_left();
}

#[test]
fn what_is_not_there_is_said() {
    let world = World::new();
    world.build(&["-t", "server"], DOCKERFILE).ok();
    for words in [
        &["inspect", "servr"][..],
        &["rmi", "servr"],
        &["tag", "servr", "x"],
        &["save", "servr"],
        &["push", "servr"],
        &["history", "servr"],
        &["scan", "servr"],
        &["prove", "servr"],
        &["kube", "generate", "servr"],
    ] {
        world.run(words).ends(1).one_sentence().says(&["no image 'servr'", "did you mean 'server"]);
    }
    let some = world.run(&["inspect", "server", "nothing"]);
    some.ends(1).says(&["no image 'nothing'"]).prints(&["server:latest"]);
    world.run(&["tag", "server", "UPPER"]).ends(2).says(&["'UPPER'", "lower case"]);
    world.run(&["tag", "server", "x@sha256:00"]).ends(2).one_sentence();
}

#[test]
fn history_names_the_lines() {
    let world = World::new();
    world.build(&["-t", "app"], DOCKERFILE).ok();
    let history = world.run(&["history", "app"]);
    history.ok().prints(&["CMD [\"x y\"]", "COPY Dockerfile /etc/ # buildkit", "Dockerfile:3"]);
    let lines: Vec<&str> = history.stdout.lines().collect();
    assert_eq!(lines.len(), 5);
    assert!(lines[1].contains("CMD") && lines[4].contains("ENV A=1"), "newest first: {history}");
    assert!(lines.iter().all(|line| line.chars().count() <= 100), "{history}");
    let layers = world.run(&["history", "-q", "app"]);
    assert_eq!(layers.ok().stdout.lines().count(), 1);
}

#[test]
fn archives_keep_everything() {
    let world = World::new();
    world.build(&["-t", "app", "-t", "app:2"], DOCKERFILE).ok();
    let before = digest(&world, "app");
    world.run(&["save", "--format", "oci-archive", "-o", "oci.tar", "app:latest", "app:2"]).ok();
    world.run(&["save", "-o", "docker.tar", "app"]).ok();
    let compressed = {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, &std::fs::read(world.path("oci.tar")).unwrap()).unwrap();
        gzip.finish().unwrap()
    };
    for (words, input) in [
        (&["load", "-i", "oci.tar"][..], Vec::new()),
        (&["load"], std::fs::read(world.path("oci.tar")).unwrap()),
        (&["load"], compressed),
    ] {
        let other = World::new();
        std::fs::copy(world.path("oci.tar"), other.path("oci.tar")).unwrap();
        let loaded = other.run_with_input(words, input);
        loaded.ok().prints(&["Loaded image: app:latest", "app:2"]);
        assert_eq!(digest(&other, "app:2"), before, "an OCI archive keeps the manifest");
        assert_eq!(files(&other, "app"), files(&world, "app"));
        other.assert_store_valid();
        other.assert_nothing_left();
    }
    let other = World::new();
    std::fs::copy(world.path("docker.tar"), other.path("docker.tar")).unwrap();
    other.run(&["load", "-q", "-i", "docker.tar"]).ok().is("");
    let (one, two) = (world.run(&["inspect", "app"]).json(), other.run(&["inspect", "app"]).json());
    assert_eq!(one[0]["Id"], two[0]["Id"], "a docker archive keeps the configuration");
    assert_eq!(files(&other, "app"), files(&world, "app"));
}

#[test]
fn skopeo_and_umoci_read_what_we_write() {
    let (Some(skopeo), Some(umoci)) = (program("skopeo"), program("umoci")) else { return };
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "team/app:1"], "FROM bb\nRUN echo text > /made && rm /bin/vi\n").ok();
    world.run(&["save", "--format", "oci-archive", "-o", "oci.tar", "team/app:1"]).ok();
    world.run(&["save", "-o", "docker.tar", "team/app:1"]).ok();
    let peer = |tool: &Path, words: &[&str]| {
        let mut command = Command::new(tool);
        command.args(words);
        world.dress(&mut command);
        finish(command, Vec::new())
    };
    let id = world.run(&["inspect", "team/app:1"]).json()[0]["Id"].clone();
    let store = format!("{}:docker.io/team/app:1", world.word("store"));
    for source in
        [format!("oci:{store}"), "oci-archive:oci.tar".to_string(), "docker-archive:docker.tar".to_string()]
    {
        let config = peer(&skopeo, &["inspect", "--config", "--raw", &source]);
        assert_eq!(Digest::of(&config.ok().bytes).to_string(), id, "{source}");
    }
    let inspected = peer(&skopeo, &["inspect", &format!("oci:{store}")]).ok().json();
    assert_eq!(inspected["Digest"], digest(&world, "team/app:1").as_str());
    peer(&umoci, &["unpack", "--rootless", "--image", &store, "bundle"]).ok();
    assert_eq!(std::fs::read_to_string(world.path("bundle/rootfs/made")).unwrap(), "text\n");
    assert!(!world.path("bundle/rootfs/bin/vi").exists());
    // And what skopeo makes of it is read again.
    peer(
        &skopeo,
        &["--insecure-policy", "copy", "docker-archive:docker.tar", "docker-archive:again.tar:again:1"],
    )
    .ok();
    world.run(&["load", "-i", "again.tar"]).ok().prints(&["Loaded image: again:1"]);
    assert_eq!(world.run(&["inspect", "again:1"]).json()[0]["Id"], id);
    // umoci's extraction has directories of its own modes.
    let _ = Command::new("chmod").args(["-R", "u+rwX"]).arg(world.path("bundle")).status();
}

#[test]
fn equal_names_in_any_spelling() {
    let world = World::new();
    world.build(&["-t", "docker.io/library/app:latest"], DOCKERFILE).ok();
    let wanted = digest(&world, "app");
    for name in ["app:latest", "library/app", "docker.io/app", "docker.io/library/app"] {
        assert_eq!(digest(&world, name), wanted, "{name}");
    }
    assert_eq!(digest(&world, &format!("app@{wanted}")), wanted);
    world.run(&["inspect", &format!("app@sha256:{}", "0".repeat(64))]).ends(1).one_sentence();
}

/// A docker daemon of the test's own, ended with it.
pub struct Daemon {
    child: std::process::Child,
    socket: String,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

impl Daemon {
    pub fn start(world: &World) -> Option<Self> {
        let dockerd = program("dockerd")?;
        let socket = format!("unix://{}", world.word("docker.sock"));
        let log = std::fs::File::create(world.path("dockerd.log")).unwrap();
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
            command.arg(format!("--{name}={}", world.word(name)));
        }
        world.dress(&mut command);
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let daemon = Daemon { child, socket };
        for _ in 0..120 {
            if daemon.docker(world, &["version"]).code == 0 {
                return Some(daemon);
            }
            std::thread::sleep(std::time::Duration::from_millis(250));
        }
        let log = std::fs::read_to_string(world.path("dockerd.log")).unwrap_or_default();
        plimsoll_testkit::skip(&format!(
            "dockerd does not start here: {}",
            log.lines().last().unwrap_or_default()
        ));
        None
    }

    pub fn docker(&self, world: &World, words: &[&str]) -> crate::harness::Output {
        // Debian's client is as old as its daemon; a newer one in PATH has other types for templates.
        let debians = Path::new("/usr/bin/docker");
        let mut command = Command::new(if debians.exists() { debians } else { Path::new("docker") });
        command.args(["-H", &self.socket]).args(words);
        world.dress(&mut command);
        finish(command, Vec::new())
    }
}

#[test]
fn docker_loads_what_we_save_and_we_what_docker_saves() {
    if ids() != Ids::Root {
        // The daemon needs root; the archive is the same for everybody.
        return;
    }
    let Some(world) = World::with_busybox() else { return };
    if program("docker").is_none() {
        return;
    }
    let Some(daemon) = Daemon::start(&world) else { return };
    let dockerfile = "FROM bb\nRUN echo text > /made\nHEALTHCHECK --interval=5s CMD true\nENTRYPOINT [\"cat\"]\nCMD [\"/made\"]\n";
    world.build(&["-t", "team/app:1"], dockerfile).ok();
    world.run(&["save", "-o", "app.tar", "team/app:1"]).ok();
    daemon.docker(&world, &["load", "-i", "app.tar"]).ok().prints(&["team/app:1"]);
    let theirs = daemon.docker(&world, &["image", "inspect", "team/app:1"]).ok().json();
    let ours = world.run(&["inspect", "team/app:1"]).ok().json();
    for field in ["Id", "Architecture", "Os", "Created", "RootFS"] {
        assert_eq!(theirs[0][field], ours[0][field], "{field}");
    }
    for field in ["Entrypoint", "Cmd", "Env", "WorkingDir", "Healthcheck"] {
        assert_eq!(theirs[0]["Config"][field], ours[0]["Config"][field], "{field}");
    }
    daemon.docker(&world, &["save", "-o", "theirs.tar", "team/app:1"]).ok();
    let other = World::new();
    std::fs::rename(world.path("theirs.tar"), other.path("theirs.tar")).unwrap();
    other.run(&["load", "-i", "theirs.tar"]).ok().prints(&["Loaded image: team/app:1"]);
    assert_eq!(other.run(&["inspect", "team/app:1"]).json()[0]["Id"], ours[0]["Id"]);
    other.run(&["run", "--rm", "team/app:1"]).ok().is("text");
}

#[test]
fn prune_forgets_what_nothing_needs() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb\nRUN echo text > /made\n";
    world.build(&["-t", "app"], dockerfile).ok();
    world.build(&["-t", "other"], "FROM bb\nRUN echo other > /made\n").ok();
    world.run(&["rmi", "other"]).ok();
    world.build(&[], dockerfile).ok().says(&["RUN echo text > /made  cached"]);
    world.run(&["prune"]).ok().prints(&["removed"]);
    world.run(&["run", "--rm", "app", "cat", "/made"]).ok().is("text");
    let again = world.build(&["-t", "app"], dockerfile);
    assert!(!again.ok().stderr.contains("cached"), "{again}");
    world.run(&["rmi", "-f", "app", "bb"]).ok();
    world.run(&["prune"]).ok();
    let left: Vec<Vec<String>> =
        ["steps", "layers", "blobs/sha256", "tmp", "trash"].map(|name| world.in_store(name)).to_vec();
    assert!(left[1..].iter().all(Vec::is_empty), "{left:?}");
}
