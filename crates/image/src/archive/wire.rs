//! The JSON files of docker's archive format (moby `image/tarexport`, version 1.2).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One element of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DockerImage {
    /// File of the configuration.
    pub config: String,
    /// Names, familiar form.
    #[serde(default)]
    pub repo_tags: Option<Vec<String>>,
    /// Files of the layers, lowest first.
    #[serde(default)]
    pub layers: Option<Vec<String>>,
}

/// `repositories`: name to tag to the id of the top layer. Only readers before Docker 1.10 use it.
pub(super) type Repositories = BTreeMap<String, BTreeMap<String, String>>;
