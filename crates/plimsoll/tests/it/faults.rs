//! What goes wrong around a build: it is killed, the disk is full, hundreds run at once, images are
//! removed meanwhile. Nothing is lost, nothing half made becomes an image, no build is wrong.
//!
//! Bounded, so that it takes seconds; `cargo xtask soak` repeats it for as long as wanted.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use plimsoll_testkit::rootfs;

use crate::command::wait;
use crate::harness::{Ids, Output, World, chmod, eventually, finish, ids, program};
use crate::saved::digest;

/// Two stages, files added, changed and removed: every kind of write that a build does.
const DOCKERFILE: &str = "\
FROM bb AS one
COPY src /src
RUN echo a > /src/a && rm /src/3
FROM bb
WORKDIR /w
COPY --from=one /src /copied
ARG WHO
RUN mkdir /d && echo $WHO > /d/who && rm -rf /home
CMD [\"/bin/true\"]
";

/// How often a test is repeated at most; more with `PLIMSOLL_SOAK`.
pub fn rounds(few: usize) -> usize {
    let factor = std::env::var("PLIMSOLL_SOAK").ok().and_then(|text| text.parse::<usize>().ok());
    few * factor.unwrap_or(1)
}

/// A world with the project `p`.
fn project() -> Option<World> {
    let world = World::with_busybox()?;
    for number in 0..20 {
        world.write(&format!("p/src/{number}"), format!("file {number}\n").repeat(200));
    }
    world.write("p/Dockerfile", DOCKERFILE);
    Some(world)
}

/// The digest an undisturbed build gives, for each value of WHO.
fn undisturbed(values: usize) -> Option<Vec<String>> {
    let world = project()?;
    let digest_of = |who: usize| {
        world.run(&["build", "-q", "-t", "app", "--build-arg", &format!("WHO={who}"), "p"]).ok();
        digest(&world, "app")
    };
    Some((0..values).map(digest_of).collect())
}

impl World {
    /// Nothing is in use any more: what killed builds left is swept, and only that.
    fn assert_swept_clean(&self) {
        // The processes of a killed build die with it, but not in the same moment.
        eventually("prune has the store for itself", || self.run(&["prune", "--keep-cache"]).code == 0);
        self.assert_nothing_left();
        assert!(self.in_store("trash").is_empty(), "left under trash");
        self.assert_store_valid();
    }

    /// The digest of an image, if there is one of that name.
    fn digest_of(&self, name: &str) -> Option<String> {
        let inspected = self.run(&["inspect", name]);
        (inspected.code == 0).then(|| inspected.json()[0]["Digest"].as_str().expect("a digest").to_string())
    }
}

#[test]
fn killed_at_many_moments() {
    let (Some(expected), Some(world)) = (undisturbed(1), project()) else { return };
    let words = ["build", "-q", "--no-cache", "-t", "app", "--build-arg", "WHO=0", "p"];
    let begun = Instant::now();
    world.run(&words).ok();
    let whole = begun.elapsed();
    let moments = rounds(24);
    for moment in 0..moments {
        if world.digest_of("app").is_some() {
            world.run(&["rmi", "app"]).ok();
        }
        let mut build = world.command(&words);
        let mut build = build.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("plimsoll starts");
        std::thread::sleep(whole * u32::try_from(moment).unwrap_or(0) / u32::try_from(moments).unwrap_or(1));
        build.kill().expect("a child can be killed");
        wait(&mut build, std::time::Duration::from_secs(60)).expect("a killed process ends");
        world.assert_store_valid();
        // It may have been ready; half ready it never is.
        if let Some(made) = world.digest_of("app") {
            assert_eq!(made, expected[0], "killed at moment {moment} of {moments}");
        }
    }
    world.run(&["build", "-q", "-t", "app", "--build-arg", "WHO=0", "p"]).ok();
    assert_eq!(digest(&world, "app"), expected[0]);
    world.assert_swept_clean();
}

/// Run in a mount namespace of its own: `store` becomes a file system of `$1` bytes. Says how each
/// command ended, and what of the store is not as it should be.
const ON_A_SMALL_DISK: &str = r#"
mount -t tmpfs -o size=$1 none store || exit 9
"$0" load -q -i bb.tar 2>error || { echo "load failed"; cat error >&2; exit; }
if "$0" build -q -t app --build-arg WHO=0 p >/dev/null 2>error
then "$0" inspect app | sed -n 's/.*"Digest": "\(.*\)".*/built \1/p'
else echo "build failed"; cat error >&2; "$0" inspect app >/dev/null 2>&1 && echo "half made"
fi
cd store/blobs/sha256
for blob in *; do [ "$(sha256sum < "$blob")" = "$blob  -" ] || echo "broken blob $blob"; done
cd ../../..
for id in $("$0" images -q); do "$0" inspect "$id" >/dev/null || echo "broken image $id"; done
ls store/tmp | sed 's/^/left behind /'
"#;

#[test]
fn on_a_full_disk() {
    // Only root can mount without further preparation; what a full disk does is the same for all.
    if ids() != Ids::Root {
        return;
    }
    let (Some(expected), Some(world)) = (undisturbed(1), project()) else { return };
    world.run(&["save", "--format", "oci-archive", "-o", "bb.tar", "bb"]).ok();
    let expected = format!("built {}", expected[0]);
    let (mut failed, mut built) = (0, 0);
    // From too small for the base to large enough for all, in steps smaller than the layers.
    for size in (1500..7500).step_by(6000 / rounds(30)) {
        let mut command = Command::new("unshare");
        world.dress(&mut command);
        command.args(["--mount", "--propagation", "private", "sh", "-c", ON_A_SMALL_DISK]);
        command.arg(program()).arg(format!("{size}k"));
        let output = finish(command, Vec::new());
        output.ok();
        match output.stdout.trim() {
            "load failed" | "build failed" => {
                failed += 1;
                let said = output.one_sentence().stderr.to_lowercase();
                assert!(said.contains("no space left"), "the cause is not named: {output}");
            }
            text if text == expected => built += 1,
            _ => panic!("with {size} KiB: {output}"),
        }
    }
    assert!(failed > 3 && built > 0, "{failed} builds failed, {built} succeeded: the sizes are badly chosen");
}

#[test]
fn two_hundred_at_once() {
    const TREES: usize = 10;
    let (Some(expected), Some(world)) = (undisturbed(TREES), project()) else { return };
    let (builds, next) = (rounds(200), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| {
                while let number @ 0.. = next.fetch_add(1, Ordering::Relaxed)
                    && number < builds
                {
                    let (name, who) = (format!("app:{number}"), number % TREES);
                    let arg = format!("WHO={who}");
                    world.run(&["build", "-q", "-t", &name, "--build-arg", &arg, "p"]).ok();
                    assert_eq!(digest(&world, &name), expected[who], "build {number}");
                }
            });
        }
    });
    world.assert_nothing_left();
    world.assert_swept_clean();
}

