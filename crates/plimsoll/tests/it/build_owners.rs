//! `build`: owners, device nodes and users of a RUN are what they are for root, without root, and with one
//! mapped id as well.

use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::Command;

use plimsoll_testkit::{program as installed, rootfs, skip};

use crate::harness::{Ids, Output, World, finish, ids, not_applicable, program};
use crate::saved::{files, files_of_archive};

/// An account without subordinate ids, which need not exist.
const ORDINARY: u32 = 54_322;

/// Steps that change owners in all the ways people do.
const DOCKERFILE: &str = r#"
FROM bb
RUN mkdir -p /d/e && echo 1 > /d/e/f && ln -s e/f /d/l && ln /d/e/f /d/twin && chown -R app:staff /d
RUN cp -a /d /copied && mv /d /moved && mv /moved/e/f /moved/e/g && ls -ln /copied /moved /moved/e > /seen
RUN tar cf /t.tar moved && mkdir /unpacked && tar xf /t.tar -C /unpacked && rm /t.tar
RUN chown -h 7:8 /moved/l && chown 1000:50 /bin/busybox && chown 0:0 /bin/busybox
RUN echo > /suid && chmod 6755 /suid && chown app /suid && stat -c %a /suid > /cleared && chmod u+s /suid
RUN mknod /null c 1 3 && mknod /disk b 8 300 && mkfifo /fifo && chown app /null /fifo && stat -c '%F %t %T %u' /null > /node
RUN rm /moved/twin && echo new > /moved/twin && rm -r /copied/e && mkdir /copied/e
RUN echo more >> /moved/e/g && chmod 600 /moved/e/g && mkdir -m 2775 /shared && chgrp staff /shared
RUN touch /shared/f && mkdir /shared/d && ln -s f /shared/l && find / -xdev -group staff | sort > /found
RUN setpriv --nnp sh -c 'id -u; id -g' > /ids
COPY --chown=app:staff Dockerfile /copied/
USER app
WORKDIR /tmp
RUN echo mine > mine && mkdir dir && ls -ln mine > /tmp/seen
"#;

#[test]
fn a_run_gives_files_to_users() {
    let Some(world) = World::with_busybox() else { return };
    // The kernel makes no device nodes in a user namespace, and with a range of ids nobody else does.
    let makes_devices = ids() != Ids::Range;
    let dockerfile = match makes_devices {
        true => DOCKERFILE.to_string(),
        false => DOCKERFILE.replace("mknod /null c 1 3 && mknod /disk b 8 300", "touch /null"),
    };
    world.build(&["-t", "app"], &dockerfile).ok();
    let files = files(&world, "app");
    let of = |path: &str| (files[path].owner, files[path].mode, files[path].kind);
    for (path, expected) in [
        ("/moved", ((1000, 50), 0o755, 'd')),
        ("/moved/e/g", ((1000, 50), 0o600, 'f')),
        ("/moved/l", ((7, 8), 0o777, 'l')),
        ("/moved/twin", ((0, 0), 0o644, 'f')),
        ("/copied/twin", ((1000, 50), 0o644, 'h')),
        ("/copied/e", ((0, 0), 0o755, 'd')),
        ("/unpacked/moved/e/g", ((1000, 50), 0o644, 'f')),
        ("/suid", ((1000, 0), 0o4755, 'f')),
        ("/null", ((1000, 0), 0o644, if makes_devices { '?' } else { 'f' })),
        ("/fifo", ((1000, 0), 0o644, '?')),
        ("/shared", ((0, 50), 0o2775, 'd')),
        ("/shared/f", ((0, 50), 0o644, 'f')),
        ("/shared/d", ((0, 50), 0o2755, 'd')),
        ("/shared/l", ((0, 50), 0o777, 'l')),
        ("/copied/Dockerfile", ((1000, 50), 0o644, 'f')),
        ("/tmp/mine", ((1000, 1000), 0o644, 'f')),
        ("/tmp/dir", ((1000, 1000), 0o755, 'd')),
    ] {
        assert_eq!(of(path), expected, "{path}");
    }
    assert_eq!(files["/cleared"].content, "755\n");
    if makes_devices {
        assert_eq!(files["/node"].content, "character special file 1 3 1000\n");
    }
    assert_eq!(files["/ids"].content, "0\n0\n");
    assert!(files["/found"].content.contains("/shared/d\n"), "{}", files["/found"].content);
}

#[test]
fn an_ordinary_user_without_sub_ids_gets_roots_digest() {
    let Some([root, user]) = two_builders() else { return };
    for dockerfile in [DOCKERFILE, "FROM bb\nRUN touch /f\n"] {
        let [as_root, as_user] = [&root, &user].map(|builder| builder.build("app", dockerfile).stdout);
        assert_eq!(as_user, as_root);
    }
}

