//! `build`: ADD of files behind addresses. The server runs in this process, on loopback.

use plimsoll_model::Digest;
use plimsoll_testkit::{FileServer, Served};

use crate::harness::World;
use crate::saved::{digest, files};

fn text(body: &str) -> Served {
    Served { body: body.as_bytes().to_vec(), ..Served::default() }
}

fn tagged(body: &str) -> Served {
    Served { etag: Some(format!("\"{body}\"")), ..text(body) }
}

fn archive() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    header.set_mode(0o640);
    tar.append_data(&mut header, "in/side", &b"deep"[..]).expect("a tar can be written");
    tar.into_inner().expect("a tar can be written")
}

#[test]
fn names_owners_modes_and_times() {
    let (world, server) = (World::new(), FileServer::start());
    let modified = Some("Sun, 06 Nov 1994 08:49:37 GMT".to_string());
    server.put("/d/a.txt", Served { modified, ..text("a") });
    server.put("/d/b%20c", text("b"));
    server.put("/", text("root"));
    server.put("/away", Served { redirect: Some("/d/a.txt".to_string()), ..Served::default() });
    world.write("p/local", "here");
    let dockerfile = format!(
        "FROM scratch\nARG AT={at}\nWORKDIR /w\nADD $AT/d/a.txt $AT/d/b%20c?version=1 /dir/\nADD $AT/ /index\n\
         ADD --chown=5 --chmod=u=rwX,go=r $AT/away?x=/y .\nADD $AT/d/a.txt local <<doc /mixed/\ninline\ndoc\n\
         ADD $AT/d/a.txt /w\n",
        at = server.url("")
    );
    world.build(&["-t", "app", "--build-arg", "SOURCE_DATE_EPOCH=1000000000"], &dockerfile).ok();
    let files = files(&world, "app");
    let seen = |path: &str| (files[path].content.as_str(), files[path].mode, files[path].owner);
    assert_eq!(seen("/dir/a.txt"), ("a", 0o600, (0, 0)));
    assert_eq!(seen("/dir/b c"), ("b", 0o600, (0, 0)));
    assert_eq!(seen("/index"), ("root", 0o600, (0, 0)));
    assert_eq!(seen("/w/away"), ("a", 0o644, (5, 5)));
    assert_eq!((seen("/mixed/local").0, seen("/mixed/doc").0), ("here", "inline\n"));
    assert_eq!(seen("/w/a.txt").0, "a", "a directory that is there is one without a final slash");
    assert_eq!((files["/dir/a.txt"].mtime, files["/dir/b c"].mtime), (784_111_777, 1_000_000_000));
    world.assert_nothing_left();
}

#[test]
fn what_has_not_changed_is_not_fetched_again() {
    let (world, server) = (World::new(), FileServer::start());
    server.put("/tagged", tagged("one"));
    server.put("/dated", Served { modified: Some("Sun, 06 Nov 1994 08:49:37 GMT".into()), ..text("one") });
    server.put("/silent", text("one"));
    let at = server.url("");
    let dockerfile = format!("FROM scratch\nADD {at}/tagged {at}/dated {at}/silent /d/\n");
    world.build(&["-t", "one"], &dockerfile).ok();
    let all = |statuses: [u16; 3]| {
        let paths = ["/tagged", "/dated", "/silent"].map(str::to_string);
        paths.into_iter().zip(statuses).collect::<Vec<_>>()
    };
    assert_eq!(server.seen(), all([200, 200, 200]));

    world.build(&["-t", "again"], &dockerfile).ok().prints(&["1 step (1 cached)"]);
    assert_eq!(server.seen(), all([304, 304, 200]), "one request each, the bytes only of the silent one");
    assert_eq!(digest(&world, "again"), digest(&world, "one"));

    // Another base: the bytes are in the store.
    world.build(&["-t", "other"], &dockerfile.replace("scratch\n", "scratch\nWORKDIR /new\n")).ok();
    assert_eq!(server.seen(), all([304, 304, 200]));
    assert_eq!(files(&world, "other")["/d/tagged"].content, "one");

    server.put("/tagged", tagged("two"));
    world.build(&["-t", "two"], &dockerfile).ok().prints(&["1 step"]);
    assert_eq!(server.seen(), all([200, 304, 200]));
    assert_eq!(files(&world, "two")["/d/tagged"].content, "two");

    world.run(&["rmi", "one", "again", "other", "two"]).ok();
    world.run(&["prune"]).ok();
    assert_eq!(world.in_store("blobs/sha256"), [""; 0]);
    world.build(&[], &dockerfile).ok();
    assert_eq!(server.seen(), all([200, 200, 200]), "prune forgets what was fetched");
}

