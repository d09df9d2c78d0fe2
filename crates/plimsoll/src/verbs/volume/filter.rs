//! `volume ls --filter`: docker's conditions on volumes.

use std::str::FromStr;

use plimsoll_runtime::volume::Volume;

use crate::verbs::filter_kind::{self, truth};
use crate::verbs::prune_filter::has_label;

const KINDS: [&str; 4] = ["dangling", "driver", "label", "name"];

/// One condition as written: its kind and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    kind: &'static str,
    value: String,
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, value) = filter_kind::split(text, &KINDS, "dangling=true")?;
        if kind == "dangling" && truth(value).is_none() {
            return Err("dangling is true or false".to_string());
        }
        Ok(Filter { kind, value: value.to_string() })
    }
}

/// Whether a volume fits: of each kind one must hold, of labels all.
pub fn fits(filters: &[Filter], volume: &Volume, used: bool) -> bool {
    KINDS.iter().all(|kind| {
        let mut values =
            filters.iter().filter(|filter| filter.kind == *kind).map(|filter| filter.value.as_str());
        match *kind {
            "label" => values.all(|value| has_label(volume.labels(), value)),
            _ if values.clone().next().is_none() => true,
            "dangling" => values.any(|value| truth(value) == Some(!used)),
            "driver" => values.any(|value| value == "local"),
            _ => values.any(|value| volume.name().contains(value)),
        }
    })
}
