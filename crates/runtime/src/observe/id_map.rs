//! From the ids this process sees to the ids inside a container.

use std::fs;

/// The id shown for an id that the container cannot express.
const OVERFLOW_ID: u32 = 65534;

/// How ids of one user namespace look from this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IdView {
    /// Same user namespace: ids are what they are.
    Same,
    /// Extents (inside, as we see it, how many).
    Mapped(Vec<(u32, u32, u32)>),
}

impl IdView {
    /// Read `uid_map` or `gid_map` of a process; `None` if it is gone. The kernel shows the outer ids
    /// as the reader's own user namespace numbers them (user_namespaces(7)).
    pub fn of(pid: u32, map: &str) -> Option<Self> {
        let namespace = |who: &str| fs::read_link(format!("/proc/{who}/ns/user")).ok();
        if namespace(&pid.to_string())? == namespace("self")? {
            return Some(IdView::Same);
        }
        IdView::nested(pid, map)
    }

    /// The same for a process that is known to be in another user namespace.
    pub fn nested(pid: u32, map: &str) -> Option<Self> {
        Some(IdView::parse(&fs::read_to_string(format!("/proc/{pid}/{map}")).ok()?))
    }

    fn parse(text: &str) -> Self {
        let extent = |line: &str| {
            let mut numbers = line.split_ascii_whitespace().map(|word| word.parse().ok());
            Some((numbers.next()??, numbers.next()??, numbers.next()??))
        };
        IdView::Mapped(text.lines().filter_map(extent).collect())
    }

    /// The id inside.
    pub fn inside(&self, seen: u32) -> u32 {
        match self {
            IdView::Same => seen,
            IdView::Mapped(extents) => extents
                .iter()
                .find_map(|(inside, outside, count)| {
                    let offset = seen.checked_sub(*outside).filter(|offset| offset < count)?;
                    inside.checked_add(offset)
                })
                .unwrap_or(OVERFLOW_ID),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_go_through_their_extent() {
        let map = IdView::parse("         0       1000          1\n         1     100000      65536\n");
        assert_eq!(map.inside(1000), 0);
        assert_eq!(map.inside(100_032), 33);
        assert_eq!(map.inside(0), OVERFLOW_ID);
        assert_eq!(map.inside(165_536), OVERFLOW_ID);
        assert_eq!(IdView::Same.inside(33), 33);
        assert_eq!(IdView::parse("4294967295 0 2").inside(1), OVERFLOW_ID);
    }
}