/// A real package manager: users of packages, files with set-id bits, logs of a group.
#[test]
fn packages_are_installed_with_the_owners_root_gives() {
    let Some(tar) = std::env::var_os("PLIMSOLL_TEST_DEBIAN").map(PathBuf::from) else {
        return skip(
            "packages: PLIMSOLL_TEST_DEBIAN names no Debian root file system (cargo xtask test makes one)",
        );
    };
    let Some(builders) = two_builders() else { return };
    let base = "FROM scratch\nADD rootfs.tar /\nENV PATH=/usr/sbin:/usr/bin:/sbin:/bin\n";
    let install = "FROM debian\nRUN apt-get update && apt-get install -y --no-install-recommends postfix openssh-client\n\
                   RUN useradd -m joe && su joe -c 'umask 027; mkdir ~/made; echo x > ~/made/f; id > ~/id'\n\
                   RUN setpriv --reuid joe --regid mail --clear-groups sh -c 'echo y > /home/joe/mailed; id' > /ids\n";
    let owners = builders.each_ref().map(|builder| {
        let copy = builder.world.path("p/rootfs.tar");
        std::fs::create_dir_all(builder.world.path("p")).unwrap();
        std::fs::copy(&tar, &copy).unwrap();
        builder.build("debian", base);
        std::fs::remove_file(copy).unwrap();
        builder.build("app", install);
        builder.owners("app")
    });
    let [as_root, as_user] = owners;
    let differing: Vec<_> =
        as_root.iter().zip(&as_user).filter(|(root, user)| root != user).take(5).collect();
    assert!(as_root == as_user, "{differing:?}");
    for line in ["/home/joe/made/f (1000, 1000) 640 f", "/home/joe/mailed (1000, 8) 644 f"] {
        assert!(as_user.iter().any(|found| found == line), "{line}");
    }
    let set_group = |line: &&String| line.starts_with("/usr/sbin/postdrop ") && line.ends_with(" 2555 f");
    assert!(as_user.iter().any(|line| set_group(&line)));
}

/// Somebody who builds, with a store of their own.
struct Builder {
    world: World,
    ordinary: bool,
}

impl Builder {
    /// A store with `bb`.
    fn new(ordinary: bool) -> Option<Builder> {
        let builder = Builder { world: World::new(), ordinary };
        let root = builder.world.path("bb");
        std::fs::create_dir(&root).unwrap();
        if !rootfs::busybox(&root) {
            return None;
        }
        std::fs::rename(&root, builder.world.path("root")).unwrap();
        rootfs::copy_program(&program(), &builder.world.path("plimsoll"));
        std::fs::create_dir(builder.world.path("p")).unwrap();
        std::fs::rename(builder.world.path("root"), builder.world.path("p/root")).unwrap();
        builder.build("bb", "FROM scratch\nCOPY root /\nCMD [\"/bin/sh\"]\n");
        std::fs::remove_dir_all(builder.world.path("p/root")).unwrap();
        Some(builder)
    }

    /// Build; the output is the image's id.
    #[track_caller]
    fn build(&self, name: &str, dockerfile: &str) -> Output {
        self.world.write("p/Dockerfile", dockerfile);
        let built = self.plimsoll(&["build", "-q", "-t", name, "p"]);
        built.ok();
        built
    }

    /// plimsoll as this builder.
    fn plimsoll(&self, words: &[&str]) -> Output {
        let mut command = Command::new("setpriv");
        if self.ordinary {
            let id = ORDINARY.to_string();
            command.args(["--reuid", &id, "--regid", &id, "--clear-groups"]);
            give(&self.world.path(""));
        }
        command.arg(self.world.path("plimsoll")).args(words);
        self.world.dress(&mut command);
        finish(command, Vec::new())
    }

    /// Owner, mode and kind of every file of an image.
    fn owners(&self, image: &str) -> Vec<String> {
        let saved = self.plimsoll(&["save", image]);
        let files = files_of_archive(&saved.ok().bytes);
        files
            .iter()
            .map(|(path, file)| format!("{path} {:?} {:o} {}", file.owner, file.mode, file.kind))
            .collect()
    }
}

/// Root and an ordinary user without subordinate ids.
fn two_builders() -> Option<[Builder; 2]> {
    if ids() != Ids::Root {
        not_applicable("comparing with what root builds: only root can be both");
        return None;
    }
    installed("setpriv")?;
    Some([Builder::new(false)?, Builder::new(true)?])
}

/// Give a directory, and what a test has put into it, to the ordinary user.
fn give(path: &std::path::Path) {
    let metadata = std::fs::symlink_metadata(path).unwrap();
    if !metadata.is_symlink() {
        chown(path, Some(ORDINARY), Some(ORDINARY)).unwrap();
    }
    if metadata.is_dir() {
        let entries = std::fs::read_dir(path).unwrap().flatten();
        entries.filter(|entry| entry.file_name() != "store").for_each(|entry| give(&entry.path()));
    }
}
