//! The patterns of `${x#p}`, `${x%p}` and `${x/p/r}`: `*`, `?`, and `\` before a character.
//!
//! A pattern is a list of fixed parts with stars between, so matching needs no backtracking.

/// One character of a fixed part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum One {
    Any,
    Char(char),
}

impl One {
    fn matches(self, c: char) -> bool {
        self == One::Any || self == One::Char(c)
    }
}

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// The parts between stars; never empty.
    parts: Vec<Vec<One>>,
}

impl Pattern {
    /// Every text is a pattern.
    pub fn new(text: &str) -> Self {
        let mut parts = vec![Vec::new()];
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let one = match c {
                '*' => {
                    parts.push(Vec::new());
                    continue;
                }
                '?' => One::Any,
                '\\' => One::Char(chars.next().unwrap_or('\\')),
                c => One::Char(c),
            };
            if let Some(part) = parts.last_mut() {
                part.push(one);
            }
        }
        Pattern { parts }
    }

    fn reversed(&self) -> Self {
        let reverse = |part: &Vec<One>| part.iter().rev().copied().collect();
        Pattern { parts: self.parts.iter().rev().map(reverse).collect() }
    }

    /// The end of the shortest or longest match that begins at `start`.
    fn match_at(&self, text: &[char], start: usize, longest: bool) -> Option<usize> {
        let (first, rest) = self.parts.split_first()?;
        if !part_at(first, text, start) {
            return None;
        }
        let mut at = start + first.len();
        let Some((last, middle)) = rest.split_last() else { return Some(at) };
        for part in middle {
            at = (at..=text.len()).find(|&at| part_at(part, text, at))? + part.len();
        }
        let found = match longest {
            true => (at..=text.len()).rev().find(|&at| part_at(last, text, at)),
            false => (at..=text.len()).find(|&at| part_at(last, text, at)),
        };
        found.map(|found| found + last.len())
    }

    /// The text without the shortest or longest prefix that matches.
    pub fn trim_prefix(&self, text: &str, longest: bool) -> String {
        let chars: Vec<char> = text.chars().collect();
        let end = self.match_at(&chars, 0, longest).unwrap_or(0);
        chars[end..].iter().collect()
    }

    /// The text without the shortest or longest suffix that matches.
    pub fn trim_suffix(&self, text: &str, longest: bool) -> String {
        let reversed: Vec<char> = text.chars().rev().collect();
        let end = self.reversed().match_at(&reversed, 0, longest).unwrap_or(0);
        reversed[end..].iter().rev().collect()
    }

    /// The text with the first match, or every match, replaced. An empty pattern matches nothing.
    pub fn replace(&self, text: &str, replacement: &str, all: bool) -> String {
        let chars: Vec<char> = text.chars().collect();
        let mut result = String::new();
        let mut at = 0;
        while at < chars.len() {
            let Some((start, end)) = self.find(&chars, at) else { break };
            result.extend(&chars[at..start]);
            result.push_str(replacement);
            at = end;
            if !all {
                break;
            }
        }
        result.extend(&chars[at..]);
        result
    }

    /// The first non-empty longest match from `from` on. Where a star follows the first part and
    /// nothing is found behind it, nothing is found behind a later one either: that keeps the
    /// search linear.
    fn find(&self, text: &[char], from: usize) -> Option<(usize, usize)> {
        let first = self.parts.first()?;
        for start in from..text.len() {
            if !part_at(first, text, start) {
                continue;
            }
            match self.match_at(text, start, true) {
                Some(end) if end > start => return Some((start, end)),
                Some(_) => continue,
                None => return None,
            }
        }
        None
    }
}

fn part_at(part: &[One], text: &[char], at: usize) -> bool {
    let Some(text) = text.get(at..at + part.len()) else { return false };
    part.iter().zip(text).all(|(one, c)| one.matches(*c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortest_and_longest() {
        let pattern = Pattern::new("a*b");
        assert_eq!(pattern.trim_prefix("axbxb-", false), "xb-");
        assert_eq!(pattern.trim_prefix("axbxb-", true), "-");
        assert_eq!(pattern.trim_suffix("-axaxb", false), "-ax");
        assert_eq!(pattern.trim_suffix("-axaxb", true), "-");
        assert_eq!(pattern.trim_prefix("b", true), "b");
        assert_eq!(Pattern::new("*").trim_prefix("ab", false), "ab");
        assert_eq!(Pattern::new("*").trim_prefix("ab", true), "");
        assert_eq!(Pattern::new("\\*?").trim_prefix("*xy", false), "y");
    }

    #[test]
    fn replace() {
        assert_eq!(Pattern::new("a?").replace("abacad", "-", true), "---");
        assert_eq!(Pattern::new("a*").replace("xabab", "-", true), "x-");
        assert_eq!(Pattern::new("").replace("ab", "-", true), "ab");
        assert_eq!(Pattern::new("*").replace("ab", "-", true), "-");
        assert_eq!(Pattern::new("é").replace("caféé", "e", false), "cafeé");
        assert_eq!(Pattern::new("a*z").replace("aaa", "-", true), "aaa");
    }
}
