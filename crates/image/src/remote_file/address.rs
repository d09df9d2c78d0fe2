//! `https://user:password@host/path/name?query`.

use ureq::http::Uri;

use super::RemoteFileError;
use crate::registry::address::Base;
use crate::registry::{basic, without_password};

/// The address of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileAddress {
    /// Without the login.
    pub(super) url: Uri,
    pub(super) base: Base,
    /// The header that carries the login.
    pub(super) authorization: Option<String>,
    /// The last name of its path, percent signs decoded; none for `https://host/`.
    pub name: Option<Vec<u8>>,
}

impl FileAddress {
    /// Read an address; `http` and `https` only.
    pub fn parse(text: &str) -> Result<Self, RemoteFileError> {
        let bad = |why| RemoteFileError::BadAddress { address: without_password(text), why };
        let text = text.split('#').next().unwrap_or_default();
        let (scheme, rest) = text.split_once("://").ok_or_else(|| bad("it names no scheme"))?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(bad("only http and https are fetched")),
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (login, authority) = match authority.rsplit_once('@') {
            Some((login, authority)) => (Some(login), authority),
            None => (None, authority),
        };
        if authority.is_empty() {
            return Err(bad("it names no host"));
        }
        let base = Base { https, authority: authority.to_string(), verified: true };
        let slash = if path.starts_with('/') { "" } else { "/" };
        let url: Uri = base.url(&format!("{slash}{path}")).parse().map_err(|_| {
            bad("blanks and other characters that addresses do not have are written as %20 and so on")
        })?;
        if url.host().is_none_or(str::is_empty) {
            return Err(bad("it names no host"));
        }
        let (path, authorization) = (url.path(), login.map(authorization));
        let name = decode(path.rsplit('/').next().unwrap_or_default());
        let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_vec();
        let usable = !matches!(name.as_slice(), b"" | b"." | b"..") && !name.contains(&0);
        Ok(FileAddress { base, authorization, name: usable.then_some(name), url })
    }

    /// As messages show it.
    pub(super) fn shown(&self) -> String {
        self.url.to_string()
    }
}

fn authorization(login: &str) -> String {
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let text = |part| String::from_utf8_lossy(&decode(part)).into_owned();
    basic(&text(user), &text(password))
}

/// Resolve `%XX`; what is none stays.
fn decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| bytes[at] == b'%') {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_logins() {
        let read = |text: &str| {
            let address = FileAddress::parse(text).unwrap();
            let name = address.name.map(|name| String::from_utf8(name).unwrap());
            (address.url.to_string(), name, address.authorization.is_some())
        };
        let url = |text: &str| text.to_string();
        let name = |text: &str| Some(text.to_string());
        assert_eq!(
            read("HTTPS://h.example/a/b.tar.gz?x=1/y#frag"),
            (url("https://h.example/a/b.tar.gz?x=1/y"), name("b.tar.gz"), false)
        );
        assert_eq!(read("http://h:80/a%20b"), (url("http://h:80/a%20b"), name("a b"), false));
        assert_eq!(read("http://me:p%40ss@h/a"), (url("http://h/a"), name("a"), true));
        assert_eq!(read("http://h/x%2F..%2Fy").1, name("y"));
        for nameless in
            ["https://h", "https://h/", "https://h/a/", "https://h?q", "https://h/%2e%2e", "https://h/a%00"]
        {
            assert_eq!(read(nameless).1, None, "{nameless}");
        }
    }

    #[test]
    fn what_is_no_address() {
        for (bad, why) in [
            ("ftp://h/a", "only http and https"),
            ("https://", "names no host"),
            ("https:///a", "names no host"),
            ("https://h/a b", "%20"),
            ("a/b", "names no scheme"),
        ] {
            let message = FileAddress::parse(bad).unwrap_err().to_string();
            assert!(message.contains(why) && message.contains(bad), "{bad}: {message}");
        }
        let message = FileAddress::parse("ftp://me:secret@h/a").unwrap_err().to_string();
        assert!(!message.contains("secret"), "{message}");
    }
}
