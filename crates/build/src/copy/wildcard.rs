//! Patterns in COPY and ADD sources: Go's `filepath.Match`, one path component at a time.

/// Whether a source has pattern characters (Go's `filepath.hasMeta`).
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '\\'])
}

/// Whether a name matches one component of a pattern. A malformed pattern matches nothing.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    match_here(&pattern, &name)
}

/// Backtracks only to the last star, so the cost is at most length times length.
fn match_here(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() || p < pattern.len() {
        match single(&pattern[p..], name.get(n)) {
            Single::Star => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            Single::Matched(length) => {
                p += length;
                n += 1;
                continue;
            }
            Single::Failed => {}
        }
        match star {
            Some((at, from)) if from < name.len() => {
                star = Some((at, from + 1));
                p = at + 1;
                n = from + 1;
            }
            _ => return false,
        }
    }
    true
}

enum Single {
    Star,
    /// One character matched by so many pattern characters.
    Matched(usize),
    Failed,
}

fn single(pattern: &[char], c: Option<&char>) -> Single {
    match (pattern.first(), c) {
        (Some('*'), _) => Single::Star,
        (Some('?'), Some(_)) => Single::Matched(1),
        (Some('['), Some(c)) => class(pattern, *c),
        (Some('\\'), Some(c)) if pattern.get(1) == Some(c) => Single::Matched(2),
        (Some(p), Some(c)) if p == c && *p != '\\' => Single::Matched(1),
        _ => Single::Failed,
    }
}

/// `[abc]`, `[a-z]`, `[^x]`.
fn class(pattern: &[char], c: char) -> Single {
    let mut at = 1;
    let negated = pattern.get(at) == Some(&'^');
    at += usize::from(negated);
    let mut found = false;
    let mut first = true;
    loop {
        let Some(&low) = pattern.get(at) else { return Single::Failed };
        if low == ']' && !first {
            break;
        }
        first = false;
        let Some((low, next)) = class_char(pattern, at) else { return Single::Failed };
        at = next;
        let mut high = low;
        if pattern.get(at) == Some(&'-') {
            let Some((end, next)) = class_char(pattern, at + 1) else { return Single::Failed };
            (high, at) = (end, next);
        }
        found |= (low..=high).contains(&c);
    }
    if found != negated { Single::Matched(at + 1) } else { Single::Failed }
}

fn class_char(pattern: &[char], at: usize) -> Option<(char, usize)> {
    match pattern.get(at)? {
        '\\' => Some((*pattern.get(at + 1)?, at + 2)),
        '-' | ']' => None,
        c => Some((*c, at + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cases of Go's `path/filepath/match_test.go` that stay within one component.
    #[test]
    fn as_go() {
        for (pattern, name, expected) in [
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*c", "abc", true),
            ("a*", "a", true),
            ("a*b*c*d*e*", "axbxcxdxe", true),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("a*b?c*x", "abxbbxdbxebxczzy", false),
            ("ab[c]", "abc", true),
            ("ab[b-d]", "abc", true),
            ("ab[e-g]", "abc", false),
            ("ab[^c]", "abc", false),
            ("ab[^e-g]", "abc", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("a?b", "a☺b", true),
            ("a[^a]b", "a☺b", true),
            ("[a-ζ]*", "α", true),
            ("[\\]a]", "]", true),
            ("[\\-]", "-", true),
            ("[x\\-]", "x", true),
            ("[]a]", "]", false),
            ("[-]", "-", false),
            ("[", "a", false),
            ("[^", "a", false),
            ("a[", "a", false),
            ("*x", "xxx", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
