//! `plimsoll inspect`.

use clap::Args;
use plimsoll_image::{Image, Store};
use serde_json::{Value, json};

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;

/// Print all that is known about images, as docker's JSON.
#[derive(Args)]
pub struct Inspect {
    /// Names, ids or digests.
    #[arg(required = true)]
    images: Vec<String>,
}

impl Inspect {
    /// Run the verb. What was found is printed although something else was not.
    pub fn execute(self) -> CommandResult {
        let session = Session::open_to_look()?;
        let mut found = Vec::new();
        let mut failed = Vec::new();
        for name in &self.images {
            let image = session.image(name);
            match image.and_then(|image| document(&session.store, &image).map_err(CommandError::failure)) {
                Ok(document) => found.push(document),
                Err(error) => failed.push(error),
            }
        }
        let text = serde_json::to_string_pretty(&found).map_err(CommandError::failure)?;
        terminal::print(&format!("{text}\n"));
        if failed.is_empty() { Ok(0) } else { Err(CommandError::all(failed)) }
    }
}

/// docker's document of an image. `Config` is what the image says, key by key.
fn document(store: &Store, image: &Image) -> plimsoll_image::Result<Value> {
    let names = store.names_of(&image.manifest_digest)?;
    let raw: Value = serde_json::from_slice(&image.config_bytes).unwrap_or(Value::Null);
    let field = |name: &str| raw.get(name).cloned().unwrap_or(Value::Null);
    let text = |name: &str| raw.get(name).and_then(Value::as_str).unwrap_or("").to_string();
    let digests =
        names.iter().map(|name| format!("{}@{}", name.familiar_repository(), image.manifest_digest));
    let size: u64 =
        image.layers().map(|(blob, diff_id)| store.layer_size(&diff_id).unwrap_or(blob.size)).sum();
    let layers: Vec<String> = image.config.diff_ids.iter().map(ToString::to_string).collect();
    Ok(json!({
        "Id": image.config_digest.to_string(),
        "RepoTags": names.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "RepoDigests": digests.collect::<Vec<_>>(),
        "Parent": "",
        "Comment": "",
        "Created": field("created"),
        "Author": text("author"),
        "Architecture": text("architecture"),
        "Variant": text("variant"),
        "Os": text("os"),
        "Size": size,
        "Config": field("config"),
        "RootFS": { "Type": "layers", "Layers": layers },
        "Digest": image.manifest_digest.to_string(),
    }))
}
