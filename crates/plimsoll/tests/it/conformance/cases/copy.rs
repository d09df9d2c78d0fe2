//! `cp`.

use crate::conformance::case::{Case, Needs, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    let mut cases = into();
    cases.extend(out());
    cases.extend(mistakes());
    cases
}

fn into() -> Vec<Case> {
    vec![
        case("cp-file-in", "docker cp reference: a file to a new name, into a directory, over a file")
            .file("f", "text")
            .run("run -d --name {c} obey")
            .run("cp f {c}:/tmp/new")
            .run("cp {d}/f {c}:/tmp")
            .run("cp f {c}:/home/")
            .run("cp f {c}:/etc/passwd")
            .run("exec {c} cat /tmp/new /tmp/f /home/f /etc/passwd")
            .is("texttexttexttext"),
        case("cp-directory-in", "docker cp reference: to a new name, or into a directory that exists")
            .file("src/sub/f", "text")
            .run("run -d --name {c} obey")
            .run("cp src {c}:/new")
            .run("exec {c} cat /new/sub/f")
            .is("text")
            .run("cp src {c}:/tmp")
            .run("exec {c} cat /tmp/src/sub/f")
            .is("text"),
        case("cp-content-in", "docker cp reference: what ends with /. is copied without itself")
            .file("src/sub/f", "text")
            .run("run -d --name {c} obey")
            .run("cp src/. {c}:/tmp")
            .run("exec {c} cat /tmp/sub/f")
            .is("text"),
        case(
            "cp-into-container-that-is-not-running",
            "docker cp reference: stopped or only created is as good",
        )
        .file("f", "text")
        .run("create --name {c} bb cat /tmp/f")
        .hex(64)
        .run("cp f {c}:/tmp/f")
        .run("start -a {c}")
        .is("text"),
        case("cp-owner-in", "docker cp reference: files get the user and group 0, and keep their mode")
            .needs(Needs::Ids)
            .file("f", "text")
            .run("run -d --name {c} -u app obey")
            .run("cp f {c}:/tmp/f")
            .run("exec {c} stat -c %u:%g /tmp/f")
            .is("0:0"),
        case("cp-into-volume", "docker cp reference: into a volume of the container")
            .file("f", "text")
            .run("run -d --name {c} -v {v}:/m obey")
            .run("cp f {c}:/m/f")
            .run("run --rm -v {v}:/m bb cat /m/f")
            .is("text"),
        case("cp-archive-in", "docker cp reference: - is a tar archive on standard input")
            .run("run -d --name {c} obey")
            // A tar header of an empty file `f`, and the end of the archive.
            .run("cp - {c}:/tmp")
            .input(empty_file_archive())
            .run("exec {c} ls /tmp")
            .is("f"),
        case("cp-relative-path", "docker cp reference: paths of the container count from its root")
            .file("f", "text")
            .run("run -d --name {c} -w /home obey")
            .run("cp f {c}:tmp/f")
            .run("exec {c} cat /tmp/f")
            .is("text"),
    ]
}

fn out() -> Vec<Case> {
    vec![
        case("cp-file-out", "docker cp reference: a file to a new name, into a directory")
            .file("dir/x", "")
            .run("run -d --name {c} obey")
            .run("exec {c} sh -c 'echo text > /tmp/f; chmod 640 /tmp/f'")
            .run("cp {c}:/tmp/f new")
            .read("new")
            .is("text")
            .run("cp {c}:/tmp/f {d}/dir")
            .read("dir/f")
            .is("text")
            .run("cp {c}:/tmp/f dir/x")
            .read("dir/x")
            .is("text"),
        case("cp-directory-out", "docker cp reference: to a new name, or into a directory that exists")
            .file("dir/x", "")
            .run("run -d --name {c} obey")
            .run("exec {c} sh -c 'mkdir -p /tmp/src/sub; echo text > /tmp/src/sub/f'")
            .run("cp {c}:/tmp/src new")
            .read("new/sub/f")
            .is("text")
            .run("cp {c}:/tmp/src dir")
            .read("dir/src/sub/f")
            .is("text")
            .run("cp {c}:/tmp/src/. dir")
            .read("dir/sub/f")
            .is("text"),
        case("cp-out-of-container-that-has-ended", "docker cp reference: its files are still there")
            .run("run --name {c} bb sh -c 'echo text > /tmp/f'")
            .run("cp {c}:/tmp/f f")
            .read("f")
            .is("text"),
        case("cp-archive-out", "docker cp reference: - writes a tar archive to standard output")
            .run("run --name {c} bb sh -c 'echo text > /tmp/f'")
            .run("cp {c}:/tmp/f -")
            .has("text")
            .has("ustar"),
        case("cp-out-of-volume", "docker cp reference: from a volume of the container")
            .run("run -d --name {c} -v {v}:/m obey")
            .run("exec {c} sh -c 'echo text > /m/f'")
            .run("cp {c}:/m/f f")
            .read("f")
            .is("text"),
        case("cp-link-out", "docker cp reference, -L: else the link itself is copied")
            .run("run --name {c} bb sh -c 'echo text > /tmp/f; ln -s f /tmp/link'")
            .run("cp -L {c}:/tmp/link followed")
            .read("followed")
            .is("text")
            .file("f", "of the host")
            .run("cp {c}:/tmp/link link")
            .read("link")
            .is("of the host"),
    ]
}

fn mistakes() -> Vec<Case> {
    vec![
        case("cp-to-missing-directory", "docker cp reference: a destination ending with / has to exist")
            .file("f", "text")
            .run("create --name {c} bb")
            .hex(64)
            .run("cp f {c}:/missing/")
            .fails()
            .run("cp f {c}:/missing/f")
            .fails()
            .run("cp {c}:/etc/passwd missing/")
            .fails(),
        case("cp-directory-over-file", "docker cp reference: a directory cannot become a file")
            .file("f", "text")
            .file("src/f", "text")
            .run("create --name {c} bb")
            .hex(64)
            .run("cp src {c}:/etc/passwd")
            .fails()
            .run("cp {c}:/etc f")
            .fails(),
        case("cp-source-missing", "docker cp reference: the source has to exist")
            .run("create --name {c} bb")
            .hex(64)
            .run("cp missing {c}:/tmp")
            .fails()
            .says("missing")
            .run("cp {c}:/missing .")
            .fails()
            .says("missing"),
        case("cp-container-missing", "docker cp reference: the container has to exist")
            .file("f", "text")
            .run("cp f no-such:/tmp")
            .fails()
            .says("no-such"),
        case("cp-without-container", "docker cp reference: one side is a container")
            .file("f", "text")
            .run("cp f g")
            .fails(),
    ]
}

/// An archive of one empty file `f`.
fn empty_file_archive() -> String {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(0);
    header.set_mode(0o644);
    archive.append_data(&mut header, "f", &[][..]).expect("memory can be written");
    String::from_utf8(archive.into_inner().expect("memory can be written")).expect("a plain header is text")
}
