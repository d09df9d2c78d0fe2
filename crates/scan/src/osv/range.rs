//! Whether a version is in a range of an advisory (OSV schema, "Evaluation").

use std::cmp::Ordering;

use super::wire::{Affected, Event, Range};
use crate::version::Scheme;

/// What an advisory says of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Unaffected,
    Affected {
        /// The version to go to; `None` where no fix is known.
        fixed: Option<String>,
    },
}

/// All ranges and the list of versions count; GIT ranges speak of commits and say nothing here.
pub(super) fn verdict(affected: &Affected, version: &str, scheme: Scheme) -> Verdict {
    let ranges = affected.ranges.iter().filter(|range| matches!(range.kind.as_str(), "ECOSYSTEM" | "SEMVER"));
    let verdicts = ranges.clone().filter_map(|range| in_range(range, version, scheme));
    let in_ranges = verdicts.reduce(|a, b| worse(a, b, scheme)).unwrap_or(Verdict::Unaffected);
    let is_listed = || {
        affected
            .versions
            .iter()
            .any(|listed| listed == version || scheme.compare(listed, version) == Some(Ordering::Equal))
    };
    match in_ranges {
        Verdict::Unaffected if is_listed() => {
            let fixes =
                ranges.flat_map(|range| range.events.iter().filter_map(|event| event.fixed.as_deref()));
            Verdict::Affected { fixed: lowest_above(fixes, version, scheme) }
        }
        verdict => verdict,
    }
}

/// Two verdicts on the same package: affected by either is affected, fixed by the later fix.
pub(super) fn worse(a: Verdict, b: Verdict, scheme: Scheme) -> Verdict {
    match (a, b) {
        (Verdict::Affected { fixed: Some(a) }, Verdict::Affected { fixed: Some(b) }) => {
            let later = if scheme.compare(&a, &b) == Some(Ordering::Less) { b } else { a };
            Verdict::Affected { fixed: Some(later) }
        }
        (Verdict::Unaffected, other) | (other, Verdict::Unaffected) => other,
        _ => Verdict::Affected { fixed: None },
    }
}

/// The latest event that has come decides. `None` if the range speaks of versions this scheme cannot
/// order. (Not by sorting: a record's versions need not have a total order, and then sorting panics.)
fn in_range(range: &Range, version: &str, scheme: Scheme) -> Option<Verdict> {
    let at_or_after = |bound: &str| {
        if bound == "0" {
            Some(true)
        } else {
            scheme.compare(version, bound).map(|order| order != Ordering::Less)
        }
    };
    let mut limits = range.events.iter().filter_map(|event| event.limit.as_deref()).peekable();
    if limits.peek().is_some() {
        let mut below = limits.map(|limit| limit == "*" || at_or_after(limit) == Some(false));
        if !below.any(|below| below) {
            return Some(Verdict::Unaffected);
        }
    }
    let mut latest: Option<&Event> = None;
    for event in &range.events {
        let has_come = match (&event.introduced, &event.fixed, &event.last_affected) {
            (Some(introduced), _, _) => at_or_after(introduced)?,
            (None, Some(fixed), _) => at_or_after(fixed)?,
            (None, None, Some(last)) => scheme.compare(version, last)? == Ordering::Greater,
            _ => false,
        };
        if has_come && latest.is_none_or(|latest| order_of_events(event, latest, scheme) != Ordering::Less) {
            latest = Some(event);
        }
    }
    let is_affected = latest.is_some_and(|event| event.introduced.is_some());
    if !is_affected {
        return Some(Verdict::Unaffected);
    }
    let fixes = range.events.iter().filter_map(|event| event.fixed.as_deref());
    Some(Verdict::Affected { fixed: lowest_above(fixes, version, scheme) })
}

