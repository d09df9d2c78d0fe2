//! `build`: COPY and ADD, rule by rule.

use std::os::unix::fs::symlink;

use crate::harness::{World, chmod};
use crate::saved::files;

#[test]
fn places_and_names() {
    let Some(world) = World::with_busybox() else { return };
    for (path, text) in [
        ("p/a.txt", "a"),
        ("p/b.txt", "b"),
        ("p/dir/one", "1"),
        ("p/dir/sub/two", "2"),
        ("p/odd name", "odd"),
        ("outside", "outside"),
    ] {
        world.write(path, text);
    }
    let dockerfile = r#"
FROM bb
WORKDIR /w
COPY a.txt renamed
COPY a.txt b.txt many/
COPY dir /contents
COPY dir/ /again/
COPY *.txt /glob/
COPY a.* /glob-renamed
COPY ["odd name", "/odd name"]
COPY ../../a.txt /cleaned
COPY dir/sub/../one /dots
COPY . /everything/
"#;
    world.build(&["-t", "app"], dockerfile).ok();
    let files = files(&world, "app");
    for (path, text) in [
        ("/w/renamed", "a"),
        ("/w/many/a.txt", "a"),
        ("/w/many/b.txt", "b"),
        ("/contents/one", "1"),
        ("/contents/sub/two", "2"),
        ("/again/sub/two", "2"),
        ("/glob/b.txt", "b"),
        ("/glob-renamed", "a"),
        ("/odd name", "odd"),
        ("/cleaned", "a"),
        ("/dots", "1"),
        ("/everything/dir/sub/two", "2"),
    ] {
        assert_eq!(files.get(path).map(|file| file.content.as_str()), Some(text), "{path}");
    }
    assert!(!files.contains_key("/contents/dir"), "of a directory the contents are copied");
    assert_eq!((files["/w/many"].mode, files["/w/many"].owner), (0o755, (0, 0)));
}

#[test]
fn owners_and_modes() {
    let Some(world) = World::with_busybox() else { return };
    let file = world.write("p/f", "x");
    chmod(&file, 0o604);
    chmod(&world.write("p/setuid", "x"), 0o4755);
    let dockerfile = r#"
FROM bb AS source
COPY --chown=1000:50 f /owned
FROM bb
USER app
COPY f /plain
COPY --chown=5 f /number
COPY --chown=app f /user
COPY --chown=app:staff f /both/f
COPY --chmod=640 f /mode
COPY --chmod=u=rwX,go=r f /symbolic
COPY setuid /setuid
COPY --from=source /owned /kept
ADD --chown=7:8 f /added
"#;
    world.build(&["-t", "app"], dockerfile).ok();
    let files = files(&world, "app");
    let owner = |path: &str| files[path].owner;
    assert_eq!((owner("/plain"), files["/plain"].mode), ((0, 0), 0o604), "USER has no effect on COPY");
    assert_eq!(owner("/number"), (5, 5));
    assert_eq!(owner("/user"), (1000, 1000));
    assert_eq!((owner("/both/f"), owner("/both")), ((1000, 50), (1000, 50)), "parents get the owner too");
    assert_eq!(files["/mode"].mode, 0o640);
    assert_eq!(files["/symbolic"].mode, 0o644);
    assert_eq!(files["/setuid"].mode, 0o4755);
    assert_eq!(owner("/kept"), (1000, 50), "owners of a stage stay");
    assert_eq!(owner("/added"), (7, 8));
}

#[test]
fn links() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/real/file", "x");
    symlink("real", world.path("p/link")).unwrap();
    symlink("file", world.path("p/real/inner")).unwrap();
    symlink("/etc", world.path("p/real/dangling")).unwrap();
    let dockerfile = r#"
FROM bb
RUN ln -s /var /alias
COPY link /followed
COPY link/file /through-parent
COPY real/inner /file-behind-link
COPY real/file /alias/landed
COPY real/ /alias/tree/
"#;
    world.build(&["-t", "app"], dockerfile).ok();
    let files = files(&world, "app");
    assert_eq!((files["/followed/file"].kind, files["/followed/inner"].kind), ('f', 'l'));
    assert_eq!(files["/followed/dangling"].content, "/etc", "a link inside a tree stays as it is");
    assert_eq!(files["/through-parent"].content, "x");
    assert_eq!((files["/file-behind-link"].kind, files["/file-behind-link"].content.as_str()), ('f', "x"));
    assert_eq!(files["/var/landed"].content, "x", "links of the image are followed");
    assert_eq!(files["/var/tree/file"].content, "x");
    assert_eq!(files["/alias"].kind, 'l');
}

