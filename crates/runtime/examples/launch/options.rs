//! The words after `launch`.

use std::collections::BTreeSet;

use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::{Device, IdCalls, Mount, Network, Propagation, Seccomp, Share, Tmpfs, Ulimit};
use plimsoll_runtime::plan::{BuildStep, Limit, Secret, StepMount, StepSource, resource};
use plimsoll_runtime::rootfs::RootFs;

/// What the command line asks for.
pub struct Options {
    pub spec: LaunchSpec,
    pub rootfs: RootFs,
    pub build: BuildStep,
    pub show_plan: bool,
    pub again: bool,
    /// Show what the process was given before it began; all it becomes.
    pub looks: bool,
    pub follows: bool,
    pub kernel: Option<String>,
    /// The first process of the container to enter.
    pub into: Option<u32>,
    /// First processes of containers something is shared with: their numbers are their ids here.
    pub others: BTreeSet<u32>,
    /// The id of the control group to make.
    pub cgroup: Option<String>,
}

impl Options {
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Options {
            spec: spec(),
            rootfs: RootFs { lowers: Vec::new(), scratch: "/".into() },
            build: BuildStep::default(),
            show_plan: false,
            again: false,
            looks: false,
            follows: false,
            kernel: None,
            into: None,
            others: BTreeSet::new(),
            cgroup: None,
        };
        let (spec, build, others) = (&mut options.spec, &mut options.build, &mut options.others);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| word.clone());
            match word.as_str() {
                "--plan" => options.show_plan = true,
                "--look" => options.looks = true,
                "--follow" => options.follows = true,
                "--again" => options.again = true,
                "--kernel" => options.kernel = Some(value()?),
                "--cgroup" => options.cgroup = Some(value()?),
                "--limit-memory" => spec.limits.memory = Some(u64::from(number(&value()?)?)),
                "--limit-pids" => spec.limits.pids = Some(u64::from(number(&value()?)?)),
                "--limit-cpus" => spec.limits.nano_cpus = Some(u64::from(number(&value()?)?) * 10_000_000),
                "--into" => options.into = Some(number(&value()?)?),
                "--scratch" => options.rootfs.scratch = value()?.into(),
                "--layer" => options.rootfs.lowers.push(value()?.into()),
                "--user" => {
                    let ids = value()?;
                    let mut ids = ids.split([':', ',']).map(number);
                    spec.user.uid = ids.next().unwrap_or(Err(word))?;
                    spec.user.gid = ids.next().unwrap_or(Ok(spec.user.uid))?;
                    spec.user.extra_groups = ids.collect::<Result<_, _>>()?;
                }
                "--env" => {
                    let entry = value()?;
                    let (name, value) = entry.split_once('=').ok_or(word)?;
                    spec.env.push((name.to_string(), value.to_string()));
                }
                "--workdir" => spec.workdir = value()?,
                "--hostname" => spec.hostname = value()?,
                "--bind" => spec.mounts.push(bind(&value()?, false).ok_or(word)?),
                "--bind-ro" => spec.mounts.push(bind(&value()?, true).ok_or(word)?),
                "--tmpfs" => {
                    let tmpfs = Tmpfs { size: Some(1 << 20), ..Tmpfs::default() };
                    spec.mounts.push(Mount::tmpfs(tmpfs, value()?));
                }
                "--show" => build.mounts.push(show(&value()?, true).ok_or(word)?),
                "--show-rw" => build.mounts.push(show(&value()?, false).ok_or(word)?),
                "--secret" => build.mounts.push(secret(&value()?).ok_or(word)?),
                "--memory" => {
                    let source = StepSource::Scratch { size: Some(4 << 20) };
                    build.mounts.push(StepMount { source, target: value()?, read_only: false });
                }
                "--limit-files" => {
                    let limit = Some(u64::from(number(&value()?)?));
                    let resource = resource("nofile").map_err(|_| word)?;
                    build.limits.push(Limit { resource, soft: limit, hard: limit });
                }
                "--domainname" => spec.domainname = value()?,
                "--shm" => spec.shm_size = Some(u64::from(number(&value()?)?)),
                "--ulimit" => spec.ulimits.push(ulimit(&value()?).ok_or(word)?),
                "--oom-score" => spec.oom_score_adj = Some(value()?.parse().map_err(|_| word)?),
                "--sysctl" => {
                    let setting = value()?;
                    let (name, value) = setting.split_once('=').ok_or(word)?;
                    spec.sysctls.push((name.to_string(), value.to_string()));
                }
                "--device" => spec.devices.push(device(&value()?).ok_or(word)?),
                "--bare" => spec.security.bare_kernel_files = true,
                "--privileged" => spec.security.privileged = true,
                "--mount" => spec.mounts.push(propagated(&value()?).ok_or(word)?),
                "--pid" => spec.sharing.pid = share(&value()?, others)?,
                "--ipc" => spec.sharing.ipc = share(&value()?, others)?,
                "--uts" => spec.sharing.uts = share(&value()?, others)?,
                "--cgroupns" => spec.sharing.cgroup = share(&value()?, others)?,
                "--user-ids" => spec.sharing.user = share(&value()?, others)?,
                "--network" => {
                    let share = share(&value()?, others)?;
                    let Share::Container(id) = share else { return Err(word) };
                    spec.network = Network::Container(id);
                }
                "--shm-size" => build.shm_size = Some(u64::from(number(&value()?)?)),
                "--host-network" => spec.network = Network::Host,
                "--read-only" => spec.security.read_only_root = true,
                "--no-new-privileges" => spec.security.no_new_privileges = true,
                "--unconfined" => spec.security.seccomp = Seccomp::Unconfined,
                "--profile" => {
                    let path = value()?;
                    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
                    spec.security.seccomp = Seccomp::Profile(text);
                }
                "--record" => spec.security.id_calls = IdCalls::Recorded,
                "--drop-all" => spec.security.capabilities.clear(),
                "--cap" => spec.security.capabilities.push(value()?),
                "--init" => spec.init = true,
                "--terminal" => spec.terminal = true,
                word if word.starts_with("--") => return Err(word.to_string()),
                _ => {
                    spec.argv = [word].into_iter().chain(words).collect();
                    break;
                }
            }
        }
        Ok(options)
    }
}

