//! # PL212 secret-file-copied
//!
//! A file that holds keys or passwords by its name is copied: `.env`, `id_rsa`, `.npmrc`, `*.pfx`.
//! Whoever has the image has the file; a later `rm` does not take it out of the layer.
//!
//! Give it to the one command that needs it: `RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm
//! ci`. At run time mount it.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use crate::file::File;
use crate::rule::Report;
use crate::stage_facts::flag_value;

/// Names of files that hold secrets.
const NAMES: [&str; 14] = [
    ".env",
    ".npmrc",
    ".pypirc",
    ".netrc",
    ".git-credentials",
    ".pgpass",
    ".htpasswd",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "kubeconfig",
    "credentials.json",
    "service-account.json",
];

/// Directories that hold secrets, and ends of names.
const DIRECTORIES: [&str; 4] = [".ssh", ".aws", ".gnupg", ".kube"];
const ENDS: [&str; 6] = [".pfx", ".p12", ".jks", ".keystore", ".ppk", ".key"];

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &file.dockerfile.source;
    let shipped = file.shipped();
    let mut found = Vec::new();
    for (stage, statement) in file.staged() {
        let Instruction::Copy { flags, sources, .. } = &statement.instruction else { continue };
        if flag_value(flags, "from").is_some() {
            continue;
        }
        for text in sources.iter().filter(|text| is_secret(&text.text)) {
            let ships = shipped.contains(&stage);
            let message =
                format!("{} goes into {}", text.text, if ships { "the image" } else { "the build cache" });
            let diagnostic = if ships { report.error(message) } else { report.info(message) };
            found.push(
                diagnostic
                    .at(source, text.span, "whoever has the image has this file")
                    .note("RUN --mount=type=secret gives it to one command and leaves no trace"),
            );
        }
    }
    found
}

/// Whether a path names secrets.
pub(crate) fn is_secret(path: &str) -> bool {
    let path = path.trim_matches(['"', '\'']).trim_end_matches('/');
    let name = path.rsplit('/').next().unwrap_or("");
    let in_directory = path.split('/').any(|part| DIRECTORIES.contains(&part));
    NAMES.contains(&name)
        || in_directory
        || ENDS.iter().any(|end| name.len() > end.len() && name.ends_with(end))
}
