//! Our own directories and files, which no other user and no container may reach.

use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::process::Command;

use super::{UNTOUCHED, Victim, running, sleeping};
use crate::harness::{World, chmod, finish, program};

/// Mode bits of group and others.
fn open_to_others(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().mode() & 0o077
}

/// CVE-2021-21284, CVE-2021-21285, CVE-2021-41091, CVE-2024-25621: directories that others could enter, in which
/// setuid programs of images lay.
#[test]
fn no_directory_of_ours_is_open_to_others() {
    let world = World::new();
    world.write("p/Dockerfile", "FROM scratch\nCOPY Dockerfile /data/\n");
    // The most careless caller: no mask at all.
    let run = |words: &[&str]| {
        let mut command = Command::new("sh");
        command.args(["-c", "umask 0; exec \"$@\"", "sh"]).arg(program()).args(words);
        world.dress(&mut command);
        finish(command, Vec::new())
    };
    run(&["build", "-q", "-t", "app", "p"]).ok();
    run(&["run", "--name", "it", "-v", "data:/data", "app", "/none"]).ends(127);
    assert_eq!(open_to_others(&world.path("store")), 0);
    for name in world.in_store("") {
        let path = world.path("store").join(&name);
        if path.is_dir() {
            assert_eq!(open_to_others(&path), 0, "{name}");
        }
    }
    let container = world.in_store("containers").into_iter().find(|name| name.len() == 64).unwrap();
    let container = world.path("store/containers").join(container);
    assert_eq!(open_to_others(&container), 0);
    assert_eq!(open_to_others(&container.join("log")), 0);
}

/// CVE-2021-41091: in a directory that others may write to they can plant what we then believe.
#[test]
fn no_store_is_used_that_others_may_write_to() {
    let world = World::new();
    world.write("p/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
    let store = world.path("store");
    for mode in [0o777, 0o770, 0o1777, 0o702] {
        world.write("store/planted", "by somebody");
        chmod(&store, mode);
        let refused = world.run(&["build", "-q", "p"]);
        assert_ne!(refused.code, 0, "{mode:o}: {refused}");
        refused.one_sentence().says(&["store", "other users"]);
        assert_eq!(std::fs::read_dir(&store).unwrap().count(), 1, "something was made in it");
        // A fresh one is closed before anything is made; one that was opened later is not believed any more.
        std::fs::remove_file(store.join("planted")).unwrap();
        world.run(&["build", "-q", "p"]).ok();
        assert_eq!(open_to_others(&store), 0);
        chmod(&store, mode);
        world.run(&["images"]).ends(1).one_sentence().says(&["store", "other users"]);
        chmod(&store, 0o755);
        world.run(&["images"]).ok();
        std::fs::remove_dir_all(&store).unwrap();
    }
}

/// CVE-2026-53489: a link in place of the log showed any file of the host.
#[test]
fn no_link_in_place_of_a_state_file_is_followed() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    sleeping(&world, "it", &[]);
    let id = world.run(&["ps", "-q", "--no-trunc"]).ok().stdout.trim().to_string();
    let directory = world.path("store/containers").join(&id);
    for (name, verbs) in [
        ("log", &[&["logs", "it"][..], &["logs", "-f", "-n", "1", "it"]][..]),
        ("running.json", &[&["ps", "-a"], &["stop", "it"], &["exec", "it", "true"], &["inspect", "it"]]),
        ("record.json", &[&["ps", "-a"], &["logs", "it"], &["exec", "it", "true"], &["inspect", "it"]]),
    ] {
        let (file, kept) = (directory.join(name), world.path("kept"));
        std::fs::rename(&file, &kept).unwrap();
        symlink(victim.path().join("file"), &file).unwrap();
        for words in verbs {
            let output = world.run(words);
            assert!(!format!("{output}").contains(UNTOUCHED.trim()), "{output}");
        }
        assert!(std::fs::symlink_metadata(&file).unwrap().is_symlink(), "{name} was written");
        std::fs::rename(&kept, &file).unwrap();
    }
    victim.assert_untouched();
    world.run(&["rm", "-f", "it"]).ok();
    world.assert_nothing_left();
}

/// CVE-2020-15257: with the host's network a container reached the runtime's socket, whose name was abstract.
#[test]
fn no_socket_of_ours_has_a_name_that_a_container_could_reach() {
    let Some(world) = World::with_busybox() else { return };
    sleeping(&world, "it", &["--network", "host"]);
    let monitor = running(&world, "it").monitor.pid;
    let descriptors = std::fs::read_dir(format!("/proc/{monitor}/fd")).unwrap().flatten();
    let links = descriptors
        .filter_map(|entry| std::fs::read_link(entry.path()).ok()?.into_os_string().into_string().ok());
    let inodes: Vec<String> = links
        .filter_map(|link| Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_string()))
        .collect();
    assert!(!inodes.is_empty(), "those who wait connect somewhere");
    let named = |sockets: &str| -> Vec<String> {
        let ours = sockets.lines().filter(|line| {
            line.split_whitespace().nth(6).is_some_and(|inode| inodes.iter().any(|own| own == inode))
        });
        ours.filter_map(|line| line.split_whitespace().nth(7)).map(str::to_string).collect()
    };
    let names = named(&std::fs::read_to_string("/proc/net/unix").unwrap());
    assert!(!names.is_empty() && names.iter().all(|name| name.starts_with('/')), "{names:?}");
    // By its path, below a directory that is not in the container.
    let inside = world.run(&["exec", "it", "cat", "/proc/net/unix"]);
    for name in named(&inside.ok().stdout) {
        world.run(&["exec", "it", "test", "-S", &name]).ends(1);
    }
}
