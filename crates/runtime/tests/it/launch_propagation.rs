//! What of later mounts shows through a bind mount. The host's side is a mount namespace of this test's
//! own: nothing is mounted on the machine.

use std::process::Command;

use crate::launch_support::{Bed, Done, Who, finish, for_each, skip};

/// Run a shell line on the host's side, with `$LAUNCH` to start a container that has `$1` mounted on /m.
fn on_host(bed: &Bed, name: &str, line: &str) -> Done {
    let host = bed.make_owned(name);
    let scratch = bed.make_owned(&format!("{name}-scratch"));
    let launch = format!(
        "{} --scratch {} --layer {}",
        bed.path("launch").display(),
        scratch.display(),
        bed.path("base").display()
    );
    let user = match bed.who {
        Who::Root => String::new(),
        Who::User => "setpriv --reuid 61234 --regid 61234 --clear-groups".to_string(),
    };
    let prepare = "mount -t tmpfs -o mode=777 host \"$1\" && mkdir -m 777 \"$1/below\" \"$1/go\"";
    let mut command = Command::new("unshare");
    // Not in the machine's peer group: what this test mounts must not show there.
    command.args([
        "-m",
        "--propagation",
        "private",
        "sh",
        "-c",
        &format!("{prepare} || exit 99; {line}"),
        "sh",
    ]);
    command.arg(&host).env("LAUNCH", format!("{user} {launch}"));
    finish(command)
}

/// Root alone can make the host's side.
fn for_each_with_host(test: impl Fn(&Bed)) {
    if !rustix::process::geteuid().is_root() {
        return skip("mounts of the host's side are made by root only");
    }
    for_each(test);
}

/// Inside: say so, wait until the host has mounted, look.
const WAIT: &str = "touch /m/go/ready; for i in $(busybox seq 500); do test -e /m/go/on && break; sleep 0.02; done; \
                    ls /m/late";
/// Outside: wait for the container, mount, tell it.
const MOUNT: &str = "for i in $(seq 500); do test -e \"$1/go/ready\" && break; sleep 0.02; done; \
                     mount -t tmpfs late \"$1/late\" && touch \"$1/late/arrived\" \"$1/go/on\"; wait";

fn late_mount(bed: &Bed, name: &str, propagation: &str) -> Done {
    let line = format!(
        "mount --make-rshared \"$1\"; mkdir \"$1/late\"; \
         $LAUNCH --mount {propagation}:\"$1\":/m sh -c '{WAIT}' & {MOUNT}"
    );
    on_host(bed, name, &line)
}

#[test]
fn later_mounts_of_the_host_show_if_they_shall() {
    for_each_with_host(|bed| {
        for (propagation, shown) in
            [("private", ""), ("rprivate", ""), ("slave", "arrived\n"), ("rslave", "arrived\n")]
        {
            let done = late_mount(bed, propagation, propagation);
            assert_eq!(done.out, shown, "{propagation}: {}", done.err);
        }
        for propagation in ["shared", "rshared"] {
            let done = late_mount_or_refusal(bed, propagation);
            match bed.who {
                Who::Root => assert_eq!(done.out, "arrived\n", "{propagation}: {}", done.err),
                Who::User => {
                    assert!(done.err.contains("an ordinary user's mounts never show"), "{}", done.err)
                }
            }
        }
    });
}

/// An ordinary user is refused at once: nobody would come to be waited for.
fn late_mount_or_refusal(bed: &Bed, propagation: &str) -> Done {
    match bed.who {
        Who::Root => late_mount(bed, propagation, propagation),
        Who::User => on_host(bed, propagation, &format!("$LAUNCH --mount {propagation}:\"$1\":/m true")),
    }
}

#[test]
fn mounts_below_are_shown_by_the_recursive_forms() {
    for_each_with_host(|bed| {
        for (propagation, shown) in [("private", ""), ("rprivate", "file\n"), ("rslave", "file\n")] {
            let line = format!(
                "mount -t tmpfs -o mode=777 below \"$1/below\" && touch \"$1/below/file\"; \
                 mount --make-rshared \"$1\"; $LAUNCH --mount {propagation}:\"$1\":/m ls /m/below"
            );
            let done = on_host(bed, &format!("below-{propagation}"), &line);
            match (bed.who, propagation) {
                // The kernel keeps together for an ordinary user what was mounted by root.
                (Who::User, "private") => {
                    assert!(
                        done.err.contains("the propagations that begin with r show both"),
                        "{}",
                        done.err
                    );
                }
                _ => assert_eq!(done.out, shown, "{propagation}: {}", done.err),
            }
        }
    });
}

#[test]
fn mounts_made_inside_show_outside_only_if_shared() {
    for_each_with_host(|bed| {
        if bed.who == Who::User {
            return;
        }
        for (propagation, shown) in [("rslave", "0\n"), ("rshared", "1\n")] {
            let line = format!(
                "mount --make-rshared \"$1\"; mkdir \"$1/in\"; \
                 $LAUNCH --privileged --mount {propagation}:\"$1\":/m mount -t tmpfs made-inside /m/in; \
                 grep -c made-inside /proc/mounts"
            );
            let done = on_host(bed, &format!("inside-{propagation}"), &line);
            assert_eq!(done.out, shown, "{propagation}: {}", done.err);
        }
    });
}

#[test]
fn a_private_mount_passes_nothing_on() {
    for_each_with_host(|bed| {
        for propagation in ["slave", "rslave", "rshared"] {
            if bed.who == Who::User {
                continue;
            }
            let done = on_host(
                bed,
                &format!("private-{propagation}"),
                &format!("$LAUNCH --mount {propagation}:\"$1\":/m true"),
            );
            assert_eq!(done.code, 125);
            assert!(done.err.contains("it lies on a private mount"), "{}", done.err);
        }
    });
}
