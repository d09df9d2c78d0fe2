//! # PL211 secret-in-arg-env
//!
//! A password or token in ENV or ARG can be read by everybody who has the image: ENV is part of its
//! configuration, the values of ARG stand in its history (`plimsoll history`, `docker history`).
//!
//! While building use a secret mount, which leaves no trace; at run time let the runtime give the
//! variable, or a file.
//!
//! ```Dockerfile
//! RUN --mount=type=secret,id=npm_token,env=NPM_TOKEN npm ci
//! ```
//!
//! An empty value and names that end in `_FILE` are fine.

use plimsoll_dockerfile::syntax::{Instruction, Pair, Statement};
use plimsoll_model::Diagnostic;

use crate::file::File;
use crate::rule::Report;

/// Parts of names of secrets, between underscores.
const SECRET: [&str; 11] = [
    "apikey",
    "auth",
    "credential",
    "credentials",
    "key",
    "password",
    "pword",
    "passwd",
    "secret",
    "token",
    "passphrase",
];

/// Parts that make a name harmless.
const HARMLESS: [&str; 12] =
    ["public", "file", "path", "dir", "url", "id", "name", "type", "version", "timeout", "ttl", "algorithm"];

/// How values of real secrets begin.
const VALUES: [&str; 9] =
    ["ghp_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "sk_live_", "AKIA", "npm_", "-----BEGIN"];

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &file.dockerfile.source;
    let statements = file.dockerfile.global_args.iter().chain(file.statements());
    let pairs = statements.flat_map(|statement| pairs(statement).iter().map(move |pair| (statement, pair)));
    let found = pairs.filter_map(|(statement, pair)| {
        let value = pair.value.as_ref().map(|value| value.text.trim_matches(['"', '\'']));
        let is_arg = matches!(statement.instruction, Instruction::Arg(_));
        let has_value = value.is_some_and(|value| !value.is_empty() && !value.starts_with('$'));
        let speaks = value.is_some_and(|value| VALUES.iter().any(|start| value.starts_with(start)));
        if !speaks && !is_secret(&pair.name.text) {
            return None;
        }
        let word = if is_arg { "ARG" } else { "ENV" };
        let message = format!("{} in {word} can be read by everybody who has the image", pair.name.text);
        let found = match (has_value, is_arg) {
            (true, _) => report.error(message),
            (false, true) => report.warning(message),
            (false, false) if value.is_some_and(|value| value.starts_with('$')) => report.warning(message),
            (false, false) => return None,
        };
        let found = found.at(
            source,
            pair.name.span,
            if is_arg { "kept in the history" } else { "kept in the configuration" },
        );
        Some(found.note("RUN --mount=type=secret,id=...,env=... gives it to one command and leaves no trace"))
    });
    found.collect()
}

fn pairs(statement: &Statement) -> &[Pair] {
    match &statement.instruction {
        Instruction::Env(pairs) | Instruction::Arg(pairs) => pairs,
        _ => &[],
    }
}

fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let parts: Vec<&str> = lower.split(['_', '-', '.']).collect();
    let has = |list: &[&str]| parts.iter().any(|part| list.contains(part));
    has(&SECRET) && !parts.last().is_some_and(|last| HARMLESS.contains(last)) && !parts.contains(&"public")
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn names() {
        for name in ["NPM_TOKEN", "API_KEY", "password", "AWS_SECRET_ACCESS_KEY", "BASIC_AUTH"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["PUBLIC_KEY", "PASSWORD_FILE", "KEYBOARD", "AUTHOR", "TOKEN_URL", "SSH_KEY_PATH"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
