//! Ways through links, in a directory that is a root.

use std::fs;
use std::os::unix::fs::symlink;

use plimsoll_sys::root_dir::RootDir;

use super::links::{Ending, Way};
use super::{listed, one_line};

#[test]
fn ways_are_walked_as_by_the_kernel() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::create_dir_all(root.join("usr/bin")).unwrap();
    fs::write(root.join("usr/bin/app"), "").unwrap();
    for (target, link) in [
        ("usr/bin", "bin"),
        ("/bin/app", "entry"),
        ("../../../../usr/bin/app", "usr/bin/up"),
        ("/gone", "dangling"),
        ("dangling", "twice"),
        ("self", "self"),
        ("/b", "a"),
        ("a", "b"),
        ("/a", "to-circle"),
    ] {
        symlink(target, root.join(link)).unwrap();
    }
    for number in 0..50 {
        symlink(format!("{}", number + 1), root.join(format!("{number}"))).unwrap();
    }
    let opened = RootDir::open(root).unwrap();
    let walk = |path: &str| Way::walk(&opened, path);

    let found = walk("/bin/up");
    assert!(matches!(found.ending, Ending::Found(_)), "{found:?}");
    assert_eq!((found.at.as_str(), found.directories.len()), ("/usr/bin/app", 4));
    assert_eq!(found.links.iter().filter(|link| link.is_last).count(), 1);
    assert_eq!(walk("/entry").at, "/usr/bin/app");

    let dangling = walk("/twice");
    assert_eq!((dangling.ending, dangling.at.as_str()), (Ending::Missing, "/gone"));
    let targets: Vec<_> = dangling.links.iter().map(|link| link.target.as_str()).collect();
    assert_eq!(targets, ["dangling", "/gone"]);
    assert_eq!(walk("/usr/none/app").at, "/usr/none");
    assert_eq!(walk("/entry/app").ending, Ending::NotDirectory);

    for (path, why) in [
        ("/self", "the link /self leads to itself"),
        ("/to-circle", "the links /a and /b lead in a circle"),
        ("/0", "more than 40 links"),
    ] {
        let way = walk(path);
        assert_eq!(way.ending, Ending::TooManyLinks, "{path}");
        assert!(way.why_endless().is_some_and(|said| said.starts_with(why)), "{way:?}");
    }
}

#[test]
fn endless_ways_end() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    // Each link asks for two thousand names, most of which lead back.
    let target = format!("{}x", "d/../".repeat(800));
    fs::create_dir(root.join("d")).unwrap();
    symlink(&target, root.join("long")).unwrap();
    let opened = RootDir::open(root).unwrap();
    assert_eq!(Way::walk(&opened, "/long").ending, Ending::Unknown);
    assert!(Way::walk(&opened, &format!("/{}", "n/".repeat(5000))).is_missing());
}

#[test]
fn links_of_the_kernel_are_not_taken_by_their_text() {
    let opened = RootDir::open(std::path::Path::new("/")).unwrap();
    assert_eq!(Way::walk(&opened, "/proc/self/exe").ending, Ending::OfKernel);
}

#[test]
fn what_an_image_says_stays_in_its_line() {
    assert_eq!(one_line("a\nb\u{1b}[2J"), "a\u{fffd}b\u{fffd}[2J");
    assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
}
