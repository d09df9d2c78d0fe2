//! Layers made file by file.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use plimsoll_image::layer::{CopyRules, LayerBuilder, LayeredTree, Meta, Owner};
use plimsoll_image::{CommittedLayer, Context, Store};
use plimsoll_model::Digest;
use plimsoll_testkit::store;

use crate::tape::{Entry, Tape, entry, gzip, listing, merged};

const ROOT: Owner = Owner { uid: 0, gid: 0 };

fn meta(mode: u32) -> Meta {
    Meta { mode, owner: ROOT, mtime: None }
}

fn on_top(store: &Store, below: &[Digest], layer: &CommittedLayer) -> LayeredTree {
    LayeredTree::open(store, &[below, &[layer.diff_id]].concat()).unwrap()
}

#[test]
fn destinations_follow_the_links_of_the_image() {
    let store = store();
    let base = Tape::default()
        .raw(&Entry { mode: 0o1777, gid: 9, mtime: 77, ..entry(b'5', "data/") }, b"")
        .symlink("srv", "/data")
        .file("file", "x")
        .end();
    let lower = merged(&store, std::slice::from_ref(&base));
    let mut builder = LayerBuilder::new(&store, &lower, 1000).unwrap();
    assert_eq!(builder.resolve(b"srv/new/dir").unwrap(), b"data/new/dir");
    builder.add_file(b"/srv/new/file", &b"hello"[..], Meta { mtime: Some(5), ..meta(0o640) }).unwrap();
    builder.add_symlink(b"srv/link", b"file", ROOT).unwrap();
    builder.add_hard_link(b"srv/again", b"data/new/file").unwrap();
    let error = builder.add_file(b"file/below", &b""[..], meta(0o644)).unwrap_err();
    assert!(error.to_string().contains("/file is no directory"), "{error}");
    assert!(builder.add_file(b"data", &b""[..], meta(0o644)).unwrap_err().to_string().contains("directory"));
    let layer = builder.finish().unwrap().unwrap();
    let tree = on_top(&store, &[Digest::of(&base)], &layer);
    let expected = [
        "data d 1777 0:9",
        "data/again f5 640 0:0",
        "data/link lfile 777 0:0",
        "data/new d 755 0:0",
        "data/new/file f5 640 0:0",
        "file f1 644 0:0",
        "srv l/data 777 0:0",
    ];
    assert_eq!(listing(&tree), expected);
    let mtime = |path: &[u8]| tree.get(path).unwrap().0.mtime;
    assert_eq!((mtime(b"data"), mtime(b"data/new"), mtime(b"data/new/file")), (77, 1000, 5));
    store.assert_valid();
}

#[test]
fn the_same_files_give_the_same_digest_in_any_store_and_order() {
    let build = |reverse: bool, epoch: u64| {
        let store = store();
        let lower = LayeredTree::open(&store, &[]).unwrap();
        let mut builder = LayerBuilder::new(&store, &lower, epoch).unwrap();
        let mut names = ["b/x", "a", "b-c", "b/long/".repeat(30).leak(), "z\u{e9}"]
            .map(|name| name.trim_end_matches('/'));
        if reverse {
            names.reverse();
        }
        for name in names {
            let meta = Meta { owner: Owner { uid: 3_000_000, gid: 1 }, ..meta(0o4755) };
            builder.add_file(name.as_bytes(), name.as_bytes(), meta).unwrap();
        }
        let layer = builder.finish().unwrap().unwrap();
        let blob = fs::read(store.blob_path(&layer.descriptor.digest).unwrap()).unwrap();
        (layer, blob)
    };
    let (one, blob) = build(false, 5);
    let (other, _) = build(true, 5);
    // Parents are made with the owner of root whatever comes first.
    assert_eq!(one.descriptor.size, blob.len() as u64);
    assert_eq!(one, other);
    assert_ne!(one, build(false, 6).0);
    // The same for everybody: this digest was computed once, as root and as an ordinary user.
    assert_eq!(
        one.diff_id.to_string(),
        "sha256:bd95a31742cf9b2cf28b80bbaa8dd1fe63f48180f5452a1e0c8aa1f56f73a016"
    );
    assert_eq!(&blob[..10], &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], "gzip header");
}

#[test]
fn what_is_built_unpacks_to_the_same_layer() {
    let store = store();
    let lower = LayeredTree::open(&store, &[]).unwrap();
    let mut builder = LayerBuilder::new(&store, &lower, 1 << 40).unwrap();
    let long = "n/".repeat(120) + "file";
    builder.add_file(long.as_bytes(), &b"deep"[..], Meta { mtime: Some(1 << 36), ..meta(0o600) }).unwrap();
    builder.add_hard_link(b"again", long.as_bytes()).unwrap();
    builder.add_symlink(b"link", "t".repeat(200).as_bytes(), ROOT).unwrap();
    builder.add_directory(b"d\xff", meta(0o1770)).unwrap();
    let layer = builder.finish().unwrap().unwrap();
    let built = store.layer_index(&layer.diff_id).unwrap();
    let blob = fs::read(store.blob_path(&layer.descriptor.digest).unwrap()).unwrap();
    let elsewhere = plimsoll_testkit::store();
    elsewhere.put_bytes(&blob).unwrap();
    elsewhere.unpack(&layer.descriptor, &layer.diff_id).unwrap();
    assert_eq!(elsewhere.layer_index(&layer.diff_id).unwrap(), built);
}

