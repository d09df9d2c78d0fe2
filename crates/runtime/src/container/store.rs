//! All containers of a store: one directory each, names as symbolic links, no lock for readers.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::FlockOperation;

use super::name::{NewId, check_name, is_id, is_id_prefix, random_id, random_name};
use super::{Container, ContainerError, Directory, NewContainer, Record};
use crate::cgroup::{self, Cgroup};
use crate::events::EventLog;
use crate::mount_point_layer;
use crate::network::Networks;
use crate::stop::Idle;
use crate::store_directory::{
    Discarded, Draft, check_private, delete, lock_directory, make_private, names_in,
};

/// The containers of one store.
#[derive(Debug, Clone)]
pub struct Containers {
    root: PathBuf,
    containers: PathBuf,
    names: PathBuf,
    tmp: PathBuf,
    trash: PathBuf,
}

/// Every container, newest first, and those that cannot be read.
#[derive(Debug)]
pub struct Listing {
    /// The containers.
    pub containers: Vec<Container>,
    /// Ids of damaged containers with what is wrong.
    pub damaged: Vec<(String, ContainerError)>,
}

impl Containers {
    /// The containers of the store at `root`. Directories that are missing are made with the first
    /// container: a store can be looked at that cannot be written.
    pub fn open(root: &Path) -> Result<Self, ContainerError> {
        let containers = root.join("containers");
        let store = Containers {
            root: root.to_path_buf(),
            names: containers.join("names"),
            containers,
            tmp: root.join("tmp"),
            trash: root.join("trash"),
        };
        check_private(&store.containers)?;
        Ok(store)
    }

    fn make_directories(&self) -> Result<(), ContainerError> {
        [&self.containers, &self.names, &self.tmp, &self.trash]
            .into_iter()
            .try_for_each(|path| make_private(path))
    }

    /// Where a container with this id has its directory, or will have it.
    pub fn place(&self, id: &NewId) -> PathBuf {
        self.containers.join(id.as_str())
    }

    /// Write a new container down and reserve its name.
    pub fn create(&self, new: NewContainer, now: Timestamp) -> Result<Container, ContainerError> {
        self.create_as(NewId::random()?, new, now)
    }

    /// The same under an id that had to be known before.
    pub fn create_as(
        &self,
        id: NewId,
        new: NewContainer,
        now: Timestamp,
    ) -> Result<Container, ContainerError> {
        if let Some(name) = &new.name {
            check_name(name)?;
        }
        self.make_directories()?;
        // Without it mount points are made as if there were none.
        let _ = mount_point_layer::provide(&self.root);
        let id = id.into_string();
        let draft = Draft::new(self.tmp.join(&id))?;
        let name = match &new.name {
            Some(name) => self.reserve(name, &id).map(|()| name.clone())?,
            None => self.reserve_made_up(&id)?,
        };
        let record = Record {
            id,
            name,
            image: new.image,
            image_digest: new.image_digest,
            created: now,
            spec: new.spec,
            lowers: new.lowers,
            upkeep: new.upkeep,
            asked: new.asked,
        };
        let place = self.containers.join(&record.id);
        let written = Directory::new(draft.path()).write_first_record(&record);
        match written.and_then(|()| draft.put_in_place(&place)) {
            Ok(()) => {
                let container = Container { directory: Directory::new(&place), record };
                EventLog::around(&container).add_of(&container, "create", &[]);
                Ok(container)
            }
            Err(error) => {
                self.release(&record.name, &record.id);
                Err(error)
            }
        }
    }

    /// Every container, newest first.
    pub fn list(&self) -> Result<Listing, ContainerError> {
        let mut listing = Listing { containers: Vec::new(), damaged: Vec::new() };
        for id in self.ids()? {
            let path = self.containers.join(&id);
            match Container::open(&path) {
                Ok(container) => listing.containers.push(container),
                // Removed since the directory was read.
                Err(_) if !path.exists() => {}
                Err(error) => listing.damaged.push((id, error)),
            }
        }
        listing.containers.sort_by(|a, b| b.record.created.cmp(&a.record.created).then(a.id().cmp(b.id())));
        Ok(listing)
    }

