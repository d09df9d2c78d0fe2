//! What is hidden stays hidden, whatever stands in place of what hides it.

use plimsoll_runtime::plan::{MASKED_PATHS, READ_ONLY_PATHS};

use super::Victim;
use crate::harness::World;

/// Says which masked path shows something, and which of the others can be written.
fn probe() -> String {
    let masked = MASKED_PATHS.join(" ");
    let read_only = READ_ONLY_PATHS.join(" ");
    format!(
        "for p in {masked}; do \
           if [ -d $p ]; then test -z \"$(ls -A $p)\" || echo $p is open; touch $p/x 2>/dev/null && echo $p is written; \
           elif [ -e $p ]; then test -z \"$(head -c 64 $p 2>/dev/null | tr -d '\\0')\" || echo $p is open; fi; done; \
         for p in {read_only}; do \
           if [ -d $p ]; then touch $p/x 2>/dev/null && echo $p is written; find $p -maxdepth 3 -type f -writable; \
           else echo 0 2>/dev/null > $p && echo $p is written; fi; done; true"
    )
}

/// Docker 20.10 shows /proc/interrupts, /proc/kpagecount and vmcoreinfo.
#[test]
fn nothing_masked_can_be_read_or_written() {
    let Some(world) = World::with_busybox() else { return };
    let probe = probe();
    for flags in [&[][..], &["-u", "app"], &["--network", "host"], &["--cap-add", "SYS_PTRACE"]] {
        let words = [&["run", "--rm"][..], flags, &["bb", "sh", "-c", &probe]].concat();
        world.run(&words).ok().is("");
    }
    super::sleeping(&world, "it", &[]);
    world.run(&["exec", "it", "sh", "-c", &probe]).ok().is("");
    world.build(&[], &format!("FROM bb\nRUN test -z \"$({probe})\"\n")).ok();
}

/// CVE-2025-31133, CVE-2025-62161: what hides files is the null device, and that was the attacker's. Docker 20.10
/// and podman 4.3 show what they promised to hide here.
#[test]
fn a_false_null_device_hides_nothing_less() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    world.write("false/null", "not null");
    std::os::unix::fs::symlink(victim.path().join("file"), world.path("false/link")).unwrap();
    let probe = probe();
    for source in ["false/null", "false/link"] {
        let volume = format!("{}:/dev/null", world.word(source));
        let words = ["run", "--rm", "-v", &volume, "bb", "sh", "-c", &probe.replace("2>/dev/null", "2>&-")];
        world.run(&words).ok().is("");
        world
            .run(&["run", "--rm", "-v", &volume, "bb", "sh", "-c", "cat /proc/keys /proc/timer_list"])
            .ok()
            .is("");
    }
    victim.assert_untouched();
    // The whole of /dev as a volume is refused; a part of it that we need ourselves leads nowhere else.
    let volume = format!("{}:/dev/pts", world.word("false"));
    world.run(&["run", "--rm", "-t", "-v", &volume, "bb", "true"]).ends(125).one_sentence();
    assert_eq!(std::fs::read_dir(world.path("false")).unwrap().count(), 2);
    world.assert_nothing_left();
}

/// CVE-2025-52881: writes of the runtime itself were led to /proc/sysrq-trigger and /proc/sys/kernel/core_pattern.
#[test]
fn no_setting_of_the_host_changes() {
    let Some(world) = World::with_busybox() else { return };
    let settings = || {
        [
            "kernel/core_pattern",
            "kernel/hostname",
            "net/ipv4/ip_unprivileged_port_start",
            "net/ipv4/ping_group_range",
        ]
        .map(|name| std::fs::read_to_string(format!("/proc/sys/{name}")).unwrap_or_default())
    };
    let before = settings();
    let script = "for f in kernel/core_pattern kernel/hostname kernel/modprobe vm/drop_caches fs/suid_dumpable; do \
        echo '|/bin/true' 2>/dev/null > /proc/sys/$f && echo $f; done; true";
    for flags in [&[][..], &["--network", "host"], &["--cap-add", "SYS_RESOURCE"], &["--hostname", "other"]] {
        let words = [&["run", "--rm"][..], flags, &["bb", "sh", "-c", script]].concat();
        world.run(&words).ok().is("");
    }
    assert_eq!(settings(), before);
}
