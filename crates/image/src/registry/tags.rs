//! Tags of a repository, to say what is there when something is not.

use std::io::Read as _;

use plimsoll_model::user::nearest;
use serde::Deserialize;
use ureq::http::Method;

use super::error::{RegistryError, harmless};
use super::session::Session;

/// How many tags a message names.
const SHOWN: usize = 5;

#[derive(Deserialize)]
struct TagList {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

/// The error for a manifest that is not there, with the tags that are most like the one asked for.
pub(super) fn unknown(session: &Session, wanted: &str, is_digest: bool) -> RegistryError {
    let tags = if is_digest { Vec::new() } else { similar(wanted, list(session)) };
    let wanted = if is_digest { format!("manifest {wanted}") } else { format!("tag '{wanted}'") };
    RegistryError::ManifestUnknown {
        host: session.host.clone(),
        wanted,
        repository: session.repository.clone(),
        tags,
    }
}

/// The tags, as far as the registry tells them: this only makes a message better, so whatever goes
/// wrong here yields none.
fn list(session: &Session) -> Vec<String> {
    let fetch = || -> Option<Vec<String>> {
        let ask = session.ask(Method::GET, session.url("tags/list?n=1000"), "its tags").ok()?;
        let answer = session.send(&ask).ok().filter(|answer| answer.status == 200)?;
        let mut body = Vec::new();
        answer.into_reader().take(1 << 20).read_to_end(&mut body).ok()?;
        serde_json::from_slice::<TagList>(&body).ok()?.tags
    };
    fetch().unwrap_or_default().iter().map(|tag| harmless(tag, 128)).collect()
}

/// Nearest first, then those that begin alike, then the others.
fn similar(wanted: &str, tags: Vec<String>) -> Vec<String> {
    let best = nearest(wanted, tags.iter());
    let mut ranked = tags;
    let common = |tag: &str| tag.bytes().zip(wanted.bytes()).take_while(|(one, other)| one == other).count();
    ranked.sort_by_cached_key(|tag| (Some(tag) != best.as_ref(), std::cmp::Reverse(common(tag))));
    let rest = ranked.len().saturating_sub(SHOWN);
    ranked.truncate(SHOWN);
    if rest > 0 {
        ranked.push(format!("and {rest} more"));
    }
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_tags_come_first_and_the_rest_is_counted() {
        let tags = ["a", "b", "c", "1.25", "1.24-alpine", "latest", "d"].map(str::to_string).to_vec();
        let shown = similar("1.26", tags);
        assert_eq!(shown[0], "1.25");
        assert_eq!(shown[1], "1.24-alpine");
        assert_eq!(shown.last().unwrap(), "and 2 more");
    }
}