    /// The container with this name, this id, or the only one whose id begins so.
    pub fn find(&self, key: &str) -> Result<Container, ContainerError> {
        Container::open(&self.containers.join(self.find_id(key)?))
    }

    fn find_id(&self, key: &str) -> Result<String, ContainerError> {
        let not_found = || ContainerError::NotFound { key: key.to_string() };
        if check_name(key).is_ok()
            && let Some(id) = self.holder(key)
        {
            return Ok(id);
        }
        if !is_id_prefix(key) {
            return Err(not_found());
        }
        let mut matches: Vec<String> = self.ids()?.into_iter().filter(|id| id.starts_with(key)).collect();
        match matches.len() {
            0 => Err(not_found()),
            1 => Ok(matches.remove(0)),
            _ => {
                matches.sort();
                matches.iter_mut().for_each(|id| id.truncate(12));
                Err(ContainerError::Ambiguous { key: key.to_string(), matches })
            }
        }
    }

    /// Remove a container that does not run: its name is free and it is gone from every list before
    /// its files are deleted. As an ordinary user this must run inside the entered user namespace,
    /// since the files may belong to other ids of it.
    pub fn remove(&self, container: &Container) -> Result<(), ContainerError> {
        match container.lock_idle()? {
            Some(idle) => self.remove_idle(container, &idle),
            None => Err(ContainerError::StillRunning { name: container.name().to_string() }),
        }
    }

    /// The same for a container that was ended by [`Container::end_now`].
    pub fn remove_idle(&self, container: &Container, _idle: &Idle) -> Result<(), ContainerError> {
        // Whose monitor was killed has given nothing back.
        Cgroup::of_container(container.id()).remove().map_err(|error| ContainerError::System {
            action: format!("take down the control groups of container {}", container.name()),
            source: std::io::Error::other(error),
        })?;
        self.discard(container)?.delete()?;
        let swept = Networks::existing(&self.root).map_or(Ok(()), |networks| networks.sweep());
        swept.map_err(|error| ContainerError::System {
            action: format!("take down the network of container {}", container.name()),
            source: std::io::Error::other(error),
        })
    }

    /// Give a container another name; the old one is free then.
    pub fn rename(&self, container: &Container, name: &str) -> Result<(), ContainerError> {
        check_name(name)?;
        self.reserve(name, container.id())?;
        let record = Record { name: name.to_string(), ..container.record().clone() };
        if let Err(error) = container.directory().write_record(&record) {
            self.release(name, container.id());
            return Err(error);
        }
        self.release(container.name(), container.id());
        if !container.path().exists() {
            // Whoever has removed it meanwhile may not have known its new name.
            self.release(name, container.id());
        }
        let old = [("oldName", format!("/{}", container.name()))];
        let renamed = Container { directory: container.directory().clone(), record };
        EventLog::around(&renamed).add_of(&renamed, "rename", &old);
        Ok(())
    }

    /// Remove what cannot be read as a container; `id` is one of [`Listing::damaged`].
    pub fn remove_damaged(&self, id: &str) -> Result<(), ContainerError> {
        self.to_trash(id)?.delete()
    }

    /// Delete what killed commands left behind: containers in the trash, drafts nobody makes any more, and
    /// control groups of containers that are gone, and names of neither. To be called where
    /// [`Containers::remove`] may be.
    pub fn sweep(&self) -> Result<(), ContainerError> {
        for name in names_in(&self.trash)? {
            if name.split_once('-').is_some_and(|(id, mark)| is_id(id) && is_id(mark)) {
                delete(&self.trash.join(name))?;
            }
        }
        for name in names_in(&self.tmp)? {
            let draft = self.tmp.join(&name);
            if !is_id(&name) {
                continue;
            }
            // Locked while it is deleted: nobody begins to make it meanwhile.
            if let Some(_lock) = lock_directory(&draft, FlockOperation::NonBlockingLockExclusive)? {
                delete(&draft)?;
            }
        }
        for name in names_in(&self.names)? {
            if self.holder(&name).is_none() {
                self.free_stale(&name)?;
            }
        }
        cgroup::sweep(&|id| self.containers.join(id).exists());
        Ok(())
    }

