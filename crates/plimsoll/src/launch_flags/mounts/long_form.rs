//! `--mount`: docker's long form, `KEY=VALUE` pairs as one line of comma-separated values (cli,
//! opts/mount.go; moby, volume/mounts/validate.go for what does not go together).

use plimsoll_model::file_tree::clean_path;
use plimsoll_model::launch::{Propagation, Tmpfs, parse_mode};
use plimsoll_model::quantity::parse_bytes;

use super::request::{Request, Source, VolumeRequest, host_path, propagation, target, top_only};
use crate::work::csv;

/// Read one; relative paths of the host count from `here`. The errors are docker's.
pub fn parse(text: &str, here: &str) -> Result<Request, String> {
    let mut written = Written::default();
    for field in csv::fields(text)? {
        written.take(&field)?;
    }
    written.check()?;
    let kind = written.kind();
    let wrong = |why: String| format!("invalid mount config for type \"{kind}\": {why}");
    let at = written.target.as_deref().ok_or("target is required")?;
    let target = target(at).map_err(wrong)?;
    let source = match kind {
        "bind" => written.host(here).map_err(wrong)?,
        "volume" => Source::Volume(written.volume()?),
        "tmpfs" => written.memory().map_err(wrong)?,
        _ => return Err(wrong("mount type unknown".to_string())),
    };
    Ok(Request { target, read_only: written.read_only, source })
}

/// What the fields say.
#[derive(Default)]
struct Written {
    kind: Option<String>,
    source: Option<String>,
    target: Option<String>,
    read_only: bool,
    propagation: Option<Propagation>,
    not_recursive: bool,
    make: bool,
    no_copy: bool,
    labels: Vec<(String, String)>,
    options: Vec<(String, String)>,
    driver: Option<String>,
    subpath: Option<String>,
    size: Option<u64>,
    mode: Option<u32>,
    /// Beginnings of keys that belong to one kind of mount.
    special: Vec<&'static str>,
}

impl Written {
    fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("volume")
    }

    fn take(&mut self, field: &str) -> Result<(), String> {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key.to_lowercase(), Some(value)),
            None => (field.to_lowercase(), None),
        };
        self.special.extend(["bind-", "volume-", "tmpfs-"].into_iter().filter(|kind| key.starts_with(kind)));
        let flag = |value: Option<&str>| boolean(value, &key);
        match (key.as_str(), value) {
            ("readonly" | "ro", value) => self.read_only = flag(value)?,
            ("volume-nocopy", value) => self.no_copy = flag(value)?,
            ("bind-nonrecursive", value) => self.not_recursive = flag(value)?,
            ("bind-create-src", value) => self.make = flag(value)?,
            (_, None) => return Err(format!("invalid field '{field}' must be a key=value pair")),
            (key, Some(value)) => self.take_value(key, value, field)?,
        }
        Ok(())
    }

    fn take_value(&mut self, key: &str, value: &str, field: &str) -> Result<(), String> {
        let wrong = || format!("invalid value for {key}: {value}");
        match key {
            "type" => self.kind = Some(value.to_lowercase()),
            "source" | "src" => self.source = Some(value.to_string()),
            "target" | "dst" | "destination" => self.target = Some(value.to_string()),
            // Means something where a virtual machine is in between only.
            "consistency" => {}
            "bind-propagation" => {
                let known = propagation(value);
                self.propagation = Some(known.ok_or_else(|| format!("invalid propagation mode: {value}"))?);
            }
            "bind-recursive" => {
                match value {
                    "enabled" | "readonly" => self.not_recursive = false,
                    "disabled" => self.not_recursive = true,
                    "writable" => {
                        return Err("bind-recursive=writable is not supported: what is mounted below a read-only mount \
                        is read-only, too"
                        .to_string());
                    }
                    _ => return Err(wrong()),
                }
            }
            "volume-label" => put(&mut self.labels, value),
            "volume-opt" => put(&mut self.options, value),
            "volume-driver" => self.driver = Some(value.to_string()),
            "volume-subpath" => self.subpath = Some(value.to_string()),
            "tmpfs-size" => self.size = Some(parse_bytes(value).ok_or_else(wrong)?),
            "tmpfs-mode" => self.mode = Some(parse_mode(value).ok_or_else(wrong)?),
            _ => return Err(format!("unexpected key '{key}' in '{field}'")),
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        let own = format!("{}-", self.kind());
        match self.special.iter().find(|kind| **kind != own) {
            Some(foreign) => {
                Err(format!("cannot mix '{foreign}*' options with mount type '{}'", self.kind()))
            }
            None => Ok(()),
        }
    }

    fn host(&self, here: &str) -> Result<Source, String> {
        let path = self.source.as_deref().filter(|path| !path.is_empty());
        let path = host_path(path.ok_or("field Source must not be empty")?, here)?;
        let whole = self.propagation.unwrap_or_default();
        let propagation = if self.not_recursive { top_only(whole) } else { whole };
        Ok(Source::Host { path, propagation, make: self.make })
    }

    fn volume(&self) -> Result<VolumeRequest, String> {
        if let Some(driver) = self.driver.as_ref().filter(|driver| !matches!(driver.as_str(), "" | "local")) {
            return Err(format!("error looking up volume plugin {driver}: plugin \"{driver}\" not found"));
        }
        let name = self.source.clone().filter(|name| !name.is_empty());
        let subpath = self.subpath.as_deref().unwrap_or_default();
        if subpath.starts_with('/') || subpath.split('/').any(|part| part == "..") {
            return Err(format!("invalid value for volume-subpath: {subpath}: it must lie in the volume"));
        }
        Ok(VolumeRequest {
            name,
            copy: !self.no_copy,
            labels: self.labels.clone(),
            options: self.options.clone(),
            subpath: clean_path("/", subpath).trim_start_matches('/').to_string(),
        })
    }

    fn memory(&self) -> Result<Source, String> {
        match self.source.as_deref() {
            None | Some("") => {
                let tmpfs = Tmpfs { size: self.size, ..Tmpfs::default() };
                Ok(Source::Memory { tmpfs, mode: self.mode })
            }
            Some(_) => Err("field Source must not be specified".to_string()),
        }
    }
}

/// Go's `strconv.ParseBool`; the key alone says yes.
fn boolean(value: Option<&str>, key: &str) -> Result<bool, String> {
    match value {
        None | Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
        Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
        Some(other) => Err(format!("invalid value for {key}: {other}")),
    }
}

/// `KEY=VALUE`, or a key with an empty value; of one key the last value counts.
fn put(pairs: &mut Vec<(String, String)>, text: &str) {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    pairs.retain(|(known, _)| known != key);
    pairs.push((key.to_string(), value.to_string()));
}
