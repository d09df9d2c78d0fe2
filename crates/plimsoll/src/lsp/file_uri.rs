//! `file:` addresses and the paths they mean.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// The path of a file on this machine.
pub fn path_of(uri: &str) -> Option<PathBuf> {
    let (scheme, rest) = uri.split_once("://")?;
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    if !scheme.eq_ignore_ascii_case("file") || !rest.starts_with('/') {
        return None;
    }
    let path = decoded(rest.split(['?', '#']).next()?.as_bytes())?;
    (!path.contains(&0)).then(|| PathBuf::from(OsString::from_vec(path)))
}

fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            _ => *byte,
        });
    }
    Some(bytes)
}

/// The address of an absolute path.
pub fn uri_of(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let word = |byte: &u8| match plain(*byte) {
        true => char::from(*byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    format!("file://{}", path.as_os_str().as_bytes().iter().map(word).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_back() {
        for path in ["/a/Dockerfile", "/a b/ü#?%", "/"] {
            assert_eq!(path_of(&uri_of(Path::new(path))), Some(PathBuf::from(path)));
        }
        assert_eq!(uri_of(Path::new("/a b/c:1")), "file:///a%20b/c%3A1");
        assert_eq!(path_of("FILE://localhost/a%2fb"), Some(PathBuf::from("/a/b")));
        for none in
            ["untitled:1", "file://host/a", "file:///a%0", "file:///%zz", "file:///a%00b", "http:///a", ""]
        {
            assert_eq!(path_of(none), None, "{none}");
        }
    }
}
