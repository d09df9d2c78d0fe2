//! `USER`, `--user`, `--chown`: the forms of naming a user and a group, and the one look-up of both.
//!
//! One parser for all of them is a rule learnt from crun (CVE-2026-30892) and containerd
//! (CVE-2024-40635: a number above the range became root).

use std::fmt;

use crate::file_tree::{FileTree, TreeError};
use crate::launch::ProcessUser;

/// A user or a group as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A number, 0 to 2^31-1.
    Id(u32),
    /// A name to be looked up in the image.
    Name(String),
}

/// `user[:group]` as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSpec {
    /// The part before the colon.
    pub user: Who,
    /// The part after it.
    pub group: Option<Who>,
}

/// Why a user could not be decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// Not a form we read.
    #[error("'{text}' is no user: NAME, UID, NAME:GROUP or UID:GID with ids up to 2147483647 were expected")]
    Malformed {
        /// What was read.
        text: String,
    },
    /// The name is not in the image's /etc/passwd.
    #[error("no user '{name}' in the image's /etc/passwd; {}", instead(.nearest, .known))]
    UnknownUser {
        /// The name.
        name: String,
        /// The most similar name there.
        nearest: Option<String>,
        /// Some of the names there.
        known: Vec<String>,
    },
    /// The name is not in the image's /etc/group.
    #[error("no group '{name}' in the image's /etc/group; {}", instead(.nearest, .known))]
    UnknownGroup {
        /// The name.
        name: String,
        /// The most similar name there.
        nearest: Option<String>,
        /// Some of the names there.
        known: Vec<String>,
    },
    /// A name where there is no file to look it up in.
    #[error("no {kind} '{name}': the image has no {file}; write a number, or bring the file along with COPY")]
    NoAccounts {
        /// `user` or `group`.
        kind: &'static str,
        /// The name.
        name: String,
        /// `/etc/passwd` or `/etc/group`.
        file: &'static str,
    },
    /// The account file exists and cannot be used (not a regular file, too large, ...).
    #[error("{file} of the image cannot be read: {why}")]
    Unreadable {
        /// `/etc/passwd` or `/etc/group`.
        file: &'static str,
        /// The reason.
        why: String,
    },
}

/// What to write instead of an unknown name.
fn instead(nearest: &Option<String>, known: &[String]) -> String {
    match nearest {
        Some(name) => format!("did you mean '{name}'?"),
        None if known.is_empty() => "it names nobody: write a number".to_string(),
        None => format!("it has {}; a number needs no name", known.join(", ")),
    }
}

impl UserSpec {
    /// Read `user[:group]`. Numbers above 2^31-1 and empty parts are refused.
    pub fn parse(text: &str) -> Result<Self, UserError> {
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text, None),
        };
        let who = |part| Who::parse(part).ok_or_else(|| UserError::Malformed { text: text.to_string() });
        Ok(UserSpec { user: who(user)?, group: group.map(who).transpose()? })
    }

    /// Whether the user is written as a number (what Kubernetes' runAsNonRoot can verify).
    pub fn is_numeric(&self) -> bool {
        matches!(self.user, Who::Id(_))
    }

    /// Decide ids, groups and home with the image's account files, by docker's rules: a missing
    /// group is the primary one of the account (0 if there is none); supplementary groups are those
    /// that list the name, but none when a group was written.
    pub fn resolve(&self, tree: &dyn FileTree) -> Result<ProcessUser, UserError> {
        let accounts = account_lines(tree, "/etc/passwd")?;
        let groups = account_lines(tree, "/etc/group")?;
        let passwd = accounts.as_deref().unwrap_or_default();
        let account = passwd.iter().find(|fields| match &self.user {
            Who::Id(id) => fields.get(2).and_then(|f| f.parse().ok()) == Some(*id),
            Who::Name(name) => fields.first() == Some(name),
        });
        let uid = match (&self.user, account) {
            (Who::Id(id), _) => *id,
            (Who::Name(name), None) => return Err(unknown_user(name, accounts.as_deref())),
            (Who::Name(_), Some(fields)) => numeric_field(fields, 2, "/etc/passwd")?,
        };
        let gid = match (&self.group, account) {
            (Some(group), _) => find_group(group, groups.as_deref())?,
            (None, Some(fields)) => numeric_field(fields, 3, "/etc/passwd")?,
            (None, None) => 0,
        };
        let name = account.and_then(|fields| fields.first().cloned());
        let member = |fields: &&Vec<String>| {
            let list = fields.get(3).map_or("", String::as_str);
            name.as_ref().is_some_and(|name| list.split(',').any(|m| m == name))
        };
        let extra_groups = match self.group {
            Some(_) => Vec::new(),
            None => groups
                .iter()
                .flatten()
                .filter(member)
                .filter_map(|fields| fields.get(2)?.parse().ok())
                .filter(|id| *id <= i32::MAX as u32 && *id != gid)
                .collect(),
        };
        let home = account.and_then(|fields| fields.get(5).cloned()).filter(|home| !home.is_empty());
        Ok(ProcessUser { uid, gid, extra_groups, home: home.unwrap_or_else(|| "/".to_string()), name })
    }
}

