//! The fields of one `--mount`, read as what its type asks for.

use std::collections::BTreeMap;

use plimsoll_model::file_tree::clean_path;
use plimsoll_model::quantity::parse_bytes;
use plimsoll_model::user::nearest;

use super::{CacheMount, RunMount, SecretMount, Sharing, SshMount};

/// The name under which a key is kept; those nobody knows were refused by the parser.
pub(super) fn canonical(key: &str) -> &'static str {
    match key {
        "type" => "type",
        "from" => "from",
        "source" | "src" => "source",
        "target" | "dst" | "destination" => "target",
        "readonly" | "ro" => "readonly",
        "readwrite" | "rw" => "readwrite",
        "required" => "required",
        "size" => "size",
        "id" => "id",
        "sharing" => "sharing",
        "mode" => "mode",
        "uid" => "uid",
        "gid" => "gid",
        "env" => "env",
        _ => "",
    }
}

/// A value that cannot be used, and what was expected in its place.
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) label: String,
}

fn wrong(what: impl Into<String>, label: impl Into<String>) -> Wrong {
    Wrong { what: what.into(), label: label.into() }
}

/// The fields of one mount.
pub(super) struct Fields<'a> {
    /// Expanded, keys in their longest form.
    pub(super) values: BTreeMap<&'static str, String>,
    pub(super) workdir: &'a str,
    /// Position among the mounts of the instruction.
    pub(super) number: usize,
}