/// Events count in the order of their versions, whatever their order in the record; at one version
/// an end comes before a start.
fn order_of_events(a: &Event, b: &Event, scheme: Scheme) -> Ordering {
    let place = |event: &Event| {
        let ends = [&event.fixed, &event.last_affected, &event.limit].into_iter().flatten().next().cloned();
        (event.introduced.clone().or(ends).unwrap_or_default(), event.introduced.is_some())
    };
    let ((version_a, starts_a), (version_b, starts_b)) = (place(a), place(b));
    let versions = match (version_a == "0", version_b == "0") {
        (false, false) => scheme.compare(&version_a, &version_b).unwrap_or(Ordering::Equal),
        (a_is_lowest, b_is_lowest) => b_is_lowest.cmp(&a_is_lowest),
    };
    versions.then(starts_a.cmp(&starts_b))
}

fn lowest_above<'a>(fixes: impl Iterator<Item = &'a str>, version: &str, scheme: Scheme) -> Option<String> {
    fixes
        .filter(|fix| scheme.compare(fix, version) == Some(Ordering::Greater))
        .min_by(|a, b| scheme.compare(a, b).unwrap_or(Ordering::Equal))
        .map(str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(affected: &str, version: &str, scheme: Scheme) -> Verdict {
        verdict(&serde_json::from_str(affected).unwrap(), version, scheme)
    }

    fn affected(fixed: Option<&str>) -> Verdict {
        Verdict::Affected { fixed: fixed.map(str::to_string) }
    }

    #[test]
    fn several_intervals_in_any_order() {
        let record = r#"{"ranges":[{"type":"ECOSYSTEM","events":[
            {"fixed":"2.4.0"},{"introduced":"2.0.0"},{"introduced":"0"},{"fixed":"1.8.0"}]}]}"#;
        for (version, verdict) in [
            ("1.0", affected(Some("1.8.0"))),
            ("1.8.0", Verdict::Unaffected),
            ("1.9", Verdict::Unaffected),
            ("2.0.0", affected(Some("2.4.0"))),
            ("2.4.0", Verdict::Unaffected),
        ] {
            assert_eq!(said(record, version, Scheme::Python), verdict, "{version}");
        }
    }

    #[test]
    fn a_git_range_first_hides_nothing() {
        let record = r#"{"ranges":[
            {"type":"GIT","repo":"x","events":[{"introduced":"0"},{"fixed":"8f46ba3"}]},
            {"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.8.0"}]}]}"#;
        assert_eq!(said(record, "1.7", Scheme::Python), affected(Some("1.8.0")));
    }

    #[test]
    fn listed_versions_compare_as_versions() {
        let record = r#"{"versions":["1.0"],"ranges":null}"#;
        assert_eq!(said(record, "1.0.0", Scheme::Python), affected(None));
        assert_eq!(said(record, "1.0.1", Scheme::Python), Verdict::Unaffected);
    }

    #[test]
    fn last_affected_has_no_fix_and_a_limit_cuts() {
        let record =
            r#"{"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"last_affected":"0.6.6"}]}]}"#;
        assert_eq!(said(record, "0.6.6", Scheme::Semantic), affected(None));
        assert_eq!(said(record, "0.6.7", Scheme::Semantic), Verdict::Unaffected);
        let record = r#"{"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"limit":"2.0.0"}]}]}"#;
        assert_eq!(said(record, "1.9.9", Scheme::Semantic), affected(None));
        assert_eq!(said(record, "2.0.0", Scheme::Semantic), Verdict::Unaffected);
    }

    #[test]
    fn the_later_of_two_fixes_counts() {
        let record = r#"{"ranges":[
            {"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.1.1d-r2"}]},
            {"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.1.1g-r0"}]}]}"#;
        assert_eq!(said(record, "1.1.1d-r0", Scheme::Alpine), affected(Some("1.1.1g-r0")));
        assert_eq!(said(record, "1.1.1d-r2", Scheme::Alpine), affected(Some("1.1.1g-r0")));
    }

    #[test]
    fn versions_that_are_none_decide_nothing() {
        let record = r#"{"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"banana"}]}]}"#;
        assert_eq!(said(record, "1.0", Scheme::Python), Verdict::Unaffected);
    }
}
