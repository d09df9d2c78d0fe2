//! Ids and owners that the kernel does not have: a program sees no difference.

use crate::launch_support::{Bed, for_each};

/// What a shell line prints, the same for root and for an ordinary user.
fn prints(bed: &Bed, line: &str, expected: &str) {
    let done = bed.sh(&["--record", "--user", "0:0,5"], line);
    assert_eq!((done.out.as_str(), done.err.as_str()), (expected, ""), "{:?}: {line}", bed.who);
}

#[test]
fn owners_are_shown_as_they_were_set() {
    for_each(|bed| {
        prints(
            bed,
            "touch f; chown 5:6 f; ln f g; stat -c '%u %g' f g; chown :7 g; stat -c '%u %g' f",
            "5 6\n5 6\n5 7\n",
        );
        prints(bed, "touch f; chown 5:6 f; rm f; touch f; stat -c '%u %g' f", "0 0\n");
        prints(
            bed,
            "mkdir d; cd d; ln -s x l; chown -h 5 l; touch ../e; chown 8 ../e; stat -c %u l ../e",
            "5\n8\n",
        );
        prints(
            bed,
            "mkdir /a; touch /a/f; chown 5 /a/f; cd /a; chroot /a /bin/true 2>/dev/null; stat -c %u f",
            "5\n",
        );
        prints(
            bed,
            "touch f; chmod 6755 f; chown 5 f; stat -c %a f; chmod 6755 f; stat -c '%a %u' f",
            "755\n6755 5\n",
        );
        prints(bed, "touch /dev/shm/f; chown 5:6 /dev/shm/f; stat -c '%u %g' /dev/shm/f", "5 6\n");
        prints(
            bed,
            "mkdir d; chown :9 d; chmod 2755 d; touch d/f; mkdir d/e; stat -c '%g %a' d/f d/e",
            "9 644\n9 2755\n",
        );
    });
}

#[test]
fn what_cannot_be_fails_as_ever() {
    for_each(|bed| {
        let refused = |line: &str, why: &str| {
            let done = bed.sh(&["--record"], line);
            assert!(done.code != 0 && done.err.contains(why), "{:?}: {line}: {done:?}", bed.who);
        };
        refused("chown 5 /missing", "No such file or directory");
        refused("touch f; chown 5 f/x", "Not a directory");
        refused("mkdir d; mkdir d", "File exists");
        let read_only = bed.sh(&["--record", "--read-only"], "chown 5 /bin");
        assert!(read_only.err.contains("Read-only file system"), "{read_only:?}");
    });
}

#[test]
fn ids_are_those_that_were_taken_on() {
    for_each(|bed| prints(bed, "id -u; id -g; id -G", "0\n0\n0 5\n"));
}

/// Enough calls at once that callers die while they wait, and numbers are used again.
#[test]
fn callers_may_die_while_they_wait() {
    for_each(|bed| {
        // What a killed shell had started may still change f, never g.
        let line = "touch f g; for i in 1 2 3 4 5 6 7 8 9 10; do \
                    (while :; do chown 5 f 2>/dev/null; stat f >/dev/null; done) & kill -9 $!; done; \
                    chown 6 g; stat -c %u g";
        prints(bed, line, "6\n");
    });
}
