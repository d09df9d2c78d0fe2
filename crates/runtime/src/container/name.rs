//! Ids and names: 64 random hexadecimal digits, and `adjective_noun` for those who gave no name.

use rustix::rand::{GetRandomFlags, getrandom};

use super::ContainerError;

const ADJECTIVES: [&str; 64] = [
    "able", "airy", "amber", "ample", "azure", "bold", "brave", "breezy", "bright", "brisk", "calm",
    "candid", "clear", "clever", "coral", "cosy", "crisp", "deft", "eager", "early", "fair", "fleet",
    "fluent", "fond", "frank", "fresh", "gentle", "glad", "golden", "grand", "happy", "hardy", "humble",
    "jolly", "keen", "kind", "level", "light", "lively", "loyal", "lucid", "mellow", "merry", "mild", "neat",
    "nimble", "noble", "placid", "plain", "plucky", "proud", "quick", "quiet", "ready", "robust", "serene",
    "sharp", "steady", "sunny", "tidy", "trim", "vivid", "warm", "witty",
];

const NOUNS: [&str; 64] = [
    "anchor",
    "barge",
    "bay",
    "beacon",
    "berth",
    "bollard",
    "bow",
    "brig",
    "buoy",
    "cabin",
    "canoe",
    "cape",
    "capstan",
    "cargo",
    "clipper",
    "compass",
    "cove",
    "cutter",
    "deck",
    "delta",
    "dinghy",
    "dock",
    "ferry",
    "fjord",
    "flag",
    "frigate",
    "galley",
    "gull",
    "halyard",
    "harbour",
    "hatch",
    "helm",
    "hull",
    "jetty",
    "kayak",
    "keel",
    "ketch",
    "knot",
    "lagoon",
    "lantern",
    "lighthouse",
    "lugger",
    "mast",
    "mooring",
    "oar",
    "pier",
    "pilot",
    "port",
    "prow",
    "quay",
    "raft",
    "reef",
    "rigging",
    "rudder",
    "sail",
    "schooner",
    "sextant",
    "skiff",
    "sloop",
    "spar",
    "tide",
    "tiller",
    "wharf",
    "yawl",
];

/// The id of a container that is still to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewId(String);

impl NewId {
    /// One that nobody else has.
    pub fn random() -> Result<Self, ContainerError> {
        random_id().map(NewId)
    }

    /// Its first 12 digits: docker's host name of a container.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

/// A fresh id.
pub(crate) fn random_id() -> Result<String, ContainerError> {
    let bytes: [u8; 32] = random_bytes()?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A made-up name. After a few collisions the caller asks for one with a number, as docker does.
pub(crate) fn random_name(with_number: bool) -> Result<String, ContainerError> {
    let [adjective, noun, number] = random_bytes::<3>()?;
    let pick = |words: &[&'static str; 64], byte: u8| words[usize::from(byte) % words.len()];
    let name = format!("{}_{}", pick(&ADJECTIVES, adjective), pick(&NOUNS, noun));
    Ok(if with_number { format!("{name}{number}") } else { name })
}

fn random_bytes<const N: usize>() -> Result<[u8; N], ContainerError> {
    let mut bytes = [0; N];
    // Up to 256 bytes come in one piece (random(7)).
    getrandom(&mut bytes, GetRandomFlags::empty()).map_err(ContainerError::doing("get random bytes"))?;
    Ok(bytes)
}

/// podman's rule: `[a-zA-Z0-9][a-zA-Z0-9_.-]*`; docker asks for two characters.
pub fn check_name(name: &str) -> Result<(), ContainerError> {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let rest = bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    if first && rest && name.len() <= 255 {
        Ok(())
    } else {
        Err(ContainerError::BadName { name: name.to_string() })
    }
}

/// 64 lower-case hexadecimal digits.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 64 && is_id_prefix(text)
}

/// Could be the beginning of an id.
pub(crate) fn is_id_prefix(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_made_up_names_obey_their_own_rules() {
        assert!(is_id(&random_id().unwrap()));
        assert_ne!(random_id().unwrap(), random_id().unwrap());
        let id = NewId::random().unwrap();
        assert!(id.short().len() == 12 && id.clone().into_string().starts_with(id.short()));
        for adjective in ADJECTIVES {
            for noun in NOUNS {
                check_name(&format!("{adjective}_{noun}")).unwrap();
            }
        }
        check_name(&random_name(true).unwrap()).unwrap();
    }

    #[test]
    fn names_cannot_leave_their_directory() {
        let long = "a".repeat(256);
        for bad in ["", "-a", ".a", "..", "a/b", "a b", "é1", "a\0b", long.as_str()] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
        for good in ["w", "web", "Web-1", "0_a.b-c"] {
            check_name(good).unwrap();
        }
    }
}
