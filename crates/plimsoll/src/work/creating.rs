//! From a command line to a container of the store: what `run` and `create` share.

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};
use plimsoll_image::layer::LayeredTree;
use plimsoll_image::{Hold, Image};
use plimsoll_model::{Network, Platform};
use plimsoll_runtime::container::name::check_name;
use plimsoll_runtime::container::{Asked, Container, Containers, NewContainer, NewId};
use plimsoll_runtime::host::IdMap;
use plimsoll_runtime::network::{Networks, record};
use plimsoll_runtime::plan::plan;
use plimsoll_runtime::rootfs::RootFs;
use plimsoll_runtime::volume::Volumes;

use super::atomic_file;
use super::bundling;
use super::choosing_image::ImageFlags;
use crate::command_error::CommandError;
use crate::launch_flags::attachment::AttachFlags;
use crate::launch_flags::docker_words::asked;
use crate::launch_flags::labels::LabelFlags;
use crate::launch_flags::no_effect::NoEffectFlags;
use crate::launch_flags::refused::RefusedFlags;
use crate::launch_flags::upkeep::UpkeepFlags;
use crate::launch_flags::{Decided, ImageFacts, LaunchFlags, Surroundings, engine};
use crate::session::Session;
use crate::terminal;

/// The flags of `run` and `create`.
#[derive(Args)]
pub struct CreateFlags {
    /// The image, then the command and its arguments.
    #[arg(required = true, trailing_var_arg = true, value_name = "IMAGE [COMMAND] [ARG]")]
    words: Vec<String>,
    // docker's -h is --hostname.
    /// Print help.
    #[arg(long, action = ArgAction::Help)]
    help: Option<bool>,
    /// Name of the container; one is made up if not given.
    #[arg(long, value_name = "NAME", help_heading = "Container")]
    name: Option<String>,
    /// Write the container's id to a file that is not there yet.
    #[arg(long, value_name = "FILE", help_heading = "Container")]
    cidfile: Option<PathBuf>,
    #[command(flatten)]
    pub attachment: AttachFlags,
    #[command(flatten)]
    labels: LabelFlags,
    #[command(flatten)]
    image: ImageFlags,
    #[command(flatten)]
    launch: LaunchFlags,
    #[command(flatten)]
    pub upkeep: UpkeepFlags,
    #[command(flatten)]
    _no_effect: NoEffectFlags,
    #[command(flatten)]
    _refused: RefusedFlags,
}

/// A container that is decided and not yet made.
pub struct Prepared<'a> {
    session: &'a Session,
    cidfile: Option<&'a Path>,
    containers: Containers,
    id: NewId,
    volumes: Volumes,
    tree: LayeredTree,
    new: NewContainer,
    decided: Decided,
    /// Until the container's record names the layers, an rmi or a prune would take them away.
    _hold: Hold,
    /// The same for its volumes.
    _volumes_held: plimsoll_runtime::volume::Hold,
}

impl CreateFlags {
    /// The containers of which it is to share anything, as they are named.
    pub fn others(&self) -> Vec<String> {
        self.launch.others()
    }

