//! Annotations of a command line: to what of an image they go, for which platform.
//!
//! The grammar is buildx's: `--annotation [LEVEL[PLATFORM],...:]KEY=VALUE`, and in an output
//! `annotation[-LEVEL][[PLATFORM]].KEY=VALUE`.

use plimsoll_model::Platform;
use plimsoll_model::user::nearest;

/// What is annotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The image's manifest.
    Manifest,
    /// The index of several images.
    Index,
    /// The image's entry in the index, or in the layout where there is no index.
    ManifestDescriptor,
    /// The index's entry in the layout.
    IndexDescriptor,
}

/// One annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// What is annotated.
    pub level: Level,
    /// Only of this platform's image.
    pub platform: Option<Platform>,
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}

impl Level {
    const ALL: [(&'static str, Level); 4] = [
        ("manifest", Level::Manifest),
        ("index", Level::Index),
        ("manifest-descriptor", Level::ManifestDescriptor),
        ("index-descriptor", Level::IndexDescriptor),
    ];

    fn parse(word: &str) -> Result<Level, String> {
        if let Some((_, level)) = Level::ALL.iter().find(|(name, _)| *name == word) {
            return Ok(*level);
        }
        let names = Level::ALL.map(|(name, _)| name.to_string());
        let hint = nearest(word, names.iter()).map_or_else(
            || format!("there are {}", names.join(", ")),
            |near| format!("did you mean '{near}'?"),
        );
        Err(format!("'{word}' is nothing that carries annotations; {hint}"))
    }
}

/// Read the value of `--annotation`.
pub fn from_flag(text: &str) -> Result<Vec<Annotation>, String> {
    let pair = text.split_once('=').filter(|(left, _)| !left.is_empty());
    let (left, value) = pair.ok_or_else(|| format!("--annotation '{text}' is no KEY=VALUE"))?;
    let (targets, key) = match left.split_once(':') {
        Some((targets, key)) if looks_like_levels(targets) => (targets, key),
        _ => ("manifest", left),
    };
    if key.is_empty() {
        return Err(format!("--annotation '{text}' names no key"));
    }
    let annotation = |target: &str| {
        let (level, platform) = target_of(target).map_err(|why| format!("--annotation '{text}': {why}"))?;
        let (key, value) = (key.to_string(), value.to_string());
        Ok(Annotation { level: level.unwrap_or(Level::Manifest), platform, key, value })
    };
    targets.split(',').map(annotation).collect()
}

/// Read a key of an output that begins with `annotation`; `None` if it is no annotation's.
pub fn from_attribute(name: &str, value: &str) -> Option<Result<Annotation, String>> {
    let rest = name.strip_prefix("annotation")?;
    let (target, key) = match rest.split_once("].") {
        Some((target, key)) => (format!("{target}]"), key),
        None => rest.split_once('.').map(|(target, key)| (target.to_string(), key))?,
    };
    let level = target.strip_prefix('-').unwrap_or(&target);
    Some(target_of(level).and_then(|(level, platform)| match key.is_empty() {
        true => Err(format!("'{name}' names no key")),
        false => {
            let level = level.unwrap_or(Level::Manifest);
            Ok(Annotation { level, platform, key: key.to_string(), value: value.to_string() })
        }
    }))
}

/// `manifest[linux/arm64]`, `index`, `[linux/arm64]` or nothing.
fn target_of(text: &str) -> Result<(Option<Level>, Option<Platform>), String> {
    let (word, platform) = match text.split_once('[') {
        Some((word, platform)) => {
            let name = platform.strip_suffix(']').unwrap_or(platform);
            let platform = Platform::parse_normalised(name);
            (word, Some(platform.ok_or_else(|| format!("'{name}' is no platform; linux/arm64 is one"))?))
        }
        None => (text, None),
    };
    let level = if word.is_empty() { None } else { Some(Level::parse(word)?) };
    Ok((level, platform))
}

/// Keys may have colons themselves: only lower-case words (with a platform) are taken for levels.
fn looks_like_levels(text: &str) -> bool {
    text.split(',').all(|part| {
        let word = part.split_once('[').map_or(part, |(word, _)| word);
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_as_buildx_does() {
        let read = |text: &str| from_flag(text).unwrap();
        let one = read("org.example.a=b=c");
        assert_eq!(
            (one[0].level, one[0].key.as_str(), one[0].value.as_str()),
            (Level::Manifest, "org.example.a", "b=c")
        );
        let two = read("index,manifest[linux/aarch64]:k=v");
        assert_eq!((two[0].level, two[0].platform.clone()), (Level::Index, None));
        assert_eq!(two[1].platform, Platform::parse("linux/arm64"));
        assert_eq!(read("a.b:c=v")[0].key, "a.b:c");
        assert!(from_flag("manifset:k=v").unwrap_err().contains("did you mean 'manifest'?"));
        for bad in ["k", "=v", "index:=v", "manifest[linux]:k=v"] {
            assert!(from_flag(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn attributes_of_an_output() {
        let read = |name: &str| from_attribute(name, "v").unwrap().unwrap();
        assert_eq!(
            (read("annotation.a.b").level, read("annotation.a.b").key),
            (Level::Manifest, "a.b".into())
        );
        assert_eq!(read("annotation-index-descriptor.a").level, Level::IndexDescriptor);
        assert_eq!(read("annotation-manifest[linux/arm64].a.b").key, "a.b");
        assert_eq!(read("annotation[linux/arm64].a").platform, Platform::parse("linux/arm64"));
        assert!(from_attribute("compression", "x").is_none());
        assert!(from_attribute("annotation-x.k", "v").unwrap().is_err());
    }
}
