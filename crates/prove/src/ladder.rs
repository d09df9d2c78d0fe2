//! The hardening ladder: each restriction alone, then all together as a manifest would have them,
//! relaxing only what a failure names, and every relaxation confirmed by the run it makes succeed.

use plimsoll_contract::evidence::{Relaxation, Rung, RungRecord, Verdict};
use plimsoll_model::launch::{DEFAULT_CAPABILITIES, Mount, Tmpfs};
use plimsoll_model::{LaunchSpec, PortSpec, ProcessUser};
use plimsoll_runtime::host::IdMap;

use crate::command_line;
use crate::exercise::Baseline;
use crate::stop;
use crate::subject::{ProveError, Subject};
use crate::trial::{self, Awaited, Ending};
use crate::written;

/// The uid an image without a user of its own is tried as: no distribution gives it out.
const SOME_UID: u32 = 10001;

/// Runs that may be spent on finding writable directories for one rung.
const MOUNT_ROUNDS: usize = 5;

/// Climb.
pub(crate) fn run(subject: &Subject<'_>, baseline: &Baseline) -> Result<Vec<RungRecord>, ProveError> {
    let ladder = Ladder {
        subject,
        baseline,
        image_user: subject.user()?,
        ports: baseline.listening.iter().map(|listener| listener.port).collect(),
        writable: written::directories(&baseline.written, subject.tree)
            .into_iter()
            .chain(baseline.touched.iter().cloned())
            .chain(subject.contract.volumes.iter().map(|volume| volume.value.clone()))
            .fold(Vec::new(), |mut all, directory| {
                if !all.contains(&directory) {
                    all.push(directory);
                }
                all
            }),
    };
    let privileges = ladder.no_new_privileges()?;
    let capabilities = ladder.drop_capabilities()?;
    let read_only = ladder.read_only()?;
    let non_root = ladder.non_root()?;
    let together = ladder.together(&non_root, &read_only, &capabilities, &privileges)?;
    Ok(vec![non_root, privileges, capabilities, read_only, together])
}

struct Ladder<'a> {
    subject: &'a Subject<'a>,
    baseline: &'a Baseline,
    image_user: ProcessUser,
    ports: Vec<PortSpec>,
    /// Directories the image writes to, or declares as volumes.
    writable: Vec<String>,
}

/// A restricted run and what was seen of it.
struct Attempt {
    result: Result<String, String>,
    command: String,
    /// Everything it printed, to find the paths a failure names.
    log: Vec<String>,
}

