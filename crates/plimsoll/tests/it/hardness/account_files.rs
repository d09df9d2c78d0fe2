//! `/etc/passwd` and `/etc/group` of hostile images, which we read.

use super::{image_with, sleeping};
use crate::harness::World;

/// What stands in place of the account files: the shell line that makes it so.
fn changes(accounts: &str) -> Vec<String> {
    let each = |make: &str| format!("for f in passwd group; do rm /etc/$f; {make}; done");
    vec![
        each(&format!("ln -s {accounts}/$f /etc/$f")),
        each(&format!("ln -s ../../../../../../../../../../..{accounts}/$f /etc/$f")),
        each("ln -s $f /etc/$f"),
        each("ln -s /proc/self/fd/0 /etc/$f"),
        each("ln -s /dev/zero /etc/$f"),
        each("mkfifo /etc/$f"),
        each("mkdir /etc/$f"),
        each("mknod /etc/$f c 1 5"),
        each("dd if=/dev/zero of=/etc/$f bs=1024 count=1 seek=40000 2>/dev/null"),
        each("yes app:x:0:0 | head -c 3000000 > /etc/$f"),
        each("head -c 100000 /dev/zero > /etc/$f"),
    ]
}

/// CVE-2024-9676: a link made the runtime read the host's file, a fifo made it wait for ever: docker 20.10 and
/// podman 4.3 do.
#[test]
fn no_account_file_of_the_host_is_read_and_none_is_waited_for() {
    let Some(world) = World::with_busybox() else { return };
    // What no look-up may find: another user of a usual name, and one that is nowhere else.
    let (passwd, group) =
        ("app:x:4242:4242::/:/bin/sh\nonly:x:4243:4243::/:\n", "app:x:4242:\nonly:x:4243:\n");
    world.write("accounts/passwd", passwd);
    world.write("accounts/group", group);
    let accounts = world.word("accounts");
    let nobody = || {
        for user in ["app", "0:only"] {
            world.run(&["run", "--rm", "-u", user, "evil", "id"]).ends(125).one_sentence().is("");
        }
        world.build(&[], "FROM evil\nUSER only\nRUN id\n").ends(4).one_sentence();
        let copied = world.build(&[], "FROM evil\nCOPY --chown=only Dockerfile /\n");
        assert_ne!(copied.code, 0, "{copied}");
    };
    for change in changes(&accounts) {
        if world.build(&["-t", "evil"], &format!("FROM bb\nRUN {change}\n")).code == 0 {
            nobody();
        } else {
            assert!(change.contains("mknod"), "only a device cannot be made with every set of ids");
        }
    }
    for link in [&accounts, &format!("../../../../../../../../../../..{accounts}")] {
        image_with(&world, "etc", Some(link));
        nobody();
    }
    world.assert_nothing_left();
}

/// The same files, changed by a container while it runs.
#[test]
fn no_running_container_changes_who_a_user_is_to_us() {
    let Some(world) = World::with_busybox() else { return };
    sleeping(&world, "it", &[]);
    for change in
        ["rm /etc/passwd && mkfifo /etc/passwd", "rm /etc/passwd; echo app:x:0:0::/:/bin/sh > /etc/passwd"]
    {
        world.run(&["exec", "it", "sh", "-c", change]).ok();
        // Not `id`, which reads these files itself.
        let ids = ["it", "grep", "-c", "1000\t1000\t1000\t1000", "/proc/self/status"];
        world.run(&[&["exec", "-u", "app"][..], &ids].concat()).ok().is("2");
        world.run(&[&["exec", "-u", "1000"][..], &ids].concat()).ok().is("2");
        world.run(&["exec", "-u", "only", "it", "true"]).ends(125).one_sentence();
    }
}
