//! `ps --filter`: docker's conditions on containers.

use std::str::FromStr;

use jiff::Timestamp;
use plimsoll_image::Image;
use plimsoll_model::launch::MountSource;
use plimsoll_model::{Digest, Network, PortSpec, Reference};
use plimsoll_runtime::container::{Container, Record};

use super::Seen;
use crate::command_error::CommandError;
use crate::session::Session;
use crate::verbs::filter_kind;
use crate::verbs::prune_filter::has_label;

/// The kinds there are.
const KINDS: [&str; 13] = [
    "id", "name", "label", "status", "exited", "ancestor", "before", "since", "health", "network", "volume",
    "publish", "expose",
];
const STATES: [&str; 7] = ["created", "restarting", "running", "removing", "paused", "exited", "dead"];
const HEALTHS: [&str; 4] = ["starting", "healthy", "unhealthy", "none"];

/// One condition as written: its kind and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    kind: &'static str,
    value: String,
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, value) = filter_kind::split(text, &KINDS, "status=exited")?;
        let one_of = |words: &[&str]| match words.contains(&value) {
            true => Ok(()),
            false => Err(format!("'{value}' is no {kind}: it is one of {}", words.join(", "))),
        };
        match kind {
            "status" => one_of(&STATES)?,
            "health" => one_of(&HEALTHS)?,
            "exited" => {
                value.parse::<i32>().map_err(|_| format!("'{value}' is no exit code"))?;
            }
            "publish" | "expose" => {
                PortSpec::parse_range(value).ok_or_else(|| format!("'{value}' is no port"))?;
            }
            _ => {}
        }
        Ok(Filter { kind, value: value.to_string() })
    }
}

/// All conditions: of each kind one must hold, of labels all.
pub struct Conditions<'a> {
    session: &'a Session,
    filters: Vec<Filter>,
    /// What `before` and `since` mean, and the image of each `ancestor`.
    before: Option<Timestamp>,
    since: Option<Timestamp>,
    ancestors: Vec<(String, Image)>,
}

impl<'a> Conditions<'a> {
    /// Look up what filters name.
    pub fn of(session: &'a Session, filters: &[Filter]) -> Result<Self, CommandError> {
        let filters = filters.to_vec();
        let mut conditions =
            Conditions { session, filters, before: None, since: None, ancestors: Vec::new() };
        for filter in conditions.filters.clone() {
            let created = || {
                let container = session.containers()?.find(&filter.value);
                container.map(|found| found.record().created).map_err(CommandError::failure)
            };
            match filter.kind {
                "before" => conditions.before = Some(created()?),
                "since" => conditions.since = Some(created()?),
                // An image that is gone may still be the one a container was made of.
                "ancestor" => {
                    let image = session.store.find_image(&filter.value).ok();
                    conditions.ancestors.extend(image.map(|image| (filter.value.clone(), image)));
                }
                _ => {}
            }
        }
        Ok(conditions)
    }

    /// A status is asked for, so those that do not run are meant, too.
    pub fn name_a_status(&self) -> bool {
        self.filters.iter().any(|filter| filter.kind == "status")
    }

    /// Whether a container fits.
    pub fn hold(&self, seen: &Seen) -> bool {
        KINDS.iter().all(|kind| {
            let mut values =
                self.filters.iter().filter(|filter| filter.kind == *kind).map(|f| f.value.as_str());
            match *kind {
                "label" => values.all(|value| has_label(&seen.container.record().asked.labels, value)),
                _ if values.clone().next().is_none() => true,
                kind => values.any(|value| self.holds(kind, value, seen)),
            }
        })
    }

    fn holds(&self, kind: &str, value: &str, seen: &Seen) -> bool {
        let record = seen.container.record();
        match kind {
            "id" => record.id.starts_with(value),
            "name" => fits_name(&record.name, value),
            "status" => seen.state.word() == value,
            "exited" => {
                !seen.state.is_active()
                    && seen.state.exit_code().map(|code| code.to_string()).as_deref() == Some(value)
            }
            "ancestor" => self.descends(&seen.container, value),
            "before" => self.before.is_some_and(|than| record.created < than),
            "since" => self.since.is_some_and(|than| record.created > than),
            "health" => seen.health.as_ref().map_or("none", |health| health.status.word()) == value,
            "network" => networks(record).iter().any(|network| network == value),
            "volume" => has_volume(record, value),
            "publish" => ports_of(value)
                .iter()
                .any(|port| record.spec.publish.iter().any(|known| known.container == *port)),
            _ => ports_of(value).iter().any(|port| record.asked.exposed.contains(&port.to_string())),
        }
    }

