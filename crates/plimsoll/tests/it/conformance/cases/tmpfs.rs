//! `--tmpfs` and `--read-only`.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        case("tmpfs-default", "docker run reference, --tmpfs: empty, in memory, open to all")
            .run("run --rm --tmpfs /t bb sh -c 'stat -c %a /t; stat -f -c %T /t; ls -A /t; touch /t/new'")
            .is("1777\ntmpfs"),
        case("tmpfs-hides-the-image", "docker run reference, --tmpfs: it is empty whatever the image has there")
            .run("run --rm --tmpfs /home bb ls -A /home")
            .is(""),
        case("tmpfs-options", "docker run reference, --tmpfs: options of mount(8)")
            .run("run --rm --tmpfs /t:size=1m,mode=700 bb sh -c 'stat -c %a /t; df -k /t | tail -1 | tr -s \" \" | cut -d\" \" -f2'")
            .is("700\n1024"),
        case("tmpfs-size-holds", "docker run reference, --tmpfs: size is a limit")
            .run("run --rm --tmpfs /t:size=64k bb dd if=/dev/zero of=/t/f bs=64k count=2")
            .ends(1)
            .says("No space left"),
        case("tmpfs-flags", "docker run reference, --tmpfs: noexec, nosuid and nodev if nothing else is said")
            .run("run --rm --tmpfs /t bb grep ' /t ' /proc/mounts")
            .has("nosuid")
            .has("nodev")
            .has("noexec")
            .run("run --rm --tmpfs /t:exec bb grep ' /t ' /proc/mounts")
            .lacks("noexec")
            .run("run --rm --tmpfs /t:ro bb touch /t/new")
            .ends(1)
            .says("Read-only file system"),
        case("tmpfs-owner", "docker run reference, --tmpfs: uid and gid of mount(8)")
            .run("run --rm --tmpfs /t:uid=1000,gid=50 bb stat -c %u:%g /t")
            .is("1000:50"),
        case("tmpfs-invalid", "docker run reference, --tmpfs: an absolute path, known options")
            .run("run --rm --tmpfs relative bb true")
            .ends(125)
            .run("run --rm --tmpfs /t:nope bb true")
            .ends(125)
            .says("nope"),
        case("tmpfs-over-volume-of-image", "docker run reference, --tmpfs: it stands in for a VOLUME of the image")
            .run("run --name {c} --tmpfs /data data stat -f -c %T /data")
            .is("tmpfs")
            .run("inspect -f '{{range .Mounts}}{{.Type}}{{end}}' {c}")
            .lacks("volume"),
        case("read-only-root", "docker run reference, --read-only: the root file system cannot be written")
            .run("run --rm --read-only bb touch /etc/new")
            .ends(1)
            .says("Read-only file system")
            .run("run --rm --read-only=false bb touch /etc/new"),
        case("read-only-but-tmp", "docker run reference, --read-only: no directory is spared")
            .run("run --rm --read-only bb touch /tmp/new")
            .ends(1)
            .says("Read-only file system"),
        case("read-only-but-mounts", "docker run reference, --read-only: volumes and tmpfs can be written")
            .run("run --rm --read-only -v {v}:/v --tmpfs /t bb sh -c 'touch /v/new /t/new /dev/shm/new && ls /v /t /dev/shm'")
            .is("/dev/shm:\nnew\n\n/t:\nnew\n\n/v:\nnew"),
        case("read-only-hosts", "docker run reference, --read-only: /etc/hosts and its like as well")
            .run("run --rm --read-only bb sh -c 'echo x >> /etc/hosts'")
            .ends(1)
            .says("Read-only file system"),
    ]
}
