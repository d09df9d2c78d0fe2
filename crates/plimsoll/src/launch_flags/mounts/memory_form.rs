//! `--tmpfs`: `TARGET[:OPTIONS]` with the mount options of tmpfs(5).

use plimsoll_model::launch::{Tmpfs, parse_mode};

use super::request::{Request, Source, target};

/// Read one.
pub fn parse(text: &str) -> Result<Request, String> {
    let (at, words) = text.split_once(':').unwrap_or((text, ""));
    let target = target(at)?;
    let (mut tmpfs, mut mode, mut read_only) = (Tmpfs::default(), None, false);
    for option in words.split(',').filter(|option| !option.is_empty()) {
        match option {
            "ro" => read_only = true,
            "rw" => read_only = false,
            option => {
                if let Some(digits) = option.strip_prefix("mode=") {
                    mode = Some(parse_mode(digits).ok_or_else(|| wrong(option, "it is no mode"))?);
                } else if !tmpfs.apply(option).map_err(|why| wrong(option, &why))? {
                    return Err(format!("invalid tmpfs option [\"{option}\"]"));
                }
            }
        }
    }
    Ok(Request { target, read_only, source: Source::Memory { tmpfs, mode } })
}

fn wrong(option: &str, why: &str) -> String {
    format!("invalid tmpfs option [\"{option}\"]: {why}")
}
