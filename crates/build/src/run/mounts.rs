//! From what a step asks for to what its sandbox mounts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plimsoll_contract::stage::{CacheMount, RunMount, SecretMount, Sharing, SshMount};
use plimsoll_image::layer::{LayerBuilder, LayeredTree, Meta, Owner, UnpackedTree};
use plimsoll_model::launch::MountSource;
use plimsoll_runtime::host::IdMap;
use plimsoll_runtime::plan::{StepMount, StepSource};
use plimsoll_runtime::rootfs::RootFs;

use super::agent::AgentProxy;
use super::bound::{BoundFiles, Shown};
use super::{RunError, RunJob, etc_files, file_error, own_directory, process};
use crate::cache_mounts::{CacheInUse, CacheMounts, CacheName};
use crate::execute::Build;

/// The mounts of a step, and what has to live as long as it runs.
pub(super) struct Mounts {
    /// In the order in which they are mounted.
    pub(super) list: Vec<StepMount>,
    /// Variables that secrets and agents add.
    pub(super) env: Vec<(String, String)>,
    caches: BTreeMap<CacheName, CacheInUse>,
    _agents: Vec<AgentProxy>,
    _copies: Vec<UnpackedTree>,
}

impl Mounts {
    /// Where something is mounted.
    pub(super) fn targets(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|mount| mount.target.as_str())
    }
}

/// Prepare all mounts of a step.
pub(super) fn prepare(job: &RunJob<'_>, build: &Build<'_>, scratch: &Path) -> Result<Mounts, RunError> {
    let files = own_directory(scratch, "files")?;
    let hosts = &build.request.run.hosts;
    let mut mounts = Mounts {
        list: etc_files::provide(process::network(job, build), hosts, &files)?,
        env: Vec::new(),
        caches: take_caches(job, build)?,
        _agents: Vec::new(),
        _copies: Vec::new(),
    };
    mounts.list.extend(script(job, &files)?);
    let preparation = Preparation { job, build, scratch, files: &files };
    for (number, mount) in job.work.mounts.iter().enumerate() {
        preparation.add(number, mount, &mut mounts)?;
    }
    // Parents first, whatever the order in which they are written (buildkit, gateway/container).
    mounts.list.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(mounts)
}

/// The script of a heredoc.
fn script(job: &RunJob<'_>, files: &Path) -> Result<Option<StepMount>, RunError> {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(script) = &job.work.script else { return Ok(None) };
    let path = files.join("script");
    std::fs::write(&path, &script.body).map_err(file_error(&path))?;
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&path, executable).map_err(file_error(&path))?;
    Ok(Some(bind(path, &script.path, true)))
}

fn bind(path: PathBuf, target: &str, read_only: bool) -> StepMount {
    StepMount { source: StepSource::Plain(MountSource::Bind(path)), target: target.to_string(), read_only }
}

struct Preparation<'a> {
    job: &'a RunJob<'a>,
    build: &'a Build<'a>,
    scratch: &'a Path,
    files: &'a Path,
}

impl Preparation<'_> {
    fn add(&self, number: usize, mount: &RunMount, mounts: &mut Mounts) -> Result<(), RunError> {
        match mount {
            RunMount::Bind { target, read_only, .. } => self.bound(number, target, *read_only, mounts)?,
            RunMount::Cache(cache) => {
                let name = name_of(cache, self.job.bound[number].as_ref(), self.build);
                let taken = mounts.caches.get(&name).map(|taken| taken.files());
                mounts.list.extend(taken.map(|files| bind(files, &cache.target, cache.read_only)));
            }
            RunMount::Tmpfs { target, size } => mounts.list.push(StepMount {
                source: StepSource::Scratch { size: *size },
                target: target.clone(),
                read_only: false,
            }),
            RunMount::Secret(secret) => self.secret(secret, mounts)?,
            RunMount::Ssh(ssh) => self.agent(number, ssh, mounts)?,
        }
        Ok(())
    }

    fn bound(
        &self,
        number: usize,
        target: &str,
        read_only: bool,
        mounts: &mut Mounts,
    ) -> Result<(), RunError> {
        let Some(bound) = &self.job.bound[number] else { return Ok(()) };
        let request = self.build.request;
        let lowers = match bound.show(request.store, request.epoch)? {
            Shown::Layers(tree) => tree.directories(),
            Shown::Copy(copy) => {
                let lowers = vec![copy.path()];
                mounts._copies.push(copy);
                lowers
            }
        };
        let scratch = own_directory(self.scratch, &format!("mount-{number}"))?;
        let path = bound.shown_path().map_err(RunError::Refused)?;
        let rootfs = RootFs { lowers, scratch };
        let source = StepSource::Layers { rootfs, path, directory: bound.directory };
        mounts.list.push(StepMount { source, target: target.to_string(), read_only });
        Ok(())
    }

    fn secret(&self, secret: &SecretMount, mounts: &mut Mounts) -> Result<(), RunError> {
        let id = &secret.id;
        let Some(content) = self.build.request.run.secrets.get(id) else {
            return match secret.required {
                true => Err(RunError::Refused(format!(
                    "the secret '{id}' is required here and was not given: add --secret id={id},src=FILE"
                ))),
                false => Ok(()),
            };
        };
        if let Some(name) = &secret.env {
            let text = std::str::from_utf8(content.reveal()).map_err(|_| {
                RunError::Refused(format!("the secret '{id}' is no text and cannot be the variable {name}"))
            })?;
            mounts.env.push((name.clone(), text.to_string()));
        }
        if let Some(target) = &secret.target {
            let source =
                StepSource::Secret { content: content.clone(), mode: secret.mode, owner: secret.owner };
            mounts.list.push(StepMount { source, target: target.clone(), read_only: true });
        }
        Ok(())
    }

    fn agent(&self, number: usize, ssh: &SshMount, mounts: &mut Mounts) -> Result<(), RunError> {
        let id = &ssh.id;
        let Some(agent) = self.build.request.run.agents.get(id) else {
            return match ssh.required {
                true => Err(RunError::Refused(format!(
                    "the SSH agent '{id}' is required here and was not given: add --ssh {id}"
                ))),
                false => Ok(()),
            };
        };
        let owner = (self.build.request.host.ids != IdMap::Single).then_some(ssh.owner);
        let name = format!("agent-{number}");
        let proxy = AgentProxy::start(agent, self.files, &name, ssh.mode, owner)
            .map_err(file_error(&self.files.join(&name)))?;
        mounts.list.push(bind(proxy.path().to_path_buf(), &ssh.target, true));
        mounts._agents.push(proxy);
        // With several agents the first is the one programs ask (buildkit, solver/llbsolver/ops/exec).
        if !mounts.env.iter().any(|(name, _)| name == "SSH_AUTH_SOCK") {
            mounts.env.push(("SSH_AUTH_SOCK".to_string(), ssh.target.clone()));
        }
        Ok(())
    }
}