#[test]
fn heredocs_become_files() {
    let world = World::new();
    let dockerfile = "FROM scratch\nARG NAME=you\nCOPY <<expanded <<\"literal\" /etc/\nhello $NAME\nexpanded\nhello $NAME\nliteral\nCOPY --chmod=755 <<-EOF /bin/script\n\t#!/bin/sh\n\techo $NAME\nEOF\n";
    world.build(&["-t", "app"], dockerfile).ok();
    let files = files(&world, "app");
    assert_eq!(files["/etc/expanded"].content, "hello you\n");
    assert_eq!(files["/etc/literal"].content, "hello $NAME\n");
    assert_eq!(
        (files["/bin/script"].content.as_str(), files["/bin/script"].mode),
        ("#!/bin/sh\necho you\n", 0o755)
    );
}

#[test]
fn archives_are_unpacked_by_add_alone() {
    let world = World::new();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    header.set_mode(0o600);
    header.set_uid(12);
    header.set_gid(34);
    tar.append_data(&mut header, "in/side", &b"deep"[..]).unwrap();
    let plain = tar.into_inner().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, &plain).unwrap();
    world.write("p/plain.tar", &plain);
    world.write("p/packed.dat", gzip.finish().unwrap());
    world.write("p/not.tar", "no archive");
    let dockerfile = "FROM scratch\nADD plain.tar /plain/\nADD packed.dat /packed\nCOPY plain.tar /copied.tar\nADD not.tar /not/\n";
    world.build(&["-t", "app"], dockerfile).ok();
    let files = files(&world, "app");
    for path in ["/plain/in/side", "/packed/in/side"] {
        let file = &files[path];
        assert_eq!((file.content.as_str(), file.mode, file.owner), ("deep", 0o600, (12, 34)), "{path}");
    }
    assert_eq!(files["/copied.tar"].kind, 'f');
    assert_eq!(files["/not/not.tar"].content, "no archive");
}

#[test]
fn ignored_files_stay_out() {
    let world = World::new();
    for path in
        ["keep.txt", "drop.log", "logs/keep.log", "logs/other.log", "deep/x/y.tmp", "node/a", "sub/drop.log"]
    {
        world.write(&format!("p/{path}"), path);
    }
    let ignore = "# comment\n*.log\n**/*.tmp\n/node/\nlogs\n!logs/keep.log\nDockerfile\n.dockerignore\n";
    world.write("p/.dockerignore", ignore);
    world.build(&["-t", "app"], "FROM scratch\nCOPY . /\n").ok();
    let names = |image: &str| -> Vec<String> {
        files(&world, image).into_iter().filter(|(_, file)| file.kind == 'f').map(|(path, _)| path).collect()
    };
    assert_eq!(names("app"), ["/keep.txt", "/logs/keep.log", "/sub/drop.log"]);
    // The file beside a Dockerfile of another name beats the general one.
    world.write("p/Other", "FROM scratch\nCOPY . /\n");
    world.write("p/Other.dockerignore", "*\n!keep.txt\n");
    world.run(&["build", "-t", "other", "-f", "p/Other", "p"]).ok();
    assert_eq!(names("other"), ["/keep.txt"]);
}

#[test]
fn what_cannot_be_copied_is_said_with_line_and_remedy() {
    let Some(world) = World::with_busybox() else { return };
    for path in ["app.txt", "b.txt", "secret.key", "dir/f"] {
        world.write(&format!("p/{path}"), "x");
    }
    world.write("p/.dockerignore", "# keys\n*.key\n");
    let cases: &[(&str, &[&str])] = &[
        ("COPY ap.txt /x", &["'ap.txt'", "does not exist", "did you mean 'app.txt'"]),
        ("COPY secret.key /x", &["'secret.key'", "excluded by p/.dockerignore:2"]),
        ("COPY app.txt b.txt /x", &["several sources", "'/'"]),
        ("COPY --chown=ap app.txt /x", &["no user 'ap'", "did you mean 'app'"]),
        ("COPY --chown=app:stff app.txt /x", &["no group 'stff'", "did you mean 'staff'"]),
        ("COPY --chmod=9 app.txt /x", &["'9'"]),
        ("COPY dir /etc/passwd", &["/etc/passwd"]),
        ("COPY app.txt /etc/passwd/x", &["/etc/passwd"]),
        ("COPY --from=bb /etc/paswd /x", &["'/etc/paswd'", "image 'bb'", "passwd'"]),
        ("ADD https://example.com/x /x", &["ADD", "https://example.com/x"]),
    ];
    for (line, words) in cases {
        let failed = world.build(&["-t", "broken"], &format!("FROM bb\n{line}\n"));
        failed.ends(4).one_sentence().says(words).says(&["p/Dockerfile:2"]);
    }
    world.run(&["inspect", "broken"]).ends(1);
    world.assert_nothing_left();
}
