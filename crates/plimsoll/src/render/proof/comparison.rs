//! What differs between two proofs, as text and as JSON.

use plimsoll_contract::compare::{Comparison, Difference, Part};
use plimsoll_contract::judge::Proof;
use serde_json::{Value, json};

use crate::report::columns::{Extent, Section, fit, pad, plain, width, wrap};
use crate::terminal::MAX_WIDTH;

/// Lines of the section.
const LINES: usize = 40;

/// Columns of what differs, where the values stand beside it.
const WHAT: usize = 24;

/// Where values that stand below begin.
const VALUES: usize = 18;

/// Lines of one value, where not everything is shown.
const VALUE_LINES: usize = 2;

/// For people; `names` are the two as they were asked for.
pub fn comparison_text(found: &Comparison, names: (&str, &str), extent: Extent) -> String {
    let count = found.differences.len();
    let told = match count {
        0 => "none".to_string(),
        count => count.to_string(),
    };
    let mut section =
        Section::new(&format!("DIFFERENCES   {told}   {} -> {}", plain(names.0), plain(names.1)));
    let mut last = None;
    for difference in &found.differences {
        let part = if last == Some(difference.part) { "" } else { difference.part.word() };
        last = Some(difference.part);
        section.add(true, rows(part, difference, extent));
    }
    for why in &found.open {
        section.add(false, [format!("  open       {why}")]);
    }
    section.render(LINES, MAX_WIDTH, extent)
}

/// All on one line if it fits, else the values below.
fn rows(part: &str, difference: &Difference, extent: Extent) -> Vec<String> {
    let (before, after) = (side(&difference.before), side(&difference.after));
    let (part, what) = (pad(part, 10), plain(&difference.what));
    let line = format!("  {part} {} {before} -> {after}", pad(&what, WHAT));
    if width(&what) <= WHAT && width(&line) <= MAX_WIDTH {
        return vec![line];
    }
    let most = if extent == Extent::All { usize::MAX } else { VALUE_LINES };
    let value = |mark: &'static str, text: String| {
        let lines = wrap(&text, MAX_WIDTH - VALUES);
        let hidden = if lines.len() > most { " …" } else { "" };
        let last = lines.len().min(most).saturating_sub(1);
        let told = lines.into_iter().take(most).enumerate().map(move |(at, line)| {
            let mark = if at == 0 { mark } else { "" };
            let more = if at == last { hidden } else { "" };
            fit(&format!("{mark:>width$}{line}{more}", width = VALUES), MAX_WIDTH)
        });
        told.collect::<Vec<_>>()
    };
    let head = fit(&format!("  {part} {what}"), MAX_WIDTH);
    [vec![head], value("", before), value("-> ", after)].concat()
}

fn side(value: &Option<String>) -> String {
    value.as_ref().map_or("nothing".to_string(), |value| plain(value))
}

/// For other programs.
pub fn comparison_json(found: &Comparison, (before, after): (&Proof, &Proof), rendered: &str) -> Value {
    let image = |proof: &Proof| json!({ "image": proof.evidence.image, "digest": proof.evidence.digest });
    let difference = |found: &Difference| {
        json!({
            "part": found.part.word(),
            "what": found.what,
            "before": found.before,
            "after": found.after,
        })
    };
    json!({
        "schema": "plimsoll.proof-diff/1",
        "before": image(before),
        "after": image(after),
        "same": found.differences.is_empty(),
        "differences": found.differences.iter().map(difference).collect::<Vec<_>>(),
        "open": found.open,
        "rendered": rendered,
    })
}

/// Values of the environment that are secrets are told apart and not told.
pub fn without_secrets(mut found: Comparison) -> Comparison {
    for difference in found.differences.iter_mut().filter(|difference| difference.part == Part::Environment) {
        for value in [&mut difference.before, &mut difference.after].into_iter().flatten() {
            if let Some(shown) = plimsoll_scan::secret_in_variable(&difference.what, value) {
                *value = shown;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use plimsoll_contract::compare::compare;

    use super::*;
    use crate::report::columns::is_hostile;
    use crate::report::demo;
    use crate::report::snapshot;

    #[test]
    fn it_reads_as_it_should() {
        let (before, after) = (demo::healthy().proof.unwrap(), demo::shell_form().proof.unwrap());
        let found = without_secrets(compare(&before, &after));
        let text = comparison_text(&found, ("app:dev", "shop:1.4"), Extent::Short("--all"));
        assert!(!text.contains("hunter2"));
        snapshot::compare("comparison.txt", &text);
        let same = comparison_text(&compare(&before, &before), ("a", "b"), Extent::All);
        assert_eq!(same, "DIFFERENCES   none   a -> b\n");
    }

    #[test]
    fn an_enemy_steers_nothing() {
        let (before, after) = (demo::shell_form().proof.unwrap(), demo::hostile().proof.unwrap());
        let found = without_secrets(compare(&before, &after));
        let text = comparison_text(&found, ("\u{1b}[2J", "b"), Extent::All);
        for line in text.lines() {
            assert!(width(line) <= MAX_WIDTH && !line.contains(is_hostile));
        }
    }
}
