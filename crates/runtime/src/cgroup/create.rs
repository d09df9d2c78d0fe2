//! Making a container's control group, with its limits, before its process is started.

use std::collections::HashSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::Limits;
use rustix::io::Errno;

use super::check::{Machine, check};
use super::error::CgroupError;
use super::hierarchy::{self, Hierarchy};
use super::rate::Rate;
use super::setting::{Flag, Setting, write};
use super::{Cgroup, PARENT, Shown, devices, flags, version_one, version_two};

/// A new control group.
#[derive(Debug)]
pub struct Created {
    /// The group; without directories where this user may make none.
    pub cgroup: Cgroup,
    /// A sentence for each limit that does not hold.
    pub warnings: Vec<String>,
}

/// Version 1's controllers that every container gets: what `pause`, `stats` and the reason of an end take.
/// Each costs 0.15 ms of a launch (directory, joining it, removal), so the others are made only when
/// something is limited.
const ALWAYS: [&str; 4] = ["pids", "freezer", "memory", "cpuacct"];
const FOR_LIMITS: [&str; 3] = ["cpu", "cpuset", "blkio"];

/// Version 2's controllers that are wanted for `stats`, where they can be had.
const WISHED: [&str; 2] = ["memory", "pids"];

/// Where the processes of a group go that was given to us with processes in it, as podman and the
/// start script of docker-in-docker call it.
const OWN_PROCESSES: &str = "init";

impl Cgroup {
    /// Make the control group of the container with this id and limit it. What cannot be limited here
    /// is a warning; only a limit that no container can have is an error.
    pub fn create(id: &str, spec: &LaunchSpec) -> Result<Created, CgroupError> {
        let limits = &spec.limits;
        if !limits.is_empty() {
            check(limits, &Machine::read())?;
        }
        let rates = limits.io_rates.iter().map(Rate::of).collect::<Result<Vec<_>, _>>()?;
        let (one, two): (Vec<Hierarchy>, Vec<Hierarchy>) =
            hierarchy::read().into_iter().partition(|hierarchy| !hierarchy.is_version_two());
        // Where version 1 has controllers, version 2 has none.
        let mut draft = Draft::on_version_one(id, spec, &one);
        let mut settings = version_one::settings(limits, &rates);
        let mut unknown = Vec::new();
        if draft.parts.is_empty() {
            settings = version_two::settings(limits, &rates);
            unknown = version_two::unknown(limits);
            draft = Draft::on_version_two(id, &settings, &two);
        }
        match draft.limit(spec, &settings, &unknown) {
            Ok(warnings) => Ok(Created { cgroup: draft.finish(limits), warnings }),
            Err(error) => {
                let _ = draft.finish(limits).remove();
                Err(error)
            }
        }
    }
}

/// A directory of a group and the controllers it has.
struct Part {
    path: PathBuf,
    controllers: Vec<String>,
}

/// A group that is being made.
#[derive(Default)]
struct Draft {
    parts: Vec<Part>,
    version_two: bool,
}

impl Draft {
    fn on_version_one(id: &str, spec: &LaunchSpec, hierarchies: &[Hierarchy]) -> Draft {
        let mut wanted: HashSet<&str> = ALWAYS.into();
        if !spec.limits.is_empty() {
            wanted.extend(FOR_LIMITS);
        }
        if !spec.security.privileged {
            wanted.insert("devices");
        }
        let wanted = |hierarchy: &&Hierarchy| {
            hierarchy.controllers.iter().any(|controller| wanted.contains(controller.as_str()))
        };
        let part = |hierarchy: &Hierarchy| {
            let path = make(&hierarchy.top()?, id, hierarchy.controllers.iter().any(|name| name == "cpuset"));
            Some(Part { path: path.ok()?, controllers: hierarchy.controllers.clone() })
        };
        let mut parts: Vec<Part> = hierarchies.iter().filter(wanted).filter_map(part).collect();
        // Its files are looked for at every end.
        parts.sort_by_key(|part| !part.controllers.iter().any(|name| name == "memory"));
        Draft { parts, version_two: false }
    }

