//! A process whose program is loaded and has not done anything yet: what it was really given.

use std::fs;
use std::io;

use plimsoll_model::launch::ALL_CAPABILITIES;

use super::id_map::IdView;
use super::process_view::Status;

/// A process before its first instruction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StartView {
    /// Command line; of a script the interpreter's.
    pub argv: Vec<String>,
    /// Path of the executable inside the container.
    pub exe: String,
    /// Working directory inside the container.
    pub workdir: String,
    /// Environment in its order. What is no `NAME=value` stands with an empty value.
    pub env: Vec<(String, String)>,
    /// Effective user id inside the container.
    pub uid: u32,
    /// Effective group id inside the container.
    pub gid: u32,
    /// Supplementary groups inside the container, sorted.
    pub groups: Vec<u32>,
    /// Capabilities it can use, names without `CAP_`.
    pub effective: Vec<&'static str>,
    /// Capabilities it may take.
    pub permitted: Vec<&'static str>,
    /// Capabilities it and what it starts can ever have.
    pub bounding: Vec<&'static str>,
}

/// Look at a process that is stopped before its first instruction.
pub fn start_view(pid: u32) -> io::Result<StartView> {
    let gone = || io::Error::from(io::ErrorKind::NotFound);
    let status = Status::read(pid).ok_or_else(gone)?;
    let uids = IdView::of(pid, "uid_map").ok_or_else(gone)?;
    let gids = IdView::of(pid, "gid_map").ok_or_else(gone)?;
    let mut groups: Vec<u32> = status.numbers("Groups").map(|group| gids.inside(group)).collect();
    groups.sort_unstable();
    groups.dedup();
    let link = |name: &str| fs::read_link(format!("/proc/{pid}/{name}"));
    let capabilities = |set: &str| names(status.bits(set));
    Ok(StartView {
        argv: texts(&fs::read(format!("/proc/{pid}/cmdline"))?),
        exe: link("exe")?.to_string_lossy().into_owned(),
        workdir: link("cwd")?.to_string_lossy().into_owned(),
        env: texts(&fs::read(format!("/proc/{pid}/environ"))?).into_iter().map(variable).collect(),
        uid: uids.inside(status.effective_id("Uid").ok_or_else(gone)?),
        gid: gids.inside(status.effective_id("Gid").ok_or_else(gone)?),
        groups,
        effective: capabilities("CapEff"),
        permitted: capabilities("CapPrm"),
        bounding: capabilities("CapBnd"),
    })
}

/// Whether somebody traces the process: then it stops when its program is loaded.
pub(crate) fn is_traced(pid: u32) -> bool {
    Status::read(pid).and_then(|status| status.number("TracerPid")).is_some_and(|tracer| tracer != 0)
}

/// Strings that each end with a zero byte.
fn texts(bytes: &[u8]) -> Vec<String> {
    let Some(bytes) = bytes.strip_suffix(b"\0") else { return Vec::new() };
    bytes.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

fn variable(text: String) -> (String, String) {
    match text.split_once('=') {
        Some((name, value)) => (name.to_string(), value.to_string()),
        None => (text, String::new()),
    }
}

fn names(bits: u64) -> Vec<&'static str> {
    let all = ALL_CAPABILITIES.into_iter().enumerate();
    all.filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_arguments_and_odd_variables() {
        assert_eq!(texts(b""), Vec::<String>::new());
        assert_eq!(texts(b"\0"), [""]);
        assert_eq!(texts(b"a\0\0b c\0"), ["a", "", "b c"]);
        assert_eq!(variable("A=b=c".into()), ("A".into(), "b=c".into()));
        assert_eq!(variable("odd".into()), ("odd".into(), String::new()));
    }

    #[test]
    fn this_process_has_a_start() {
        let view = start_view(std::process::id()).unwrap();
        assert_eq!(view.uid, rustix::process::geteuid().as_raw());
        assert_eq!(view.argv, std::env::args().collect::<Vec<_>>());
        assert!(view.exe.contains("plimsoll_runtime") && view.workdir.starts_with('/'));
    }
}
