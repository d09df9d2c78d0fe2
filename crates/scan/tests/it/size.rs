//! What a whole scan says about bytes.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{HistoryEntry, ImageConfig};
use plimsoll_scan::{LayerEntry, LayerEntryKind, LayerListing, history_by_layer, measure};
use proptest::prelude::*;

use crate::image::Image;

#[test]
fn a_scan_measures() {
    let image = Image::default()
        .layer(&[("/var/lib/apt/lists/a", "0123456789"), ("/app/x", "01234")])
        .removing("/var/lib/apt/lists");
    let size = image.scan(None).size;
    assert_eq!((size.total, size.wasted), (15, 10));
    assert_eq!(size.waste[0].place, Some("apt lists"));
    assert_eq!((size.waste[0].layer, size.waste[0].lost_in), (0, 1));
}

#[test]
fn steps_without_a_layer_have_no_text_among_layers() {
    let step = |text: &str, empty_layer| HistoryEntry {
        created_by: Some(text.to_string()),
        empty_layer,
        ..Default::default()
    };
    let history = vec![step("ADD x", false), step("CMD y", true), step("RUN z", false)];
    let texts = history_by_layer(&ImageConfig { history, ..Default::default() });
    assert_eq!(texts, [Some("ADD x".to_string()), Some("RUN z".to_string())]);
}

/// What unpacking would leave, done the slow and obvious way: names to bodies, `None` a directory.
#[derive(Default)]
struct Unpacked {
    names: BTreeMap<String, Option<usize>>,
    sizes: Vec<u64>,
}

impl Unpacked {
    fn apply(&mut self, layer: &LayerListing) {
        for entry in &layer.entries {
            let below = format!("{}/", entry.path);
            match entry.kind {
                LayerEntryKind::Whiteout => {
                    self.names.retain(|path, _| *path != entry.path && !path.starts_with(&below))
                }
                LayerEntryKind::Opaque => self.names.retain(|path, _| !path.starts_with(&below)),
                _ => {}
            }
        }
        for entry in &layer.entries {
            let below = format!("{}/", entry.path);
            let is_above = |path: &str| entry.path.starts_with(&format!("{path}/"));
            match entry.kind {
                LayerEntryKind::File => {
                    let is_in_the_way = |path: &str, body: &Option<usize>| is_above(path) && body.is_some();
                    self.names.retain(|path, body| !is_in_the_way(path, body) && !path.starts_with(&below));
                    self.names.insert(entry.path.clone(), Some(self.sizes.len()));
                    self.sizes.push(entry.size);
                }
                LayerEntryKind::Directory => {
                    self.names.retain(|path, body| !(is_above(path) && body.is_some()));
                    self.names.insert(entry.path.clone(), None);
                }
                _ => {}
            }
        }
    }

    fn shown(&self) -> u64 {
        let alive: BTreeSet<usize> = self.names.values().flatten().copied().collect();
        alive.into_iter().map(|body| self.sizes[body]).sum()
    }
}

fn entry() -> impl Strategy<Value = LayerEntry> {
    let path = proptest::collection::vec("[ab]", 1..4).prop_map(|parts| format!("/{}", parts.join("/")));
    (path, 0..5, 1..100_u64).prop_map(|(path, kind, size)| match kind {
        0 => LayerEntry::new(path, LayerEntryKind::Directory),
        1 => LayerEntry::new(path, LayerEntryKind::Whiteout),
        2 => LayerEntry::new(path, LayerEntryKind::Opaque),
        _ => LayerEntry::file(path, size),
    })
}

proptest! {
    #[test]
    fn waste_is_what_unpacking_does_not_show(
        layers in proptest::collection::vec(proptest::collection::vec(entry(), 0..8), 1..6)
    ) {
        let listing = |entries| LayerListing { entries, ..Default::default() };
        let layers: Vec<LayerListing> = layers.into_iter().map(listing).collect();
        let mut unpacked = Unpacked::default();
        layers.iter().for_each(|layer| unpacked.apply(layer));
        let report = measure(&layers);
        prop_assert_eq!(report.total, unpacked.sizes.iter().sum::<u64>());
        prop_assert_eq!(report.total - report.wasted, unpacked.shown());
        prop_assert_eq!(report.waste.iter().map(|waste| waste.bytes).sum::<u64>(), report.wasted);
    }
}
