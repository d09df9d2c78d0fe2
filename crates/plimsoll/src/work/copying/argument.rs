//! A path on the command line of `cp`: on this machine, in a container, or a stream.

/// One side of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// Standard input or output, a tar stream.
    Stream,
    /// A path of this machine.
    Here(String),
    /// A path in a container.
    Container {
        /// Name or id.
        name: String,
        /// As written.
        path: String,
    },
}

impl Side {
    /// docker's rule (cli, container/cp.go splitCpArg): what begins with `/` or `.` is a path of this machine,
    /// whatever colons it has.
    pub fn parse(text: &str) -> Side {
        match text.split_once(':') {
            _ if text == "-" => Side::Stream,
            Some((name, path)) if !text.starts_with('/') && !name.starts_with('.') => {
                Side::Container { name: name.to_string(), path: path.to_string() }
            }
            _ => Side::Here(text.to_string()),
        }
    }
}

/// What the end of a path says beside its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ending {
    /// `/.`: not the directory, but what is in it.
    pub only_content: bool,
    /// `/` or `/.`: it is a directory, a link that leads to one included.
    pub directory: bool,
}

/// The ending of a path.
pub fn ending(path: &str) -> Ending {
    let only_content = path == "." || path.ends_with("/.");
    Ending { only_content, directory: only_content || path.ends_with('/') }
}

/// The last name of a path, `.` and `..` worked in; empty for the root.
pub fn last_name(path: &str) -> Vec<u8> {
    plimsoll_image::path::name(&plimsoll_image::path::clean(path.as_bytes())).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_side_a_path_is_on() {
        let here = |text: &str| Side::Here(text.to_string());
        let there = |name: &str, path: &str| Side::Container { name: name.into(), path: path.into() };
        for (text, side) in [
            ("-", Side::Stream),
            ("c:/a:b", there("c", "/a:b")),
            ("c:", there("c", "")),
            (":x", there("", "x")),
            ("./c:x", here("./c:x")),
            ("../c:x", here("../c:x")),
            ("/c:x", here("/c:x")),
            ("c", here("c")),
        ] {
            assert_eq!(Side::parse(text), side, "{text}");
        }
    }

    #[test]
    fn how_a_path_ends() {
        let both = |only_content, directory| Ending { only_content, directory };
        for (path, expected, name) in [
            ("a/b", both(false, false), "b"),
            ("a/b/", both(false, true), "b"),
            ("a/b/.", both(true, true), "b"),
            (".", both(true, true), ""),
            ("/", both(false, true), ""),
            ("a/..", both(false, false), ""),
            ("a.", both(false, false), "a."),
        ] {
            assert_eq!((ending(path), last_name(path)), (expected, name.as_bytes().to_vec()), "{path}");
        }
    }
}
