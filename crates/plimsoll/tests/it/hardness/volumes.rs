//! Volumes: how they get the image's files, and whose they are after that.

use std::collections::BTreeSet;

use super::{UNTOUCHED, Victim};
use crate::harness::World;

/// The names in a volume.
fn names(world: &World, volume: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(world.path("store/volumes").join(volume).join("_data")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// CVE-2022-23648: `VOLUME` with `..`, or a link in its place, had files of the host copied into the volume.
#[test]
fn no_file_of_the_host_is_copied_into_a_volume() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    let out = victim.word();
    let dockerfile = format!(
        "FROM bb\nRUN mkdir -p /seed/dir && ln -s {out} /out && ln -s {out}/file /seed/file && ln -s {out} /seed/link \
         && ln -s ../../../../../../../../../../../..{out} /seed/up && ln -s {out} /seed/dir/deep && mkfifo /seed/fifo\n\
         VOLUME [\"/../../../../../../..{out}\", \"/out\", \"/seed\", \"/out/../out\"]\n"
    );
    world.build(&["-t", "evil"], &dockerfile).ok();
    world.run(&["run", "--rm", "evil", "true"]).ok();
    let find = "find /v -type f | xargs cat 2>/dev/null; find /v -name file -type f; true";
    for (volume, target) in
        [("a-", "/out"), ("b-", "/out/file"), ("c-", "/seed/link"), ("d-", "/seed/dir/deep")]
    {
        // The target itself may be no place to mount on; the volume is made before.
        world.run(&["run", "--rm", "-v", &format!("{volume}:{target}"), "evil", "true"]);
    }
    for target in [format!("/../../..{out}"), format!("/seed/../..{out}")] {
        world.run(&["run", "--rm", "-v", &format!("e-:{target}"), "evil", "true"]).ok();
    }
    world.run(&["run", "--rm", "-v", "seed:/seed", "evil", "true"]).ok();
    for volume in world.in_store("volumes") {
        let mount = format!("{volume}:/v");
        world.run(&["run", "--rm", "-v", &mount, "evil", "sh", "-c", find]).ok().is("");
    }
    // Links are copied as what they are.
    assert_eq!(names(&world, "seed"), ["dir", "file", "link", "up"].map(str::to_string).into());
    assert!(std::fs::symlink_metadata(world.path("store/volumes/seed/_data/file")).unwrap().is_symlink());
    victim.assert_untouched();
}

/// CVE-2020-1726: a volume with content was filled again, over what was in it. CVE-2023-0778: through links that
/// a container had put there.
#[test]
fn nothing_is_written_into_a_volume_that_is_there() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    let dockerfile =
        "FROM bb\nRUN mkdir -p /data/dir && echo image > /data/file && echo image > /data/dir/file\n";
    world.build(&["-t", "app"], dockerfile).ok();
    let run = |image: &str, script: &str| {
        world.run(&["run", "--rm", "-v", "data:/data", image, "sh", "-c", script])
    };
    run("app", "cat /data/file /data/dir/file").ok().is("image\nimage");
    let replace = format!("cd /data && rm -r * && ln -s {0}/file file && ln -s {0} dir", victim.word());
    run("app", &replace).ok();
    run("app", "ls /data; cat /data/file").ends(1).is("dir\nfile");
    victim.assert_untouched();
    run("app", "rm /data/*").ok();
    run("app", "ls /data").ok().is("");
    run("bb", "echo mine > /data/file").ok();
    run("app", "cat /data/file").ok().is("mine");
    assert_eq!(world.in_store("volumes"), ["data"]);
}

/// Containers that start at the same moment with the same new volume have one and the same.
#[test]
fn no_container_loses_its_volume_to_another() {
    let Some(world) = World::with_busybox() else { return };
    const CONTAINERS: usize = 6;
    // Many files, so that the copies are made at the same time.
    world.build(&["-t", "app"], "FROM bb\nRUN mkdir /data && cd /data && seq 1000 1300 | xargs touch\n").ok();
    for volume in ["one", "two"] {
        std::thread::scope(|scope| {
            for number in 0..CONTAINERS {
                let world = &world;
                scope.spawn(move || {
                    let (mount, file) = (format!("{volume}:/data"), format!("/data/{number}"));
                    world.run(&["run", "--rm", "-v", &mount, "app", "touch", &file]).ok();
                });
            }
        });
        let names = names(&world, volume);
        assert!((0..CONTAINERS).all(|number| names.contains(&number.to_string())), "{names:?}");
    }
    assert_eq!(world.in_store("volumes"), ["one", "two"]);
    world.assert_nothing_left();
}

/// What a container leaves in a volume leads the next one nowhere.
#[test]
fn no_link_in_a_volume_leads_a_mount_out() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    let run = |flags: &[&str], words: &[&str]| {
        world.run(&[&["run", "--rm", "-v", "data:/data"][..], flags, &["bb"], words].concat())
    };
    let links = format!(
        "cd /data && ln -s {0} out && ln -s ../../../..{0} up && ln -s /proc/self/cwd cwd",
        victim.word()
    );
    run(&[], &["sh", "-c", &links]).ok();
    for target in ["/data/out", "/data/out/new", "/data/up/new", "/data/out/file", "/data/cwd/new"] {
        run(&["--tmpfs", target], &["true"]);
        run(&["-v", &format!("other:{target}")], &["true"]);
        run(&["-w", target], &["true"]);
        let shown = run(&[], &["cat", target]);
        assert!(!shown.stdout.contains(UNTOUCHED.trim()), "{shown}");
        victim.assert_untouched();
    }
}