/// What identifies the cache of a mount.
pub(crate) fn name_of(cache: &CacheMount, seed: Option<&BoundFiles<'_>>, build: &Build<'_>) -> CacheName {
    let namespace = build.request.build_args.get("BUILDKIT_CACHE_MOUNT_NS").cloned().unwrap_or_default();
    CacheName { namespace, id: cache.id.clone(), seed: seed.map(|seed| seed.digest) }
}

/// Take every cache of a step, each once and in the order of their names, so that no two steps wait
/// for each other. Last of all that can be waited for: nothing else is held meanwhile.
fn take_caches(job: &RunJob<'_>, build: &Build<'_>) -> Result<BTreeMap<CacheName, CacheInUse>, RunError> {
    let mut wanted: BTreeMap<CacheName, (Sharing, usize)> = BTreeMap::new();
    for (number, mount) in job.work.mounts.iter().enumerate() {
        let RunMount::Cache(cache) = mount else { continue };
        let name = name_of(cache, job.bound[number].as_ref(), build);
        let (sharing, _) = wanted.entry(name).or_insert((cache.sharing, number));
        *sharing = stricter(*sharing, cache.sharing);
    }
    let caches = CacheMounts::of(build.request.store);
    let mut taken = BTreeMap::new();
    for (name, (sharing, number)) in wanted {
        let fill = || begin_cache(job, build, number);
        let given_up = || build.cancel.is_given_up();
        let cache = caches.take(&name, sharing, &fill, &given_up).map_err(RunError::Other)?;
        taken.insert(name, cache);
    }
    Ok(taken)
}

/// The same cache twice in one step.
fn stricter(one: Sharing, other: Sharing) -> Sharing {
    match (one, other) {
        (Sharing::Locked, _) | (_, Sharing::Locked) => Sharing::Locked,
        (Sharing::Private, _) | (_, Sharing::Private) => Sharing::Private,
        _ => Sharing::Shared,
    }
}

/// What a new cache begins with: its seed, else an empty directory with the mode and owner asked for.
fn begin_cache(job: &RunJob<'_>, build: &Build<'_>, number: usize) -> plimsoll_image::Result<UnpackedTree> {
    let nothing = LayeredTree::empty();
    let mut builder = LayerBuilder::new(build.request.store, &nothing, build.request.epoch)?;
    let meta = match (&job.work.mounts[number], &job.bound[number]) {
        (_, Some(seed)) => {
            let entry = seed.files.tree().entry(&seed.path)?;
            let (mode, uid, gid) = entry.map_or((0o755, 0, 0), |entry| (entry.mode, entry.uid, entry.gid));
            Meta { mode, owner: Owner { uid, gid }, mtime: None }
        }
        (RunMount::Cache(cache), None) => {
            let (uid, gid) = cache.owner;
            Meta { mode: cache.mode, owner: Owner { uid, gid }, mtime: None }
        }
        _ => Meta { mode: 0o755, owner: Owner::default(), mtime: None },
    };
    builder.add_directory(b"", meta)?;
    if let Some(seed) = &job.bound[number] {
        seed.copy_to(&mut builder, b"")?;
    }
    builder.finish_unpacked()
}
