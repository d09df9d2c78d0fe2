//! Semantic versioning 2.0, with what npm's authors write beside it: `v1.2`, `=1.2.3`, leading zeros.

use std::cmp::Ordering;

pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let ((numbers_a, pre_a), (numbers_b, pre_b)) = (split(a)?, split(b)?);
    Some(numbers_a.cmp(&numbers_b).then_with(|| compare_pre(pre_a, pre_b)))
}

/// Major, minor, patch and the pre-release; missing numbers are 0, build metadata is dropped.
fn split(text: &str) -> Option<([u64; 3], &str)> {
    let text = text.trim().trim_start_matches(['v', 'V', '=', ' ']);
    let text = text.split('+').next().unwrap_or(text);
    let (core, pre) = text.split_once('-').unwrap_or((text, ""));
    let mut numbers = [0; 3];
    let mut parts = core.split('.');
    for (slot, part) in numbers.iter_mut().zip(parts.by_ref()) {
        *slot = part.parse().ok()?;
    }
    parts.next().is_none().then_some((numbers, pre))
}

/// No pre-release is the highest; numbers stand below words and compare as numbers.
fn compare_pre(a: &str, b: &str) -> Ordering {
    if a.is_empty() || b.is_empty() {
        return a.is_empty().cmp(&b.is_empty());
    }
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => a.cmp(b),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::compare;
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn known_order() {
        // The chain of semver.org, item 11.
        let chain = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "1.10.0",
            "2.0.0",
        ];
        for pair in chain.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Some(Less), "{pair:?}");
            assert_eq!(compare(pair[1], pair[0]), Some(Greater), "{pair:?}");
        }
        assert_eq!(compare("v1.2", "=1.2.0+build"), Some(Equal));
        assert_eq!(compare("1.x", "1.0.0"), None);
        assert_eq!(compare("1.2.3.4", "1.0.0"), None);
    }
}