    /// Made of this image, or of one built on it.
    fn descends(&self, container: &Container, ancestor: &str) -> bool {
        let record = container.record();
        let canonical = |name: &str| name.parse::<Reference>().ok().map(|name| name.canonical());
        let same_name = record.image == ancestor || canonical(&record.image) == canonical(ancestor);
        let ancestor = self.ancestors.iter().find(|(name, _)| name == ancestor).map(|(_, image)| image);
        let digest = record.image_digest.as_deref().and_then(|digest| digest.parse::<Digest>().ok());
        let own = digest.and_then(|digest| self.session.store.image(&digest).ok());
        same_name || ancestor.zip(own).is_some_and(|(ancestor, own)| is_built_on(&own, ancestor))
    }
}

/// The same image, or one whose layers and history begin with all of that of the other.
fn is_built_on(image: &Image, ancestor: &Image) -> bool {
    let (own, other) = (&image.config, &ancestor.config);
    let says_more = (own.diff_ids.len(), own.history.len()) != (other.diff_ids.len(), other.history.len());
    image.config_digest == ancestor.config_digest
        || says_more && own.diff_ids.starts_with(&other.diff_ids) && own.history.starts_with(&other.history)
}

/// A part of the name; `^` and `$` hold it to the beginning and the end. docker's names begin with a
/// slash, which may be written.
fn fits_name(name: &str, pattern: &str) -> bool {
    let (begins, pattern) = match pattern.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, pattern),
    };
    let begins = begins || pattern.starts_with('/');
    let pattern = pattern.strip_prefix('/').unwrap_or(pattern);
    match (begins, pattern.strip_suffix('$')) {
        (true, Some(whole)) => name == whole,
        (true, None) => name.starts_with(pattern),
        (false, Some(end)) => name.ends_with(end),
        (false, None) => name.contains(pattern),
    }
}

fn has_volume(record: &Record, wanted: &str) -> bool {
    record.spec.mounts.iter().any(|mount| {
        mount.target == wanted
            || match &mount.source {
                MountSource::Volume { name, .. } => name == wanted,
                MountSource::Bind(path) => path.as_os_str() == wanted,
                MountSource::Tmpfs(_) => false,
            }
    })
}

fn ports_of(text: &str) -> Vec<PortSpec> {
    PortSpec::parse_range(text).unwrap_or_default()
}

/// Names of the networks a container is in.
pub fn networks(record: &Record) -> Vec<String> {
    match &record.spec.network {
        Network::None => vec!["none".into()],
        Network::Host => vec!["host".into()],
        Network::Private => vec!["private".into()],
        Network::UserMode(program) => vec![program.name().into()],
        Network::Joined(names) => names.clone(),
        Network::Container(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_as_parts_or_as_a_whole() {
        for pattern in ["web", "eb", "^web", "web-1$", "^web-1$", "/web", "^/web-1$", ""] {
            assert!(fits_name("web-1", pattern), "{pattern}");
        }
        for pattern in ["^eb", "web$", "^web$", "db"] {
            assert!(!fits_name("web-1", pattern), "{pattern}");
        }
    }

    #[test]
    fn mistaken_filters_are_named() {
        let refused = |text: &str| text.parse::<Filter>().unwrap_err();
        assert_eq!(refused("nam=x"), "there is no filter 'nam'; did you mean 'name'?");
        assert!(refused("status=up").starts_with("'up' is no status"));
        assert!(refused("exited=x").contains("no exit code"));
        assert!(refused("x").contains("KIND=VALUE"));
        assert!("publish=80-82/udp".parse::<Filter>().is_ok());
    }
}
