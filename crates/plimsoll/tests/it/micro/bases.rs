//! The base images of the projects: one root file system with three shells as its `/bin/sh`, and two programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll_testkit::program;
use plimsoll_testkit::rootfs::copy_program;

use crate::harness::{World, chmod, finish};

/// Says what it was given and ends.
const JOB: &str = "#!/bin/sh\necho \"given: $*\"\n";

/// Says what it was given, and ends with 0 when it is asked to stop.
const SERVER: &str = "#!/bin/sh\n\
    trap 'echo \"bye: $*\"; exit 0' TERM\n\
    echo \"up: $*\"\n\
    while :; do sleep 60 & wait $!; done\n";

/// A world with `bb:1`, `dash:1` and `bash:1`, named after what `/bin/sh` is. `None`, said aloud, where a shell
/// is missing.
pub fn world() -> Option<World> {
    let world = World::with_busybox()?;
    for (name, text) in [("job", JOB), ("server", SERVER)] {
        chmod(&world.write(&format!("bases/bb/{name}"), text), 0o755);
    }
    let bb = "FROM bb\nCOPY job server /bin/\n";
    world.write("bases/bb/Dockerfile", bb);
    world.run(&["build", "-q", "-t", "bb:1", "bases/bb"]).ok();
    for shell in ["dash", "bash"] {
        let path = program(shell)?;
        let root = world.path(&format!("bases/{shell}/root"));
        copy(&path, &root.join("bin").join(shell));
        libraries(&path).iter().for_each(|library| copy(library, &root.join(below(library))));
        let dockerfile = format!("FROM bb:1\nCOPY root /\nRUN ln -sf {shell} /bin/sh\n");
        world.write(&format!("bases/{shell}/Dockerfile"), dockerfile);
        world.run(&["build", "-q", "-t", &format!("{shell}:1"), &format!("bases/{shell}")]).ok();
    }
    Some(world)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().expect("a file lies in a directory"))
        .expect("directories can be made");
    copy_program(from, to);
}

fn below(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}

/// What a program loads, its loader too.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let mut command = Command::new("ldd");
    command.arg(program);
    let listed = finish(command, Vec::new()).stdout;
    let words = listed.split_whitespace().filter(|word| word.starts_with('/') && !word.ends_with(':'));
    words.map(PathBuf::from).collect()
}
