//! What a process may use: resource limits, and its turn when memory is short.

use std::fmt;

use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::Ulimit;
pub use plimsoll_sys::child::Resource;

use super::{PlanError, Step};

/// A resource limit (setrlimit(2)); `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Of what.
    pub resource: Resource,
    /// What counts.
    pub soft: Option<u64>,
    /// How far the process may raise it.
    pub hard: Option<u64>,
}

/// Docker's names of resources (`github.com/docker/go-units`, ulimit.go).
const RESOURCES: [(&str, Resource); 15] = [
    ("core", Resource::Core),
    ("cpu", Resource::Cpu),
    ("data", Resource::Data),
    ("fsize", Resource::Fsize),
    ("locks", Resource::Locks),
    ("memlock", Resource::Memlock),
    ("msgqueue", Resource::Msgqueue),
    ("nice", Resource::Nice),
    ("nofile", Resource::Nofile),
    ("nproc", Resource::Nproc),
    ("rss", Resource::Rss),
    ("rtprio", Resource::Rtprio),
    ("rttime", Resource::Rttime),
    ("sigpending", Resource::Sigpending),
    ("stack", Resource::Stack),
];

/// The resource of a name of `--ulimit`; else all names there are.
pub fn resource(name: &str) -> Result<Resource, Vec<&'static str>> {
    let found = RESOURCES.iter().find(|(known, _)| *known == name);
    found.map(|(_, resource)| *resource).ok_or_else(|| RESOURCES.iter().map(|(name, _)| *name).collect())
}

impl Limit {
    /// docker's name of its resource.
    pub fn name(&self) -> &'static str {
        RESOURCES.iter().find(|(_, known)| *known == self.resource).map_or("as", |(name, _)| *name)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "limit {} to {}", self.name(), amount(self.soft))?;
        match self.soft == self.hard {
            true => f.write_str(", for ever"),
            false => write!(f, ", which it may raise to {}", amount(self.hard)),
        }
    }
}

/// A limit in words.
pub(crate) fn amount(limit: Option<u64>) -> String {
    limit.map_or("unlimited".to_string(), |limit| limit.to_string())
}

/// The limits of a specification.
pub(super) fn steps(spec: &LaunchSpec) -> Result<Vec<Step>, PlanError> {
    spec.ulimits.iter().map(|ulimit| limit(ulimit).map(Step::Limit)).collect()
}

fn limit(ulimit: &Ulimit) -> Result<Limit, PlanError> {
    let name = ulimit.name.clone();
    let resource = resource(&name).map_err(|known| PlanError::UnknownLimit { name: name.clone(), known })?;
    let (soft, hard) = (ulimit.soft, ulimit.hard);
    if soft.unwrap_or(u64::MAX) > hard.unwrap_or(u64::MAX) {
        return Err(PlanError::SoftAboveHard { name, soft: amount(soft), hard: amount(hard) });
    }
    Ok(Limit { resource, soft, hard })
}

/// An ordinary user cannot go below the score that plimsoll itself has: then that one counts, as with
/// rootless docker (moby, `rootless/specconv`).
pub(super) fn oom_score(spec: &LaunchSpec, real_root: bool) -> Result<Option<Step>, PlanError> {
    match spec.oom_score_adj {
        Some(score) if !(-1000..=1000).contains(&score) => Err(PlanError::OomScore { score }),
        score => Ok(score.map(|score| Step::OomScore { score, not_below_ours: !real_root })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_by_dockers_names() {
        assert_eq!(resource("nofile"), Ok(Resource::Nofile));
        assert!(resource("nofiles").unwrap_err().contains(&"nofile"));
        let limit = Limit { resource: Resource::Nofile, soft: Some(5), hard: None };
        assert_eq!(limit.to_string(), "limit nofile to 5, which it may raise to unlimited");
        assert_eq!(Limit { hard: Some(5), ..limit }.to_string(), "limit nofile to 5, for ever");
    }
}
