//! What a build writes down for scripts: `--iidfile` and `--metadata-file`, with buildx's keys.

use plimsoll_image::Store;
use plimsoll_image::image_index::platform_wire;
use plimsoll_model::manifest::{Descriptor, media};
use plimsoll_model::{Digest, Reference};
use serde_json::{Map, Value, json};

use super::assembling::{Assembled, Assembly};
use crate::command_error::CommandError;

/// The image id: docker's for one image, the index's digest for several.
pub fn image_id(assembly: &Assembly<'_>, assembled: &Assembled) -> Digest {
    match assembly.builts {
        [only] if assembled.listed == assembled.manifests[0] => only.built.image.config_digest,
        _ => assembled.listed,
    }
}

/// The metadata of a build.
pub fn metadata(
    assembly: &Assembly<'_>,
    assembled: &Assembled,
    names: &[Reference],
) -> Result<Value, CommandError> {
    let mut fields = Map::new();
    for one in assembly.builts {
        let key = match assembly.builts.len() {
            1 => "buildx.build.provenance".to_string(),
            _ => format!("buildx.build.provenance/{}", one.platform),
        };
        fields.extend(assembly.provenance(one).map(|predicate| (key, predicate)));
    }
    if let [only] = assembly.builts {
        fields
            .insert("containerimage.config.digest".into(), only.built.image.config_digest.to_string().into());
    }
    let descriptor = descriptor(assembly.store, assembled)?;
    fields.insert("containerimage.descriptor".into(), json!(descriptor));
    fields.insert("containerimage.digest".into(), assembled.listed.to_string().into());
    if !names.is_empty() {
        let names: Vec<String> = names.iter().map(Reference::canonical).collect();
        fields.insert("image.name".into(), names.join(",").into());
    }
    Ok(Value::Object(fields))
}

fn descriptor(store: &Store, assembled: &Assembled) -> Result<Descriptor, CommandError> {
    if let Some(index) = store.image_index(&assembled.listed).map_err(CommandError::failure)? {
        let media_type = index.index.media_type.as_deref().unwrap_or(media::OCI_INDEX);
        return Ok(Descriptor::new(media_type, assembled.listed, index.bytes.len() as u64));
    }
    let image = store.image(&assembled.listed).map_err(CommandError::failure)?;
    let media_type = image.manifest.media_type.as_deref().unwrap_or(media::OCI_MANIFEST);
    let size = image.manifest_bytes.len() as u64;
    let platform = image.config.platform.as_ref().map(platform_wire);
    Ok(Descriptor { platform, ..Descriptor::new(media_type, assembled.listed, size) })
}
