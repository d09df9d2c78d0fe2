//! Paths inside an image as bytes: relative to the root, no empty, `.` or `..` component; the root
//! itself is empty. File names of an image need not be UTF-8.

use std::cmp::Ordering;

/// Clean a path lexically: `/a/./b//../c/` is `a/c`; `..` at the root stays at the root.
pub fn clean(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join(&b'/')
}

/// Whether a path, walked from the root, goes above it at some point.
pub fn climbs_out(path: &[u8]) -> bool {
    let mut depth = 0usize;
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if depth == 0 => return true,
            b".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

/// The parent of a clean path; `None` for the root.
pub fn parent(path: &[u8]) -> Option<&[u8]> {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(at) => Some(&path[..at]),
        None if path.is_empty() => None,
        None => Some(b""),
    }
}

/// The last name of a clean path; empty for the root.
pub fn name(path: &[u8]) -> &[u8] {
    path.iter().rposition(|byte| *byte == b'/').map_or(path, |at| &path[at + 1..])
}

/// A name below a clean path.
pub fn join(parent: &[u8], name: &[u8]) -> Vec<u8> {
    match (parent.is_empty(), name.is_empty()) {
        (true, _) => name.to_vec(),
        (_, true) => parent.to_vec(),
        _ => [parent, b"/", name].concat(),
    }
}

/// Whether a clean path lies strictly below another.
pub fn is_below(path: &[u8], above: &[u8]) -> bool {
    match above.is_empty() {
        true => !path.is_empty(),
        false => path.len() > above.len() && path.starts_with(above) && path[above.len()] == b'/',
    }
}

/// The order of a walk: a directory stands directly before everything below it. This is the order of
/// bytes with `/` lower than any other byte.
pub fn walk_order(a: &[u8], b: &[u8]) -> Ordering {
    let rank = |byte: u8| if byte == b'/' { 0 } else { byte };
    match a.iter().zip(b).position(|(a, b)| a != b) {
        Some(at) => rank(a[at]).cmp(&rank(b[at])),
        None => a.len().cmp(&b.len()),
    }
}

/// What a walk along a path meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Met {
    /// A symbolic link with its target.
    Link(Vec<u8>),
    /// Anything else, also nothing.
    Other,
}

/// As in the kernel.
const LINK_LIMIT: usize = 40;

/// Follow the symbolic links in a path, staying inside the root; the last name only if `last` says
/// so. What does not exist is taken as written. `None` after too many links.
pub fn follow<E>(
    whole: &[u8],
    last: bool,
    mut look: impl FnMut(&[u8]) -> Result<Met, E>,
) -> Result<Option<Vec<u8>>, E> {
    let parts = |path: &[u8]| -> Vec<Vec<u8>> {
        path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).rev().map(<[u8]>::to_vec).collect()
    };
    let mut pending = parts(whole);
    let mut real: Vec<u8> = Vec::new();
    let mut links = 0;
    while let Some(name) = pending.pop() {
        match name.as_slice() {
            b"." => continue,
            b".." => {
                real = parent(&real).unwrap_or_default().to_vec();
                continue;
            }
            _ => {}
        }
        let here = join(&real, &name);
        let met = if pending.is_empty() && !last { Met::Other } else { look(&here)? };
        let Met::Link(target) = met else {
            real = here;
            continue;
        };
        links += 1;
        if links > LINK_LIMIT {
            return Ok(None);
        }
        if target.first() == Some(&b'/') {
            real.clear();
        }
        pending.extend(parts(&target));
    }
    Ok(Some(real))
}

/// A path as messages and `FileTree` show it: absolute, with U+FFFD for what is not UTF-8.
pub fn display(path: &[u8]) -> String {
    format!("/{}", String::from_utf8_lossy(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_never_leaves_the_root() {
        for (path, expected) in
            [("/a/./b//../c/", "a/c"), ("../../x", "x"), ("", ""), ("/", ""), ("a/..", ""), ("...", "...")]
        {
            assert_eq!(clean(path.as_bytes()), expected.as_bytes(), "{path}");
        }
        for out in ["..", "a/../..", "/../a", "./.."] {
            assert!(climbs_out(out.as_bytes()), "{out}");
        }
        for inside in ["a/..", "a/b/../../c", "..a"] {
            assert!(!climbs_out(inside.as_bytes()), "{inside}");
        }
    }

    #[test]
    fn a_directory_stands_directly_before_what_is_below_it() {
        let mut paths = vec!["a.b", "a/b", "a", "a-b", "a/b/c", "", "a/b.c"];
        paths.sort_by(|a, b| walk_order(a.as_bytes(), b.as_bytes()));
        assert_eq!(paths, ["", "a", "a/b", "a/b/c", "a/b.c", "a-b", "a.b"]);
    }

    #[test]
    fn parts() {
        assert_eq!(parent(b"a/b"), Some(&b"a"[..]));
        assert_eq!(parent(b"a"), Some(&b""[..]));
        assert_eq!(parent(b""), None);
        assert_eq!(name(b"a/b"), b"b");
        assert_eq!(join(b"", b"a"), b"a");
        assert!(is_below(b"a/b", b"a") && is_below(b"a", b"") && !is_below(b"ab", b"a"));
    }
}