#[test]
fn a_tree_of_the_context() {
    let store = store();
    let source = store.directory().join("context");
    fs::create_dir_all(source.join("app/sub/deep")).unwrap();
    fs::create_dir_all(source.join("app/skipped")).unwrap();
    fs::write(source.join("app/main"), "main").unwrap();
    fs::hard_link(source.join("app/main"), source.join("app/sub/twin")).unwrap();
    fs::write(source.join("app/skipped/kept"), "kept").unwrap();
    fs::write(source.join("app/skipped/lost"), "lost").unwrap();
    fs::set_permissions(source.join("app/main"), fs::Permissions::from_mode(0o750)).unwrap();
    fs::set_permissions(source.join("app/sub"), fs::Permissions::from_mode(0o711)).unwrap();
    fs::set_permissions(source.join("app/sub/deep"), fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", source.join("app/link")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(source.join("app/socket")).unwrap();
    let context = Context::open(&source).unwrap();

    let base = Tape::default()
        .dir("opt/")
        .symlink("opt/app", "/real")
        .raw(&Entry { mode: 0o700, ..entry(b'5', "real/") }, b"")
        .end();
    let lower = merged(&store, std::slice::from_ref(&base));
    let mut builder = LayerBuilder::new(&store, &lower, 9).unwrap();
    let excluded = |path: &[u8], _: bool| path.starts_with(b"app/skipped") && path != b"app/skipped/kept";
    let rules = CopyRules {
        owner: Some(Owner { uid: 4, gid: 5 }),
        mode: None,
        excluded: &excluded,
        enter: &|path| path == b"app/skipped",
    };
    assert_eq!(builder.add_tree(&context, b"app", b"opt/app", &rules).unwrap(), 6);
    let layer = builder.finish().unwrap().unwrap();
    let tree = on_top(&store, &[Digest::of(&base)], &layer);
    let expected = [
        "opt d 755 0:0",
        "opt/app l/real 777 0:0",
        "real d 700 0:0",
        "real/link l/etc/passwd 777 4:5",
        "real/main f4 750 4:5",
        "real/skipped d 755 4:5",
        "real/skipped/kept f4 644 4:5",
        "real/sub d 711 4:5",
        "real/sub/deep d 755 4:5",
        "real/sub/twin f4 750 4:5",
    ];
    assert_eq!(listing(&tree), expected);
    let twin = &tree.get(b"real/sub/twin").unwrap().0.kind;
    assert!(
        matches!(twin, plimsoll_image::layer::EntryKind::File { link_of: Some(first), .. } if first == b"real/main")
    );

    // From the image into another, as COPY --from does.
    let nothing = LayeredTree::open(&store, &[]).unwrap();
    let mut builder = LayerBuilder::new(&store, &nothing, 9).unwrap();
    let chmod = |mode: u32, directory: bool| if directory { mode } else { mode | 0o111 };
    let rules = CopyRules { mode: Some(&chmod), ..CopyRules::AS_IS };
    builder.add_tree(&tree, b"real/sub", b"to", &rules).unwrap();
    builder.add_tree(&tree, b"real/main", b"main", &rules).unwrap();
    let layer = builder.finish().unwrap().unwrap();
    let copied = on_top(&store, &[], &layer);
    assert_eq!(
        listing(&copied),
        ["main f4 751 4:5", "to d 711 4:5", "to/deep d 755 4:5", "to/twin f4 751 4:5"]
    );
}

#[test]
fn a_second_name_of_what_was_replaced_meanwhile_gets_its_own_bytes() {
    let store = store();
    let source = store.directory().join("context");
    fs::create_dir_all(&source).unwrap();
    fs::write(source.join("one"), "linked").unwrap();
    fs::hard_link(source.join("one"), source.join("two")).unwrap();
    let context = Context::open(&source).unwrap();
    let lower = LayeredTree::empty();
    let mut builder = LayerBuilder::new(&store, &lower, 0).unwrap();
    builder.add_tree(&context, b"one", b"a", &CopyRules::AS_IS).unwrap();
    builder.add_file(b"a", &b"other"[..], meta(0o644)).unwrap();
    builder.add_tree(&context, b"two", b"b", &CopyRules::AS_IS).unwrap();
    let layer = builder.finish().unwrap().unwrap();
    let tree = on_top(&store, &[], &layer);
    let read = |path: &str| plimsoll_model::FileTree::read(&tree, path, 100).unwrap();
    assert_eq!((read("/a"), read("/b")), (b"other".to_vec(), b"linked".to_vec()));
}

#[test]
fn a_directory_never_replaces_a_file_nor_a_file_a_directory() {
    let store = store();
    let source = store.directory().join("context");
    fs::create_dir_all(source.join("x")).unwrap();
    fs::write(source.join("y"), "").unwrap();
    let context = Context::open(&source).unwrap();
    let lower = merged(&store, &[Tape::default().file("x", "").dir("y/").end()]);
    let mut builder = LayerBuilder::new(&store, &lower, 9).unwrap();
    let error = builder.add_tree(&context, b"x", b"x", &CopyRules::AS_IS).unwrap_err().to_string();
    assert!(error.starts_with("/x is no directory"), "{error}");
    let error = builder.add_tree(&context, b"y", b"y", &CopyRules::AS_IS).unwrap_err().to_string();
    assert!(error.starts_with("/y is a directory"), "{error}");
    let error = builder.add_tree(&context, b"nope", b"z", &CopyRules::AS_IS).unwrap_err().to_string();
    assert_eq!(error, "/nope does not exist");
}

#[test]
fn an_archive_is_unpacked_where_it_is_added() {
    let store = store();
    let lower = merged(&store, &[Tape::default().symlink("opt", "/data").end()]);
    let mut builder = LayerBuilder::new(&store, &lower, 50).unwrap();
    let tape = Tape::default()
        .dir("./")
        .raw(&Entry { uid: 8, mtime: 99, ..entry(b'0', "bin/tool") }, b"tool")
        .link(b'1', "bin/twin", "bin/tool")
        .file(".wh.kept", "a plain file here")
        .end();
    assert_eq!(builder.add_archive(&gzip(&tape)[..], b"opt", None).unwrap(), 4);
    let hostile = Tape::default().file("../x", "").end();
    assert!(builder.add_archive(&hostile[..], b"opt", None).unwrap_err().to_string().contains("'../x'"));
    let layer = builder.finish().unwrap().unwrap();
    let tree = on_top(&store, &[], &layer);
    assert_eq!(tree.get(b"data/bin/tool").unwrap().0.mtime, 50);
    assert!(tree.get(b"data/bin/twin").is_some());
}

#[test]
fn nothing_added_is_no_layer() {
    let store = store();
    let lower = merged(&store, &[Tape::default().dir("a/").end()]);
    let mut builder = LayerBuilder::new(&store, &lower, 9).unwrap();
    builder.make_directory(b"a", meta(0o700)).unwrap();
    assert_eq!(builder.finish().unwrap(), None);
    store.assert_valid();
}

/// 12 MB in files of 40 kB.
fn large_context(directory: &std::path::Path) {
    let mut state = 1u64;
    for number in 0..300 {
        let path = directory.join(format!("data/{}", number / 10));
        fs::create_dir_all(&path).unwrap();
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            b"0123456789abcdef"[(state >> 60) as usize]
        };
        let bytes: Vec<u8> = (0..40_000).map(|_| next()).collect();
        fs::write(path.join(number.to_string()), bytes).unwrap();
    }
}

