//! What changed between two texts, as `diff -u` shows it and `patch` takes it.

/// Unchanged lines around a change.
const CONTEXT: usize = 3;

/// Above so many comparisons of lines a change is shown as one.
const COMPARISONS: usize = 4_000_000;

/// A line of the difference: how often it counts in the old and the new text, and the line with its end.
#[derive(Clone, Copy)]
enum Line<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// The difference; empty if there is none.
pub fn unified_diff(name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let lines = compare(&split(old), &split(new));
    let (before, after) = match name.starts_with('/') {
        true => (name.to_string(), name.to_string()),
        false => (format!("a/{name}"), format!("b/{name}")),
    };
    let mut text = format!("--- {before}\n+++ {after}\n");
    let changed = |at: &usize| !matches!(lines[*at], Line::Same(_));
    let mut changes = (0..lines.len()).filter(changed).peekable();
    while let Some(first) = changes.next() {
        let mut last = first;
        while let Some(next) = changes.next_if(|next| *next <= last + 2 * CONTEXT + 1) {
            last = next;
        }
        let start = first.saturating_sub(CONTEXT);
        hunk(&lines, start, (last + CONTEXT + 1).min(lines.len()), &mut text);
    }
    text
}

fn split(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Lines of both texts in order, as many of them the same as can be.
fn compare<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let end = old[start..].iter().rev().zip(new[start..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&old[start..old.len() - end], &new[start..new.len() - end]);
    let mut lines: Vec<Line<'a>> = old[..start].iter().map(|line| Line::Same(line)).collect();
    let (mut i, mut j) = (0, 0);
    if a.len().saturating_mul(b.len()) <= COMPARISONS {
        let common = common_lines(a, b);
        let left = |i: usize, j: usize| common[i * (b.len() + 1) + j];
        while i < a.len() && j < b.len() {
            if a[i] == b[j] {
                lines.push(Line::Same(a[i]));
                (i, j) = (i + 1, j + 1);
            } else if left(i + 1, j) >= left(i, j + 1) {
                lines.push(Line::Gone(a[i]));
                i += 1;
            } else {
                lines.push(Line::New(b[j]));
                j += 1;
            }
        }
    }
    lines.extend(a[i..].iter().map(|line| Line::Gone(line)));
    lines.extend(b[j..].iter().map(|line| Line::New(line)));
    lines.extend(old[old.len() - end..].iter().map(|line| Line::Same(line)));
    lines
}

/// For each pair of rests how many lines they have in common, row by row.
fn common_lines(a: &[&str], b: &[&str]) -> Vec<u32> {
    let width = b.len() + 1;
    let mut common = vec![0; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i * width + j] = match a[i] == b[j] {
                true => common[(i + 1) * width + j + 1] + 1,
                false => common[(i + 1) * width + j].max(common[i * width + j + 1]),
            };
        }
    }
    common
}

fn hunk(lines: &[Line<'_>], start: usize, end: usize, text: &mut String) {
    let old = |lines: &[Line<'_>]| lines.iter().filter(|line| !matches!(line, Line::New(_))).count();
    let new = |lines: &[Line<'_>]| lines.iter().filter(|line| !matches!(line, Line::Gone(_))).count();
    let range = |before: usize, count: usize| match count {
        0 => format!("{before},0"),
        1 => format!("{}", before + 1),
        count => format!("{},{count}", before + 1),
    };
    let (before, inside) = (&lines[..start], &lines[start..end]);
    let (from, to) = (range(old(before), old(inside)), range(new(before), new(inside)));
    text.push_str(&format!("@@ -{from} +{to} @@\n"));
    for line in inside {
        let (sign, line) = match line {
            Line::Same(line) => (' ', line),
            Line::Gone(line) => ('-', line),
            Line::New(line) => ('+', line),
        };
        text.push(sign);
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_as_diff_writes_them() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12";
        let new = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n11\n12\n";
        assert_eq!(
            unified_diff("d/f", old, new),
            "--- a/d/f\n+++ b/d/f\n@@ -2,11 +2,11 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n 9\n 10\n 11\n-12\n\
             \\ No newline at end of file\n+12\n"
        );
        assert_eq!(unified_diff("f", "a\n", "a\n"), "");
        assert_eq!(unified_diff("/f", "", "a\n"), "--- /f\n+++ /f\n@@ -0,0 +1 @@\n+a\n");
        assert_eq!(unified_diff("f", "a\r\nb\r\n", "b\r\n"), "--- a/f\n+++ b/f\n@@ -1,2 +1 @@\n-a\r\n b\r\n");
    }

    #[test]
    fn far_changes_are_hunks_of_their_own() {
        let old: String = (0..40).map(|n| format!("{n}\n")).collect();
        let new = old.replace("\n5\n", "\nx\n").replace("\n30\n", "\n");
        let diff = unified_diff("f", &old, &new);
        assert_eq!(diff.matches("@@ -").count(), 2, "{diff}");
        assert!(diff.contains("@@ -28,7 +28,6 @@"), "{diff}");
    }
}