    fn on_version_two(id: &str, settings: &[Setting], hierarchies: &[Hierarchy]) -> Draft {
        let made = hierarchies.first().and_then(Hierarchy::top).and_then(|top| {
            let needed: HashSet<&str> = settings.iter().map(|setting| setting.controller).collect();
            fs::create_dir(top.join(PARENT)).or_else(fine_if_there).ok()?;
            enable(&top, &needed);
            make(&top, id, false).ok()
        });
        let part = made.map(|path| Part { controllers: words_of(&path.join("cgroup.controllers")), path });
        Draft { parts: part.into_iter().collect(), version_two: true }
    }

    /// Write the limits; the sentences about those that do not hold.
    fn limit(
        &self,
        spec: &LaunchSpec,
        settings: &[Setting],
        unknown: &[Flag],
    ) -> Result<Vec<String>, CgroupError> {
        let mut warnings: Vec<String> = unknown
            .iter()
            .map(|flag| flag.discarded("control groups of version 2 know nothing like it"))
            .collect();
        for setting in settings {
            let warning = match self.part(setting.controller) {
                Some(part) => setting.apply(&part.path)?,
                // Swap is limited along with memory, whose own warning says it.
                None if setting.flag == flags::SWAP && spec.limits.memory_swap.is_none() => None,
                None => Some(setting.flag.discarded(&self.lack(setting.controller))),
            };
            warnings.extend(warning.filter(|warning| !warnings.contains(warning)));
        }
        if let Some(part) = self.part("devices").filter(|_| !spec.security.privileged) {
            devices::restrict(&part.path, &spec.devices)?;
        }
        Ok(warnings)
    }

    fn part(&self, controller: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.controllers.iter().any(|name| name == controller))
    }

    fn lack(&self, controller: &str) -> String {
        match self.parts.is_empty() {
            true => "this user may make no control groups here (see plimsoll doctor)".to_string(),
            false => format!("the controller '{controller}' is not to be had here"),
        }
    }

    fn finish(self, limits: &Limits) -> Cgroup {
        let shown = match (self.version_two, limits.is_empty()) {
            (true, _) => Shown::Unified,
            // Eight mounts and as many directories: only where programs would ask for a limit.
            (false, true) => Shown::Nothing,
            (false, false) => {
                Shown::Hierarchies(self.parts.iter().map(|part| part.controllers.clone()).collect())
            }
        };
        let unified = self.version_two;
        Cgroup { directories: self.parts.into_iter().map(|part| part.path).collect(), unified, shown }
    }
}

/// Make the directory of a group. One of the same name is what a killed monitor has left behind.
fn make(top: &Path, id: &str, cpuset: bool) -> io::Result<PathBuf> {
    let parent = top.join(PARENT);
    let path = parent.join(id);
    if let Err(error) = fs::create_dir(&path) {
        match error.kind() {
            ErrorKind::NotFound => fs::create_dir(&parent).or_else(fine_if_there)?,
            ErrorKind::AlreadyExists => {
                let _ = Cgroup::open(std::slice::from_ref(&path)).remove();
            }
            _ => return Err(error),
        }
        fs::create_dir(&path)?;
    }
    if cpuset && let Err(error) = inherit(top, &parent).and_then(|()| inherit(&parent, &path)) {
        let _ = fs::remove_dir(&path);
        return Err(error);
    }
    Ok(path)
}

fn fine_if_there(error: io::Error) -> io::Result<()> {
    if error.kind() == ErrorKind::AlreadyExists { Ok(()) } else { Err(error) }
}

/// On version 1 a new group has no processor and no memory node, and takes no process.
fn inherit(from: &Path, to: &Path) -> io::Result<()> {
    for file in ["cpuset.cpus", "cpuset.mems"] {
        if fs::read_to_string(to.join(file))?.trim().is_empty() {
            write(&to.join(file), fs::read_to_string(from.join(file))?.trim())?;
        }
    }
    Ok(())
}

/// Let the groups below `top` have the controllers. The kernel refuses this to a group that has processes
/// itself: for what is needed, not for what is wished, these move out of the way first.
pub(super) fn enable(top: &Path, needed: &HashSet<&str>) {
    let parent = top.join(PARENT);
    for controller in WISHED.into_iter().chain(needed.iter().copied()) {
        let mut enabled = enable_in(top, controller);
        let busy = |error: &io::Error| Errno::from_io_error(error) == Some(Errno::BUSY);
        if enabled.as_ref().is_err_and(busy) && needed.contains(controller) {
            enabled = move_processes(top).and_then(|()| enable_in(top, controller));
        }
        // A controller that is not to be had is missed where a limit needs it.
        let _ = enabled.and_then(|()| enable_in(&parent, controller));
    }
}

