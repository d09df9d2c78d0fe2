//! Which hierarchies of control groups are mounted where, and where in them this process is.

use std::path::{Path, PathBuf};

use rustix::fs::Access;

use crate::process_id::read_whole;

/// A mounted hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchy {
    /// Its controllers on version 1; version 2 has one hierarchy for all, and names them in its files.
    pub controllers: Vec<String>,
    /// Where it is mounted.
    pub mount: PathBuf,
    /// The control group of this process, if it lies below the mount.
    pub own: PathBuf,
}

/// The hierarchies this process sees.
pub fn read() -> Vec<Hierarchy> {
    let text = |path| read_whole(path).unwrap_or_default();
    parse(&text("/proc/self/mountinfo"), &text("/proc/self/cgroup"))
}

/// The same from the texts of `/proc/self/mountinfo` and `/proc/self/cgroup` (proc(5), cgroups(7)).
pub fn parse(mounts: &str, own: &str) -> Vec<Hierarchy> {
    let mounts: Vec<Mount<'_>> = mounts.lines().filter_map(Mount::parse).collect();
    own.lines().filter_map(|line| of_line(line, &mounts)).collect()
}

/// A line of `/proc/self/cgroup`: number, controllers, path. One with a name has no controllers.
fn of_line(line: &str, mounts: &[Mount<'_>]) -> Option<Hierarchy> {
    let mut fields = line.splitn(3, ':').skip(1);
    let (controllers, path) = (fields.next()?, fields.next()?);
    if controllers.starts_with("name=") {
        return None;
    }
    let controllers: Vec<String> =
        controllers.split(',').filter(|name| !name.is_empty()).map(str::to_string).collect();
    let mount = mounts.iter().find(|mount| mount.holds(&controllers))?;
    let below = Path::new(path).strip_prefix(mount.root).unwrap_or(Path::new(""));
    // `/..` stands for what lies outside of our view.
    let below = if below.starts_with("..") { Path::new("") } else { below };
    let mount = PathBuf::from(mount.at);
    Some(Hierarchy { controllers, own: mount.join(below), mount })
}

impl Hierarchy {
    /// It is version 2's.
    pub fn is_version_two(&self) -> bool {
        self.controllers.is_empty()
    }

    /// The outermost control group on the way to ours in which this user may make others and move
    /// processes to them. A process can only be moved within what is its owner's.
    pub fn top(&self) -> Option<PathBuf> {
        self.way().into_iter().find(|path| is_writable(path) && is_writable(&path.join("cgroup.procs")))
    }

    /// The control groups from the mount to ours.
    fn way(&self) -> Vec<PathBuf> {
        let mut way: Vec<PathBuf> =
            self.own.ancestors().take_while(|path| path.starts_with(&self.mount)).map(Into::into).collect();
        way.reverse();
        way
    }
}

fn is_writable(path: &Path) -> bool {
    rustix::fs::access(path, Access::WRITE_OK).is_ok()
}

/// A line of `/proc/self/mountinfo`. Blanks in a path are written `\040`: such a path is not found, and
/// nobody mounts control groups there.
struct Mount<'a> {
    /// What of the hierarchy is mounted.
    root: &'a str,
    at: &'a str,
    kind: &'a str,
    options: Vec<&'a str>,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (mount, file_system) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let (root, at) = (mount.next()?, mount.next()?);
        let mut file_system = file_system.split(' ');
        let (kind, options) = (file_system.next()?, file_system.nth(1)?);
        Some(Mount { root, at, kind, options: options.split(',').collect() })
    }

    fn holds(&self, controllers: &[String]) -> bool {
        match controllers {
            [] => self.kind == "cgroup2",
            all => self.kind == "cgroup" && all.iter().all(|name| self.options.contains(&name.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "24 20 0:21 / /proc rw - proc proc rw\n\
        30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

    fn paths(of: &[&str]) -> Vec<PathBuf> {
        of.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn version_two() {
        let own = "0::/user.slice/user-1000.slice/user@1000.service/app.slice\n";
        let [only] = &parse(TWO, own)[..] else { panic!("one hierarchy") };
        assert!(only.is_version_two());
        let way = [
            "/sys/fs/cgroup",
            "/sys/fs/cgroup/user.slice",
            "/sys/fs/cgroup/user.slice/user-1000.slice",
            "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service",
            "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice",
        ];
        assert_eq!(only.way(), paths(&way));
    }

    #[test]
    fn version_one_with_controllers_mounted_together() {
        let mounts = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
            33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:3 - cgroup cgroup rw,cpu,cpuacct\n\
            35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
            40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n\
            41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let own = "9:name=systemd:/\n5:memory:/jobs/7\n2:cpu,cpuacct:/\n1:pids:/\n0::/\n";
        let all = parse(mounts, own);
        let names: Vec<String> = all.iter().map(|one| one.controllers.join(",")).collect();
        assert_eq!(names, ["memory", "cpu,cpuacct", ""]);
        assert_eq!(all[0].way().last().unwrap(), Path::new("/sys/fs/cgroup/memory/jobs/7"));
        assert_eq!(all[1].mount, Path::new("/sys/fs/cgroup/cpu,cpuacct"));
        assert!(all[2].is_version_two());
    }

    #[test]
    fn inside_a_container_only_its_own_part_is_seen() {
        let mounts = "35 31 0:32 /docker/ab /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
        let way = |own| parse(mounts, own)[0].way();
        assert_eq!(
            way("5:memory:/docker/ab/x\n"),
            paths(&["/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory/x"])
        );
        assert_eq!(way("5:memory:/elsewhere\n"), paths(&["/sys/fs/cgroup/memory"]));
        assert_eq!(parse(TWO, "0::/../other\n")[0].way(), paths(&["/sys/fs/cgroup"]));
    }

    #[test]
    fn nothing_mounted_is_nothing() {
        assert!(parse("", "0::/\n").is_empty());
        assert!(parse(TWO, "").is_empty());
        assert!(parse("strange\n1 2 3 - cgroup2\n", "a:b\n0::/\n").is_empty());
    }
}
