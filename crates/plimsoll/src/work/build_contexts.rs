//! `--build-context NAME=...`: what a name stands for.

use std::path::Path;

use plimsoll_build::{NamedContext, NamedContexts};
use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_image::archive::LoadedImage;
use plimsoll_image::{Context, Image};
use plimsoll_model::{Digest, Reference, Source};

use super::project;
use crate::command_error::CommandError;
use crate::session::Session;

/// Open all contexts given.
pub fn open(words: &[String], session: &Session) -> Result<NamedContexts, CommandError> {
    let mut contexts = NamedContexts::default();
    for word in words {
        let expected = "NAME=DIR, NAME=docker-image://IMAGE or NAME=oci-layout://DIR was expected";
        let (name, value) = word
            .split_once('=')
            .filter(|(name, value)| !name.is_empty() && !value.is_empty())
            .ok_or_else(|| CommandError::usage(format!("--build-context '{word}': {expected}")))?;
        if !contexts.add(name, one(name, value, session)?) {
            return Err(CommandError::usage(format!("--build-context {name} is given twice")));
        }
    }
    Ok(contexts)
}

fn one(name: &str, value: &str, session: &Session) -> Result<NamedContext, CommandError> {
    let refuse = |why: String| CommandError::usage(format!("--build-context {name}: {why}"));
    if let Some(image) = value.strip_prefix("docker-image://") {
        return image.parse().map(NamedContext::Image).map_err(|error| refuse(format!("{error}")));
    }
    if let Some(layout) = value.strip_prefix("oci-layout://") {
        return layout_image(layout, session).map(|image| NamedContext::Stored(Box::new(image)));
    }
    if is_address(value) {
        let why = "addresses cannot be fetched here yet; fetch it and give the directory";
        return Err(refuse(format!("'{value}': {why}")));
    }
    directory(Path::new(value))
}

fn directory(path: &Path) -> Result<NamedContext, CommandError> {
    if !path.is_dir() {
        return Err(project::not_there(path, "a directory was expected"));
    }
    let (ignore_name, text) = project::context_ignore_file(path)?;
    let ignore = Ignore::parse(&Source::new(ignore_name.clone(), text));
    let context = Context::open(path).map_err(CommandError::failure)?;
    Ok(NamedContext::Directory { context, ignore, ignore_name })
}

/// The image of a layout with this digest or tag; the only one, or `latest`, if neither is said.
fn layout_image(text: &str, session: &Session) -> Result<Image, CommandError> {
    let (directory, tag, digest) = layout_parts(text).map_err(CommandError::usage)?;
    let images = session.store.load_layout(Path::new(directory)).map_err(CommandError::failure)?;
    // Some writers put only the tag where the name belongs.
    let tags = |image: &LoadedImage| -> Vec<String> {
        let tag = |name: &Reference| match name.familiar_repository() == *name.to_string() {
            true => name.to_string(),
            false => name.tag_or_latest().unwrap_or_default().to_string(),
        };
        image.references.iter().map(tag).collect()
    };
    let tagged = |wanted: &str| images.iter().find(|image| tags(image).iter().any(|tag| tag == wanted));
    let found = match (digest, tag) {
        (Some(digest), _) => images.iter().find(|image| image.manifest == digest),
        (None, Some(tag)) => tagged(tag),
        (None, None) if images.len() == 1 => images.first(),
        (None, None) => tagged("latest"),
    };
    let Some(found) = found else {
        let wanted = digest.map(|digest| digest.to_string()).or(tag.map(str::to_string));
        let wanted = wanted.unwrap_or("latest".to_string());
        let known: Vec<String> = images
            .iter()
            .flat_map(|image| [vec![image.manifest.to_string()], tags(image)].concat())
            .collect();
        let message = format!("the OCI layout {directory} has no image '{wanted}', but {}", known.join(", "));
        return Err(CommandError::failure(message));
    };
    session.store.image(&found.manifest).map_err(CommandError::failure)
}

/// `DIR[:TAG][@DIGEST]` (docker/buildx, `build/opt.go`).
fn layout_parts(text: &str) -> Result<(&str, Option<&str>, Option<Digest>), String> {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => {
            let digest = digest.parse().map_err(|_| format!("'{digest}' is no digest"))?;
            (rest, Some(digest))
        }
        None => (text, None),
    };
    Ok(match rest.rsplit_once(':') {
        Some((directory, tag)) if !tag.contains('/') && !tag.is_empty() => (directory, Some(tag), digest),
        _ => (rest, None, digest),
    })
}

/// Whether a context is named by its address on the network.
pub(super) fn is_address(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    ["http://", "https://", "git://", "git@", "ssh://"].iter().any(|scheme| lower.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_with_tags_and_digests() {
        assert_eq!(layout_parts("/a/b"), Ok(("/a/b", None, None)));
        assert_eq!(layout_parts("a:v1"), Ok(("a", Some("v1"), None)));
        assert_eq!(layout_parts("/a:b/c"), Ok(("/a:b/c", None, None)));
        let digest = Digest::of(b"x");
        assert_eq!(layout_parts(&format!("a:v1@{digest}")), Ok(("a", Some("v1"), Some(digest))));
        assert!(layout_parts("a@b").is_err());
    }
}
