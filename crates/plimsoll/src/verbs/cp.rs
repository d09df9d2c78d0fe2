//! `plimsoll cp`.

use std::path::Path;

use clap::Args;
use plimsoll_image::layer::Owner;
use plimsoll_image::transfer::{NotSet, OwnerRule};
use plimsoll_runtime::container::Container;
use plimsoll_runtime::host::IdMap;
use plimsoll_sys::root_dir::RootDir;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;
use crate::work::container_files;
use crate::work::copying::argument::Side;
use crate::work::copying::{self, CopyError, CopyRules, Written};

/// Copy files between a container and this machine. '-' is a tar archive on standard input or output.
#[derive(Args)]
#[command(
    override_usage = "plimsoll cp [OPTIONS] CONTAINER:PATH PATH|-\n       plimsoll cp [OPTIONS] PATH|- CONTAINER:PATH"
)]
pub struct Cp {
    /// Into a container: the files belong to the container's user. Out of one, as root: they keep their
    /// owners and set-id bits.
    #[arg(short, long)]
    archive: bool,
    /// Follow a symbolic link at the source.
    #[arg(short = 'L', long)]
    follow_link: bool,
    /// docker's flag against its progress; nothing is printed anyway.
    #[arg(short, long)]
    quiet: bool,
    /// What is copied.
    #[arg(value_name = "SOURCE")]
    source: String,
    /// Where to.
    #[arg(value_name = "DESTINATION")]
    destination: String,
}

impl Cp {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let refused = |why: &str| Err(CommandError::usage(why));
        match (Side::parse(&self.source), Side::parse(&self.destination)) {
            (Side::Container { .. }, Side::Container { .. }) => {
                refused("copying between containers is not supported")
            }
            (Side::Container { name, path }, here) => self.copy(&name, &path, &here, Way::Out),
            (here, Side::Container { name, path }) => self.copy(&name, &path, &here, Way::In),
            _ => refused("must specify at least one container source: CONTAINER:PATH is one"),
        }
    }

    fn copy(&self, name: &str, path: &str, here: &Side, way: Way) -> CommandResult {
        if path.is_empty() {
            return Err(CommandError::usage(format!(
                "'{name}:' names no path in the container: '{name}:/' is one"
            )));
        }
        // Relative to the root, as in docker.
        let path = format!("/{}", path.trim_start_matches('/'));
        let here = local(here)?;
        let container = Session::open_outside()?.containers()?.find(name).map_err(CommandError::failure)?;
        let (files, ids) = container_files::open(&container)?;
        let rules = self.rules(way, &ids, &container);
        let machine = RootDir::open(Path::new("/")).map_err(CommandError::failure)?;
        let inside = Written { root: files.root(), path: &path };
        let outside = |path| Written { root: &machine, path };
        let copied = match (way, &here) {
            (Way::Out, None) => {
                copying::to_stream(&inside, &rules, std::io::stdout().lock()).map(|()| NotSet::default())
            }
            (Way::Out, Some(here)) => copying::copy(&inside, &outside(here), &rules),
            (Way::In, None) => copying::from_stream(std::io::stdin().lock(), &inside, &rules),
            (Way::In, Some(here)) => copying::copy(&outside(here), &inside, &rules),
        };
        tell(copied.map_err(|error| failure(error, way, &container, &path))?, way, &ids);
        Ok(0)
    }

    /// docker keeps the numbers of owners on the way in, and gives the files to this user on the way out. An ordinary
    /// user has no other ids to speak of: it is root in its containers.
    fn rules(&self, way: Way, ids: &IdMap, container: &Container) -> CopyRules {
        let user = &container.record().spec.user;
        let owners = match (way, ids) {
            (Way::In, _) if self.archive && user.uid != 0 => {
                OwnerRule::All(Owner { uid: user.uid, gid: user.gid })
            }
            (Way::In, IdMap::Host) => OwnerRule::Kept,
            (Way::In, _) if self.source == "-" => OwnerRule::Kept,
            (Way::In, _) => OwnerRule::All(Owner::default()),
            (Way::Out, IdMap::Host) if self.archive => OwnerRule::Kept,
            (Way::Out, _) => OwnerRule::Ours,
        };
        // A device node of a container's making would be a real one out here.
        CopyRules { follow: self.follow_link, owners, devices: way == Way::In }
    }
}

/// Which way files go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

/// The absolute path of a local side, its end as written; `None` for a stream.
fn local(side: &Side) -> Result<Option<String>, CommandError> {
    let Side::Here(path) = side else { return Ok(None) };
    if path.is_empty() {
        return Err(CommandError::usage("an empty path names nothing"));
    }
    if path.starts_with('/') {
        return Ok(Some(path.clone()));
    }
    let here = std::env::current_dir().map_err(CommandError::failure)?;
    let here =
        here.to_str().ok_or_else(|| CommandError::failure("the working directory's name is not UTF-8"))?;
    Ok(Some(format!("{here}/{path}")))
}

/// The failure in words, with docker's for what is read-only.
fn failure(error: CopyError, way: Way, container: &Container, path: &str) -> CommandError {
    if way == Way::In && error.is_read_only() {
        let spec = &container.record().spec;
        let clean = plimsoll_model::file_tree::clean_path("/", path);
        let in_mount = spec.mounts.iter().any(|mount| Path::new(&clean).starts_with(&mount.target));
        return CommandError::failure(match in_mount {
            true => format!("cannot copy to {}:{path}: mounted volume is marked read-only", container.name()),
            false => {
                format!("cannot copy to {}:{path}: container rootfs is marked read-only", container.name())
            }
        });
    }
    match error {
        CopyError::Refused(why) => CommandError::failure(why),
        CopyError::Failed(error) => CommandError::failure(error),
    }
}

/// What the copies do not have.
fn tell(not_set: NotSet, way: Way, ids: &IdMap) {
    if not_set.devices > 0 {
        let why = match way {
            Way::In => "this user may not make them",
            Way::Out => "a container does not decide which there are on this machine",
        };
        terminal::eprint(&format!("warning: {} device nodes are left out: {why}\n", not_set.devices));
    }
    if not_set.owners > 0 && *ids != IdMap::Single {
        terminal::eprint(&format!("warning: {} files have owners that do not exist here\n", not_set.owners));
    }
}
