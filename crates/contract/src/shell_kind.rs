//! Which program /bin/sh really is, told by its bytes.
//!
//! Shells differ in what stays as PID 1 (see [`crate::pid1`]), and a name says nothing: /bin/sh is a
//! link to dash on Debian, to bash on Fedora, and to busybox on Alpine.

use plimsoll_model::file_tree::clean_path;
use plimsoll_model::{Because, FileTree, Reference, TreeError};

use crate::contract::ShellKind;
use crate::from_dockerfile::{Base, Prediction, Step};
use crate::origin::{Context, ContextEntry};
use crate::stage::{CopyWork, Work};

/// A shell larger than this is not looked into; bash with debug information has 8 MB.
const SHELL_LIMIT: u64 = 16 << 20;

/// Texts that only that shell's program contains, tried in this order: busybox contains words of
/// other shells in its help.
const MARKERS: [(ShellKind, &[&[u8]]); 4] = [
    (ShellKind::Busybox, &[b"BusyBox v", b"applet not found"]),
    (ShellKind::Mksh, &[b"MIRBSD KSH"]),
    (ShellKind::Bash, &[b"GNU bash, version", b"BASH_VERSINFO"]),
    (ShellKind::Dash, &[b"arithmetic expression: ", b"expecting primary"]),
];

/// Identify the shell at `path`, following links inside the tree.
pub fn identify(tree: &dyn FileTree, path: &str) -> ShellKind {
    match tree.read(path, SHELL_LIMIT) {
        Ok(bytes) => by_content(&bytes),
        Err(TreeError::Missing { .. }) => ShellKind::Missing,
        Err(_) => ShellKind::Unknown,
    }
}

fn by_content(bytes: &[u8]) -> ShellKind {
    let has_all = |texts: &[&[u8]]| texts.iter().all(|text| contains(bytes, text));
    MARKERS.iter().find(|(_, texts)| has_all(texts)).map_or(ShellKind::Unknown, |(kind, _)| *kind)
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    let (first, rest) = (text[0], &text[1..]);
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == first) {
        from += at + 1;
        if bytes[from..].starts_with(rest) {
            return true;
        }
    }
    false
}

/// The shell of an official image that is not at hand, by its name alone.
fn by_official_name(reference: &Reference) -> ShellKind {
    let tag = reference.tag.as_deref().unwrap_or("");
    let distroless = reference.registry == "gcr.io" && reference.repository.starts_with("distroless/");
    if distroless && !tag.contains("debug") {
        return ShellKind::Missing;
    }
    let official = reference.registry == plimsoll_model::reference::DEFAULT_REGISTRY;
    let Some(name) = reference.repository.strip_prefix("library/").filter(|_| official) else {
        return ShellKind::Unknown;
    };
    match name {
        "alpine" | "busybox" => ShellKind::Busybox,
        "debian" | "ubuntu" => ShellKind::Dash,
        "fedora" | "rockylinux" | "almalinux" | "centos" | "amazonlinux" | "oraclelinux" | "archlinux" => {
            ShellKind::Bash
        }
        _ if tag.contains("alpine") => ShellKind::Busybox,
        _ => ShellKind::Unknown,
    }
}

/// /bin/sh of the image a Dockerfile builds, and why we think so. Instructions that may replace it
/// make it unknown.
pub(crate) fn predicted(prediction: &Prediction<'_>, context: Context<'_>) -> (ShellKind, Because) {
    let (kind, because) = match prediction.root() {
        Some(Base::Scratch) => (ShellKind::Missing, Because::Derived("FROM scratch".to_string())),
        Some(Base::Image { reference, tree: Some(tree), .. }) => {
            let because = Because::BaseImage { reference: reference.clone() };
            (identify(tree.as_ref(), "/bin/sh"), because)
        }
        Some(Base::Image { reference, tree: None, .. }) => {
            let why = format!("{reference} is not at hand, its name tells");
            (by_official_name(reference), Because::Assumed(why))
        }
        _ => (ShellKind::Unknown, Because::Assumed("the base image is not known".to_string())),
    };
    let chain = prediction.chain();
    let steps = chain.iter().rev().filter_map(|at| prediction.stage(*at)).flat_map(|stage| &stage.steps);
    for step in steps {
        if may_replace_sh(step, context) {
            let because = Because::Written { source: step.source.clone(), span: step.span };
            return (ShellKind::Unknown, because);
        }
    }
    (kind, because)
}

