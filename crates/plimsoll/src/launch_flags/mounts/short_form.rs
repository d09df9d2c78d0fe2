//! `-v`: docker's short form, `[SOURCE:]TARGET[:OPTIONS]` (moby, volume/mounts/linux_parser.go).

use plimsoll_model::launch::Propagation;

use super::request::{Request, Source, VolumeRequest, host_path, propagation, target};

/// Read one; relative paths of the host count from `here`. The errors are docker's.
pub fn parse(text: &str, here: &str) -> Result<Request, String> {
    if text.is_empty() {
        return Err("invalid empty volume spec".to_string());
    }
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() > 3 {
        return Err(format!("invalid spec: {text}: too many colons"));
    }
    if parts.iter().any(|part| part.is_empty()) {
        return Err(format!("invalid spec: {text}: empty section between colons"));
    }
    let (source, at, words) = match parts[..] {
        [at] => (None, at, ""),
        [source, at] => (Some(source), at, ""),
        _ => (Some(parts[0]), parts[1], parts[2]),
    };
    let options = Options::parse(words)?;
    let host = source.is_some_and(|source| source.starts_with(['/', '.']));
    let wrong = |why: String| {
        let kind = if host { "bind" } else { "volume" };
        format!("invalid volume specification: '{text}': invalid mount config for type \"{kind}\": {why}")
    };
    let target = target(at).map_err(wrong)?;
    let source = match source {
        Some(path) if host => Source::Host {
            path: host_path(path, here).map_err(wrong)?,
            propagation: options.propagation.unwrap_or_default(),
            make: true,
        },
        name => Source::Volume(VolumeRequest {
            copy: !options.no_copy,
            ..VolumeRequest::of(name.map(str::to_string))
        }),
    };
    match host {
        true if options.no_copy => Err(wrong("field VolumeOptions must not be specified".to_string())),
        false if options.propagation.is_some() => {
            Err(wrong("field BindOptions must not be specified".to_string()))
        }
        _ => Ok(Request { target, read_only: options.read_only, source }),
    }
}

#[derive(Default)]
struct Options {
    read_only: bool,
    propagation: Option<Propagation>,
    no_copy: bool,
}

impl Options {
    /// Each kind of word once.
    fn parse(words: &str) -> Result<Self, String> {
        let mut options = Options::default();
        let mut kinds = Vec::new();
        for word in words.split(',').filter(|_| !words.is_empty()) {
            let kind = match word {
                "ro" | "rw" => {
                    options.read_only = word == "ro";
                    "access"
                }
                "nocopy" => {
                    options.no_copy = true;
                    "copy"
                }
                // No SELinux here, and no virtual machine in between.
                "z" | "Z" => "label",
                "default" | "consistent" | "cached" | "delegated" => "consistency",
                "U" => {
                    return Err("invalid mode: U would give the host's files to the container's user: chown them, or \
                        use a volume"
                        .to_string());
                }
                word => {
                    let known = propagation(word).ok_or_else(|| format!("invalid mode: {words}"))?;
                    options.propagation = Some(known);
                    "propagation"
                }
            };
            if kinds.contains(&kind) {
                return Err(format!("invalid mode: {words}"));
            }
            kinds.push(kind);
        }
        Ok(options)
    }
}

/// The mode of `--volumes-from`; docker reads it with the same rules.
pub fn read_only(words: &str) -> Result<Option<bool>, String> {
    let options = Options::parse(words)?;
    match options.propagation.is_some() || options.no_copy {
        true => Err(format!("invalid mode: {words}")),
        false => Ok(words.split(',').any(|word| matches!(word, "ro" | "rw")).then_some(options.read_only)),
    }
}