impl Who {
    /// Read one part. Numbers above 2^31-1 and what looks like a signed number are nobody.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.contains([':', '/', '\0', '\n']) {
            return None;
        }
        let numeric = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u32>() {
            Ok(id) if numeric && id <= i32::MAX as u32 => Some(Who::Id(id)),
            _ if numeric || text.starts_with(['-', '+']) => None,
            _ => Some(Who::Name(text.to_string())),
        }
    }
}

/// The ids of groups (`--group-add`), names looked up in the image's /etc/group.
pub fn group_ids(groups: &[Who], tree: &dyn FileTree) -> Result<Vec<u32>, UserError> {
    let known = account_lines(tree, "/etc/group")?;
    groups.iter().map(|group| find_group(group, known.as_deref())).collect()
}

impl fmt::Display for UserSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.user)?;
        self.group.as_ref().map_or(Ok(()), |group| write!(f, ":{group}"))
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Id(id) => write!(f, "{id}"),
            Who::Name(name) => f.write_str(name),
        }
    }
}

fn numeric_field(fields: &[String], at: usize, file: &'static str) -> Result<u32, UserError> {
    let id = fields.get(at).and_then(|field| field.parse::<u32>().ok());
    id.filter(|id| *id <= i32::MAX as u32).ok_or_else(|| UserError::Unreadable {
        file,
        why: format!("the entry of '{}' has no valid id", fields.first().map_or("", |name| name)),
    })
}

fn unknown_user(name: &str, accounts: Option<&[Vec<String>]>) -> UserError {
    let name = name.to_string();
    let Some(accounts) = accounts else {
        return UserError::NoAccounts { kind: "user", name, file: "/etc/passwd" };
    };
    let (nearest, known) = (nearest(&name, names(accounts)), some_names(accounts));
    UserError::UnknownUser { name, nearest, known }
}

fn find_group(group: &Who, groups: Option<&[Vec<String>]>) -> Result<u32, UserError> {
    let name = match group {
        Who::Id(id) => return Ok(*id),
        Who::Name(name) => name.clone(),
    };
    let Some(groups) = groups else {
        return Err(UserError::NoAccounts { kind: "group", name, file: "/etc/group" });
    };
    match groups.iter().find(|fields| fields.first() == Some(&name)) {
        Some(fields) => numeric_field(fields, 2, "/etc/group"),
        None => {
            let (nearest, known) = (nearest(&name, names(groups)), some_names(groups));
            Err(UserError::UnknownGroup { name, nearest, known })
        }
    }
}

/// Names that can stand in a message.
fn names(accounts: &[Vec<String>]) -> impl Iterator<Item = &String> {
    let names = accounts.iter().filter_map(|fields| fields.first());
    names.filter(|name| !name.is_empty() && name.len() <= 64 && !name.contains(char::is_control))
}

/// How many names are given where none is similar.
const NAMES_TOLD: usize = 5;

fn some_names(accounts: &[Vec<String>]) -> Vec<String> {
    names(accounts).take(NAMES_TOLD).cloned().collect()
}

/// Account files above this size are refused rather than read.
const ACCOUNT_FILE_LIMIT: u64 = 1 << 20;