#[test]
fn images_removed_during_builds() {
    const TREES: usize = 3;
    let (Some(expected), Some(world)) = (undisturbed(TREES), project()) else { return };
    let building = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let builders: Vec<_> = (0..TREES)
            .map(|who| {
                let (world, expected) = (&world, &expected);
                scope.spawn(move || {
                    for number in 0..rounds(8) {
                        let (name, arg) = (format!("app{who}:{number}"), format!("WHO={who}"));
                        world.run(&["build", "-q", "-t", &name, "--build-arg", &arg, "p"]).ok();
                        assert_eq!(digest(world, &name), expected[who], "{name}");
                        world.run(&["rmi", &name]).ok();
                    }
                })
            })
            .collect();
        let gardener = scope.spawn(|| {
            let mut pruned = 0;
            while building.load(Ordering::Relaxed) {
                pruned += usize::from(removes_or_waits(&world.run(&["prune"])));
            }
            pruned
        });
        let ends: Vec<_> = builders.into_iter().map(|builder| builder.join()).collect();
        building.store(false, Ordering::Relaxed);
        assert!(ends.iter().all(Result::is_ok), "a build was disturbed");
        gardener.join().expect("prune either works or says that it has to wait");
    });
    world.assert_swept_clean();
    assert!(world.digest_of("bb").is_some(), "what has a name stays");
    world.run(&["build", "-q", "-t", "app", "--build-arg", "WHO=0", "p"]).ok();
    assert_eq!(digest(&world, "app"), expected[0]);
}

/// Whether prune removed something; the only other end is that somebody writes.
fn removes_or_waits(pruned: &Output) -> bool {
    if pruned.code != 0 {
        pruned.ends(1).one_sentence().says(&["another plimsoll is writing"]);
    }
    pruned.code == 0
}

#[test]
fn several_prunes_at_once() {
    let Some(world) = project() else { return };
    for number in 0..rounds(3) {
        world.run(&["build", "-q", "-t", "app", "--build-arg", &format!("WHO={number}"), "p"]).ok();
        std::thread::scope(|scope| {
            (0..8).for_each(|_| drop(scope.spawn(|| removes_or_waits(&world.run(&["prune"])))));
        });
        world.assert_swept_clean();
    }
}

