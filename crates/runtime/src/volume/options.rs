//! Options of docker's volume driver `local` (`volume create -o`): where the files of a volume are kept.

use std::path::PathBuf;

use plimsoll_model::launch::Tmpfs;

/// Where the files of a volume are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// In a directory of the store.
    Own,
    /// In a directory of the host (`type=none`, `o=bind`).
    HostDirectory(PathBuf),
    /// In memory, while a container runs that has it (`type=tmpfs`).
    Memory(Tmpfs),
}

impl Storage {
    /// What the options mean; the error has docker's words for what is no option at all.
    pub fn of(options: &[(String, String)]) -> Result<Self, String> {
        if let Some((unknown, _)) =
            options.iter().find(|(key, _)| !["type", "o", "device", "size"].contains(&key.as_str()))
        {
            return Err(format!("invalid option: \"{unknown}\""));
        }
        let value =
            |key: &str| options.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
        if value("size").is_some() {
            return Err("the option size is not supported: it needs quotas of the file system".to_string());
        }
        let words = value("o").unwrap_or_default();
        match (value("type"), value("device")) {
            (None, None) if value("o").is_none() => Ok(Storage::Own),
            (_, None) => Err("missing required option: \"device\"".to_string()),
            (None, _) => Err("missing required option: \"type\"".to_string()),
            (Some("none"), Some(device)) => host_directory(device, words),
            (Some("tmpfs"), Some(_)) => memory(words),
            (Some(kind), _) => {
                Err(format!("volumes of type '{kind}' are not supported: tmpfs, and none with o=bind are"))
            }
        }
    }
}

fn host_directory(device: &str, words: &str) -> Result<Storage, String> {
    if !matches!(words, "bind" | "rbind" | "bind,rw" | "rw,bind") {
        return Err(format!("o={words} is not supported for type=none: o=bind is"));
    }
    if !device.starts_with('/') {
        return Err(format!("the device '{device}' must be an absolute path"));
    }
    Ok(Storage::HostDirectory(PathBuf::from(device)))
}

/// Unlike `--tmpfs` such a volume starts programs, as every other volume does.
fn memory(words: &str) -> Result<Storage, String> {
    let mut tmpfs = Tmpfs { exec: true, ..Tmpfs::default() };
    for option in words.split(',').filter(|option| !option.is_empty()) {
        match tmpfs.apply(option).map_err(|why| format!("o={option}: {why}"))? {
            true => {}
            false => return Err(format!("o={option} is not supported for type=tmpfs")),
        }
    }
    Ok(Storage::Memory(tmpfs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(options: &[(&str, &str)]) -> Result<Storage, String> {
        let owned = options.iter().map(|(key, value)| (key.to_string(), value.to_string()));
        Storage::of(&owned.collect::<Vec<_>>())
    }

    #[test]
    fn what_options_mean() {
        assert_eq!(of(&[]), Ok(Storage::Own));
        let bind = [("type", "none"), ("o", "bind"), ("device", "/srv")];
        assert_eq!(of(&bind), Ok(Storage::HostDirectory("/srv".into())));
        let memory = Tmpfs { size: Some(1 << 20), owner: (7, 0), exec: true, ..Tmpfs::default() };
        assert_eq!(
            of(&[("type", "tmpfs"), ("device", "tmpfs"), ("o", "size=1m,uid=7")]),
            Ok(Storage::Memory(memory))
        );
    }

    #[test]
    fn what_is_refused_and_how() {
        for (options, why) in [
            (&[("bogus", "1")][..], "invalid option: \"bogus\""),
            (&[("type", "tmpfs")], "missing required option: \"device\""),
            (&[("o", "bind")], "missing required option: \"device\""),
            (&[("device", "/srv")], "missing required option: \"type\""),
            (&[("type", "nfs"), ("device", ":/x"), ("o", "addr=h")], "'nfs' are not supported"),
            (&[("type", "none"), ("device", "/srv"), ("o", "bind,ro")], "o=bind,ro is not supported"),
            (&[("type", "none"), ("device", "srv"), ("o", "bind")], "absolute"),
            (&[("type", "tmpfs"), ("device", "x"), ("o", "nr_inodes=5")], "nr_inodes=5"),
            (&[("size", "1g")], "size"),
        ] {
            let refused = of(options).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }
}