impl Fields<'_> {
    /// What the fields mean together.
    pub(super) fn mount(&self) -> Result<RunMount, Wrong> {
        const TYPES: [&str; 5] = ["bind", "cache", "tmpfs", "secret", "ssh"];
        let kind = self.get("type").map_or("bind".to_string(), str::to_ascii_lowercase);
        self.refuse_keys_of_other_types(&kind)?;
        Ok(match kind.as_str() {
            "bind" => RunMount::Bind {
                from: self.owned("from"),
                source: self.get("source").unwrap_or("/").to_string(),
                target: self.target_or_workdir()?,
                read_only: self.read_only(true)?,
            },
            "cache" => RunMount::Cache(self.cache()?),
            "tmpfs" => RunMount::Tmpfs { target: self.target_or_workdir()?, size: self.size()? },
            "secret" => RunMount::Secret(self.secret()?),
            "ssh" => RunMount::Ssh(SshMount {
                id: self.owned("id").unwrap_or_else(|| "default".to_string()),
                target: match self.target()? {
                    Some(target) => target,
                    None => format!("/run/buildkit/ssh_agent.{}", self.number),
                },
                required: self.flag("required")?.unwrap_or(false),
                mode: self.mode(0o600)?,
                owner: self.owner()?,
            }),
            other => return Err(no_such_word("type", other, &TYPES)),
        })
    }

    fn cache(&self) -> Result<CacheMount, Wrong> {
        const SHARING: [&str; 3] = ["shared", "private", "locked"];
        let target = self.target_or_workdir()?;
        let sharing = match self.get("sharing").map(str::to_ascii_lowercase).as_deref() {
            None | Some("shared") => Sharing::Shared,
            Some("private") => Sharing::Private,
            Some("locked") => Sharing::Locked,
            Some(other) => return Err(no_such_word("sharing", other, &SHARING)),
        };
        Ok(CacheMount {
            // As written, cleaned: a relative target means the same cache in every directory.
            id: self.owned("id").unwrap_or_else(|| clean_name(self.get("target").unwrap_or_default())),
            target,
            from: self.owned("from"),
            source: self.get("source").unwrap_or("/").to_string(),
            sharing,
            mode: self.mode(0o755)?,
            owner: self.owner()?,
            read_only: self.read_only(false)?,
        })
    }

    fn secret(&self) -> Result<SecretMount, Wrong> {
        let id = match (self.owned("id"), self.owned("source")) {
            (Some(_), Some(_)) => {
                return Err(wrong(
                    "a secret has one name, and both id and source are given",
                    "leave source away: id=NAME",
                ));
            }
            (Some(id), None) | (None, Some(id)) => id,
            (None, None) => match self.get("target") {
                Some(target) => base_name(target),
                None => {
                    return Err(wrong(
                        "this secret has no name: id is missing",
                        "id=NAME was expected; --secret id=NAME gives the value",
                    ));
                }
            },
        };
        let env = self.owned("env");
        let target = match (self.target()?, &env) {
            (None, None) => Some(format!("/run/secrets/{}", base_name(&id))),
            (target, _) => target,
        };
        let required = self.flag("required")?.unwrap_or(false);
        Ok(SecretMount { id, target, env, required, mode: self.mode(0o400)?, owner: self.owner()? })
    }

    /// The keys BuildKit refuses for a type; others that mean nothing there are ignored as it does.
    fn refuse_keys_of_other_types(&self, kind: &str) -> Result<(), Wrong> {
        let places: [(&str, &[&str]); 6] = [
            ("sharing", &["cache"]),
            ("size", &["tmpfs"]),
            ("required", &["secret", "ssh"]),
            ("mode", &["cache", "secret", "ssh"]),
            ("uid", &["cache", "secret", "ssh"]),
            ("gid", &["cache", "secret", "ssh"]),
        ];
        let misplaced = places.iter().find(|(key, kinds)| self.get(key).is_some() && !kinds.contains(&kind));
        if let Some((key, kinds)) = misplaced {
            return Err(wrong(
                format!("{key} means nothing for a mount of type {kind}"),
                format!("{key} belongs to type={}", kinds.join(" or type=")),
            ));
        }
        match kind == "secret" && self.get("from").is_some() {
            true => Err(wrong("a secret comes from the command line, not from an image", "leave from away")),
            false => Ok(()),
        }
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn owned(&self, key: &str) -> Option<String> {
        self.get(key).map(str::to_string)
    }

    fn target(&self) -> Result<Option<String>, Wrong> {
        self.get("target").map(|written| self.absolute(written)).transpose()
    }

    /// Without a target it is the working directory (buildkit `convert_runmount.go` joins the empty path).
    fn target_or_workdir(&self) -> Result<String, Wrong> {
        self.absolute(self.get("target").unwrap_or_default())
    }

    /// A relative path lies below the working directory.
    fn absolute(&self, written: &str) -> Result<String, Wrong> {
        match clean_path(self.workdir, written) {
            root if root == "/" => Err(wrong(
                format!("target '{written}' is the root directory, and a mount there would hide every file"),
                "target= with a path below / was expected",
            )),
            target => Ok(target),
        }
    }

    fn read_only(&self, default: bool) -> Result<bool, Wrong> {
        let read_only = self.flag("readonly")?;
        Ok(match self.flag("readwrite")? {
            Some(writable) => !writable,
            None => read_only.unwrap_or(default),
        })
    }

    /// Go's `strconv.ParseBool`.
    fn flag(&self, key: &str) -> Result<Option<bool>, Wrong> {
        match self.get(key) {
            None => Ok(None),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(Some(true)),
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(Some(false)),
            Some(other) => {
                Err(wrong(format!("{key} is true or false, not '{other}'"), format!("{key}=true")))
            }
        }
    }

    fn size(&self) -> Result<Option<u64>, Wrong> {
        let Some(text) = self.get("size") else { return Ok(None) };
        match parse_bytes(text) {
            Some(0) => Ok(None),
            Some(size) => Ok(Some(size)),
            None => {
                Err(wrong(format!("'{text}' is no size"), "a number of bytes such as 16m or 1g was expected"))
            }
        }
    }

    fn mode(&self, default: u32) -> Result<u32, Wrong> {
        let Some(text) = self.get("mode") else { return Ok(default) };
        match u32::from_str_radix(text, 8) {
            Ok(mode) if mode <= 0o7777 => Ok(mode),
            _ => Err(wrong(format!("'{text}' is no mode"), "an octal number such as 0755 was expected")),
        }
    }

    fn owner(&self) -> Result<(u32, u32), Wrong> {
        let id = |key: &str| match self.get(key).map(str::parse::<u32>) {
            None => Ok(0),
            // The last number means "no id" to the kernel (setuid(2)).
            Some(Ok(id)) if id != u32::MAX => Ok(id),
            Some(_) => Err(wrong(
                format!("'{}' is no {key}", self.get(key).unwrap_or_default()),
                "a number such as 1000 was expected; names are not looked up here",
            )),
        };
        Ok((id("uid")?, id("gid")?))
    }
}

fn no_such_word(key: &str, found: &str, known: &[&str]) -> Wrong {
    let words: Vec<String> = known.iter().map(|word| (*word).to_string()).collect();
    let near = nearest(found, words.iter()).map_or(known.join(", "), |near| format!("{key}={near}"));
    wrong(format!("'{found}' is no {key} of --mount"), format!("{near} was expected"))
}

fn base_name(path: &str) -> String {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path).to_string()
}

/// Go's `path.Clean` of a name that need not be absolute.
fn clean_name(path: &str) -> String {
    let clean = clean_path("/", path);
    if path.starts_with('/') { clean } else { clean.trim_start_matches('/').to_string() }
}