    /// Take a container out of the store; its files wait in the trash.
    pub(crate) fn discard(&self, container: &Container) -> Result<Discarded, ContainerError> {
        let discarded = self.to_trash(container.id())?;
        if !self.release(container.name(), container.id())
            // It has been renamed since it was opened.
            && let Ok(record) = Directory::new(discarded.path()).record()
        {
            self.release(&record.name, container.id());
        }
        EventLog::around(container).add_of(container, "destroy", &[]);
        Ok(discarded)
    }

    fn to_trash(&self, id: &str) -> Result<Discarded, ContainerError> {
        let discarded =
            Discarded::take(&self.containers.join(id), &self.trash.join(format!("{id}-{}", random_id()?)))?;
        discarded.ok_or_else(|| ContainerError::NotFound { key: id.get(..12).unwrap_or(id).to_string() })
    }

    /// The store a container's directory lies in.
    pub(crate) fn around(container: &Container) -> Result<Self, ContainerError> {
        Containers::open(root_of(container))
    }

    fn ids(&self) -> Result<Vec<String>, ContainerError> {
        Ok(names_in(&self.containers)?.into_iter().filter(|name| is_id(name)).collect())
    }

    fn reserve_made_up(&self, id: &str) -> Result<String, ContainerError> {
        for attempt in 0.. {
            let name = random_name(attempt > 3)?;
            match self.reserve(&name, id) {
                Ok(()) => return Ok(name),
                Err(ContainerError::NameTaken { .. }) if attempt < 100 => continue,
                Err(other) => return Err(other),
            }
        }
        unreachable!("the loop ends by returning")
    }

    /// Reserve a name by a link that only one can make.
    fn reserve(&self, name: &str, id: &str) -> Result<(), ContainerError> {
        let link = self.names.join(name);
        loop {
            match symlink(id, &link) {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(ContainerError::at("reserve the name", &link)(error)),
            }
            if !self.free_stale(name)? {
                let holder = self.holder(name).unwrap_or_default();
                let holder = holder.get(..12).unwrap_or_default().to_string();
                return Err(ContainerError::NameTaken { name: name.to_string(), holder });
            }
        }
    }

    /// Free a name; false if it is not this container's.
    fn release(&self, name: &str, id: &str) -> bool {
        let is_its = self.holder_as_linked(name).as_deref() == Some(id);
        if is_its {
            // A name left behind is stale and freed by the next who wants it.
            let _ = fs::remove_file(self.names.join(name));
        }
        is_its
    }

    fn holder_as_linked(&self, name: &str) -> Option<String> {
        let target = fs::read_link(self.names.join(name)).ok()?;
        target.to_str().filter(|id| is_id(id)).map(str::to_string)
    }

    fn holder(&self, name: &str) -> Option<String> {
        self.holder_as_linked(name).filter(|id| self.containers.join(id).is_dir())
    }
}

impl Containers {
    /// Free a name whose container was never finished or is gone; false if it is in use. Only here is
    /// a lock taken, so that two who want the same stale name cannot free each other's new one.
    fn free_stale(&self, name: &str) -> Result<bool, ContainerError> {
        let failed = || ContainerError::at::<std::io::Error>("lock", &self.names);
        let lock = fs::File::open(&self.names).map_err(failed())?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive).map_err(|errno| failed()(errno.into()))?;
        if let Some(id) = self.holder_as_linked(name) {
            // In this order: a container appears in its place before its draft is gone.
            if Draft::is_being_made(&self.tmp.join(&id)) || self.containers.join(&id).is_dir() {
                return Ok(false);
            }
        }
        match fs::remove_file(self.names.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(ContainerError::at("free the name", &self.names.join(name))(error))
            }
            _ => Ok(true),
        }
    }
}