fn spec() -> LaunchSpec {
    let env = vec![("PATH".to_string(), "/usr/bin:/bin".to_string())];
    LaunchSpec { env, hostname: "box".to_string(), ..LaunchSpec::of(Vec::new()) }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| text.to_string())
}

fn bind(text: &str, read_only: bool) -> Option<Mount> {
    let (source, target) = text.rsplit_once(':')?;
    Some(Mount::bind(source, target).read_only(read_only))
}

/// `LAYER:SCRATCH:PATH:TARGET`: a directory of another layer.
fn show(text: &str, read_only: bool) -> Option<StepMount> {
    let mut words = text.split(':');
    let rootfs = RootFs { lowers: vec![words.next()?.into()], scratch: words.next()?.into() };
    let source = StepSource::Layers { rootfs, path: words.next()?.to_string(), directory: true };
    Some(StepMount { source, target: words.next()?.to_string(), read_only })
}

/// `TARGET=TEXT`: a file of user 7 that lies in memory.
fn secret(text: &str) -> Option<StepMount> {
    let (target, text) = text.split_once('=')?;
    let content = Secret::new(text.as_bytes());
    let source = StepSource::Secret { content, mode: 0o440, owner: (7, 8) };
    Some(StepMount { source, target: target.to_string(), read_only: true })
}

/// `host`, or the number of another container's first process.
fn share(text: &str, others: &mut BTreeSet<u32>) -> Result<Share, String> {
    if text == "host" {
        return Ok(Share::Host);
    }
    others.insert(number(text)?);
    Ok(Share::Container(text.to_string()))
}

/// `NAME=SOFT:HARD`; `-` is no limit.
fn ulimit(text: &str) -> Option<Ulimit> {
    let amount = |text: &str| match text {
        "-" => Some(None),
        number => number.parse().ok().map(Some),
    };
    let (name, bounds) = text.split_once('=')?;
    let (soft, hard) = bounds.split_once(':')?;
    Some(Ulimit { name: name.to_string(), soft: amount(soft)?, hard: amount(hard)? })
}

/// `HOST:CONTAINER:ACCESS`.
fn device(text: &str) -> Option<Device> {
    let mut words = text.split(':').map(str::to_string);
    Some(Device { host: words.next()?.into(), container: words.next()?, access: words.next()? })
}

/// `PROPAGATION:HOST:CONTAINER`.
fn propagated(text: &str) -> Option<Mount> {
    let (propagation, rest) = text.split_once(':')?;
    Some(Mount { propagation: Propagation::parse(propagation)?, ..bind(rest, false)? })
}