/// The lines of an account file, in fields; `None` if there is no such file.
fn account_lines(tree: &dyn FileTree, file: &'static str) -> Result<Option<Vec<Vec<String>>>, UserError> {
    let bytes = match tree.read(file, ACCOUNT_FILE_LIMIT) {
        Ok(bytes) => bytes,
        Err(TreeError::Missing { .. }) => return Ok(None),
        Err(error) => return Err(UserError::Unreadable { file, why: error.to_string() }),
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(Some(lines.map(|line| line.split(':').map(str::to_string).collect()).collect()))
}

/// The most similar of the known words, if one is similar enough to be meant.
pub fn nearest<S: AsRef<str>>(word: &str, known: impl Iterator<Item = S>) -> Option<String> {
    known
        .map(|candidate| (edit_distance(word, candidate.as_ref()), candidate))
        .filter(|(distance, _)| *distance <= 1 + word.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.as_ref().to_string())
}

/// Levenshtein distance, in characters.
pub fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replace = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file_tree::MemoryTree;

    fn tree() -> MemoryTree {
        let mut tree = MemoryTree::default();
        tree.file("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1001::/home/node:/bin/sh\n");
        tree.file(
            "/etc/group",
            "root:x:0:\nnode:x:1001:\naudio:x:29:node\nhuge:x:4294967296:\nlarge:x:4294967295:node\n",
        );
        tree
    }

    fn ids(text: &str) -> Result<(u32, u32, Vec<u32>, String), UserError> {
        let user = UserSpec::parse(text)?.resolve(&tree())?;
        Ok((user.uid, user.gid, user.extra_groups, user.home))
    }

    #[test]
    fn forms() {
        assert_eq!(ids("node"), Ok((1000, 1001, vec![29], "/home/node".into())));
        assert_eq!(ids("1000"), Ok((1000, 1001, vec![29], "/home/node".into())));
        assert_eq!(ids("node:audio"), Ok((1000, 29, vec![], "/home/node".into())));
        assert_eq!(ids("5"), Ok((5, 0, vec![], "/".into())));
        assert_eq!(ids("5:7"), Ok((5, 7, vec![], "/".into())));
        assert_eq!(ids("0:node"), Ok((0, 1001, vec![], "/root".into())));
    }

    #[test]
    fn what_is_not_there_or_out_of_range_is_refused() {
        for (text, said) in [
            ("nod", "no user 'nod' in the image's /etc/passwd; did you mean 'node'?"),
            (
                "xyzzy",
                "no user 'xyzzy' in the image's /etc/passwd; it has root, node; a number needs no name",
            ),
            ("0:nod", "no group 'nod' in the image's /etc/group; did you mean 'node'?"),
        ] {
            assert_eq!(ids(text).unwrap_err().to_string(), said);
        }
        assert!(matches!(ids("0:xyzzy"), Err(UserError::UnknownGroup { nearest: None, .. })));
        for bad in ["", ":", "a:", ":b", "4294967296", "2147483648", "-1", "0:-1", "a:b:c", "+5"] {
            assert!(matches!(ids(bad), Err(UserError::Malformed { .. })), "{bad}");
        }
        assert!(matches!(ids("0:huge"), Err(UserError::Unreadable { .. })));
    }

    #[test]
    fn further_groups() {
        let ids = |names: &[&str]| {
            let groups: Option<Vec<Who>> = names.iter().map(|name| Who::parse(name)).collect();
            group_ids(&groups.unwrap(), &tree())
        };
        assert_eq!(ids(&["audio", "7", "node"]), Ok(vec![29, 7, 1001]));
        assert!(matches!(ids(&["audo"]), Err(UserError::UnknownGroup { nearest: Some(_), .. })));
        assert!(Who::parse("2147483648").is_none() && Who::parse("-1").is_none());
    }

    #[test]
    fn no_account_files_is_fine_for_numbers() {
        let user = UserSpec::parse("7").unwrap().resolve(&MemoryTree::default()).unwrap();
        assert_eq!((user.uid, user.gid), (7, 0));
        for (text, said) in [
            ("node", "no user 'node': the image has no /etc/passwd; write a number"),
            ("7:node", "no group 'node': the image has no /etc/group; write a number"),
        ] {
            let error = UserSpec::parse(text).unwrap().resolve(&MemoryTree::default()).unwrap_err();
            assert!(error.to_string().starts_with(said), "{error}");
        }
    }
}