impl Ladder<'_> {
    fn spec(&self) -> Result<LaunchSpec, ProveError> {
        let mut spec = self.subject.spec(stop::as_built(self.subject))?;
        spec.stop.grace = match self.baseline.killed {
            // Waiting the whole grace every time would tell nothing new.
            true => std::time::Duration::from_millis(500),
            false => spec.stop.grace.max(self.baseline.stop_time * 2),
        };
        Ok(spec)
    }

    fn attempt(&self, spec: &LaunchSpec, same_users: bool) -> Result<Attempt, ProveError> {
        let command =
            command_line::of(spec, (self.image_user.uid, self.image_user.gid), &self.subject.reference);
        self.subject.tell(command.clone());
        let awaited = Awaited { ports: &self.ports, watch: self.subject.settings.watch };
        let trial = trial::run(self.subject, spec, awaited, Ending::Stop)?;
        let mut log = trial.log.clone();
        log.extend(trial.stop.iter().flat_map(|stop| stop.log.clone()));
        Ok(Attempt { result: self.baseline.compare(&trial, same_users), command, log })
    }

    /// Try a spec; while it fails, make the directories writable that it names, at first those the
    /// image is known to write to.
    fn with_mounts(
        &self,
        mut spec: LaunchSpec,
        same_users: bool,
    ) -> Result<(Attempt, LaunchSpec), ProveError> {
        let mut attempt = self.attempt(&spec, same_users)?;
        if attempt.result.is_err() && add_mounts(&mut spec, &self.writable) {
            attempt = self.attempt(&spec, same_users)?;
        }
        for _ in 0..MOUNT_ROUNDS {
            if attempt.result.is_ok() || !add_mounts(&mut spec, &named_directories(&attempt.log)) {
                break;
            }
            attempt = self.attempt(&spec, same_users)?;
        }
        Ok((attempt, spec))
    }

    fn no_new_privileges(&self) -> Result<RungRecord, ProveError> {
        let mut spec = self.spec()?;
        spec.security.no_new_privileges = true;
        let attempt = self.attempt(&spec, true)?;
        Ok(record(
            "rung-no-new-privileges",
            Rung::NoNewPrivileges,
            attempt,
            Vec::new(),
            Relaxation::PrivilegeEscalation,
        ))
    }

    fn read_only(&self) -> Result<RungRecord, ProveError> {
        let mut spec = self.spec()?;
        spec.security.read_only_root = true;
        let (attempt, spec) = self.with_mounts(spec, true)?;
        let mounts = relaxed_mounts(&spec);
        Ok(record("rung-read-only", Rung::ReadOnlyRoot, attempt, mounts, Relaxation::WritableRoot))
    }

    /// Without any capability; if that fails, the smallest set found by adding what servers that
    /// start as root usually need, then taking away what was not.
    fn drop_capabilities(&self) -> Result<RungRecord, ProveError> {
        let mut spec = self.spec()?;
        spec.security.capabilities.clear();
        let mut attempt = self.attempt(&spec, true)?;
        let mut kept: Vec<String> = Vec::new();
        if attempt.result.is_err() && self.image_user.uid == 0 {
            for steps in [
                &["SETUID", "SETGID"][..],
                &["CHOWN"],
                &["DAC_OVERRIDE"],
                &["NET_BIND_SERVICE", "FOWNER", "KILL"],
                &DEFAULT_CAPABILITIES,
            ] {
                kept.extend(
                    steps
                        .iter()
                        .filter(|name| !kept.contains(&(**name).to_string()))
                        .map(|name| (*name).to_string())
                        .collect::<Vec<_>>(),
                );
                spec.security.capabilities = kept.clone();
                attempt = self.attempt(&spec, true)?;
                if attempt.result.is_ok() {
                    break;
                }
            }
            if attempt.result.is_ok() {
                (kept, attempt) = self.fewest(spec, kept, attempt)?;
            }
        }
        let relaxations = kept.into_iter().map(Relaxation::Capability).collect();
        let mut record = record(
            "rung-drop-capabilities",
            Rung::DropAllCapabilities,
            attempt,
            relaxations,
            Relaxation::RunAsRoot,
        );
        if matches!(record.verdict, Verdict::Refuted(_)) {
            record.relaxations =
                DEFAULT_CAPABILITIES.map(|name| Relaxation::Capability(name.to_string())).to_vec();
        }
        Ok(record)
    }

    fn fewest(
        &self,
        mut spec: LaunchSpec,
        kept: Vec<String>,
        mut best: Attempt,
    ) -> Result<(Vec<String>, Attempt), ProveError> {
        let mut fewest = kept.clone();
        for name in kept {
            spec.security.capabilities = fewest.iter().filter(|other| **other != name).cloned().collect();
            let attempt = self.attempt(&spec, true)?;
            if attempt.result.is_ok() {
                fewest = spec.security.capabilities.clone();
                best = attempt;
            }
        }
        Ok((fewest, best))
    }

    /// As its own user, as the user its workers run as, or as a uid nobody has.
    fn non_root(&self) -> Result<RungRecord, ProveError> {
        let mut last = None;
        for user in self.candidates() {
            let (uid, gid) = (user.uid, user.gid);
            let rung = Rung::NonRoot { uid, gid };
            let mut spec = self.spec()?;
            spec.user = user;
            let same_users = uid == self.image_user.uid;
            let (attempt, spec) = self.with_mounts(spec, same_users)?;
            let held = attempt.result.is_ok();
            let mut record =
                record("rung-non-root", rung, attempt, relaxed_mounts(&spec), Relaxation::RunAsRoot);
            if held && self.subject.host.ids == IdMap::Single {
                record.verdict = Verdict::Unproven(
                    "it started and stopped, but with one mapped id every file belongs to the user, so file permissions were not tested".to_string(),
                );
            }
            if held {
                return Ok(record);
            }
            last = Some(record);
        }
        Ok(last.expect("there is always a candidate"))
    }

    fn candidates(&self) -> Vec<ProcessUser> {
        if self.image_user.uid != 0 {
            return vec![self.image_user.clone()];
        }
        let as_user = |uid: u32, gid: u32| ProcessUser {
            uid,
            gid,
            extra_groups: Vec::new(),
            home: "/".to_string(),
            name: None,
        };
        let workers =
            self.baseline.users.iter().filter(|(uid, _)| *uid != 0).map(|(uid, gid)| as_user(*uid, *gid));
        workers.chain([as_user(SOME_UID, SOME_UID)]).collect()
    }

    /// As the generated manifest will have it: what held alone, all at once.
    fn together(
        &self,
        non_root: &RungRecord,
        read_only: &RungRecord,
        capabilities: &RungRecord,
        privileges: &RungRecord,
    ) -> Result<RungRecord, ProveError> {
        let mut spec = self.spec()?;
        let holds = |record: &RungRecord| !matches!(record.verdict, Verdict::Refuted(_));
        let mut relaxations = Vec::new();
        let as_user = holds(non_root).then_some(&non_root.rung);
        match as_user {
            Some(Rung::NonRoot { uid, gid }) if *uid != self.image_user.uid => {
                spec.user = ProcessUser {
                    uid: *uid,
                    gid: *gid,
                    extra_groups: Vec::new(),
                    home: "/".to_string(),
                    name: None,
                };
            }
            Some(_) => {}
            None => relaxations.push(Relaxation::RunAsRoot),
        }
        spec.security.no_new_privileges = holds(privileges);
        spec.security.read_only_root = holds(read_only);
        // An ordinary user cannot use capabilities anyway.
        spec.security.capabilities = match as_user {
            Some(_) => Vec::new(),
            None => capabilities.relaxations.iter().filter_map(capability).collect(),
        };
        let directories: Vec<String> = [read_only, non_root]
            .iter()
            .flat_map(|record| &record.relaxations)
            .filter_map(directory)
            .collect();
        add_mounts(&mut spec, &directories);
        let same_users = as_user.is_none() || spec.user.uid == self.image_user.uid;
        let (mut attempt, mut spec) = self.with_mounts(spec, same_users)?;
        if attempt.result.is_err() && as_user.is_some() && self.image_user.uid == 0 {
            // What works alone need not work together: root after all, with what root needs.
            spec = self.as_root(spec, capabilities)?;
            relaxations.push(Relaxation::RunAsRoot);
            (attempt, spec) = self.with_mounts(spec, true)?;
        }
        if attempt.result.is_err() && spec.security.read_only_root {
            spec.security.read_only_root = false;
            spec.mounts.clear();
            attempt = self.attempt(&spec, self.image_user.uid == spec.user.uid)?;
        }
        if !spec.security.read_only_root {
            relaxations.push(Relaxation::WritableRoot);
        }
        if !spec.security.no_new_privileges {
            relaxations.push(Relaxation::PrivilegeEscalation);
        }
        relaxations.extend(spec.security.capabilities.iter().cloned().map(Relaxation::Capability));
        relaxations.extend(relaxed_mounts(&spec));
        Ok(record("rung-all-together", Rung::AllTogether, attempt, relaxations, Relaxation::WritableRoot))
    }

    fn as_root(&self, mut spec: LaunchSpec, capabilities: &RungRecord) -> Result<LaunchSpec, ProveError> {
        spec.user = self.image_user.clone();
        spec.security.capabilities = capabilities.relaxations.iter().filter_map(capability).collect();
        Ok(spec)
    }
}

