//! What one edit of the Dockerfile would save, most bytes first.

use std::fmt;

use crate::size::{Loss, SizeReport};

/// An edit and its worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saving {
    /// Bytes the image would be smaller by.
    pub bytes: u64,
    /// The layer whose step is to be edited.
    pub layer: usize,
    /// That step's line of the Dockerfile with its text, where known.
    pub line: Option<(usize, String)>,
    /// What to do.
    pub remedy: Remedy,
}

/// What to do; shown, it is one sentence without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Deleted one step too late.
    DeleteInTheSameStep {
        /// What.
        path: String,
    },
    /// A later step changed nothing but mode, owner or time.
    SetModeWhenWriting {
        /// What.
        path: String,
    },
    /// A later step wrote it anew.
    WriteOnce {
        /// What.
        path: String,
    },
    /// Bytes of the base image were deleted or replaced, which frees nothing.
    ChooseAnotherBase {
        /// What.
        path: String,
    },
    /// A cache is still there.
    EmptyTheCache {
        /// What it is.
        place: &'static str,
        /// Its directory.
        path: String,
    },
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remedy::DeleteInTheSameStep { path } => {
                write!(f, "delete {path} in the step that makes it, a later one only hides it")
            }
            Remedy::SetModeWhenWriting { path } => {
                write!(
                    f,
                    "give {path} its mode and owner when it is written (COPY --chmod --chown), not later"
                )
            }
            Remedy::WriteOnce { path } => write!(f, "write {path} once, both copies are in the image"),
            Remedy::ChooseAnotherBase { path } => {
                write!(f, "{path} comes with the base image, where it cannot be freed: take a smaller base")
            }
            Remedy::EmptyTheCache { place, path } => match cache_advice(place) {
                Some(advice) => write!(f, "{place} in {path}: {advice}"),
                None => write!(f, "{place} in {path}: delete it in the same step, or mount a cache there"),
            },
        }
    }
}

/// The tool's own switch, where it has one.
fn cache_advice(place: &str) -> Option<&'static str> {
    match place {
        "pip cache" => Some("pip install --no-cache-dir"),
        "apt lists" => Some("rm -rf /var/lib/apt/lists/* in the same step"),
        "apt cache" => Some("apt-get clean in the same step"),
        "apk cache" => Some("apk add --no-cache"),
        "npm cache" => Some("npm cache clean --force in the same step"),
        "uv cache" => Some("uv with --no-cache"),
        _ => None,
    }
}

/// All edits that save something. What the base image itself wasted is not ours to edit.
pub fn savings(size: &SizeReport) -> Vec<Saving> {
    let is_base = |layer: usize| size.layers.get(layer).is_some_and(|layer| layer.from_base);
    let waste = size.waste.iter().filter(|waste| !is_base(waste.lost_in)).map(|waste| {
        let path = waste.path.clone();
        match waste.loss {
            _ if is_base(waste.layer) => (waste.bytes, waste.lost_in, Remedy::ChooseAnotherBase { path }),
            Loss::Deleted | Loss::DirectoryDeleted => {
                (waste.bytes, waste.layer, Remedy::DeleteInTheSameStep { path })
            }
            Loss::CopiedUnchanged => (waste.bytes, waste.layer, Remedy::SetModeWhenWriting { path }),
            Loss::Overwritten => (waste.bytes, waste.layer, Remedy::WriteOnce { path }),
        }
    });
    let leftovers = size.leftovers.iter().filter(|leftover| !is_base(leftover.layer)).map(|leftover| {
        let (place, path) = (leftover.place, leftover.path.clone());
        (leftover.bytes, leftover.layer, Remedy::EmptyTheCache { place, path })
    });
    let mut savings: Vec<Saving> = waste
        .chain(leftovers)
        .map(|(bytes, layer, remedy)| {
            let line = size.layers.get(layer).and_then(|layer| layer.line.clone());
            Saving { bytes, layer, line, remedy }
        })
        .collect();
    savings.sort_by(|a, b| b.bytes.cmp(&a.bytes).then(a.layer.cmp(&b.layer)));
    savings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{LayerEntry, LayerEntryKind, LayerListing};
    use crate::size::measure;

    fn layer(line: usize, from_base: bool, entries: Vec<LayerEntry>) -> LayerListing {
        LayerListing { entries, line: Some((line, format!("step {line}"))), from_base, created_by: None }
    }

    #[test]
    fn each_edit_points_to_the_step_that_has_to_change() {
        let gone = |path: &str| LayerEntry::new(path, LayerEntryKind::Whiteout);
        let copy = LayerEntry {
            digest: Some(plimsoll_model::Digest::of(b"x")),
            ..LayerEntry::file("/app/server", 500)
        };
        let report = measure(&[
            layer(1, true, vec![LayerEntry::file("/usr/share/doc/big", 900)]),
            layer(2, false, vec![LayerEntry::file("/src.tar", 700), copy.clone()]),
            layer(3, false, vec![gone("/src.tar"), gone("/usr/share/doc"), copy]),
            layer(4, false, vec![LayerEntry::file("/root/.cache/pip/x", 300)]),
        ]);
        let seen: Vec<_> = savings(&report)
            .into_iter()
            .map(|saving| (saving.bytes, saving.line.unwrap().0, saving.remedy.to_string()))
            .collect();
        let text = |bytes, line, text: &str| (bytes, line, text.to_string());
        assert_eq!(
            seen,
            [
                text(
                    900,
                    3,
                    "/usr/share/doc comes with the base image, where it cannot be freed: take a smaller base"
                ),
                text(700, 2, "delete /src.tar in the step that makes it, a later one only hides it"),
                text(
                    500,
                    2,
                    "give /app/server its mode and owner when it is written (COPY --chmod --chown), not later"
                ),
                text(300, 4, "pip cache in /root/.cache/pip: pip install --no-cache-dir"),
            ]
        );
    }
}