/// The store a container's directory lies in.
pub(crate) fn root_of(container: &Container) -> &Path {
    container.path().parent().and_then(Path::parent).unwrap_or(Path::new("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::{Asked, Upkeep};
    use plimsoll_model::LaunchSpec;
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    fn new(name: Option<&str>) -> NewContainer {
        NewContainer {
            name: name.map(str::to_string),
            image: "app".into(),
            image_digest: None,
            spec: LaunchSpec::of(vec!["/bin/true".into()]),
            lowers: Vec::new(),
            upkeep: Upkeep::default(),
            asked: Asked::default(),
        }
    }

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    fn store() -> (tempfile::TempDir, Containers) {
        let temporary = tempfile::tempdir().unwrap();
        let store = Containers::open(temporary.path()).unwrap();
        store.make_directories().unwrap();
        (temporary, store)
    }

    #[test]
    fn create_find_list_remove() {
        let (temporary, store) = store();
        let web = store.create(new(Some("web")), now()).unwrap();
        let other = store.create(new(None), now()).unwrap();
        assert_eq!(store.find("web").unwrap(), web);
        assert_eq!(store.find(&web.id()[..20]).unwrap(), web);
        assert_eq!(store.find(other.name()).unwrap(), other);
        assert_eq!(store.list().unwrap().containers.len(), 2);
        assert!(matches!(store.find(""), Err(ContainerError::NotFound { .. })));
        assert!(matches!(store.find("../tmp"), Err(ContainerError::NotFound { .. })));

        store.remove(&web).unwrap();
        assert!(matches!(store.find("web"), Err(ContainerError::NotFound { .. })));
        assert!(matches!(store.remove(&web), Err(ContainerError::NotFound { .. })));
        assert_eq!(store.list().unwrap().containers, [other]);
        for emptied in ["tmp", "trash"] {
            assert_eq!(fs::read_dir(temporary.path().join(emptied)).unwrap().count(), 0, "{emptied}");
        }
    }

    #[test]
    fn a_name_has_one_holder_until_it_is_gone() {
        let (_temporary, store) = store();
        let first = store.create(new(Some("web")), now()).unwrap();
        let error = store.create(new(Some("web")), now()).unwrap_err();
        assert!(error.to_string().contains(first.record().short_id()), "{error}");
        assert_eq!(store.list().unwrap().containers.len(), 1);
        store.remove(&first).unwrap();
        store.create(new(Some("web")), now()).unwrap();
    }

    #[test]
    fn a_renamed_container_is_found_by_its_new_name_only() {
        let (_temporary, store) = store();
        let web = store.create(new(Some("web")), now()).unwrap();
        let other = store.create(new(Some("other")), now()).unwrap();
        assert!(matches!(store.rename(&web, "other"), Err(ContainerError::NameTaken { .. })));
        assert!(matches!(store.rename(&web, "-"), Err(ContainerError::BadName { .. })));
        store.rename(&web, "front").unwrap();
        assert_eq!(store.find("front").unwrap().name(), "front");
        assert!(matches!(store.find("web"), Err(ContainerError::NotFound { .. })));
        store.rename(&other, "web").unwrap();
        store.remove(&store.find("front").unwrap()).unwrap();
        store.create(new(Some("front")), now()).unwrap();
    }

    #[test]
    fn only_one_of_many_gets_the_name_even_if_it_was_stale() {
        let (_temporary, store) = store();
        symlink("0".repeat(64), store.names.join("web")).unwrap();
        let winners: usize = std::thread::scope(|scope| {
            let tries: Vec<_> =
                (0..8).map(|_| scope.spawn(|| store.create(new(Some("web")), now()).is_ok())).collect();
            tries.into_iter().map(|attempt| usize::from(attempt.join().unwrap())).sum()
        });
        assert_eq!(winners, 1);
        assert_eq!(store.list().unwrap().containers.len(), 1);
        assert_eq!(fs::read_dir(&store.tmp).unwrap().count(), 0);
    }

    #[test]
    fn a_name_whose_maker_was_killed_is_free() {
        let (_temporary, store) = store();
        let dead = "a".repeat(64);
        fs::create_dir(store.tmp.join(&dead)).unwrap();
        symlink(&dead, store.names.join("web")).unwrap();
        store.create(new(Some("web")), now()).unwrap();
    }

    #[test]
    fn what_the_killed_left_behind_is_swept_and_nothing_else() {
        let (_temporary, store) = store();
        let id = "a".repeat(64);
        fs::create_dir_all(store.trash.join(format!("{id}-{id}/upper"))).unwrap();
        fs::create_dir(store.tmp.join(&id)).unwrap();
        fs::create_dir(store.tmp.join("layer-1")).unwrap();
        let living = Draft::new(store.tmp.join("b".repeat(64))).unwrap();
        store.sweep().unwrap();
        assert_eq!(names_in(&store.trash).unwrap().len(), 0);
        assert_eq!(names_in(&store.tmp).unwrap().len(), 2);
        drop(living);
    }

    #[test]
    fn a_sweep_takes_nothing_that_is_being_made() {
        let (_temporary, store) = store();
        store.create(new(None), now()).unwrap();
        std::thread::scope(|scope| {
            let makers: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..50).try_for_each(|_| store.create(new(None), now()).map(drop))))
                .collect();
            while makers.iter().any(|maker| !maker.is_finished()) {
                store.sweep().unwrap();
            }
            makers.into_iter().for_each(|maker| maker.join().unwrap().unwrap());
        });
        assert_eq!(store.list().unwrap().containers.len(), 201);
    }

    #[test]
    fn what_a_container_made_of_its_files_hinders_no_removal() {
        let (temporary, store) = store();
        let outside = temporary.path().join("outside");
        fs::write(&outside, "x").unwrap();
        let container = store.create(new(None), now()).unwrap();
        let upper = container.path().join("upper");
        fs::create_dir_all(upper.join("closed/below")).unwrap();
        symlink(&outside, upper.join("closed/link")).unwrap();
        for closed in ["closed/below", "closed"] {
            fs::set_permissions(upper.join(closed), fs::Permissions::from_mode(0o000)).unwrap();
        }
        make_deep(&upper, 2100);
        store.remove(&container).unwrap();
        assert!(outside.exists());
        assert_eq!(names_in(&store.trash).unwrap().len(), 0);
    }

    /// Deeper than any path can say: made step by step through descriptors.
    fn make_deep(directory: &Path, depth: usize) {
        use rustix::fs::{Mode, OFlags};
        let mut at = OwnedFd::from(fs::File::open(directory).unwrap());
        for _ in 0..depth {
            rustix::fs::mkdirat(&at, "d", Mode::RWXU).unwrap();
            at = rustix::fs::openat(&at, "d", OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap();
        }
    }

    #[test]
    fn an_ambiguous_beginning_names_its_matches() {
        let (_temporary, store) = store();
        for first in ["ab1", "ab2"] {
            let id = format!("{first}{}", "0".repeat(61));
            fs::create_dir(store.containers.join(&id)).unwrap();
        }
        let error = store.find("ab").unwrap_err();
        assert!(error.to_string().contains("ab1000000000, ab2000000000"), "{error}");
    }

    #[test]
    fn one_damaged_container_does_not_hide_the_others() {
        let (_temporary, store) = store();
        let good = store.create(new(None), now()).unwrap();
        let bad = store.create(new(None), now()).unwrap();
        fs::write(bad.path().join("record.json"), "{").unwrap();
        let listing = store.list().unwrap();
        assert_eq!(listing.containers, [good]);
        assert_eq!(listing.damaged[0].0, bad.id());
        store.remove_damaged(bad.id()).unwrap();
        assert!(store.list().unwrap().damaged.is_empty());
    }

    #[test]
    fn directories_are_closed_to_others() {
        let (temporary, store) = store();
        let container = store.create(new(None), now()).unwrap();
        for path in [&temporary.path().join("containers"), container.path()] {
            assert_eq!(fs::metadata(path).unwrap().mode() & 0o777, 0o700);
        }
    }
}
