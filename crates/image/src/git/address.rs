//! `https://host/repo.git?query#ref:subdir`, `git@host:repo.git#ref:subdir` (buildkit `dfgitutil`).

/// The address of a repository and of what is wanted of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitAddress {
    /// What git is given.
    pub remote: String,
    /// Branch, tag, full name of a ref or commit; the default branch without.
    pub reference: Option<String>,
    /// A directory of the repository.
    pub subdir: Option<String>,
    /// The commit, or its beginning, that this must be.
    pub checksum: Option<String>,
    /// Whether `.git` is kept.
    pub keep_git_dir: Option<bool>,
    /// Whether submodules are fetched.
    pub submodules: Option<bool>,
}

impl GitAddress {
    /// Read an address. `None` if the text is none of a repository: `http` and `https` ones are only if
    /// their path ends in `.git`.
    pub fn parse(text: &str) -> Option<Result<Self, String>> {
        let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (remote, query) = before.split_once('?').unwrap_or((before, ""));
        if !is_repository(remote) {
            return None;
        }
        let mut address = GitAddress { remote: remote.to_string(), ..GitAddress::default() };
        let (reference, subdir) = fragment.split_once(':').unwrap_or((fragment, ""));
        address.reference = Some(reference.to_string()).filter(|text| !text.is_empty());
        address.subdir = Some(subdir.to_string()).filter(|text| !text.is_empty());
        Some(address.with_query(query).and_then(GitAddress::checked))
    }

    fn with_query(mut self, query: &str) -> Result<Self, String> {
        let mut seen: Vec<&str> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if seen.contains(&key) {
                return Err(format!("'{key}' is given twice"));
            }
            seen.push(key);
            let full = |prefix: &str| match value.starts_with(prefix) {
                true => value.to_string(),
                false => format!("{prefix}{value}"),
            };
            match key {
                "keep-git-dir" => self.keep_git_dir = Some(switch(key, value)?),
                "submodules" => self.submodules = Some(switch(key, value)?),
                "ref" | "tag" | "branch" | "subdir" | "checksum" | "commit" if value.is_empty() => {
                    return Err(format!("'{key}' has no value"));
                }
                "ref" => agree("ref", &mut self.reference, value.to_string())?,
                "tag" => agree("ref", &mut self.reference, full("refs/tags/"))?,
                "branch" => agree("ref", &mut self.reference, full("refs/heads/"))?,
                "subdir" => agree("subdir", &mut self.subdir, value.to_string())?,
                "checksum" | "commit" => agree("checksum", &mut self.checksum, value.to_string())?,
                _ => {
                    return Err(format!(
                        "'{key}' is nothing that can be asked of a repository: ref, tag, branch, commit, checksum, subdir, submodules and keep-git-dir are"
                    ));
                }
            }
        }
        Ok(self)
    }

    /// Nothing in an address can be taken for an option of git.
    fn checked(self) -> Result<Self, String> {
        let odd = |text: &str| text.starts_with('-') || text.contains(|c: char| c.is_control() || c == ' ');
        if self.reference.as_deref().is_some_and(|text| odd(text) || text.contains([':', '^', '~', '*', '?']))
        {
            return Err(format!("'{}' is no name of a ref", self.reference.unwrap_or_default()));
        }
        if self.remote.contains(|c: char| c.is_control() || c == ' ') {
            return Err("blanks are written as %20".to_string());
        }
        let whole = match &self.checksum {
            Some(checksum) => Self::is_checksum(checksum),
            None => true,
        };
        match whole {
            true => Ok(self),
            false => Err(format!(
                "'{}' is no commit: 7 to 64 hexadecimal digits were expected",
                self.checksum.unwrap_or_default()
            )),
        }
    }

    /// Whether a text is a commit or the beginning of one that is long enough to mean only it.
    pub fn is_checksum(text: &str) -> bool {
        (7..=64).contains(&text.len()) && text.bytes().all(is_hex)
    }

    /// The address without what was asked of it and without a password, for messages.
    pub fn shown(&self) -> String {
        crate::registry::without_password(&self.remote)
    }
}