fn record(
    id: &str,
    rung: Rung,
    attempt: Attempt,
    relaxations: Vec<Relaxation>,
    broken: Relaxation,
) -> RungRecord {
    let (verdict, fact, relaxations) = match attempt.result {
        Ok(fact) => (Verdict::Proven, fact, relaxations),
        Err(why) if relaxations.contains(&broken) || rung == Rung::AllTogether => {
            (Verdict::Refuted(why.clone()), why, relaxations)
        }
        Err(why) => (Verdict::Refuted(why.clone()), why, vec![broken]),
    };
    RungRecord { id: id.to_string(), rung, verdict, fact, relaxations, command: attempt.command }
}

fn capability(relaxation: &Relaxation) -> Option<String> {
    match relaxation {
        Relaxation::Capability(name) => Some(name.clone()),
        _ => None,
    }
}

fn directory(relaxation: &Relaxation) -> Option<String> {
    match relaxation {
        Relaxation::WritableMount(path) => Some(path.clone()),
        _ => None,
    }
}

/// Mount empty writable directories, as an emptyDir would be; whether there was a new one.
fn add_mounts(spec: &mut LaunchSpec, directories: &[String]) -> bool {
    let before = spec.mounts.len();
    for directory in directories {
        let covered = spec
            .mounts
            .iter()
            .any(|mount| mount.target == *directory || directory.starts_with(&format!("{}/", mount.target)));
        if !covered {
            // kubelet makes emptyDir directories 0777 (pkg/volume/emptydir).
            spec.mounts.push(Mount::tmpfs(Tmpfs { mode: 0o777, ..Tmpfs::default() }, directory.clone()));
        }
    }
    // Parents first, or a later mount would hide an earlier one.
    spec.mounts.sort_by(|a, b| a.target.cmp(&b.target));
    spec.mounts.len() > before
}

