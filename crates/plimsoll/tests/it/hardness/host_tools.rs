//! What looks at containers from outside runs nothing of theirs, and loads nothing.

use object::elf::{FileHeader64, PT_DYNAMIC, PT_INTERP};
use object::read::elf::{FileHeader as _, ProgramHeader as _};

use crate::harness::{World, program};

/// CVE-2019-14271: inside of a container the runtime loaded a library of it. CVE-2018-15664 and others of `cp`
/// need the same rule: no code of a container in our process.
#[test]
fn no_library_is_ever_loaded_into_our_process() {
    let bytes = std::fs::read(program()).unwrap();
    let header = FileHeader64::<object::Endianness>::parse(&*bytes).unwrap();
    let endian = header.endian().unwrap();
    for segment in header.program_headers(endian, &*bytes).unwrap() {
        let kind = segment.p_type(endian);
        assert!(kind != PT_INTERP && kind != PT_DYNAMIC, "the program is linked with libraries");
    }
}

/// CVE-2022-1227: a `ps` of the container's own was run with the rights of the host.
#[test]
fn nothing_that_looks_at_a_container_starts_a_process_in_it() {
    let Some(world) = World::with_busybox() else { return };
    super::sleeping(&world, "it", &[]);
    // Pids of a namespace are given out in order, one for each process.
    let next =
        || -> u32 { world.run(&["exec", "it", "sh", "-c", "echo $$"]).ok().stdout.trim().parse().unwrap() };
    let before = next();
    for words in [
        &["ps"][..],
        &["ps", "-a", "--no-trunc", "--format", "json"],
        &["inspect", "it"],
        &["inspect", "bb"],
        &["logs", "it"],
        &["images"],
        &["history", "bb"],
        &["scan", "bb"],
        &["explain", "bb"],
        &["save", "-o", "archive", "bb"],
        &["kill", "-s", "CONT", "it"],
    ] {
        world.run(words);
    }
    assert_eq!(next(), before + 1);
}