pub(super) fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// A whole commit id, SHA-1 or SHA-256.
pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(is_hex)
}

fn is_repository(remote: &str) -> bool {
    match remote.split_once("://") {
        Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => rest.ends_with(".git") && !rest.starts_with('/'),
            "git" | "ssh" => !rest.is_empty() && !rest.starts_with(['-', '/']),
            _ => false,
        },
        // `user@host:path`, as scp writes it.
        None => remote.split_once(':').is_some_and(|(host, path)| {
            let plain = |text: &str| {
                let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
                !text.is_empty() && !text.starts_with('-') && text.bytes().all(letters)
            };
            let host = host.split_once('@');
            host.is_some_and(|(user, host)| plain(user) && plain(host)) && !path.is_empty()
        }),
    }
}

fn switch(key: &str, value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "" | "true" | "1" | "t" => Ok(true),
        "false" | "0" | "f" => Ok(false),
        _ => Err(format!("'{key}' is true or false, not '{value}'")),
    }
}

fn agree(what: &str, known: &mut Option<String>, value: String) -> Result<(), String> {
    match known {
        Some(other) if *other != value => Err(format!("{what} is '{other}' and '{value}' at once")),
        _ => {
            *known = Some(value);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> GitAddress {
        GitAddress::parse(text).expect(text).expect(text)
    }

    #[test]
    fn addresses() {
        let plain = read("https://h.example/o/r.git");
        assert_eq!(plain, GitAddress { remote: "https://h.example/o/r.git".into(), ..GitAddress::default() });
        let full = read("git@h.example:o/r.git#v1:sub/dir");
        assert_eq!(full.remote, "git@h.example:o/r.git");
        assert_eq!((full.reference.as_deref(), full.subdir.as_deref()), (Some("v1"), Some("sub/dir")));
        let asked = read("https://h/r.git?branch=main&subdir=d&submodules=false&keep-git-dir&commit=0123abc");
        assert_eq!(
            (asked.reference.as_deref(), asked.subdir.as_deref()),
            (Some("refs/heads/main"), Some("d"))
        );
        assert_eq!((asked.submodules, asked.keep_git_dir), (Some(false), Some(true)));
        assert_eq!(asked.checksum.as_deref(), Some("0123abc"));
        assert_eq!(read("git://h/r?tag=v1#refs/tags/v1").reference.as_deref(), Some("refs/tags/v1"));
        assert_eq!(read("ssh://git@h:22/r#:d").reference, None);
    }

    #[test]
    fn what_is_no_repository() {
        for other in [
            "https://h/r",
            "https://h/r.git/x",
            "a/b.git",
            "./a@b:c",
            "file:///r.git",
            "ext::sh -c x.git",
            "a:b",
            "dir/x@y:z",
            "-u@h:r",
            "git@-h:r",
        ] {
            assert_eq!(GitAddress::parse(other), None, "{other}");
        }
    }

    #[test]
    fn what_cannot_be_asked() {
        for (bad, why) in [
            ("https://h/r.git?tag=a&branch=b", "at once"),
            ("https://h/r.git?ref=a#b", "at once"),
            ("https://h/r.git?ref=a&ref=a", "twice"),
            ("https://h/r.git?ref=", "no value"),
            ("https://h/r.git?color=red", "nothing that can be asked"),
            ("https://h/r.git?submodules=maybe", "true or false"),
            ("https://h/r.git#--upload-pack=x", "no name of a ref"),
            ("https://h/r.git#a^{}", "no name of a ref"),
            ("https://h/r.git?checksum=xyz", "no commit"),
        ] {
            let message = GitAddress::parse(bad).expect(bad).expect_err(bad);
            assert!(message.contains(why), "{bad}: {message}");
        }
    }
}
