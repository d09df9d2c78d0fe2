//! What a container has written, read from outside by `commit`, `diff` and `export`.

use super::Victim;
use crate::harness::{Ids, World, ids};

/// Links at every place: where a directory was, in a directory, over what is mounted; devices and pipes.
fn hostile(out: &str) -> String {
    let devices = "mknod /zero c 1 5; mknod /disk b 254 0; mkfifo /pipe";
    format!(
        "ln -s {out} /out; ln -s {out}/file /file; mkdir /d; ln -s {out} /d/deep; ln -s /proc/1/root /root-of-1; \
         rm -r /home; ln -s {out} /home; {devices} 2>/dev/null; true"
    )
}

/// CVE-2018-15664, CVE-2022-23648: what leads out of a container was followed by those who read its files.
#[test]
fn links_and_devices_are_told_and_not_followed() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    let out = victim.word();
    world.run(&["run", "--name", "c", "bb", "sh", "-c", &hostile(&out)]).ok();
    let diff = world.run(&["diff", "c"]);
    diff.ok().prints(&["A /d/deep\n", "A /out\n"]);
    assert!(!diff.stdout.contains("/out/") && !diff.stdout.contains("deep/"), "{diff}");
    let tar = world.run(&["export", "c"]).ok().bytes.clone();
    let mut archive = tar::Archive::new(&tar[..]);
    for entry in archive.entries().unwrap().map(Result::unwrap) {
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        assert!(!path.starts_with("out/") && !path.contains("deep/") && !path.starts_with("home/"), "{path}");
        match path.as_str() {
            "out" | "file" | "d/deep" | "home" | "root-of-1" => assert!(kind.is_symlink(), "{path}"),
            "zero" => assert!(kind.is_character_special()),
            "disk" => assert!(kind.is_block_special()),
            "pipe" => assert!(kind.is_fifo()),
            _ => {}
        }
    }
    world.run(&["commit", "c", "evil"]).ok();
    world
        .run(&["run", "--rm", "evil", "sh", "-c", "readlink /out; readlink /home"])
        .ok()
        .is(&format!("{out}\n{out}"));
    if ids() != Ids::Single {
        let kind = world.run(&["run", "--rm", "evil", "stat", "-c", "%F", "/pipe"]);
        kind.ok().is("fifo");
    }
    victim.assert_untouched();
}

/// The same while the container puts one thing in the place of another.
#[test]
fn what_is_replaced_meanwhile_leads_nowhere() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    let out = victim.word();
    let script = format!(
        "mkdir -p /a/x; while :; do \
           ln -s {out}/file /l; mv -f /l /a/f 2>/dev/null; echo mine > /m; mv -f /m /a/f; mkfifo /p; mv -f /p /a/f; \
           mknod /z c 1 5 2>/dev/null && mv -f /z /a/f; mkdir /a/x/y 2>/dev/null; mv /a/x /a/w; ln -s {out} /a/x; \
           rm /a/x; mv /a/w /a/x; rm -rf /a/x/y; \
         done"
    );
    world.run(&["run", "-d", "--name", "c", "bb", "sh", "-c", &script]).ok();
    for _ in 0..20 {
        let diff = world.run(&["diff", "c"]);
        assert!(!diff.ok().stdout.contains("x/file"), "{diff}");
        let exported = world.run(&["export", "c"]);
        let found = exported.ok().bytes.windows(24).any(|part| part == &super::UNTOUCHED.as_bytes()[..24]);
        assert!(!found, "a file of the host is in the archive");
    }
    world.run(&["commit", "c", "evil"]).ok();
    world.run(&["rm", "-f", "c"]).ok();
    victim.assert_untouched();
}
