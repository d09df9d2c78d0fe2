//! A control group for one start with limits.

use plimsoll_model::LaunchSpec;
use plimsoll_runtime::cgroup::Cgroup;

use crate::subject::Subject;

/// A group that is removed with what is in it.
pub(crate) struct Group(Cgroup);

impl Group {
    /// Make it; why these limits cannot be had here.
    pub(crate) fn create(subject: &Subject<'_>, spec: &LaunchSpec) -> Result<Group, String> {
        let name = subject.scratch.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.ok_or("the scratch directory has no name")?;
        let created = Cgroup::create(&name, spec).map_err(|error| error.to_string())?;
        let group = Group(created.cgroup);
        match created.warnings.first() {
            Some(warning) => Err(warning.clone()),
            None if group.0.directories().is_empty() => Err("no control group can be made here".to_string()),
            None => Ok(group),
        }
    }

    pub(crate) fn cgroup(&self) -> Cgroup {
        self.0.clone()
    }

    /// How often the kernel killed in it for want of memory.
    pub(crate) fn oom_kills(&self) -> u64 {
        self.0.oom_kills()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // What is left is swept with those of containers.
        let _ = self.0.kill_all();
        let _ = self.0.remove();
    }
}