#[test]
fn a_checksum_decides_without_asking() {
    let (world, server) = (World::new(), FileServer::start());
    server.put("/f", text("bytes"));
    let checksum = Digest::of(b"bytes");
    let line = format!("ADD --checksum={checksum} {} /f", server.url("/f"));
    world.build(&["-t", "app"], &format!("FROM scratch\n{line}\n")).ok();
    assert_eq!(server.seen().len(), 1);
    world.build(&["-t", "app"], &format!("FROM scratch\n{line}\n")).ok().prints(&["(1 cached)"]);
    world.build(&["-t", "other"], &format!("FROM scratch\nWORKDIR /w\n{line}\n")).ok();
    assert_eq!(server.seen(), [], "the bytes are known, so nobody is asked");
    assert_eq!(files(&world, "other")["/f"].content, "bytes");

    server.put("/f", text("other bytes"));
    let wrong = Digest::of(b"wrong");
    let found = Digest::of(b"other bytes").to_string();
    let failed = world.build(&[], &format!("FROM scratch\nADD --checksum={wrong} {} /f\n", server.url("/f")));
    failed.ends(4).one_sentence().says(&[&found, &wrong.to_string(), "was expected", "p/Dockerfile:2:16"]);
    world.assert_nothing_left();
}

#[test]
fn archives_stay_packed_unless_told_otherwise() {
    let (world, server) = (World::new(), FileServer::start());
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &archive()).expect("bytes can be packed");
    server.put("/a.tar", Served { body: archive(), ..Served::default() });
    server.put("/a.gz", Served { body: packed.finish().expect("bytes can be packed"), ..Served::default() });
    let at = server.url("");
    world.write("p/local.tar", archive());
    let checksum = Digest::of(&archive());
    let dockerfile = format!(
        "FROM scratch\nADD {at}/a.tar /kept/\nADD --unpack=true {at}/a.gz /unpacked\nADD --unpack local.tar /u/\n\
         ADD --unpack=false local.tar /p/\nADD --unpack=true --checksum={checksum} {at}/a.tar /c/\n"
    );
    world.build(&["-t", "app"], &dockerfile).ok();
    let files = files(&world, "app");
    assert_eq!((files["/kept/a.tar"].kind, files["/p/local.tar"].kind), ('f', 'f'));
    for path in ["/unpacked/in/side", "/u/in/side", "/c/in/side"] {
        assert_eq!((files[path].content.as_str(), files[path].mode), ("deep", 0o640), "{path}");
    }
}

#[test]
fn a_server_that_stumbles_is_asked_again() {
    let (world, server) = (World::new(), FileServer::start());
    server.put("/busy", Served { status: Some((503, 1)), ..text("busy") });
    server.put("/cut", Served { cut: 1, ..text("all of it") });
    let at = server.url("");
    world.build(&["-t", "app"], &format!("FROM scratch\nADD {at}/busy {at}/cut /d/\n")).ok();
    assert_eq!(server.seen().len(), 4);
    assert_eq!(files(&world, "app")["/d/cut"].content, "all of it");
    world.assert_nothing_left();
}

#[test]
fn what_cannot_be_fetched_is_said_at_its_word() {
    let (world, server) = (World::new(), FileServer::start());
    server.put("/loop", Served { redirect: Some("/loop".to_string()), ..Served::default() });
    server.put("/file", Served { redirect: Some("file:///etc/passwd".to_string()), ..Served::default() });
    world.write("p/local", "x");
    let at = server.url("");
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        listener.local_addr().expect("it has an address")
    };
    let digest = Digest::of(b"x");
    let cases = [
        (format!("ADD {at}/gone /x"), "2:5", "answered 404"),
        (format!("ADD http://{nobody}/f /x"), "2:5", "refused the connection; check host and port"),
        (format!("ADD local {at}/d/ /x/"), "2:11", "names no file: give the destination a file name"),
        (format!("ADD {at}/loop /x"), "2:5", "too many redirects"),
        (format!("ADD {at}/file /x"), "2:5", "something other than http or https"),
        ("ADD ftp://h.example/f /x".to_string(), "2:5", "only http and https"),
        ("ADD https://h.example/a<b /x".to_string(), "2:5", "%20"),
        (format!("COPY local {at}/f /x/"), "2:12", "COPY fetches nothing"),
        (format!("ADD --checksum={digest} local /x"), "2:16", "'local' is a file of the build context"),
        (format!("ADD --checksum={digest} {at}/a {at}/b /x/"), "2:16", "--checksum is for one source"),
        (format!("ADD --checksum=sha512:00 {at}/a /x"), "2:16", "'sha256:' and 64 hexadecimal digits"),
        ("ADD --chmod=888 local /x".to_string(), "2:13", "'888' is no mode"),
        ("ADD --chown=me: local /x".to_string(), "2:13", "'me:' names no group"),
    ];
    for (line, place, said) in &cases {
        let failed = world.build(&[], &format!("FROM scratch\n{line}\n"));
        failed.ends(4).one_sentence().says(&[said, &format!("p/Dockerfile:{place}")]);
    }
    world.assert_nothing_left();
}
