//! The program is there, and what it needs to run is not: the interpreter of a script, the loader of a
//! dynamic program, an emulator.

use super::chain::{Chain, Script};
use super::executable::{Executable, machine_name, own_machine};
use super::{Scene, listed};

/// Shells that scripts ask for.
const SHELLS: [&str; 7] = ["sh", "bash", "ash", "dash", "ksh", "mksh", "zsh"];

/// Where images keep programs.
const DIRECTORIES: [&str; 4] = ["/bin", "/usr/bin", "/usr/local/bin", "/sbin"];

/// Loaders of the C libraries (their ABI documents; musl, `ldso`).
const LOADERS: [&str; 5] = [
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-linux.so.2",
];

pub(super) fn why_missing(scene: &Scene<'_>, path: &str) -> String {
    let chain = Chain::follow(scene, path);
    if let Some((script, subject)) = chain.last_script()
        && scene.is_missing(&chain.last)
    {
        return of_script(scene, script, &subject);
    }
    let subject = chain.subject();
    match &chain.file {
        Executable::Elf { machine, .. } if *machine != own_machine() => format!(
            "{subject} is built for {machine}, and this machine, {own}, has an emulator that containers do \
             not see; register it with flag F, or build for `--platform linux/{own}`",
            machine = machine_name(*machine),
            own = machine_name(own_machine()),
        ),
        Executable::Elf { loader: Some(loader), .. } if scene.is_missing(loader) => {
            of_program(scene, loader, &subject)
        }
        _ => format!("{subject} or something it needs does not exist"),
    }
}

fn of_script(scene: &Scene<'_>, script: &Script, subject: &str) -> String {
    let wanted = &script.interpreter;
    if let Some(clean) = wanted.strip_suffix('\r') {
        return format!(
            "the lines of {subject} end as on Windows, so the kernel looks for '{clean}\\r'; convert the file \
             with `sed -i 's/\\r$//'` or set `* text eol=lf` in .gitattributes"
        );
    }
    let asks = format!("the script {subject} asks for {wanted}, which is not in the image");
    let line = &script.line;
    let name = wanted.rsplit('/').next().unwrap_or(wanted);
    let elsewhere = find(scene, name);
    let shells: Vec<String> = SHELLS.iter().filter_map(|shell| find(scene, shell)).collect();
    let shells: Vec<&str> = shells.iter().map(String::as_str).collect();
    match elsewhere {
        Some(elsewhere) => format!("{asks}; it has {elsewhere}: write that instead of '{line}'"),
        None if !SHELLS.contains(&name) => format!("{asks}; install {name} or change the line '{line}'"),
        None if shells.is_empty() => {
            format!(
                "{asks}, as is no other shell; start a program without one, or take a base image that has it"
            )
        }
        None => format!(
            "{asks}; it has {}: install {name}, or change the line '{line}' if the script needs no more",
            listed(&shells)
        ),
    }
}

/// Where a program of this name is.
fn find(scene: &Scene<'_>, name: &str) -> Option<String> {
    let paths = DIRECTORIES.iter().map(|directory| format!("{directory}/{name}"));
    paths.into_iter().find(|path| scene.has_file(path))
}

fn of_program(scene: &Scene<'_>, loader: &str, subject: &str) -> String {
    let Some(library) = library(loader) else {
        return format!(
            "{subject} needs the loader {loader}, which is not in the image; link it statically or take the \
             base image it was built on"
        );
    };
    let present = LOADERS.iter().find(|other| **other != loader && scene.has_file(other));
    match present.and_then(|present| Some((present, self::library(present)?))) {
        Some((present, other)) if other != library => format!(
            "{subject} is linked for {library} (loader {loader}), and the image has {other} ({present}); build \
             it on this base, link it statically, or take a base image with {library}"
        ),
        _ => format!(
            "{subject} is linked for {library}, whose loader {loader} is not in the image; link it statically \
             (Go: CGO_ENABLED=0) or take a base image with {library}"
        ),
    }
}

/// The C library a loader belongs to.
fn library(loader: &str) -> Option<&'static str> {
    match loader.rsplit('/').next()? {
        name if name.starts_with("ld-musl-") => Some("musl"),
        name if name.starts_with("ld-linux") || name.starts_with("ld64.so") => Some("glibc"),
        _ => None,
    }
}
