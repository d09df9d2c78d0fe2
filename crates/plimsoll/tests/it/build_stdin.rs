//! `build -`: a context or a Dockerfile on standard input, and where Dockerfile and ignore file may lie.

use crate::harness::{World, chmod};
use crate::saved::files;

/// A tar archive of files with their modes.
fn archive(entries: &[(&str, u32, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, mode, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(*mode);
        header.set_uid(4321);
        header.set_gid(4321);
        header.set_cksum();
        builder.append_data(&mut header, path, content.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

#[test]
fn a_dockerfile_on_standard_input_has_an_empty_context() {
    let Some(world) = World::with_busybox() else { return };
    let text = "FROM bb\nRUN echo here > /f\n";
    world.run_with_input(&["build", "-t", "app", "-"], text.into()).ok();
    assert_eq!(files(&world, "app")["/f"].content, "here\n");
    let failed = world.run_with_input(&["build", "-"], "FROM bb\nCOPY f /\n".into());
    failed.ends(4).says(&["stdin:2", "'f' does not exist"]);
    world.run_with_input(&["build", "-"], Vec::new()).ends(2).says(&["standard input is empty"]);
    world.run_with_input(&["build", "-f", "x", "-"], text.into()).ends(2).says(&["-f x names another one"]);
    world.run_with_input(&["build", "-f", "-", "-"], text.into()).ends(2).says(&["cannot both come"]);
    world.assert_nothing_left();
}

#[test]
fn a_dockerfile_on_standard_input_for_a_directory() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/f", "file");
    world.write("p/ignored", "file");
    world.write("p/.dockerignore", "ignored\n");
    let text = "FROM bb\nCOPY . /p/\n";
    world.run_with_input(&["build", "-t", "app", "-f", "-", "p"], text.into()).ok();
    let files = files(&world, "app");
    assert!(files.contains_key("/p/f") && !files.contains_key("/p/ignored"));
}

#[test]
fn an_archive_is_the_context() {
    let Some(world) = World::with_busybox() else { return };
    let entries = [
        ("Dockerfile", 0o644, "FROM bb\nCOPY . /p/\nRUN --mount=target=/m test -x /m/run\n"),
        ("other/Dockerfile.two", 0o644, "FROM bb\nCOPY run /two\n"),
        ("run", 0o755, "#!/bin/sh\n"),
        ("ignored", 0o644, ""),
        (".dockerignore", 0o644, "ignored\n"),
    ];
    let plain = archive(&entries);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &plain).unwrap();
    for packed in [plain.clone(), gzip.finish().unwrap()] {
        world.run_with_input(&["build", "--no-cache", "-t", "app", "-"], packed).ok();
        let files = files(&world, "app");
        assert_eq!((files["/p/run"].mode, files["/p/run"].owner), (0o755, (0, 0)));
        assert!(!files.contains_key("/p/ignored"));
    }
    world.run_with_input(&["build", "-t", "app", "-f", "other/Dockerfile.two", "-"], plain.clone()).ok();
    assert!(files(&world, "app").contains_key("/two"));
    let missing = world.run_with_input(&["build", "-f", "nowhere", "-"], plain);
    missing.ends(2).one_sentence().says(&["has no file nowhere"]);
    world.assert_nothing_left();
}

#[test]
fn a_hostile_archive_is_refused_and_leaves_nothing() {
    let Some(world) = World::with_busybox() else { return };
    let outside = world.write("outside", "safe");
    let mut builder = tar::Builder::new(Vec::new());
    let mut link = tar::Header::new_ustar();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    link.set_mode(0o777);
    builder.append_link(&mut link, "way", world.path("")).unwrap();
    let mut file = tar::Header::new_ustar();
    file.set_size(4);
    file.set_mode(0o644);
    file.set_cksum();
    builder.append_data(&mut file, "way/outside", &b"evil"[..]).unwrap();
    let archive_bytes = builder.into_inner().unwrap();
    world.run_with_input(&["build", "-"], archive_bytes).ends(2).says(&["has no file Dockerfile"]);
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "safe");
    let mut broken = archive(&[("Dockerfile", 0o644, "FROM bb\n"), ("f", 0o644, "file")]);
    broken.truncate(1100);
    world.run_with_input(&["build", "-"], broken).ends(1).one_sentence().says(&["standard input"]);
    world.assert_nothing_left();
}

#[test]
fn a_dockerfile_may_lie_anywhere_and_its_own_ignore_file_counts() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/a", "a");
    world.write("p/b", "b");
    world.write("p/.dockerignore", "a\n");
    world.write("elsewhere/My.file", "FROM bb\nCOPY . /p/\n");
    let build = |words: &[&str]| {
        let all = [&["build", "-t", "app"], words].concat();
        world.run(&all).ok();
        let files = files(&world, "app");
        (files.contains_key("/p/a"), files.contains_key("/p/b"))
    };
    // -f is seen from where the command is given, not from the context.
    assert_eq!(build(&["-f", "elsewhere/My.file", "p"]), (false, true));
    world.write("elsewhere/My.file.dockerignore", "b\n");
    assert_eq!(build(&["-f", "elsewhere/My.file", "p"]), (true, false));
    let dockerfile = world.path("elsewhere/My.file");
    chmod(&dockerfile, 0o444);
    assert_eq!(build(&["--file", &dockerfile.display().to_string(), "p"]), (true, false));
}
