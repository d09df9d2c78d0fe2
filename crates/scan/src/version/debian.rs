//! Debian's order: `[epoch:]upstream[-revision]` (deb-version(7)), as dpkg's `verrevcmp` walks it.

use std::cmp::Ordering;

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let ((epoch_a, upstream_a, revision_a), (epoch_b, upstream_b, revision_b)) = (split(a), split(b));
    compare_digits(epoch_a, epoch_b)
        .then_with(|| compare_part(upstream_a, upstream_b))
        .then_with(|| compare_part(revision_a, revision_b))
}

/// Epoch, upstream version and revision; a missing one is empty, which counts as 0.
fn split(version: &str) -> (&[u8], &[u8], &[u8]) {
    let version = version.trim();
    let (epoch, rest) = version.split_once(':').unwrap_or(("", version));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch.as_bytes(), upstream.as_bytes(), revision.as_bytes())
}

pub(super) fn compare_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        loop {
            let (left, right) = (weight(a.first()), weight(b.first()));
            match left.cmp(&right) {
                Ordering::Equal if left == 0 => break,
                Ordering::Equal => (a, b) = (&a[1..], &b[1..]),
                unequal => return unequal,
            }
        }
        let (digits_a, digits_b) = (digits(a), digits(b));
        match compare_digits(&a[..digits_a], &b[..digits_b]) {
            Ordering::Equal => (a, b) = (&a[digits_a..], &b[digits_b..]),
            unequal => return unequal,
        }
    }
    Ordering::Equal
}

/// The tilde comes before the end of the part (and before a digit), letters come before all else.
fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        None => 0,
        Some(byte) if byte.is_ascii_digit() => 0,
        Some(b'~') => -1,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Numbers of any length; none at all is 0.
pub(super) fn compare_digits(a: &[u8], b: &[u8]) -> Ordering {
    let significant = |text: &[u8]| text.iter().position(|byte| *byte != b'0').unwrap_or(text.len());
    let (a, b) = (&a[significant(a)..], &b[significant(b)..]);
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::compare;
    use std::cmp::Ordering::{self, Equal, Greater, Less};

    /// Expectations from deb-version(7) and dpkg's own test `t-version.c`.
    const KNOWN: &[(&str, Ordering, &str)] = &[
        ("1.0", Equal, "1.0"),
        ("1.0", Equal, "0:1.0"),
        ("1.0-0", Equal, "1.0"),
        ("1.0", Less, "1:0.5"),
        ("1.2.3-1", Less, "1.2.3-1+deb12u1"),
        ("1.2.3~rc1", Less, "1.2.3"),
        ("1.0~~", Less, "1.0~~a"),
        ("1.0~~a", Less, "1.0~"),
        ("1.0~", Less, "1.0"),
        ("1.0", Less, "1.0a"),
        ("1.0a", Less, "1.0+"),
        ("1.9", Less, "1.10"),
        ("1.09", Equal, "1.9"),
        ("1.a", Equal, "1.a0"),
        ("0.99999999999999999999999", Less, "0.100000000000000000000000"),
        ("2.36-9+deb12u4", Less, "2.36-9+deb12u10"),
        ("1.1.1n-0+deb11u5", Greater, "1.1.1k-1+deb11u1"),
        ("20190114+really20220913-0+deb10u1", Greater, "20190114-2"),
        ("5.26.0-0-1", Greater, "5.26.0-0"),
    ];

    #[test]
    fn known_order() {
        for (a, order, b) in KNOWN {
            assert_eq!(compare(a, b), *order, "{a} {b}");
            assert_eq!(compare(b, a), order.reverse(), "{b} {a}");
        }
    }
}