fn enable_in(directory: &Path, controller: &str) -> io::Result<()> {
    let file = directory.join("cgroup.subtree_control");
    if words_of(&file).iter().any(|enabled| enabled == controller) {
        return Ok(());
    }
    write(&file, &format!("+{controller}"))
}

/// Move the processes of a group, among them this one, into a group below it.
fn move_processes(top: &Path) -> io::Result<()> {
    let leaf = top.join(OWN_PROCESSES);
    fs::create_dir(&leaf).or_else(fine_if_there)?;
    for pid in words_of(&top.join("cgroup.procs")) {
        match write(&leaf.join("cgroup.procs"), &pid) {
            Err(error) if Errno::from_io_error(&error) != Some(Errno::SRCH) => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn words_of(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap_or_default().split_whitespace().map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    /// A group of version 2 for a test, with one process in it that is not ours.
    struct Delegated {
        top: PathBuf,
        process: Child,
        /// The file that enabled the controller, and what takes that back.
        undo: Option<(PathBuf, String)>,
    }

    impl Drop for Delegated {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
            for group in [format!("{PARENT}/x"), PARENT.into(), OWN_PROCESSES.into(), String::new()] {
                let _ = Cgroup::open(&[self.top.join(&group)]).remove();
                let _ = fs::remove_dir(self.top.join(group));
            }
            if let Some((file, value)) = &self.undo {
                let _ = write(file, value);
            }
        }
    }

    /// A group that could be given to an ordinary user, with a controller; `None`, said aloud, if that
    /// cannot be had.
    fn delegated() -> Option<(Delegated, &'static str)> {
        let skip = |reason: &str| {
            assert_ne!(std::env::var("PLIMSOLL_NO_SKIP").as_deref(), Ok("1"), "{reason}");
            let _ = std::io::Write::write_fmt(&mut io::stderr(), format_args!("SKIPPED: {reason}\n"));
        };
        let two = hierarchy::read().into_iter().find(Hierarchy::is_version_two);
        let Some(root) = two.filter(|two| two.top().is_some_and(|top| top == two.mount)).map(|two| two.mount)
        else {
            skip("only root can make a group of version 2 beside its own");
            return None;
        };
        let there = words_of(&root.join("cgroup.controllers"));
        let controller =
            ["hugetlb", "pids", "memory"].into_iter().find(|name| there.iter().any(|one| one == name));
        let Some(controller) = controller else {
            skip("version 2 has no controller here");
            return None;
        };
        let top = root.join(format!("test-enable-{}", std::process::id()));
        fs::create_dir(&top).unwrap();
        let enabled = root.join("cgroup.subtree_control");
        let undo = !words_of(&enabled).iter().any(|one| one == controller);
        enable_in(&root, controller).unwrap();
        let process = Command::new("sleep").arg("1000").spawn().unwrap();
        write(&top.join("cgroup.procs"), &process.id().to_string()).unwrap();
        let undo = undo.then(|| (enabled, format!("-{controller}")));
        Some((Delegated { top, process, undo }, controller))
    }

    #[test]
    fn processes_move_out_of_the_way_of_a_controller_that_is_needed() {
        let Some((given, controller)) = delegated() else { return };
        fs::create_dir(given.top.join(PARENT)).unwrap();
        enable(&given.top, &HashSet::new());
        assert_eq!(words_of(&given.top.join("cgroup.procs")), [given.process.id().to_string()]);
        enable(&given.top, &HashSet::from([controller]));
        assert_eq!(words_of(&given.top.join("cgroup.procs")), [""; 0]);
        let moved = words_of(&given.top.join(OWN_PROCESSES).join("cgroup.procs"));
        assert_eq!(moved, [given.process.id().to_string()]);
        let path = make(&given.top, "x", false).unwrap();
        assert_eq!(words_of(&path.join("cgroup.controllers")), [controller]);
        // What a killed monitor has left behind is no hindrance to the same container's next start.
        write(&path.join("cgroup.max.depth"), "3").unwrap();
        assert_eq!(make(&given.top, "x", false).unwrap(), path);
        assert_eq!(words_of(&path.join("cgroup.max.depth")), ["max"]);
    }
}
