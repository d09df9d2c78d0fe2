//! As whom a process runs.

use clap::Args;
use plimsoll_model::file_tree::FileTree;
use plimsoll_model::user::{Who, group_ids};
use plimsoll_model::{ProcessUser, UserSpec};

use super::docker_words::asked;

/// User and groups.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Process")]
pub struct UserFlags {
    /// User and group: name or number.
    #[arg(short, long, value_name = "USER[:GROUP]")]
    user: Option<String>,
    /// One more group of the process: name or number.
    #[arg(long, value_name = "GROUP")]
    pub group_add: Vec<String>,
}

impl UserFlags {
    /// The user as written; empty is root.
    pub fn written<'a>(&'a self, image: &'a str) -> &'a str {
        asked(&self.user).unwrap_or(image)
    }

    /// Ids, groups and home, by the account files of the image.
    pub fn resolve(&self, image: &str, tree: &dyn FileTree) -> Result<ProcessUser, String> {
        let written = self.written(image);
        let spec = UserSpec::parse(if written.is_empty() { "0" } else { written });
        let mut user = spec.and_then(|spec| spec.resolve(tree)).map_err(|error| error.to_string())?;
        if self.group_add.is_empty() {
            return Ok(user);
        }
        let groups = self.group_add.iter().map(|text| {
            Who::parse(text).ok_or_else(|| {
                format!("--group-add '{text}' is no group: a name or an id up to 2147483647 was expected")
            })
        });
        let groups = groups.collect::<Result<Vec<_>, _>>()?;
        for id in group_ids(&groups, tree).map_err(|error| error.to_string())? {
            if id != user.gid && !user.extra_groups.contains(&id) {
                user.extra_groups.push(id);
            }
        }
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::MemoryTree;
    use proptest::prelude::*;

    use super::*;

    fn resolve(user: &str, image: &str, groups: &[&str]) -> Result<(u32, u32, Vec<u32>, String), String> {
        let mut tree = MemoryTree::default();
        tree.file("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n");
        tree.file("/etc/group", "app:x:1001:\naudio:x:29:app\nvideo:x:44:\n");
        let group_add = groups.iter().map(|group| (*group).to_string()).collect();
        let user = UserFlags { user: Some(user.to_string()), group_add }.resolve(image, &tree)?;
        Ok((user.uid, user.gid, user.extra_groups, user.home))
    }

    #[test]
    fn the_flag_wins_over_the_image_and_groups_are_added() {
        assert_eq!(resolve("", "", &[]).unwrap().0, 0);
        assert_eq!(resolve("", "app", &[]), Ok((1000, 1001, vec![29], "/home/app".into())));
        assert_eq!(resolve("0", "app", &["video", "7"]), Ok((0, 0, vec![44, 7], "/root".into())));
        // docker leaves supplementary groups of the account out when a group is written.
        assert_eq!(resolve("app:video", "", &["44", "audio", "29"]).unwrap().2, [29]);
    }

    #[test]
    fn groups_that_are_none() {
        assert!(resolve("0", "", &["vide"]).unwrap_err().contains("did you mean 'video'"));
        for bad in ["", "-1", "2147483648", "a:b"] {
            assert!(resolve("0", "", &[bad]).unwrap_err().contains("--group-add"), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_user_is_read_or_refused(text in ".{0,12}", group in ".{0,6}") {
            if let Ok(spec) = UserSpec::parse(&text) {
                prop_assert_eq!(spec.to_string(), text.clone());
                prop_assert_eq!(UserSpec::parse(&spec.to_string()), Ok(spec));
            }
            let _ = resolve(&text, "", &[&group]);
        }

        #[test]
        fn numbers_are_themselves(uid in 0u32..=i32::MAX as u32, gid in 0u32..=i32::MAX as u32, more in 2000u32..) {
            let ids = resolve(&format!("{uid}:{gid}"), "app", &[]).unwrap();
            prop_assert_eq!((ids.0, ids.1, ids.2), (uid, gid, vec![]));
            prop_assert_eq!(resolve("0", "", &[&more.to_string()]).is_ok(), more <= i32::MAX as u32);
        }
    }
}
