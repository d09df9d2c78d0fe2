use plimsoll_model::Digest;

use super::*;
use crate::layer::{LayerEntry, LayerEntryKind};

fn file(path: &str, size: u64) -> LayerEntry {
    LayerEntry::file(path, size)
}

fn other(path: &str, kind: LayerEntryKind) -> LayerEntry {
    LayerEntry::new(path, kind)
}

fn link(path: &str, target: &str) -> LayerEntry {
    other(path, LayerEntryKind::HardLink(target.to_string()))
}

fn measured(layers: &[&[LayerEntry]]) -> SizeReport {
    let listing = |entries: &&[LayerEntry]| LayerListing { entries: entries.to_vec(), ..Default::default() };
    measure(&layers.iter().map(listing).collect::<Vec<_>>())
}

#[test]
fn a_deleted_directory_is_wasted_as_a_whole() {
    // dive says 0 here; the truth is 122,880.
    let report = measured(&[
        &[other("/d", LayerEntryKind::Directory), file("/d/a", 61_440), file("/d/e/b", 61_440)],
        &[other("/d", LayerEntryKind::Whiteout)],
    ]);
    assert_eq!((report.total, report.wasted), (122_880, 122_880));
    let waste = &report.waste[0];
    assert_eq!((waste.path.as_str(), waste.files, waste.loss), ("/d", 2, Loss::DirectoryDeleted));
    assert_eq!((waste.layer, waste.lost_in), (0, 1));
    assert!(report.largest.is_empty());
}

#[test]
fn a_changed_mode_wastes_one_copy_not_two() {
    // dive says 204,800 here; the truth is 102,400.
    let copy = LayerEntry { digest: Some(Digest::of(b"x")), ..file("/a", 102_400) };
    let report = measured(&[std::slice::from_ref(&copy), std::slice::from_ref(&copy)]);
    assert_eq!((report.total, report.wasted), (204_800, 102_400));
    assert_eq!(report.waste[0].loss, Loss::CopiedUnchanged);
    assert_eq!(report.efficiency(), 0.5);
}

#[test]
fn hard_links_share_one_body() {
    let first: &[LayerEntry] = &[file("/a", 10), link("/b", "/a"), link("/c", "/b")];
    let white = |path: &str| other(path, LayerEntryKind::Whiteout);
    let report = measured(&[first]);
    assert_eq!((report.total, report.wasted, report.layers[0].files), (10, 0, 1));
    let report = measured(&[first, &[white("/a")]]);
    assert_eq!((report.wasted, report.largest[0].path.as_str()), (0, "/b"));
    let report = measured(&[first, &[white("/a")], &[white("/b"), white("/c")]]);
    assert_eq!((report.wasted, report.waste[0].lost_in), (10, 2));
}

#[test]
fn links_may_stand_before_their_file_or_lead_nowhere() {
    let report = measured(&[&[link("/b", "/a"), file("/a", 7), link("/x", "/nowhere"), link("/a", "/a")]]);
    assert_eq!((report.total, report.wasted, report.layers[0].files), (7, 0, 1));
}

#[test]
fn an_opaque_marker_hides_lower_layers_only_wherever_it_stands() {
    let opaque = other("/d", LayerEntryKind::Opaque);
    let lower: &[LayerEntry] = &[file("/d/old", 5), file("/dd", 3)];
    for upper in [[file("/d/new", 2), opaque.clone()], [opaque.clone(), file("/d/new", 2)]] {
        let report = measured(&[lower, &upper]);
        assert_eq!((report.total, report.wasted), (10, 5));
        assert_eq!(report.largest.len(), 2);
    }
}

#[test]
fn a_whiteout_of_the_layer_that_has_the_name_again_hides_the_lower_one() {
    let report = measured(&[&[file("/a", 5)], &[file("/a", 6), other("/a", LayerEntryKind::Whiteout)]]);
    assert_eq!((report.total, report.wasted), (11, 5));
}

#[test]
fn kinds_replace_each_other() {
    let directory = other("/x", LayerEntryKind::Directory);
    let report = measured(&[&[directory.clone(), file("/x/a", 5)], &[file("/x", 1)], &[file("/x/b", 2)]]);
    assert_eq!((report.total, report.wasted), (8, 6));
    let report = measured(&[&[file("/x", 5)], &[directory, file("/x/y", 1)]]);
    assert_eq!((report.total, report.wasted), (6, 5));
    let report = measured(&[&[file("/x/y", 5)], &[other("/x", LayerEntryKind::Symlink)]]);
    assert_eq!(report.wasted, 5);
}

#[test]
fn a_name_twice_in_one_layer_wastes_the_first() {
    let report = measured(&[&[file("/a", 4), file("/a", 6)]]);
    assert_eq!((report.total, report.wasted), (10, 4));
}

#[test]
fn waste_of_one_directory_is_shown_together_and_named() {
    let white = |path: &str| other(path, LayerEntryKind::Whiteout);
    let report = measured(&[
        &[file("/var/lib/apt/lists/a", 4), file("/var/lib/apt/lists/b", 6), file("/etc/motd", 9)],
        &[white("/var/lib/apt/lists/a"), white("/var/lib/apt/lists/b"), white("/etc/motd")],
    ]);
    let seen: Vec<_> =
        report.waste.iter().map(|waste| (waste.path.as_str(), waste.bytes, waste.place)).collect();
    assert_eq!(seen, [("/var/lib/apt/lists", 10, Some("apt lists")), ("/etc/motd", 9, None)]);
}

#[test]
fn caches_that_stayed_are_leftovers() {
    let report = measured(&[&[file("/root/.cache/pip/http/a", 3), file("/app/x", 1)]]);
    let leftover = &report.leftovers[0];
    assert_eq!(
        (leftover.place, leftover.path.as_str(), leftover.bytes),
        ("pip cache", "/root/.cache/pip", 3)
    );
    assert_eq!(report.leftovers.len(), 1);
}

#[test]
fn hostile_sizes_do_not_overflow() {
    let report = measured(&[&[file("/a", u64::MAX), file("/b", u64::MAX)]]);
    assert_eq!(report.total, u64::MAX);
}

#[test]
fn layer_figures_add_up() {
    let report = measured(&[&[file("/a", 5), file("/b", 7)], &[file("/a", 6)]]);
    let bytes: Vec<_> = report.layers.iter().map(|layer| (layer.bytes, layer.wasted, layer.files)).collect();
    assert_eq!(bytes, [(12, 5, 2), (6, 0, 1)]);
    assert_eq!((report.shown_bytes(false), report.shown_bytes(true)), (13, 0));
    assert_eq!(report.layers[0].largest[0].path, "/b");
}
