//! dpkg itself as the judge of Debian's order.

use std::cmp::Ordering;
use std::process::Command;

use plimsoll_scan::Scheme;
use proptest::prelude::*;

#[test]
fn dpkg_agrees() {
    let versions = [
        "1",
        "1.0",
        "1~",
        "1a",
        "1.0a0",
        "1.0a",
        "1+b1",
        "0",
        "10",
        "1.~",
        "09",
        "1-1",
        "1:1",
        "2-0",
        "1.z",
        "1.0-1+deb12u1",
        "1.0-1",
        "1.0-1~bpo12+1",
        "2.36-9+deb12u4",
        "2.36-9+deb12u10",
        "0:1-0",
    ];
    for a in versions {
        for b in versions {
            let (order, relation) = match Scheme::Debian.compare(a, b) {
                Some(Ordering::Less) => ("<", "lt"),
                Some(Ordering::Equal) => ("=", "eq"),
                Some(Ordering::Greater) => (">", "gt"),
                None => panic!("{a} {b}"),
            };
            match Command::new("dpkg").args(["--compare-versions", a, relation, b]).status() {
                Ok(status) => assert!(status.success(), "{a} {order} {b}"),
                Err(_) => return crate::skip("dpkg is not installed"),
            }
        }
    }
}

#[test]
fn python_order_is_pep_440() {
    let order = |a, b| Scheme::Python.compare(a, b);
    assert_eq!(order("1.0", "1.0.0"), Some(Ordering::Equal));
    assert_eq!(order("1.0rc1", "1.0"), Some(Ordering::Less));
    assert_eq!(order("1!0.1", "2.0"), Some(Ordering::Greater));
    assert_eq!(order("not a version", "1.0"), None);
}

proptest! {
    /// Hostile data bases write anything where a version should be.
    #[test]
    fn any_two_texts_compare_both_ways(a in "[0-9a-c~+:._r-]{0,12}|.{0,8}", b in "[0-9a-c~+:._r-]{0,12}|.{0,8}") {
        for scheme in [Scheme::Debian, Scheme::Alpine, Scheme::Python, Scheme::Semantic] {
            prop_assert_eq!(scheme.compare(&a, &b), scheme.compare(&b, &a).map(Ordering::reverse));
        }
    }

    #[test]
    fn debian_versions_have_one_order(texts in proptest::collection::vec("[0-2a~+.-]{0,5}", 3)) {
        let below = |a: &str, b: &str| Scheme::Debian.compare(a, b) != Some(Ordering::Greater);
        let [a, b, c] = [&texts[0], &texts[1], &texts[2]];
        prop_assert!(!(below(a, b) && below(b, c)) || below(a, c));
    }
}
