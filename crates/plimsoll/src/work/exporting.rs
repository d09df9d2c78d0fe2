//! Carry the outputs of a build out. Each is there as a whole or not at all.

use std::io::{BufWriter, Write};
use std::path::Path;

use plimsoll_image::archive::Saved;
use plimsoll_image::layer::LayeredTree;
use plimsoll_image::registry;
use plimsoll_image::rootfs::{Staging, place, write_directory, write_tar};
use plimsoll_image::transfer::NotSet;
use plimsoll_model::Reference;

use super::assembling::{Assembled, Assembly};
use super::atomic_file;
use super::output_spec::{Dest, OutputSpec, Place};
use crate::command_error::CommandError;
use crate::registry_access;
use crate::terminal::Progress;
use crate::verbs::pull;

/// Files that stand beside those of an image: statements about it.
type Beside = Vec<(String, Vec<u8>)>;

/// What outputs share.
pub struct Export<'a> {
    /// What they are made from.
    pub assembly: &'a Assembly<'a>,
    /// Names where an output has none of its own.
    pub tags: &'a [Reference],
    /// Where is told how far it is.
    pub progress: &'a Progress,
}

impl Export<'_> {
    /// The names an output gives its image.
    pub fn names<'b>(&'b self, output: &'b OutputSpec) -> &'b [Reference] {
        if output.names.is_empty() { self.tags } else { &output.names }
    }

    /// Carry one output out; gives the image where it made one.
    pub fn run(&self, output: &OutputSpec) -> Result<Option<Assembled>, CommandError> {
        let names = self.names(output);
        let store = self.assembly.store;
        if !output.makes_image() {
            self.files(&output.place)?;
            return Ok(None);
        }
        let assembled = self.assembly.assemble(&output.form, names)?;
        let saved = || {
            let annotations = assembled.entry_annotations.clone();
            [Saved { listed: assembled.listed, names: names.to_vec(), annotations }]
        };
        match &output.place {
            Place::Store { push, insecure } => self.keep(&assembled, names, *push, *insecure)?,
            Place::Oci(dest) => {
                write_to(dest, |out| store.save_layout(&saved(), out).map_err(CommandError::failure))?
            }
            Place::OciDirectory(path) => {
                let staging = Staging::begin(path).map_err(CommandError::failure)?;
                let root = staging.root().map_err(CommandError::failure)?;
                store.save_layout_directory(&saved(), &root).map_err(CommandError::failure)?;
                place(&staging).map_err(CommandError::failure)?;
            }
            Place::Docker(dest) => {
                let image = store.image(&assembled.listed).map_err(CommandError::failure)?;
                let image = [(&image, names.to_vec())];
                write_to(dest, |out| store.save_docker(&image, out).map_err(CommandError::failure))?;
            }
            Place::Tar(_) | Place::Local(_) | Place::CacheOnly => {}
        }
        Ok(Some(assembled))
    }

    /// Name an image in the store, and send it to the registries of its names.
    fn keep(
        &self,
        assembled: &Assembled,
        names: &[Reference],
        push: bool,
        insecure: bool,
    ) -> Result<(), CommandError> {
        let store = self.assembly.store;
        if names.is_empty() {
            store.keep(&assembled.listed).map_err(CommandError::failure)?;
        }
        for name in names {
            store.tag(&assembled.listed, name).map_err(CommandError::failure)?;
        }
        if !push {
            return Ok(());
        }
        let access = registry_access::access(insecure)?;
        for name in names {
            self.progress.doing(&format!("pushing {name}"));
            let events = |event: registry::Event| pull::show(&event, self.progress);
            registry::push(&assembled.listed, name, store, &access, &events)
                .map_err(CommandError::failure)?;
        }
        Ok(())
    }

    /// The files of the images; those of several platforms each in a directory of its own.
    fn files(&self, to: &Place) -> Result<(), CommandError> {
        let mut trees = Vec::new();
        let mut beside = Vec::new();
        for one in self.assembly.builts {
            let below = match self.assembly.builts.len() {
                1 => String::new(),
                _ => one.platform.to_string().replace('/', "_"),
            };
            let tree = LayeredTree::of_image(self.assembly.store, &one.built.image);
            let tree = tree.map_err(CommandError::failure)?;
            for (name, statement) in
                self.assembly.statements(one, &one.built.image.manifest_digest, self.tags)?
            {
                if tree.get(name.as_bytes()).is_some() {
                    return Err(CommandError::failure(format!(
                        "the image has a file /{name} itself: there is no place for the statement of this name"
                    )));
                }
                beside.push((join(&below, name), statement.bytes));
            }
            trees.push((below, tree));
        }
        match to {
            Place::Tar(dest) => {
                write_to(dest, |out| write_tar(&trees, &beside, out).map_err(CommandError::failure))
            }
            Place::Local(path) => self.local(path, &trees, &beside),
            _ => Ok(()),
        }
    }

    fn local(
        &self,
        path: &Path,
        trees: &[(String, LayeredTree)],
        beside: &Beside,
    ) -> Result<(), CommandError> {
        let staging = Staging::begin(path).map_err(CommandError::failure)?;
        let root = staging.root().map_err(CommandError::failure)?;
        let failed = |error| CommandError::file("write", path, &error);
        let mut not_set = NotSet::default();
        for (below, tree) in trees {
            let written = match below.as_str() {
                "" => write_directory(tree, &root),
                below => {
                    root.mkdir(below, 0o755).map_err(failed)?;
                    write_directory(tree, &root.subdir(below).map_err(failed)?)
                }
            };
            not_set = not_set.and(written.map_err(CommandError::failure)?);
        }
        for (name, bytes) in beside {
            root.create_file(name, 0o644).and_then(|mut file| file.write_all(bytes)).map_err(failed)?;
        }
        place(&staging).map_err(CommandError::failure)?;
        if let Some(missing) = not_set_words(&not_set) {
            self.progress.done(&format!("warning: {missing}; type=tar has them"));
        }
        Ok(())
    }
}

/// What the files do not have that the image has.
pub fn not_set_words(not_set: &NotSet) -> Option<String> {
    let counted = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        count => Some(format!("{count} {what}s")),
    };
    let missing = [
        counted(not_set.owners, "owner"),
        counted(not_set.attributes, "extended attribute"),
        counted(not_set.devices, "device node"),
    ];
    let missing: Vec<String> = missing.into_iter().flatten().collect();
    (!missing.is_empty()).then(|| format!("this user may not set {}", missing.join(", ")))
}

fn join(below: &str, name: &str) -> String {
    if below.is_empty() { name.to_string() } else { format!("{below}/{name}") }
}

fn write_to(
    dest: &Dest,
    write: impl FnOnce(&mut dyn Write) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    match dest {
        Dest::File(path) => atomic_file::replace(path, write),
        Dest::Stdout => write(&mut BufWriter::new(std::io::stdout().lock())),
    }
}
