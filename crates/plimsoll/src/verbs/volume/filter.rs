//! `volume ls --filter`: docker's conditions on volumes.

use std::str::FromStr;

use plimsoll_model::user::nearest;
use plimsoll_runtime::volume::Volume;

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
        let (kind, value) = text.split_once('=').ok_or("it is KIND=VALUE, for instance dangling=true")?;
        let known = KINDS.iter().find(|known| **known == kind);
        let known = known.ok_or_else(|| match nearest(kind, KINDS.iter()) {
            Some(right) => format!("there is no filter '{kind}'; did you mean '{right}'?"),
            None => format!("there is no filter '{kind}': it is one of {}", KINDS.join(", ")),
        })?;
        if *known == "dangling" && dangling(value).is_none() {
            return Err("dangling is true or false".to_string());
        }
        Ok(Filter { kind: known, value: value.to_string() })
    }
}

fn dangling(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
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
            "dangling" => values.any(|value| dangling(value) == Some(!used)),
            "driver" => values.any(|value| value == "local"),
            _ => values.any(|value| volume.name().contains(value)),
        }
    })
}