    /// Find the image and decide everything; nothing is made yet. The container will be one of `containers`
    /// and have this id; `attached` says which streams of the caller its process will have.
    pub fn prepare<'a>(
        &'a self,
        session: &'a Session,
        containers: Containers,
        id: NewId,
        attached: [bool; 3],
    ) -> Result<Prepared<'a>, CommandError> {
        let (image_name, arguments) = self.words.split_first().ok_or_else(|| engine("no image was given"))?;
        let cidfile = self.cidfile.as_deref().filter(|path| !path.as_os_str().is_empty());
        self.check_new(cidfile)?;
        let hold = session.store.hold().map_err(engine)?;
        let image = self.image.find(session, image_name).map_err(engine)?;
        let tree = LayeredTree::of_image(&session.store, &image).map_err(engine)?;
        let volumes = session.volumes()?;
        let volumes_held = volumes.hold().map_err(engine)?;
        let facts = ImageFacts { config: &image.config, tree: &tree, volumes: &volumes };
        let around = Surroundings {
            id: &id,
            containers: &containers,
            network: &default_network(session),
            has_network: &|name| {
                let networks = Networks::open(session.store.root()).map_err(|error| error.to_string())?;
                Ok(networks.find(name).is_ok())
            },
            processors: processors(),
            ids: &session.host.ids,
            terminal: self.attachment.tty,
        };
        let mut decided = self.launch.decide(arguments, &facts, &around)?;
        decided.warnings.extend(foreign(&image));
        let labels = self.labels.labels(&image.config.labels).map_err(engine)?;
        let new = NewContainer {
            name: asked(&self.name).map(str::to_string),
            image: image_name.clone(),
            image_digest: Some(image.manifest_digest.to_string()),
            spec: decided.spec.clone(),
            lowers: tree.directories(),
            upkeep: self.upkeep.upkeep(self.attachment.interactive, &image.config).map_err(engine)?,
            asked: Asked { labels, attached, ..decided.asked.clone() },
        };
        Ok(Prepared {
            session,
            cidfile,
            containers,
            id,
            volumes,
            tree,
            new,
            decided,
            _hold: hold,
            _volumes_held: volumes_held,
        })
    }

    /// What can be refused before an image is fetched.
    fn check_new(&self, cidfile: Option<&Path>) -> Result<(), CommandError> {
        if let Some(name) = asked(&self.name) {
            check_name(name).map_err(engine)?;
        }
        match cidfile {
            // A link that leads nowhere is a file that is there.
            Some(path) if path.symlink_metadata().is_ok() => Err(engine(format!(
                "--cidfile {} exists already: remove it if its container is gone, or name another file",
                path.display()
            ))),
            _ => Ok(()),
        }
    }
}

impl Prepared<'_> {
    /// Every step of making the container, as text.
    pub fn plan(&self) -> Result<String, CommandError> {
        let rootfs = RootFs { lowers: self.new.lowers.clone(), scratch: PathBuf::from("CONTAINER") };
        Ok(plan(&self.new.spec, &self.session.host, &rootfs).map_err(engine)?.to_string())
    }

    /// Write it as a bundle for other runtimes, and make its volumes.
    pub fn bundle(self, directory: &Path) -> Result<(), CommandError> {
        self.make_sources()?;
        bundling::write(directory, &self.tree, &self.new.spec, &self.session.host)
    }

    /// Make it, with its volumes and its file of the id.
    pub fn create(self) -> Result<(Containers, Container), CommandError> {
        self.make_sources()?;
        let container =
            self.containers.create_as(self.id, self.new, jiff::Timestamp::now()).map_err(engine)?;
        if let Some(path) = self.cidfile
            && let Err(error) = atomic_file::create(path, container.id().as_bytes())
        {
            // Nobody would know its id.
            let _ = self.containers.remove(&container);
            return Err(error);
        }
        Ok((self.containers, container))
    }

    /// What is wrong but no reason to stop is told before anything is made.
    fn make_sources(&self) -> Result<(), CommandError> {
        for warning in &self.decided.warnings {
            terminal::eprint(&format!("warning: {warning}\n"));
        }
        for source in &self.decided.to_make {
            source.make(&self.volumes, &self.tree)?;
        }
        Ok(())
    }
}

/// docker's default; an ordinary user has no rights to make a bridge in the host's network.
fn default_network(session: &Session) -> Network {
    match session.host.ids {
        IdMap::Host => Network::Joined(vec![record::DEFAULT.to_string()]),
        IdMap::Range | IdMap::Single => Network::Private,
    }
}

/// A warning of an image for another machine.
fn foreign(image: &Image) -> Option<String> {
    let host = Platform::host();
    let its = image.config.platform.as_ref().filter(|its| !its.runs_on(&host))?;
    Some(format!("the image is for {its}, this machine is {host}"))
}

/// The processors we may run on: docker's number of them.
fn processors() -> u32 {
    let counted = rustix::thread::sched_getaffinity(None).map(|set| set.count());
    // More than a set has room for: then there is no bound worth a mistake.
    counted.unwrap_or(u32::MAX)
}
