//! `--cache-from` and `--cache-to`: step caches in a registry or a directory, in docker's words.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use plimsoll_build::Built;
use plimsoll_build::cache_image::{self, Contents};
use plimsoll_image::{Image, registry};
use plimsoll_model::user::nearest;
use plimsoll_model::{Digest, Platform, Reference};

use crate::command_error::CommandError;
use crate::registry_access;
use crate::session::Session;
use crate::terminal::Progress;
use crate::verbs::pull::show;

/// Where step results come from and go to.
#[derive(Args, Clone, Default)]
pub struct CacheFlags {
    /// Take over step results and cache mounts: type=local,src=DIR, type=registry,ref=NAME, or just NAME.
    #[arg(long, value_name = "SOURCE")]
    pub cache_from: Vec<CachePlace>,
    /// Hand step results and cache mounts on: type=local,dest=DIR or type=registry,ref=NAME; mode=max
    /// for all stages.
    #[arg(long, value_name = "DESTINATION")]
    pub cache_to: Vec<CachePlace>,
}

/// A place that holds a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachePlace {
    kind: Kind,
    /// Hand on the steps of all stages, not only those of the image.
    all_stages: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Registry(Reference),
    Directory(PathBuf),
}

/// The annotation of a directory that a cache may be written into again.
const MARK: &str = "plimsoll.cache";

const TYPES: [&str; 2] = ["local", "registry"];
const KEYS: [&str; 5] = ["type", "ref", "src", "dest", "mode"];

impl FromStr for CachePlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.contains('=') {
            return Ok(CachePlace { kind: Kind::Registry(reference(text)?), all_stages: false });
        }
        let (mut kind, mut place, mut all_stages) = (None, None, false);
        for field in text.split(',') {
            let (key, value) = field.split_once('=').ok_or_else(|| format!("'{field}' is no key=value"))?;
            match key {
                "type" => kind = Some(value),
                "ref" | "src" | "dest" => place = Some(value),
                "mode" => {
                    all_stages = match value {
                        "max" => true,
                        "min" => false,
                        _ => return Err(format!("'{value}' is no mode of a cache; min and max are")),
                    }
                }
                _ => {
                    let near = nearest(key, KEYS.iter()).map(|near| format!("; did you mean '{near}'?"));
                    return Err(format!("a cache has no key '{key}'{}", near.unwrap_or_default()));
                }
            }
        }
        let needs = |key: &str| format!("a {} cache needs {key}", kind.unwrap_or("registry"));
        let kind = match kind {
            Some("registry") => Kind::Registry(reference(place.ok_or_else(|| needs("ref=NAME"))?)?),
            Some("local") => {
                Kind::Directory(PathBuf::from(place.ok_or_else(|| needs("src=DIR or dest=DIR"))?))
            }
            other => {
                let other = other.unwrap_or_default();
                return Err(format!("'{other}' is no type of cache here; {} are", TYPES.join(" and ")));
            }
        };
        Ok(CachePlace { kind, all_stages })
    }
}

fn reference(text: &str) -> Result<Reference, String> {
    text.parse().map_err(|error: plimsoll_model::reference::BadReference| error.to_string())
}

/// Take over what the places have. A cache that cannot be had makes a build slower, not wrong: it is
/// told and no more. The caller holds the store.
pub fn take_over(session: &Session, flags: &CacheFlags, progress: &Progress) {
    for place in &flags.cache_from {
        let taken = place
            .fetch(session, progress)
            .and_then(|image| cache_image::import(&session.store, &image).map_err(CommandError::failure));
        if let Err(error) = taken {
            progress.done(&format!("warning: the cache {place} is not used: {}", error.message));
        }
    }
}

/// Hand on what these builds used, one a platform. The caller holds the store.
pub fn hand_on(
    session: &Session,
    flags: &CacheFlags,
    builts: &[&Built],
    progress: &Progress,
) -> Result<(), CommandError> {
    for place in &flags.cache_to {
        let steps_of = |built: &&Built| match place.all_stages {
            true => built.keys.all.clone(),
            false => built.keys.image.clone(),
        };
        let contents = Contents {
            steps: builts.iter().flat_map(steps_of).collect(),
            mounts: builts.iter().flat_map(|built| built.keys.mounts.clone()).collect(),
        };
        let cache = cache_image::export(&session.store, &contents).map_err(CommandError::failure)?;
        place.send(session, &cache, progress)?;
    }
    Ok(())
}

impl CachePlace {
    fn fetch(&self, session: &Session, progress: &Progress) -> Result<Image, CommandError> {
        let manifest = match &self.kind {
            Kind::Registry(reference) => {
                let access = registry_access::access(false)?;
                let events = |event| show(&event, progress);
                let platform = Platform::host();
                registry::fetch(reference, &platform, &session.store, &access, &events)
                    .map_err(CommandError::failure)?
                    .manifest
            }
            Kind::Directory(path) => {
                let loaded = session.store.load_layout(path).map_err(CommandError::failure)?;
                let first = loaded.first().ok_or_else(|| CommandError::failure("it holds no cache"))?;
                first.manifest
            }
        };
        session.store.image(&manifest).map_err(CommandError::failure)
    }

    fn send(&self, session: &Session, cache: &Digest, progress: &Progress) -> Result<(), CommandError> {
        match &self.kind {
            Kind::Registry(reference) => {
                let access = registry_access::access(false)?;
                let events = |event| show(&event, progress);
                registry::push(cache, reference, &session.store, &access, &events)
                    .map(drop)
                    .map_err(CommandError::failure)
            }
            Kind::Directory(path) => {
                let cache = session.store.image(cache).map_err(CommandError::failure)?;
                session.store.replace_layout(&cache, path, MARK).map_err(CommandError::failure)
            }
        }
    }
}

impl std::fmt::Display for CachePlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            Kind::Registry(reference) => write!(f, "{reference}"),
            Kind::Directory(path) => write!(f, "{}", path.display()),
        }
    }
}
