//! Mount points, and what is made for them, below links of the image that lead out.

use super::{Victim, image_with};
use crate::harness::World;

/// An image with every kind of way out: absolute, upwards, through another link, through the kernel's links.
fn image_of_links(world: &World, victim: &Victim) {
    let (out, up) = (victim.word(), victim.upwards());
    let links = format!(
        "FROM bb\nRUN ln -s {out} /out && ln -s {up} /up && ln -s /out /twice && ln -s /proc/1/root/../..{out} /magic \
         && ln -s /proc/self/cwd /cwd && mkdir /mnt && ln -s ../../..{out} /mnt/deep && ln -s loop /loop\n"
    );
    world.build(&["-t", "evil"], &links).ok();
}

const TARGETS: [&str; 9] = [
    "/out",
    "/out/file",
    "/out/new/deep",
    "/up/new",
    "/twice/new",
    "/magic/new",
    "/cwd/../new",
    "/mnt/deep/new",
    "/loop/new",
];

/// CVE-2021-30465, CVE-2024-45310, CVE-2019-18837: the target was a link that led out of the root, and
/// directories were made and mounts attached on the host.
#[test]
fn no_target_of_a_mount_leads_out_of_the_root() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    image_of_links(&world, &victim);
    world.write("mine/inside", "mine");
    let mine = world.word("mine");
    for target in TARGETS {
        for flags in [
            ["-v", &format!("{mine}:{target}")],
            ["-v", &format!("{mine}/inside:{target}")],
            ["-v", &format!("data:{target}")],
            ["--tmpfs", target],
            ["-w", target],
        ] {
            // It may find its place inside, or none; what it may not is in the assertion.
            world.run(&[&["run", "--rm"][..], &flags, &["evil", "true"]].concat());
            victim.assert_untouched();
        }
    }
    assert_eq!(std::fs::read_dir(world.path("mine")).unwrap().count(), 1);
    world.assert_nothing_left();
}

/// The same with what every container gets mounted: /etc/hosts, hostname, resolv.conf.
#[test]
fn no_file_of_ours_lands_where_the_images_etc_leads() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    let start = || {
        world.run(&["run", "--rm", "evil", "sh", "-c", "for f in /etc/hosts /etc/new; do echo x > $f; done"]);
        world.build(&[], "FROM evil\nRUN for f in /etc/hosts /etc/new; do echo x > $f; done; true\n");
        victim.assert_untouched();
    };
    for link in [victim.word(), victim.upwards(), "proc/self".to_string()] {
        image_with(&world, "etc", Some(&link));
        start();
    }
    for link in
        [victim.word() + "/file", victim.word() + "/new", victim.upwards() + "/new", "/proc/1/environ".into()]
    {
        let links = "FROM bb\nCOPY links /etc/\n";
        for name in ["hosts", "hostname", "resolv.conf"] {
            let place = world.path("p/links").join(name);
            let _ = std::fs::create_dir_all(world.path("p/links"));
            let _ = std::fs::remove_file(&place);
            std::os::unix::fs::symlink(&link, place).unwrap();
        }
        world.build(&["-t", "evil"], links).ok();
        start();
    }
    world.assert_nothing_left();
}

/// CVE-2024-9407, CVE-2024-9675, CVE-2024-11218, CVE-2024-23651, CVE-2024-23652, CVE-2024-23653: mounts of
/// a build whose source, target or clean-up follows links.
#[test]
fn no_mount_of_a_build_step_leads_out_of_its_root() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    image_of_links(&world, &victim);
    let out = victim.word();
    std::fs::create_dir_all(world.path("p/context")).unwrap();
    std::os::unix::fs::symlink(victim.path(), world.path("p/context/out")).unwrap();
    let step = |mount: &str, command: &str| {
        let output =
            world.build(&[], &format!("FROM evil AS files\nFROM evil\nRUN --mount={mount} {command}\n"));
        victim.assert_untouched();
        output
    };
    for target in TARGETS {
        for kind in ["type=tmpfs", "type=cache", "source=context,rw", "from=files,source=/bin,rw", "type=ssh"]
        {
            step(&format!("{kind},target={target}"), "true");
        }
        // What the step puts in place of its own mount point is not followed when that is cleaned up.
        step("type=tmpfs,target=/made/below", "mv /made /moved && ln -s /out /made").ok();
        step("source=context,target=/made/file", "mv /made /moved && ln -s /out /made").ok();
    }
    for source in ["/out", "/out/file", "/up", "/twice", "/magic", "/mnt/deep", "/../../.."] {
        for kind in ["type=bind", "type=cache"] {
            let read = step(&format!("{kind},from=files,source={source},target=/m"), "cat /m /m/file; true");
            assert!(
                !read.stderr.contains(super::UNTOUCHED.trim()),
                "{source} shows a file of the host: {read}"
            );
        }
    }
    for source in ["context/out", "context/out/file", "../victim", &out] {
        let read = step(&format!("source={source},target=/m"), "cat /m /m/file; true");
        assert!(!read.stderr.contains(super::UNTOUCHED.trim()), "{source} shows a file of the host: {read}");
    }
    world.assert_nothing_left();
}
