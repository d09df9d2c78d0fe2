//! What is said beforehand of every start, and what was seen of one.

use plimsoll_contract::evidence::{Program, Promised, Start};
use plimsoll_model::launch::DEFAULT_CAPABILITIES;
use plimsoll_model::{FileTree, LaunchSpec};
use plimsoll_runtime::host::IdMap;
use plimsoll_runtime::observe::StartView;

use crate::subject::{ProveError, Subject};

/// What a launch with nothing restricted is to be given.
pub(crate) fn promised(subject: &Subject<'_>) -> Result<Promised, ProveError> {
    let LaunchSpec { user, env, workdir, .. } = subject.spec(Vec::new())?;
    let mut groups = user.extra_groups.clone();
    groups.sort_unstable();
    Ok(Promised {
        uid: user.uid,
        gid: user.gid,
        groups: (subject.host.ids != IdMap::Single).then_some(groups),
        env,
        workdir: resolved(&workdir, subject.tree),
        capabilities: DEFAULT_CAPABILITIES.map(str::to_string).to_vec(),
    })
}

/// A directory as the kernel names it: links of the image followed as far as they are there.
fn resolved(path: &str, tree: &dyn FileTree) -> String {
    let mut there = path;
    loop {
        if let Ok((real, _)) = tree.resolve(there) {
            let rest = path[there.len()..].trim_start_matches('/');
            return match (rest, real.as_str()) {
                ("", _) => real,
                (rest, "/") => format!("/{rest}"),
                (rest, real) => format!("{real}/{rest}"),
            };
        }
        match there.rfind('/') {
            Some(at) if at > 0 => there = &there[..at],
            _ => return path.to_string(),
        }
    }
}

/// A view as evidence.
pub(crate) fn start(view: &StartView) -> Start {
    let names = |set: &[&str]| set.iter().map(ToString::to_string).collect();
    Start {
        program: program(view),
        workdir: view.workdir.clone(),
        env: view.env.clone(),
        uid: view.uid,
        gid: view.gid,
        groups: view.groups.iter().copied().filter(|group| *group != view.gid).collect(),
        effective: names(&view.effective),
        permitted: names(&view.permitted),
        bounding: names(&view.bounding),
        became: None,
    }
}

/// The program in a view.
pub(crate) fn program(view: &StartView) -> Program {
    Program { argv: view.argv.clone(), exe: view.exe.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::MemoryTree;

    #[test]
    fn links_on_the_way_are_followed_as_far_as_they_are_there() {
        let mut tree = MemoryTree::default();
        for directory in ["/run", "/var", "/srv"] {
            tree.directory(directory);
        }
        tree.symlink("/var/run", "/run");
        assert_eq!(resolved("/", &tree), "/");
        assert_eq!(resolved("/srv", &tree), "/srv");
        assert_eq!(resolved("/var/run", &tree), "/run");
        assert_eq!(resolved("/var/run/app/x", &tree), "/run/app/x");
        assert_eq!(resolved("/new/deep", &tree), "/new/deep");
    }
}