fn may_replace_sh(step: &Step, context: Context<'_>) -> bool {
    match &step.applied.work {
        Work::Run(run) => {
            let text = run.argv.last().map_or("", String::as_str);
            let names_sh = text.split(|c: char| c.is_whitespace() || ";&|\"'".contains(c)).any(is_sh_path);
            let replaces = ["ln ", "mv ", "cp ", "rm ", "install "].iter().any(|word| text.contains(word));
            (names_sh && replaces)
                || text.contains("--install") && text.contains("busybox")
                || text.contains("dpkg-reconfigure") && text.contains("dash")
        }
        Work::Copy(copy) => copy_may_replace_sh(copy, &step.workdir, context),
        _ => false,
    }
}

fn is_sh_path(word: &str) -> bool {
    matches!(word, "/bin/sh" | "/usr/bin/sh" | "/bin/dash" | "/bin/busybox")
}

fn copy_may_replace_sh(copy: &CopyWork, workdir: &str, context: Context<'_>) -> bool {
    let destination = clean_path(workdir, &copy.destination);
    let below: &[&str] = match destination.as_str() {
        "/" => &["bin/sh", "usr/bin/sh", "bin/dash", "bin/busybox"],
        "/usr" => &["bin/sh", "bin/dash"],
        "/bin" | "/usr/bin" => &["sh", "dash", "busybox"],
        path => return is_sh_path(path),
    };
    copy.sources.iter().any(|source| {
        let archive = copy.is_add && (crate::origin::is_archive(source) || source.contains("://"));
        if copy.from.is_some() || archive || source.contains(['*', '?', '[']) {
            // What comes from elsewhere may be a directory with anything in it.
            let name = source.rsplit('/').next().unwrap_or("");
            return destination == "/" || destination == "/usr" || name.is_empty() || below.contains(&name);
        }
        match context(&clean_path("/", source)[1..]) {
            Some(ContextEntry::Directory) => below.iter().any(|path| {
                context(clean_path("/", &format!("{source}/{path}")).trim_start_matches('/')).is_some()
            }),
            Some(ContextEntry::File { .. }) => below.contains(&source.rsplit('/').next().unwrap_or("")),
            None => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use plimsoll_model::MemoryTree;

    use super::*;

    #[test]
    fn told_by_content_through_links() {
        for (bytes, kind) in [
            (&b"\x7fELF..BusyBox v1.35.0..applet not found..GNU bash, version"[..], ShellKind::Busybox),
            (b"\x7fELF..GNU bash, version %s..BASH_VERSINFO", ShellKind::Bash),
            (b"\x7fELF..arithmetic expression: %s..expecting primary", ShellKind::Dash),
            (b"@(#)MIRBSD KSH R59", ShellKind::Mksh),
            (b"\x7fELF something else", ShellKind::Unknown),
        ] {
            let mut tree = MemoryTree::default();
            tree.executable("/usr/bin/the-shell", bytes);
            tree.symlink("/bin", "usr/bin");
            tree.symlink("/usr/bin/sh", "the-shell");
            assert_eq!(identify(&tree, "/bin/sh"), kind);
        }
        assert_eq!(identify(&MemoryTree::default(), "/bin/sh"), ShellKind::Missing);
    }

    #[test]
    fn official_names() {
        let kind = |name: &str| by_official_name(&name.parse().unwrap());
        assert_eq!(kind("alpine:3.20"), ShellKind::Busybox);
        assert_eq!(kind("node:22-alpine3.20"), ShellKind::Busybox);
        assert_eq!(kind("debian:12-slim"), ShellKind::Dash);
        assert_eq!(kind("gcr.io/distroless/static"), ShellKind::Missing);
        assert_eq!(kind("gcr.io/distroless/static:debug"), ShellKind::Unknown);
        assert_eq!(kind("example.org/alpine"), ShellKind::Unknown);
    }
}
