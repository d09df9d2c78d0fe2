//! `history`: the configuration's steps joined with the layers they made.

use plimsoll_model::manifest::Descriptor;
use plimsoll_model::{Digest, HistoryEntry};

use crate::image::Image;

/// One step of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What the configuration says; empty for a layer no history entry belongs to.
    pub entry: HistoryEntry,
    /// The layer it made: blob and digest of its plain tar.
    pub layer: Option<(Descriptor, Digest)>,
}

/// The steps of an image, first one first. Histories are free text that builders get wrong: layers
/// left over stand at the end, without text; steps without a layer left are shown as empty.
pub fn history(image: &Image) -> Vec<Step> {
    let mut layers = image.layers().map(|(descriptor, diff_id)| (descriptor.clone(), diff_id));
    let mut steps = Vec::new();
    for entry in &image.config.history {
        let layer = if entry.empty_layer { None } else { layers.next() };
        steps.push(Step { entry: entry.clone(), layer });
    }
    let left = layers.map(|layer| Step { entry: HistoryEntry::default(), layer: Some(layer) });
    steps.extend(left);
    steps
}
