//! Which programs for user-mode networking there are.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use plimsoll_model::UserModeProgram;

/// Those that were found, with their paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Programs(Vec<(UserModeProgram, PathBuf)>);

impl Programs {
    /// Look through the directories of a PATH.
    pub fn search(path: &OsStr) -> Programs {
        let find = |program: UserModeProgram| {
            // A relative directory would be another one for the monitor, which works in `/`.
            let directories = std::env::split_paths(path).filter(|directory| directory.is_absolute());
            let found =
                directories.map(|directory| directory.join(program.name())).find(|path| is_program(path));
            found.map(|path| (program, path))
        };
        UserModeProgram::ALL.into_iter().filter_map(find).collect()
    }

    /// Those that can be used for a wish, in the order to try; without a wish all of them.
    pub fn fitting(&self, wanted: Option<UserModeProgram>) -> impl Iterator<Item = (UserModeProgram, &Path)> {
        let fits = move |program: UserModeProgram| wanted.is_none_or(|wanted| wanted == program);
        self.0
            .iter()
            .filter(move |(program, _)| fits(*program))
            .map(|(program, path)| (*program, path.as_path()))
    }
}

impl FromIterator<(UserModeProgram, PathBuf)> for Programs {
    fn from_iter<T: IntoIterator<Item = (UserModeProgram, PathBuf)>>(found: T) -> Self {
        Programs(found.into_iter().collect())
    }
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn programs_are_found_on_the_path() {
        let directory = tempfile::tempdir().unwrap();
        let bin = |name: &str| directory.path().join(name);
        for (path, mode) in [("a/pasta", 0o644), ("b/pasta", 0o755), ("b/slirp4netns", 0o755), ("a/x", 0o755)]
        {
            fs::create_dir_all(bin(path).parent().unwrap()).unwrap();
            fs::write(bin(path), "").unwrap();
            fs::set_permissions(bin(path), fs::Permissions::from_mode(mode)).unwrap();
        }
        let path = std::env::join_paths([bin("a"), bin("none"), bin("b")]).unwrap();
        let found = Programs::search(&path);
        let of = |wanted| found.fitting(wanted).collect::<Vec<_>>();
        let (pasta, slirp) = (bin("b/pasta"), bin("b/slirp4netns"));
        let slirp = (UserModeProgram::Slirp4netns, slirp.as_path());
        assert_eq!(of(None), [slirp, (UserModeProgram::Pasta, pasta.as_path())]);
        assert_eq!(of(Some(UserModeProgram::Slirp4netns)), [slirp]);
        assert_eq!(Programs::search(OsStr::new("b:.")), Programs::default());
    }
}
