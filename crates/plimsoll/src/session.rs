//! What every verb stands on: the store, the ids we have become, the machine's facts.

use std::ffi::CString;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use plimsoll_image::layer::LayeredTree;
use plimsoll_image::{Image, Store};
use plimsoll_runtime::container::Containers;
use plimsoll_runtime::host::HostFacts;
use plimsoll_runtime::volume::Volumes;
use plimsoll_sys::own_program;
use plimsoll_sys::userns::{self, EnteredIds};

use crate::command_error::{CommandError, ErrorKind};
use crate::terminal;

/// An opened store and the ids it is used with.
pub struct Session {
    /// The store.
    pub store: Store,
    /// What this machine allows.
    pub host: HostFacts,
}

impl Session {
    /// Become root of a user namespace if we are an ordinary user, and open the store. Must come
    /// before any thread is started.
    pub fn open() -> Result<Session, CommandError> {
        Session::open_beside(&[])
    }

    /// The same to start a container that shares namespaces with others. An ordinary user's belong to the
    /// user namespace they were made in: that of the first of them that runs is entered, and whoever is
    /// started there may join them.
    pub fn open_beside(others: &[String]) -> Result<Session, CommandError> {
        let root = store_root()?;
        let beside = match others.is_empty() || rustix::process::geteuid().is_root() {
            true => None,
            false => Session::open_outside()?.first_process(others)?,
        };
        Session::with_ids(root, become_root(beside)?)
    }

    /// That of the first of these containers that runs.
    fn first_process(&self, names: &[String]) -> Result<Option<OwnedFd>, CommandError> {
        let containers = self.containers()?;
        let found = names.iter().filter_map(|name| containers.find(name).ok());
        Ok(found.filter_map(|container| container.first_process().ok()).next())
    }

    /// The same for verbs whose own children become processes of containers: they go on from a read-only
    /// mount of our program file.
    pub fn open_to_launch() -> Result<Session, CommandError> {
        let root = store_root()?;
        let ids = become_root(None)?;
        run_read_only(&root)?;
        Session::with_ids(root, ids)
    }

    /// The same for verbs that only look: where no user namespace can be made they see what the
    /// user's own rights show.
    pub fn open_to_look() -> Result<Session, CommandError> {
        let root = store_root()?;
        let ids = userns::enter().unwrap_or(EnteredIds::Single);
        Session::with_ids(root, ids)
    }

    /// The same without entering a namespace, for a verb that enters a running container.
    pub fn open_to_enter() -> Result<Session, CommandError> {
        let root = store_root()?;
        run_read_only(&root)?;
        Session::with_ids(root, EnteredIds::Host)
    }

    /// The same without entering anything, for verbs that act on running processes from outside.
    pub fn open_outside() -> Result<Session, CommandError> {
        let root = store_root()?;
        Session::with_ids(root, EnteredIds::Host)
    }

    fn with_ids(root: PathBuf, ids: EnteredIds) -> Result<Session, CommandError> {
        // Not before: executed once more, we may still have to read one of them (`--env-file <(...)`).
        if let Err(error) = own_program::keep_descriptors_to_ourselves() {
            // Kernels before 5.11; the containers themselves get no descriptor in any case.
            terminal::eprint(&format!("warning: inherited descriptors stay open in monitors: {error}\n"));
        }
        if root.metadata().is_ok_and(|found| !found.is_dir()) {
            let message = format!("{} is no directory: images cannot be kept there", root.display());
            return Err(
                CommandError::failure(message).hint(format!("{ROOT_VARIABLE} says where they are kept"))
            );
        }
        let store = Store::open(&root).map_err(CommandError::failure)?;
        Ok(Session { store, host: HostFacts::gather(ids) })
    }

    /// An image of the store by name, id or digest.
    pub fn image(&self, name: &str) -> Result<Image, CommandError> {
        self.store.find_image(name).map_err(|error| match error {
            plimsoll_image::Error::NoSuchImage { .. } => CommandError::failure(error)
                .hint("plimsoll images lists those it has; build, pull and load bring more"),
            error => CommandError::failure(error),
        })
    }

    /// The same with its files at hand.
    pub fn unpacked(&self, name: &str) -> Result<(Image, LayeredTree), CommandError> {
        let image = self.image(name)?;
        let tree = LayeredTree::of_image(&self.store, &image).map_err(CommandError::failure)?;
        Ok((image, tree))
    }

    /// The volumes of the store.
    pub fn volumes(&self) -> Result<Volumes, CommandError> {
        Volumes::open(self.store.root()).map_err(CommandError::failure)
    }

    /// The containers of the store.
    pub fn containers(&self) -> Result<Containers, CommandError> {
        Containers::open(self.store.root()).map_err(CommandError::failure)
    }
}

/// Root of a user namespace of our own, or of the one that a container was started in.
fn become_root(beside: Option<OwnedFd>) -> Result<EnteredIds, CommandError> {
    let entered = match beside {
        Some(other) => userns::enter_beside(other.as_fd()),
        None => userns::enter(),
    };
    entered.map_err(|error| {
        CommandError::new(ErrorKind::Machine, error).hint("plimsoll doctor shows what this machine allows")
    })
}

/// Says where the store is.
const ROOT_VARIABLE: &str = "PLIMSOLL_ROOT";

/// `PLIMSOLL_ROOT`, else root's or the user's usual place.
pub fn store_root() -> Result<PathBuf, CommandError> {
    if let Some(root) = std::env::var_os(ROOT_VARIABLE).filter(|root| !root.is_empty()) {
        return std::path::absolute(&root).map_err(CommandError::usage);
    }
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/plimsoll"));
    }
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")));
    data.map(|data| data.join("plimsoll")).ok_or_else(|| {
        CommandError::usage("neither PLIMSOLL_ROOT, XDG_DATA_HOME nor HOME says where images are kept")
    })
}

/// For a verb that begins with [`Session::open_to_enter`]: executed once more before anything else is done, so
/// that nothing is done twice. What keeps us from it is told when the session is opened.
pub fn run_read_only_early() {
    let _ = store_root().and_then(|root| run_read_only(&root));
}

/// Go on from a read-only mount of our program file, so that no container can get hold of a link to
/// the file on the host (CVE-2019-5736). Returns in a process that runs from there already. Inside a
/// user namespace everybody is uid 0, so where the store is has to be said.
fn run_read_only(root: &Path) -> Result<(), CommandError> {
    let failed = |why: String| {
        CommandError::new(
            ErrorKind::Machine,
            format!("cannot protect plimsoll's own program file from containers: {why}"),
        )
    };
    let owned =
        |bytes: Vec<u8>| CString::new(bytes).map_err(|_| failed("an argument holds a zero byte".to_string()));
    let argv = std::env::args_os().map(|word| owned(word.into_vec())).collect::<Result<Vec<_>, _>>()?;
    let others = std::env::vars_os().filter(|(name, _)| name != ROOT_VARIABLE);
    let all = others.chain([(ROOT_VARIABLE.into(), root.as_os_str().to_os_string())]);
    let variables = all.map(|(name, value)| [name.into_vec(), value.into_vec()].join(&b'='));
    let env = variables.map(owned).collect::<Result<Vec<_>, _>>()?;
    own_program::run_read_only(&argv, &env).map_err(|error| failed(plimsoll_image::error::reason(&error)))
}

/// Our own program, for monitors and for the lab's images: the file this process runs from, wherever
/// it is mounted.
pub const OWN_PROGRAM: &str = "/proc/self/exe";