/// Another account, of no name on this machine.
const OTHER: &str = "54322";

/// The same command as the other user, with a store of its own choice.
fn as_other_user(world: &World, store: &str, words: &[&str]) -> Output {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", OTHER, "--regid", OTHER, "--clear-groups"]).arg(world.path("plimsoll"));
    command.args(words);
    world.dress(&mut command);
    command.env("PLIMSOLL_ROOT", world.path(store)).env("HOME", world.path("other"));
    command.env("TMPDIR", world.path("other"));
    finish(command, Vec::new())
}

/// A world another user can enter: with the program, and a home for that user.
fn world_for_two() -> World {
    let world = World::new();
    chmod(&world.path(""), 0o755);
    rootfs::copy_program(&program(), &world.path("plimsoll"));
    chmod(&world.path("plimsoll"), 0o755);
    std::fs::create_dir(world.path("other")).expect("a directory can be made");
    let uid: u32 = OTHER.parse().expect("a number");
    std::os::unix::fs::chown(world.path("other"), Some(uid), Some(uid)).expect("root can give files away");
    world.write("p/f", "content");
    world.write("p/Dockerfile", "FROM scratch\nCOPY f /f\n");
    world
}

#[test]
fn two_users() {
    if ids() != Ids::Root {
        return;
    }
    let world = world_for_two();
    world.run(&["build", "-q", "-t", "app", "p"]).ok();
    let before = tree(&world, "store");
    let refused = as_other_user(&world, "store", &["build", "-q", "-t", "app", "p"]);
    assert_ne!(refused.code, 0, "{refused}");
    refused.one_sentence().says(&["store"]);
    assert_eq!(tree(&world, "store"), before, "another user changed the store");
    as_other_user(&world, "other/store", &["build", "-q", "-t", "app", "p"]).ok();
    let inspected = as_other_user(&world, "other/store", &["inspect", "app"]);
    assert_eq!(inspected.json()[0]["Digest"], digest(&world, "app").as_str());
    // A store that anybody may write to, but of another user, is not trusted either (CVE-2021-41091).
    chmod(&world.path("store"), 0o777);
    let refused = as_other_user(&world, "store", &["images"]);
    assert_ne!(refused.code, 0, "{refused}");
    refused.one_sentence();
}

#[test]
fn a_context_file_that_may_not_be_read() {
    if ids() != Ids::Root {
        return;
    }
    let world = world_for_two();
    chmod(&world.path("p/f"), 0o600);
    let failed = as_other_user(&world, "other/store", &["build", "-q", "-t", "app", "p"]);
    failed.ends(4).one_sentence().says(&["/f of the build context p", "permission denied", "p/Dockerfile:2"]);
    as_other_user(&world, "other/store", &["inspect", "app"]).ends(1);
    let left: Vec<_> = std::fs::read_dir(world.path("other/store/tmp")).expect("a store").collect();
    assert!(left.is_empty(), "left under tmp: {left:?}");
}

#[test]
fn in_a_store_that_is_read_only() {
    if ids() != Ids::Root {
        return;
    }
    let Some(world) = project() else { return };
    let before = tree(&world, "store");
    let read_only = |words: &[&str]| {
        let script = "mount --bind store store && mount -o remount,ro,bind store && exec \"$0\" \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", script]).arg(program()).args(words);
        world.dress(&mut command);
        finish(command, Vec::new())
    };
    let failed = read_only(&["build", "-q", "-t", "app", "p"]);
    assert_ne!(failed.code, 0, "{failed}");
    failed.one_sentence().says(&["store", "read-only"]);
    assert_eq!(tree(&world, "store"), before);
    read_only(&["images"]).ok().prints(&["bb"]);
    read_only(&["inspect", "bb"]).ok();
}

/// All paths below a directory with their modes and sizes.
fn tree(world: &World, directory: &str) -> BTreeSet<(String, u32, u64)> {
    let mut found = BTreeSet::new();
    let mut open = vec![world.path(directory)];
    while let Some(path) = open.pop() {
        let metadata = std::fs::symlink_metadata(&path).expect("a file can be looked at");
        found.insert((path.display().to_string(), metadata.permissions().mode(), metadata.len()));
        if metadata.is_dir() {
            let entries = std::fs::read_dir(&path).expect("a directory can be read");
            open.extend(entries.map(|entry| entry.expect("a directory can be read").path()));
        }
    }
    found
}
