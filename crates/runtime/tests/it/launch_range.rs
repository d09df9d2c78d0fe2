//! An ordinary user with a range of ids: /etc/subuid, /etc/subgid, newuidmap, newgidmap. Only root can lend
//! ids, here in a mount namespace in which the account files are others.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

use crate::launch_support::{Bed, Done, Who, finish, for_each, skip};

const USER: u32 = 61_235;

/// `launch` as a user to whom 65536 ids are lent.
fn run_with_ids(bed: &Bed, name: &str, options: &[&str]) -> Done {
    let scratch = bed.path(&format!("scratch-{name}"));
    fs::create_dir(&scratch).unwrap();
    chown(&scratch, Some(USER), Some(USER)).unwrap();
    let launch: Vec<String> =
        [bed.path("launch"), "--scratch".into(), scratch, "--layer".into(), bed.path("base")]
            .iter()
            .map(|path| path.to_str().unwrap().to_string())
            .chain(options.iter().map(ToString::to_string))
            .collect();
    let files = bed.path("account-files");
    let script = format!(
        "for file in passwd group subuid subgid; do mount --bind {0}/$file /etc/$file || exit 99; done; \
         exec setpriv --reuid {USER} --regid {USER} --clear-groups \"$@\"",
        files.display()
    );
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &script, "sh"]).args(launch);
    finish(command)
}

#[test]
fn a_range_of_ids() {
    for_each(|bed| {
        if bed.who == Who::User {
            return;
        }
        let tools = ["/usr/bin/newuidmap", "/usr/bin/newgidmap", "/usr/bin/unshare", "/usr/bin/setpriv"];
        if !tools.iter().all(|tool| Path::new(tool).exists()) || !Path::new("/etc/subuid").exists() {
            return skip("newuidmap or newgidmap is not installed (Debian: uidmap)");
        }
        let files = bed.path("account-files");
        fs::create_dir(&files).unwrap();
        let account = format!("root:x:0:0::/:/bin/sh\nlent:x:{USER}:{USER}::/:/bin/sh\n");
        for (name, text) in [
            ("passwd", account.as_str()),
            ("group", &format!("root:x:0:\nlent:x:{USER}:\n")),
            ("subuid", "lent:2000000:65536\n"),
            ("subgid", "lent:3000000:65536\n"),
        ] {
            fs::write(files.join(name), text).unwrap();
            fs::set_permissions(files.join(name), fs::Permissions::from_mode(0o644)).unwrap();
        }
        let done =
            run_with_ids(bed, "map", &["sh", "-c", "echo $(cat /proc/self/uid_map /proc/self/gid_map); id"]);
        let map = format!("0 {USER} 1 1 2000000 65536 0 {USER} 1 1 3000000 65536\nuid=0 gid=0\n");
        assert_eq!(done.out, map, "{}", done.err);
        chown(bed.path("base/tmp"), Some(USER), Some(USER)).unwrap();
        let line = "id; touch /tmp/x; stat -c %u:%g /tmp/x";
        let done = run_with_ids(bed, "user", &["--user", "33:34,5,6", "sh", "-c", line]);
        assert_eq!(done.out, "uid=33 gid=34 groups=5,6\n33:34\n", "{}", done.err);
        let written = bed.path("scratch-user/upper/tmp/x");
        let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(written).unwrap());
        assert_eq!(owner, 2_000_032);
        let done = run_with_ids(bed, "above", &["--user", "70000:0", "id"]);
        assert_eq!(done.code, 125);
        assert!(done.err.contains("user 70000 or group 0 is above the range of ids"), "{}", done.err);
    });
}
