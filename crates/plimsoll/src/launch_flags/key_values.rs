//! Files of `NAME=VALUE` lines: env files and label files.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use plimsoll_image::error::reason;

/// Nobody writes more by hand; what never ends (`/dev/zero`) is noticed.
const LIMIT: u64 = 16 << 20;

/// A name, and its value if one is written.
pub type Line = (String, Option<String>);

/// Read a file of such lines.
pub fn read(path: &Path) -> Result<Vec<Line>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes));
    read.map_err(|error| format!("cannot read {}: {}", path.display(), reason(&error)))?;
    if bytes.len() as u64 > LIMIT {
        return Err(format!("{} is larger than {} MiB: it is no list of names", path.display(), LIMIT >> 20));
    }
    parse(&bytes).map_err(|why| format!("{}: {why}", path.display()))
}

/// docker's rules (cli, pkg/kvfile): comments and blank lines are left out, blanks before a name too;
/// nothing else is taken away, quotes and what follows a value neither.
pub fn parse(bytes: &[u8]) -> Result<Vec<Line>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = str::from_utf8(line).map_err(|_| format!("line {number} is not UTF-8"))?.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name, Some(value.to_string())),
            None => (line, None),
        };
        match name {
            "" => return Err(format!("line {number} has no name before the '='")),
            name if name.contains([' ', '\t']) => {
                return Err(format!("line {number}: the name '{name}' contains blanks"));
            }
            name => lines.push((name.to_string(), value)),
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(name: &str, value: Option<&str>) -> Line {
        (name.to_string(), value.map(str::to_string))
    }

    #[test]
    fn lines_are_taken_as_they_stand() {
        let text = "\u{feff}  A=1\n# c\n   # d\n\n\t\nQ=\"x y\"\nE=\nF= a b \r\nG=1#c=2\nOUTSIDE\nh.i-j=k";
        let expected = [
            line("A", Some("1")),
            line("Q", Some("\"x y\"")),
            line("E", Some("")),
            line("F", Some(" a b ")),
            line("G", Some("1#c=2")),
            line("OUTSIDE", None),
            line("h.i-j", Some("k")),
        ];
        assert_eq!(parse(text.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn mistakes_have_a_line() {
        for (text, why) in [
            (&b"A=1\nexport B=2"[..], "line 2: the name 'export B'"),
            (b"A =1", "'A '"),
            (b"OUTSIDE ", "'OUTSIDE '"),
            (b"\n=x", "line 2 has no name"),
            (b"A=\xff", "line 1 is not UTF-8"),
        ] {
            let said = parse(text).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_lines_or_a_mistake(bytes: Vec<u8>) {
            for (name, _) in parse(&bytes).unwrap_or_default() {
                prop_assert!(!name.is_empty() && !name.starts_with('#') && !name.contains([' ', '\t', '\n', '=']));
            }
        }

        #[test]
        fn what_is_read_is_read_again(lines in prop::collection::vec(("[A-Za-z_.][A-Za-z0-9_.#-]*", prop::option::of("[^\r\n]*")), 0..8)) {
            let lines: Vec<Line> = lines;
            let text: String = lines.iter().map(|(name, value)| match value {
                Some(value) => format!("{name}={value}\n"),
                None => format!("{name}\n"),
            }).collect();
            prop_assert_eq!(parse(text.as_bytes()).unwrap(), lines);
        }
    }
}
