//! `--filter` of verbs that prune: docker's conditions on what is removed.

use std::str::FromStr;

use jiff::Timestamp;
use plimsoll_model::quantity::parse_go_duration;

/// One condition; all have to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PruneFilter {
    /// Made before.
    Until(Timestamp),
    /// It has a label.
    Label(String),
    /// It has it not.
    NoLabel(String),
}

impl FromStr for PruneFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some(("until", time)) => until(time, Timestamp::now())
                .map(PruneFilter::Until)
                .ok_or_else(|| format!("'{time}' is no time; 24h is one, 2026-01-31T12:00:00Z another")),
            Some(("label", label)) => Ok(PruneFilter::Label(label.to_string())),
            Some(("label!", label)) => Ok(PruneFilter::NoLabel(label.to_string())),
            _ => Err(format!("'{text}' is no filter; until=24h and label=KEY are")),
        }
    }
}

/// Whether something made then, with these labels, is meant.
pub fn mean(filters: &[PruneFilter], created: Timestamp, labels: &[(String, String)]) -> bool {
    filters.iter().all(|filter| match filter {
        PruneFilter::Until(time) => created < *time,
        PruneFilter::Label(label) => has_label(labels, label),
        PruneFilter::NoLabel(label) => !has_label(labels, label),
    })
}

/// A label with this key, and this value if one is given: `KEY`, `KEY=VALUE`.
pub fn has_label(labels: &[(String, String)], wanted: &str) -> bool {
    let (key, value) = match wanted.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (wanted, None),
    };
    labels.iter().any(|(known, own)| known == key && value.is_none_or(|value| value == own))
}

/// Before this time, or longer ago than this.
fn until(text: &str, now: Timestamp) -> Option<Timestamp> {
    let ago = parse_go_duration(text).and_then(|age| now.checked_sub(age).ok());
    ago.or_else(|| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_as_dockers() {
        let labels = [("a".to_string(), "b".to_string())];
        let created = "2026-11-22T10:00:00Z".parse().unwrap();
        let fits = |texts: &[&str]| {
            let filters: Vec<PruneFilter> = texts.iter().map(|text| text.parse().unwrap()).collect();
            mean(&filters, created, &labels)
        };
        for held in
            [&[][..], &["label=a", "label=a=b"], &["label!=c", "label!=a=c"], &["until=2026-11-22T10:00:01Z"]]
        {
            assert!(fits(held), "{held:?}");
        }
        for not in [&["label=a", "label=c"][..], &["label!=a"], &["until=2026-11-22T10:00:00Z"]] {
            assert!(!fits(not), "{not:?}");
        }
        for wrong in ["label", "name=x", "until=soon"] {
            assert!(wrong.parse::<PruneFilter>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn times() {
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        assert_eq!(until("1h", now), Some("2026-11-22T09:00:00Z".parse().unwrap()));
        assert_eq!(until("2026-01-01T00:00:00Z", now), Some("2026-01-01T00:00:00Z".parse().unwrap()));
        assert_eq!(until("soon", now), None);
    }
}
