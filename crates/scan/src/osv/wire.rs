//! The fields of an OSV record we read (ossf/osv-schema 1.7), borrowed from the buffer where JSON
//! allows. `null` and absent mean the same.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

/// Enough of a record to know whether it is needed.
#[derive(Deserialize)]
pub(super) struct Outline<'a> {
    #[serde(borrow, default)]
    pub(super) modified: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) withdrawn: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "null_is_empty")]
    pub(super) affected: Vec<OutlineAffected<'a>>,
}

#[derive(Deserialize)]
pub(super) struct OutlineAffected<'a> {
    #[serde(borrow, default)]
    pub(super) package: Option<Package<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Package<'a> {
    #[serde(borrow)]
    pub(super) ecosystem: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(default, deserialize_with = "null_is_empty")]
    pub(super) aliases: Vec<String>,
    #[serde(default, deserialize_with = "null_is_empty")]
    pub(super) upstream: Vec<String>,
    #[serde(borrow, default)]
    pub(super) summary: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) details: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "null_is_empty")]
    pub(super) severity: Vec<Severity>,
    #[serde(borrow, default, deserialize_with = "null_is_empty")]
    pub(super) affected: Vec<Affected<'a>>,
    #[serde(default)]
    pub(super) database_specific: serde_json::Value,
}

#[derive(Deserialize)]
pub(super) struct Severity {
    #[serde(default)]
    pub(super) score: String,
}

#[derive(Deserialize)]
pub(super) struct Affected<'a> {
    #[serde(borrow, default)]
    pub(super) package: Option<Package<'a>>,
    #[serde(default, deserialize_with = "null_is_empty")]
    pub(super) ranges: Vec<Range>,
    #[serde(default, deserialize_with = "null_is_empty")]
    pub(super) versions: Vec<String>,
    #[serde(default, deserialize_with = "null_is_empty")]
    pub(super) severity: Vec<Severity>,
    #[serde(default)]
    pub(super) ecosystem_specific: serde_json::Value,
    #[serde(default)]
    pub(super) database_specific: serde_json::Value,
}

#[derive(Deserialize)]
pub(super) struct Range {
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    #[serde(default, deserialize_with = "null_is_empty")]
    pub(super) events: Vec<Event>,
}

/// Exactly one is given.
#[derive(Deserialize, Default)]
pub(super) struct Event {
    pub(super) introduced: Option<String>,
    pub(super) fixed: Option<String>,
    pub(super) last_affected: Option<String>,
    pub(super) limit: Option<String>,
}

fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(from)?.unwrap_or_default())
}