#[test]
fn what_the_last_layer_of_a_step_packed_is_taken_over_and_changes_no_byte() {
    let store = store();
    let source = store.directory().join("context");
    large_context(&source);
    let build = |store: &Store, step: Option<&str>| {
        let lower = LayeredTree::empty();
        let mut builder = LayerBuilder::new(store, &lower, 0).unwrap();
        step.into_iter().for_each(|step| builder.made_for(Digest::of(step.as_bytes())));
        builder.add_tree(&Context::open(&source).unwrap(), b"data", b"data", &CopyRules::AS_IS).unwrap();
        builder.finish().unwrap().unwrap()
    };
    let elsewhere = plimsoll_testkit::store();
    let first = build(&store, Some("step"));
    assert_eq!(first, build(&elsewhere, None));

    let grown = source.join("data/15/150");
    fs::write(&grown, [fs::read(&grown).unwrap(), b"more".to_vec()].concat()).unwrap();
    let expected = build(&elsewhere, None);
    assert_eq!(build(&store, Some("step")), expected);
    assert_eq!(build(&store, Some("another step")), expected);

    // What lies in the blob is not believed.
    let blob = store.blob_path(&expected.descriptor.digest).unwrap();
    let whole = fs::read(&blob).unwrap();
    fs::write(&blob, whole.iter().map(|byte| !byte).collect::<Vec<u8>>()).unwrap();
    fs::write(&grown, "again").unwrap();
    assert_eq!(build(&store, Some("step")), build(&elsewhere, None));
}
