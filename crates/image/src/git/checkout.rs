//! From an address to a commit, and from a commit to files.

use std::path::Path;

use plimsoll_model::user::nearest;

use super::address::is_commit;
use super::{Git, GitAddress, GitError, GitTree};
use crate::store::Store;

/// Which commit an address means now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The commit.
    pub commit: String,
    /// The full name of the ref that led to it.
    reference: Option<String>,
}

/// A repository that is talked to, from a directory.
struct Talk<'a> {
    git: &'a Git<'a>,
    remote: String,
    at: &'a Path,
}

impl Talk<'_> {
    fn try_git(&self, words: &[&str]) -> Result<Result<String, String>, GitError> {
        self.git.run(&self.remote, self.at, words)
    }

    fn git(&self, doing: &'static str, words: &[&str]) -> Result<String, GitError> {
        let remote = || self.remote.clone();
        self.try_git(words)?.map_err(|why| GitError::Failed { remote: remote(), doing, why })
    }
}

/// Ask which commit an address means. Nobody is asked when the address itself says it.
pub fn resolve(git: &Git<'_>, address: &GitAddress) -> Result<Resolved, GitError> {
    let talk = Talk { git, remote: address.shown(), at: Path::new("/") };
    let named = address.reference.as_deref().or(address.checksum.as_deref());
    let resolved = match named.filter(|name| is_commit(name)) {
        Some(commit) => Resolved { commit: commit.to_string(), reference: None },
        None => look_up(&talk, address)?,
    };
    match &address.checksum {
        Some(expected) if !resolved.commit.starts_with(expected.as_str()) => Err(GitError::WrongCommit {
            remote: talk.remote,
            found: resolved.commit,
            expected: expected.clone(),
        }),
        _ => Ok(resolved),
    }
}

fn look_up(talk: &Talk<'_>, address: &GitAddress) -> Result<Resolved, GitError> {
    let wanted = address.reference.as_deref().unwrap_or("HEAD");
    let peeled = format!("{wanted}^{{}}");
    let listed = talk.git("ask", &["ls-remote", "--quiet", "--", &address.remote, wanted, &peeled])?;
    let refs: Vec<(&str, &str)> = listed.lines().filter_map(|line| line.split_once('\t')).collect();
    // A branch before a tag, as BuildKit; of an annotated tag the commit.
    for prefix in ["", "refs/heads/", "refs/tags/", "refs/"] {
        let full = format!("{prefix}{wanted}");
        let find = |name: &str| refs.iter().find(|(_, known)| *known == name).map(|(commit, _)| *commit);
        if let Some(commit) = find(&format!("{full}^{{}}")).or_else(|| find(&full)).filter(|id| is_commit(id))
        {
            return Ok(Resolved { commit: commit.to_string(), reference: Some(full) });
        }
    }
    let all =
        talk.try_git(&["ls-remote", "--quiet", "--heads", "--tags", "--refs", "--", &address.remote])?;
    let all = all.unwrap_or_default();
    let names = all.lines().filter_map(|line| line.split('\t').nth(1)?.splitn(3, '/').nth(2));
    let names: Vec<String> = names.map(str::to_string).collect();
    let wanted = wanted.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/");
    let nearest = nearest(wanted, names.iter());
    Err(GitError::NoRef { remote: talk.remote.clone(), wanted: wanted.to_string(), nearest })
}

/// The files of a commit, in a temporary directory of the store. `keep` keeps `.git`.
pub fn checkout(
    git: &Git<'_>,
    address: &GitAddress,
    resolved: &Resolved,
    keep: bool,
    store: &Store,
) -> Result<GitTree, GitError> {
    let temporary = store.temporary_directory()?;
    let talk = Talk { git, remote: address.shown(), at: temporary.path() };
    talk.git("begin with", &["init", "--quiet", "--template="])?;
    talk.git("begin with", &["remote", "add", "origin", &address.remote])?;
    fetch(&talk, resolved)?;
    let commit = format!("{}^{{commit}}", resolved.commit);
    if talk.try_git(&["rev-parse", "--quiet", "--verify", &commit])?.is_err() {
        let (remote, commit) = (talk.remote, resolved.commit.clone());
        return Err(match resolved.reference {
            Some(_) => GitError::Moved { remote, commit },
            None => GitError::NoCommit { remote, commit },
        });
    }
    talk.git("check out", &["checkout", "--quiet", "--detach", &resolved.commit])?;
    let submodules = address.submodules != Some(false) && temporary.path().join(".gitmodules").exists();
    if submodules {
        fetch_submodules(&talk)?;
    }
    if keep {
        forget_times(&talk, submodules)?;
    }
    Ok(GitTree::new(temporary, keep)?)
}

/// The commit alone; with its history from servers that cannot cut it (plain files over http), and with
/// all branches from those that give no commit by its id.
fn fetch(talk: &Talk<'_>, resolved: &Resolved) -> Result<(), GitError> {
    let wanted = match resolved.reference.as_deref() {
        Some(name) if name.starts_with("refs/heads/") => {
            format!("+{name}:refs/remotes/origin/{}", &name["refs/heads/".len()..])
        }
        Some(name) if name.starts_with("refs/") => format!("+{name}:{name}"),
        _ => resolved.commit.clone(),
    };
    let quiet = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules"];
    let alone = [&quiet[..], &["--depth=1", "origin", &wanted]].concat();
    let whole = [&quiet[..], &["origin", &wanted]].concat();
    let heads = "+refs/heads/*:refs/remotes/origin/*";
    let all = [&quiet[..], &["origin", heads, "+refs/tags/*:refs/tags/*"]].concat();
    let Err(first) = talk.try_git(&alone)? else { return Ok(()) };
    if first.contains("shallow") && talk.try_git(&whole)?.is_ok() {
        return Ok(());
    }
    let by_id = resolved.commit == wanted;
    let why = match by_id || first.contains("shallow") {
        true => talk.try_git(&all)?.err(),
        false => Some(first),
    };
    why.map_or(Ok(()), |why| Err(GitError::Failed { remote: talk.remote.clone(), doing: "fetch", why }))
}

fn fetch_submodules(talk: &Talk<'_>) -> Result<(), GitError> {
    let update = ["submodule", "--quiet", "update", "--init", "--recursive"];
    let shallow = [&update[..], &["--depth=1"]].concat();
    match talk.try_git(&shallow)? {
        Ok(_) => Ok(()),
        Err(_) => talk.git("fetch the submodules of", &update).map(drop),
    }
}

/// A kept `.git` shall have the same bytes whenever it is fetched: the index without times and inodes,
/// and nothing about this fetch.
fn forget_times(talk: &Talk<'_>, submodules: bool) -> Result<(), GitError> {
    if submodules {
        let each = ["submodule", "--quiet", "foreach", "--recursive", "git read-tree HEAD"];
        talk.git("tidy the submodules of", &each)?;
    }
    talk.git("tidy", &["read-tree", "HEAD"])?;
    let _ = std::fs::remove_file(talk.at.join(".git/FETCH_HEAD"));
    Ok(())
}
