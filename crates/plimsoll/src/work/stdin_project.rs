//! `build -` and `build -f -`: a context or a Dockerfile on standard input (docker's rules,
//! docker/buildx `build/opt.go`).

use std::io::{self, Read};
use std::path::Path;

use plimsoll_image::Store;
use plimsoll_image::compression::Compression;
use plimsoll_image::layer::{LayerBuilder, LayeredTree, Owner, UnpackedTree, is_archive};

use super::project::{self, Project};
use super::remote_project;
use crate::command_error::CommandError;

/// Bytes that tell an archive from a text: a tar header.
const HEAD: u64 = 512;

/// What messages call a Dockerfile from standard input.
const NAME: &str = "stdin";

/// What stands for standard input on a command line.
fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Open a project some part of which may come from standard input.
pub fn open(store: &Store, directory: &Path, file: Option<&Path>) -> Result<Project, CommandError> {
    if let Some(address) = remote_project::address(directory) {
        if file.is_some_and(is_stdin) {
            return Err(CommandError::usage(
                "the Dockerfile of a repository cannot come from standard input",
            ));
        }
        return remote_project::open(store, &address?, file);
    }
    match (is_stdin(directory), file) {
        (true, Some(file)) if is_stdin(file) => Err(CommandError::usage(
            "context and Dockerfile cannot both come from standard input: name a directory, or put the \
             Dockerfile into the archive",
        )),
        (true, file) => on_stdin(store, file),
        (false, Some(file)) if is_stdin(file) => {
            Project::with_text(directory, NAME, project::text_of(io::stdin().lock(), NAME)?)
        }
        (false, file) => Project::open(directory, file),
    }
}

/// An archive is the context with the Dockerfile in it; anything else is the Dockerfile, of a context
/// without any file.
fn on_stdin(store: &Store, file: Option<&Path>) -> Result<Project, CommandError> {
    let mut stdin = io::stdin().lock();
    let mut head = Vec::new();
    stdin.by_ref().take(HEAD).read_to_end(&mut head).map_err(unreadable)?;
    if head.is_empty() {
        return Err(CommandError::usage(
            "standard input is empty: a Dockerfile or a tar archive was expected",
        ));
    }
    // What is packed is no text; whether a tar is inside is seen when it is unpacked.
    let archive = Compression::detect(&head) != Compression::None || is_archive(head.as_slice());
    let whole = head.as_slice().chain(stdin);
    match (archive, file) {
        (true, file) => Project::in_archive(unpack(store, Some(whole))?, file),
        (false, None) => {
            let text = project::text_of(whole, NAME)?;
            Project::of_text_only(unpack(store, None::<io::Empty>)?, NAME, text)
        }
        (false, Some(file)) => Err(CommandError::usage(format!(
            "standard input is no archive but a Dockerfile, and -f {} names another one: leave one away",
            file.display()
        ))),
    }
}

/// The files of an archive below the store, gone with the value. Its owners do not count, its modes do.
fn unpack(store: &Store, archive: Option<impl Read>) -> Result<UnpackedTree, CommandError> {
    let nothing = LayeredTree::empty();
    // The times of a context never reach an image.
    let epoch = 0;
    let unpacked = LayerBuilder::new(store, &nothing, epoch).and_then(|mut builder| {
        if let Some(archive) = archive {
            builder.add_archive(archive, b"", Some(Owner::default()))?;
        }
        builder.finish_unpacked()
    });
    unpacked.map_err(|error| CommandError::failure(format!("the context on standard input: {error}")))
}

fn unreadable(error: io::Error) -> CommandError {
    CommandError::failure(format!("cannot read standard input: {}", plimsoll_image::error::reason(&error)))
}
