//! Alpine's order, after apk-tools' `version.c`:
//! `number{.number}[letter[number]]{_suffix[number]}[~hash][-rN]`.
//!
//! A number after the letter (`6.0.2p1`) is what apk-tools 2 reads and 3 refuses; data bases have it.

use std::cmp::Ordering;

use super::debian;

/// Parts in the order they may follow; where two versions part, the higher kind is the lower version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Start,
    First,
    Number,
    Letter,
    Suffix,
    SuffixNumber,
    Hash,
    Revision,
    End,
    Invalid,
}

/// Before nothing at all: alpha to rc; after it: cvs to p.
const SUFFIXES: [&[u8]; 9] = [b"alpha", b"beta", b"pre", b"rc", b"cvs", b"svn", b"git", b"hg", b"p"];
const PRE_RELEASES: usize = 4;

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (Reader::new(a), Reader::new(b));
    loop {
        let (rest_a, rest_b) = (left.rest, right.rest);
        let (kind_a, text_a) = left.next();
        let (kind_b, text_b) = right.next();
        if kind_a == Kind::Invalid || kind_b == Kind::Invalid {
            // apk calls such versions equal, which hides flaws; the natural order does not.
            return debian::compare_part(rest_a, rest_b);
        }
        let order = match kind_a {
            _ if kind_a != kind_b => compare_kinds((kind_a, text_a), (kind_b, text_b)),
            Kind::End => return Ordering::Equal,
            kind => compare_texts(kind, text_a, text_b),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn compare_kinds(a: (Kind, &[u8]), b: (Kind, &[u8])) -> Ordering {
    let is_before_release = |(kind, text): (Kind, &[u8])| {
        kind == Kind::Suffix && suffix(text).is_some_and(|at| at < PRE_RELEASES)
    };
    match (is_before_release(a), is_before_release(b)) {
        (true, _) => Ordering::Less,
        (_, true) => Ordering::Greater,
        _ => b.0.cmp(&a.0),
    }
}

fn compare_texts(kind: Kind, a: &[u8], b: &[u8]) -> Ordering {
    match kind {
        // Gentoo's rule, which apk took over: a leading zero makes it a fraction.
        Kind::Number if a.starts_with(b"0") || b.starts_with(b"0") => a.cmp(b),
        Kind::First | Kind::Number | Kind::SuffixNumber | Kind::Revision => debian::compare_digits(a, b),
        Kind::Suffix => suffix(a).cmp(&suffix(b)),
        _ => a.cmp(b),
    }
}

fn suffix(text: &[u8]) -> Option<usize> {
    SUFFIXES.iter().position(|known| *known == text)
}

struct Reader<'a> {
    rest: &'a [u8],
    last: Kind,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Reader { rest: text.trim().as_bytes(), last: Kind::Start }
    }

    fn next(&mut self) -> (Kind, &'a [u8]) {
        let (kind, skip) = self.kind_of_next();
        let body = &self.rest[skip..];
        let length = match kind {
            Kind::Letter => 1,
            Kind::Suffix => count(body, u8::is_ascii_lowercase),
            Kind::Hash => count(body, u8::is_ascii_hexdigit),
            Kind::End | Kind::Invalid => 0,
            _ => count(body, u8::is_ascii_digit),
        };
        let text = &body[..length];
        let is_empty = length == 0 && kind < Kind::End;
        let is_unknown = kind == Kind::Suffix && suffix(text).is_none();
        self.last = if is_empty || is_unknown { Kind::Invalid } else { kind };
        self.rest = &body[length..];
        (self.last, text)
    }

    /// The kind of the next part and the length of what introduces it.
    fn kind_of_next(&self) -> (Kind, usize) {
        let in_numbers = matches!(self.last, Kind::First | Kind::Number);
        match self.rest {
            [] if self.last == Kind::Start => (Kind::Invalid, 0),
            [] => (Kind::End, 0),
            [b'0'..=b'9', ..] => match self.last {
                Kind::Start => (Kind::First, 0),
                Kind::Letter => (Kind::Number, 0),
                Kind::Suffix => (Kind::SuffixNumber, 0),
                _ => (Kind::Invalid, 0),
            },
            [b'.', ..] if in_numbers => (Kind::Number, 1),
            [b'a'..=b'z', ..] if in_numbers => (Kind::Letter, 0),
            [b'_', ..] if self.last <= Kind::SuffixNumber => (Kind::Suffix, 1),
            [b'~', ..] if self.last <= Kind::SuffixNumber => (Kind::Hash, 1),
            [b'-', b'r', ..] if self.last < Kind::Revision => (Kind::Revision, 2),
            _ => (Kind::Invalid, 0),
        }
    }
}

fn count(text: &[u8], is_one: fn(&u8) -> bool) -> usize {
    text.iter().take_while(|byte| is_one(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::compare;
    use std::cmp::Ordering::{self, Equal, Greater, Less};

    /// Most are lines of apk-tools' own `test/version.data`.
    const KNOWN: &[(&str, Ordering, &str)] = &[
        ("2.34", Greater, "0.1.0_alpha"),
        ("0.1.0_alpha", Equal, "0.1.0_alpha"),
        ("0.1.0_alpha", Less, "0.1.3_alpha"),
        ("0.1.0_alpha_pre2", Less, "0.1.0_alpha"),
        ("0.1.0_beta", Greater, "0.1.0_alpha"),
        ("1.0_rc1", Less, "1.0"),
        ("1.0_p1", Greater, "1.0"),
        ("1.0_p9", Less, "1.0_p10"),
        ("1.0.1", Greater, "1.0_p1"),
        ("1.0a", Greater, "1.0"),
        ("1.0a", Less, "1.0b"),
        ("1.0.4", Less, "1.0.10"),
        ("1.01", Less, "1.1"),
        ("1.0-r1", Greater, "1.0"),
        ("1.0-r9", Less, "1.0-r10"),
        ("1.1.1d-r0", Less, "1.1.1d-r2"),
        ("1.1.1d-r3", Less, "1.1.1g-r0"),
        ("1.2_git20200101-r0", Less, "1.2_git20200102-r0"),
        ("3.6.0_p1-r0", Greater, "3.6.0-r5"),
        ("6.0.2p1-r4", Less, "6.0.2p1-r5"),
        ("1.0.rubbish-r1", Less, "1.0.rubbish-r2"),
        ("99999999999999999999.1", Greater, "99999999999999999998.1"),
    ];

    #[test]
    fn known_order() {
        for (a, order, b) in KNOWN {
            assert_eq!(compare(a, b), *order, "{a} {b}");
            assert_eq!(compare(b, a), order.reverse(), "{b} {a}");
        }
    }
}
