//! Users: nobody becomes root, or another one, by the way a user is written.

use crate::harness::{Ids, World, ids};

/// An image whose accounts invite confusion: names that are numbers, ids out of range, empty fields.
const ACCOUNTS: &str = "FROM bb\nRUN printf '\
    root:x:0:0::/root:/bin/sh\\n\
    1000:x:0:0::/root:/bin/sh\\n\
    4294967296:x:0:0::/root:/bin/sh\\n\
    -1:x:0:0::/root:/bin/sh\\n\
    wrapped:x:4294967296:4294967296::/:/bin/sh\\n\
    negative:x:-1:-1::/:/bin/sh\\n\
    half:x:2147483648:0::/:/bin/sh\\n\
    empty:x::0::/:/bin/sh\\n\
    words:x:zero:0::/:/bin/sh\\n\
    short\\n\
    : : :\\n\
    app:x:1000:1000::/home/app:/bin/sh\\n' > /etc/passwd && printf '\
    wide:x:4294967296:app\\nminus:x:-1:app\\nnone:x::app\\nlarge:x:4294967295:app\\n\
    staff:x:50:app\\n' > /etc/group\n";

/// What is no user, whatever the accounts say: containerd's CVE-2024-40635 made root of the large ones.
const NOBODY: [&str; 22] = [
    "4294967296",
    "4294967295",
    "2147483648",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
    "-1",
    "+0",
    "-0",
    "0x0",
    " 0",
    "0 ",
    "0:4294967296",
    "0:-1",
    "1000:",
    ":",
    ":0",
    "0:0:0",
    "root/",
    "wrapped",
    "negative",
    "half",
    "empty",
];

/// CVE-2026-30892, CVE-2024-40635: the user was read in two ways, or ran over.
#[test]
fn nobody_becomes_root_by_the_way_a_user_is_written() {
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "evil"], ACCOUNTS).ok();
    world.run(&["run", "-d", "--name", "it", "evil", "sleep", "1000"]).ok();
    for user in NOBODY.into_iter().chain(["words", "short", "large"]) {
        world.run(&["run", "--rm", "-u", user, "evil", "id"]).ends(125).one_sentence().is("");
        world.run(&["exec", "-u", user, "it", "id"]).ends(125).one_sentence().is("");
        let steps = format!("FROM evil\nUSER \"{user}\"\nRUN id -u > /tmp/id\n");
        let built = world.build(&["-t", "built"], &steps);
        assert_ne!(built.code, 0, "{built}");
    }
    world.run(&["run", "--rm", "-u", "", "evil", "id", "-u"]).ok().is("0");
    world.run(&["rm", "-f", "it"]).ok();
    world.assert_nothing_left();
}

/// A number is that number, even if an account of that name has another.
#[test]
fn a_number_is_never_looked_up_as_a_name() {
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "evil"], ACCOUNTS).ok();
    world.run(&["run", "-d", "--name", "it", "evil", "sleep", "1000"]).ok();
    let who = |user: &str| {
        let script = "echo $(id -u):$(id -g)";
        let run = world.run(&["run", "--rm", "-u", user, "evil", "sh", "-c", script]);
        let exec = world.run(&["exec", "-u", user, "it", "sh", "-c", script]);
        assert_eq!(run.ok().stdout, exec.ok().stdout);
        run.stdout.trim().to_string()
    };
    assert_eq!(who("1000"), "1000:1000");
    assert_eq!(who("01000"), "1000:1000");
    assert_eq!(who("1000:0"), "1000:0");
    assert_eq!(who("app"), "1000:1000");
    assert_eq!(who("app:staff"), "1000:50");
    assert_eq!(who("0000000000000000000000007"), "7:0");
    if ids() != Ids::Single {
        // The groups of an account that are none are left out.
        world.run(&["run", "--rm", "-u", "app", "evil", "id", "-G"]).ok().is("1000 50");
    }
}
