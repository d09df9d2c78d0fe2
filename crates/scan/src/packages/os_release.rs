//! os-release(5): which distribution this is, and in OSV's words which ecosystem.

use plimsoll_model::TreeError;

use super::Place;
use crate::note::Note;

/// What `/etc/os-release` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OsRelease {
    /// `debian`, `alpine`, ...; `linux` if unsaid.
    pub id: String,
    /// `12`, `3.19.1`, ...
    pub version_id: Option<String>,
    /// `bookworm`, ...
    pub codename: Option<String>,
    /// The name for people.
    pub pretty_name: Option<String>,
}

/// Why no ecosystem of the advisory data base can be named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownRelease {
    /// sid, testing or edge: there is no release number to compare with.
    #[error("{name} has no release number, so no advisories fit it")]
    Rolling {
        /// The name for people.
        name: String,
    },
    /// A distribution whose advisories we do not know by name.
    #[error("the advisories of '{id}' are not known by name")]
    Distribution {
        /// ID of os-release.
        id: String,
    },
}

impl OsRelease {
    /// Read the `NAME=value` lines of os-release(5).
    pub fn parse(text: &str) -> Self {
        let mut os = OsRelease { id: "linux".to_string(), ..Default::default() };
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.split_once('=') else { continue };
            let value = unquote(value);
            let given = (!value.is_empty()).then(|| value.clone());
            match name {
                "ID" => os.id = value.to_lowercase(),
                "VERSION_ID" => os.version_id = given,
                "VERSION_CODENAME" => os.codename = given,
                "PRETTY_NAME" => os.pretty_name = given,
                _ => {}
            }
        }
        os
    }

    /// The name for people.
    pub fn name(&self) -> String {
        self.pretty_name.clone().unwrap_or_else(|| match &self.version_id {
            Some(version) => format!("{} {version}", self.id),
            None => self.id.clone(),
        })
    }

    /// The release's name in OSV (OSV schema, "Defined ecosystems").
    pub fn ecosystem(&self) -> Result<String, UnknownRelease> {
        let rolling = || UnknownRelease::Rolling { name: self.name() };
        let number = || self.version_id.as_deref().ok_or_else(rolling);
        match self.id.as_str() {
            "debian" => {
                let number = number()?;
                let major = number.split('.').next().unwrap_or(number);
                let is_number = !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit());
                if is_number { Ok(format!("Debian:{major}")) } else { Err(rolling()) }
            }
            "alpine" => {
                let number = number()?;
                // edge calls itself `3.21_alpha20240923`.
                let mut parts = number.split('.');
                let (major, minor) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
                let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                if digits(major) && digits(minor) {
                    Ok(format!("Alpine:v{major}.{minor}"))
                } else {
                    Err(rolling())
                }
            }
            "ubuntu" => {
                let number = number()?;
                let is_lts = matches!(number.split_once('.'), Some((year, "04"))
                    if year.parse::<u32>().is_ok_and(|year| year % 2 == 0));
                Ok(format!("Ubuntu:{number}{}", if is_lts { ":LTS" } else { "" }))
            }
            "wolfi" => Ok("Wolfi".to_string()),
            "chainguard" => Ok("Chainguard".to_string()),
            id => Err(UnknownRelease::Distribution { id: id.to_string() }),
        }
    }
}

pub(super) fn read(place: &Place, notes: &mut Vec<Note>) -> Option<OsRelease> {
    for path in ["/etc/os-release", "/usr/lib/os-release"] {
        match place.tree.read(path, 64 << 10) {
            Ok(bytes) => return Some(OsRelease::parse(&String::from_utf8_lossy(&bytes))),
            Err(TreeError::Missing { .. }) => {}
            Err(why) => notes.push(Note::Unreadable { path: path.to_string(), why: why.to_string() }),
        }
    }
    None
}

/// Shell quoting as os-release(5) allows it: one pair of quotes, backslashes before `"$\``.
fn unquote(value: &str) -> String {
    let inner = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    if let Some(inner) = inner('\'') {
        return inner.to_string();
    }
    let text = inner('"').unwrap_or(value);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' if chars.peek().is_some_and(|next| "\"$\\`".contains(*next)) => out.extend(chars.next()),
            char => out.push(char),
        }
    }
    out
}
