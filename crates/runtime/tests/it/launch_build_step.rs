//! What only the process of a build has: other layers, memory, secrets, limits. The launcher's
//! allocator ends it if any of this allocates between clone and exec.

use std::fs;

use super::launch_support::{Who, for_each};

#[test]
fn other_layers_are_shown_and_never_changed() {
    for_each(|bed| {
        let other = bed.make_layer("other");
        bed.make_owned("other/etc/sub");
        fs::write(other.join("etc/sub/file"), "of the other\n").unwrap();
        for kernel in ["6.18.0", "6.1.0"] {
            let shown = |path: &str| {
                let scratch = bed.make_owned(&format!("scratch-{kernel}-{}", path.len()));
                format!("{}:{}:{path}:/m/deep", other.display(), scratch.display())
            };
            let options = ["--kernel", kernel, "--show", &shown("etc/sub")];
            let done = bed.sh(&options, "cat /m/deep/file; ls -A /m/deep; touch /m/deep/new || echo refused");
            assert_eq!(done.out, "of the other\nfile\nrefused\n", "{kernel}: {}", done.err);
            let options = ["--kernel", kernel, "--show-rw", &shown("etc")];
            let done = bed.sh(&options, "echo mine > /m/deep/sub/new && cat /m/deep/sub/new");
            assert_eq!(done.out, "mine\n", "{kernel}: {}", done.err);
            let options = ["--kernel", kernel, "--user", "7:8", "--show", &shown("")];
            let done = bed.sh(&options, "cat /m/deep/etc/sub/file");
            assert_eq!(done.out, "of the other\n", "{kernel}: {}", done.err);
        }
        assert!(!other.join("etc/sub/new").exists(), "what is written is thrown away");
    });
}

#[test]
fn secrets_memory_and_limits() {
    for_each(|bed| {
        let options = [
            "--user",
            "7:8",
            "--secret",
            "/run/a=one",
            "--secret",
            "/run/b=two",
            "--memory",
            "/mem",
            "--limit-files",
            "99",
            "--shm-size",
            "1048576",
        ];
        let line = "cat /run/a /run/b; echo; stat -c '%a %u' /run/a; echo x 2>/dev/null > /run/a || echo refused; \
                    cp /bin/busybox /mem/sh && /mem/sh -c 'ulimit -n'; stat -f -c %b /dev/shm; ls -A /run";
        let done = bed.sh(&options, line);
        let pages = "256";
        assert_eq!(done.out, format!("onetwo\n440 7\nrefused\n99\n{pages}\na\nb\n"), "{}", done.err);
        let stranger = bed.sh(&["--secret", "/run/a=one"], "stat -c %u /run/a");
        // With one id every file belongs to it.
        let owner = if bed.who == Who::User { "0\n" } else { "7\n" };
        assert_eq!(stranger.out, owner, "{}", stranger.err);
    });
}
