//! # PL615 SecretsUsedInArgOrEnv
//!
//! The name of an ENV or ARG says that it holds a secret. ENV is part of the image's configuration, and
//! values of ARG stand in its history: whoever has the image can read them.
//!
//! PL211 says the same, looks at values, too, and is on, so this check is off.
//!
//! Mount the secret where it is needed: `RUN --mount=type=secret,id=token ...`.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::{Certainty, Diagnostic};

use super::Walk;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (step, _) in walk.done() {
        let (word, stays) = match &step.statement.instruction {
            Instruction::Env(_) => ("ENV", "its value stays in the image's configuration"),
            Instruction::Arg(_) => ("ARG", "its value stays in the image's history"),
            _ => continue,
        };
        for name in step.words.iter().filter(|name| means_secret(&name.text)) {
            let one = report.warning(format!("{word} {} seems to hold a secret", name.text));
            let one = step.point(walk, one.certainty(Certainty::Likely), name.span, stays);
            found.push(one.note("RUN --mount=type=secret shows it to one command only"));
        }
    }
    found
}

/// Words of a name that mean a secret, and words that take it back (BuildKit `validations.go`
/// getSecretsRegex).
const SECRET: [&str; 10] =
    ["apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token"];
const HARMLESS: [&str; 3] = ["public", "file", "version"];

fn means_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let has = |words: &[&str]| name.split('_').any(|part| words.contains(&part));
    has(&SECRET) && !has(&HARMLESS)
}

#[cfg(test)]
mod tests {
    use super::means_secret;

    #[test]
    fn names() {
        for secret in ["SECRET_PASSPHRASE", "password", "a_token", "git_key", "Auth", "A__Key"] {
            assert!(means_secret(secret), "{secret}");
        }
        for harmless in ["KEYS", "PUBLIC_KEY", "TOKEN_FILE", "AUTH_VERSION", "PASSWORDLESS", "TOKENS", ""] {
            assert!(!means_secret(harmless), "{harmless}");
        }
    }
}
