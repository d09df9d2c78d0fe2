//! `plimsoll commit`.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};
use plimsoll_image::variant::MediaTypes;
use plimsoll_model::{Digest, Reference};
use plimsoll_runtime::container::Container;
use plimsoll_runtime::events::EventLog;

use crate::command_error::{CommandError, CommandResult};
use crate::launch_flags::docker_words::{as_docker, boolean};
use crate::session::Session;
use crate::terminal;
use crate::work::atomic_file;
use crate::work::committing::interruption::PutOff;
use crate::work::committing::{Changes, Commit as Committing};
use crate::work::epoch::BuildTime;

/// Make an image of what a container has written, and print its id.
///
/// What lies in volumes and other mounts is no part of it. The same files give the same layer: their times are
/// not later than SOURCE_DATE_EPOCH, which is 1970 if it is not set, as in a build.
#[derive(Args)]
#[command(mut_args(as_docker))]
pub struct Commit {
    /// Who has made it.
    #[arg(short, long)]
    author: Option<String>,
    /// What it is about: the comment of its history.
    #[arg(short, long)]
    message: Option<String>,
    /// Change its configuration by an instruction of a Dockerfile: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK,
    /// LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME or WORKDIR.
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// Let the container stand still meanwhile; --pause=false does not.
    #[arg(short, long, action = ArgAction::Set, value_name = "BOOL", value_parser = boolean)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "true")]
    pause: bool,
    /// Whose words the manifest has.
    #[arg(short, long, value_enum, default_value = "oci")]
    format: Format,
    /// Write the image's id to a file.
    #[arg(long, value_name = "FILE")]
    iidfile: Option<PathBuf>,
    /// podman's flag against its progress; nothing but the id is printed anyway.
    #[arg(short, long)]
    quiet: bool,
    #[arg(short, long, hide = true)]
    squash: bool,
    #[arg(short, long, hide = true)]
    include_volumes: bool,
    /// Name or id of the container.
    container: String,
    /// Name of the image; it has none if not given.
    image: Option<Reference>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Oci,
    Docker,
}

impl Commit {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        self.refuse()?;
        let changes = Changes::parse(&self.change)?;
        let time = BuildTime::given()?;
        // Held still from outside, before a user namespace is entered in which the files can be read.
        let found = Session::open_outside()?.containers()?.find(&self.container);
        let container = found.map_err(CommandError::failure)?;
        let signals = if self.pause { PutOff::all() } else { None };
        let held = self.pause.then(|| container.hold_still()).transpose().map_err(CommandError::failure)?;
        let session = Session::open_beside(&[container.id().to_string()])?;
        if let Some(signals) = signals {
            signals.let_go_on(&container);
        }
        let _hold = session.store.hold().map_err(CommandError::failure)?;
        let commit = Committing {
            author: self.author.as_deref(),
            message: self.message.as_deref(),
            changes: &changes,
            time: &time,
        };
        let manifest = commit.make(&session, &container).map_err(|error| match self.pause {
            true => error,
            false => error.hint("without --pause=false the container stands still meanwhile"),
        });
        if let Some(held) = held {
            held.end().map_err(CommandError::failure)?;
        }
        self.keep(&session, &container, manifest?)
    }

    fn refuse(&self) -> Result<(), CommandError> {
        if self.squash {
            return Err(CommandError::usage(
                "--squash is not carried out: export writes all files as one archive, which ADD makes one layer of",
            ));
        }
        if self.include_volumes {
            return Err(CommandError::usage(
                "--include-volumes is not carried out: cp takes files out of a volume, and a build puts them in",
            ));
        }
        match &self.image {
            Some(name) if name.digest.is_some() => Err(CommandError::usage(format!(
                "'{name}' has a digest: the name of a new image cannot have one"
            ))),
            _ => Ok(()),
        }
    }

    /// Give the image its name, and tell its id.
    fn keep(&self, session: &Session, container: &Container, manifest: Digest) -> CommandResult {
        let store = &session.store;
        let image = store.image(&manifest).map_err(CommandError::failure)?;
        let listed = match self.format {
            Format::Oci => Ok(manifest),
            Format::Docker => {
                let layers = image.committed_layers();
                store.create_variant(&image, &layers, MediaTypes::Docker, Default::default())
            }
        };
        let listed = listed.map_err(CommandError::failure)?;
        let named = match &self.image {
            Some(name) => store.tag(&listed, name),
            None => store.keep(&listed),
        };
        named.map_err(CommandError::failure)?;
        let comment = self.message.clone().unwrap_or_default();
        EventLog::around(container).add_of(container, "commit", &[("comment", comment)]);
        let id = image.config_digest.to_string();
        if let Some(path) = &self.iidfile {
            atomic_file::replace(path, |out| out.write_all(id.as_bytes()).map_err(CommandError::failure))?;
        }
        terminal::print(&format!("{id}\n"));
        Ok(0)
    }
}