fn relaxed_mounts(spec: &LaunchSpec) -> Vec<Relaxation> {
    spec.mounts.iter().map(|mount| Relaxation::WritableMount(mount.target.clone())).collect()
}

/// Directories of the paths that lines about refused writes name.
fn named_directories(log: &[String]) -> Vec<String> {
    let refused = |line: &&String| {
        let lower = line.to_ascii_lowercase();
        ["read-only file system", "permission denied", "os error 13", "os error 30", "eacces", "erofs"]
            .iter()
            .any(|word| lower.contains(word))
    };
    let mut found: Vec<String> = Vec::new();
    for path in log.iter().filter(refused).flat_map(|line| absolute_paths(line)) {
        let Some((parent, _)) = path.rsplit_once('/') else { continue };
        // The root and the directories of programs cannot be replaced by empty ones.
        let system = [
            "",
            "/bin",
            "/sbin",
            "/lib",
            "/lib64",
            "/usr",
            "/usr/bin",
            "/usr/sbin",
            "/usr/lib",
            "/etc",
            "/proc",
            "/sys",
            "/dev",
        ];
        if !system.contains(&parent)
            && !parent.starts_with("/proc/")
            && !parent.starts_with("/sys/")
            && !found.contains(&parent.to_string())
        {
            found.push(parent.to_string());
        }
    }
    found
}

fn absolute_paths(line: &str) -> Vec<String> {
    let boundary = |c: char| c.is_whitespace() || "\"'`(),;<>[]".contains(c);
    let words = line.split(boundary).map(|word| word.trim_end_matches([':', '.']));
    words
        .filter(|word| word.starts_with('/') && word.len() > 1 && !word.contains("//"))
        .map(str::to_string)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_writes_name_their_directories() {
        let log = [
            "nginx: [emerg] mkdir() \"/var/lib/nginx/body\" failed (13: Permission denied)".to_string(),
            "open /run/app.pid: Read-only file system".to_string(),
            "cannot open /etc/shadow: Permission denied".to_string(),
            "GET /index.html 200".to_string(),
        ];
        assert_eq!(named_directories(&log), ["/var/lib/nginx", "/run"]);
    }
}
