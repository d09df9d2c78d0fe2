//! # DL3064 no-secrets
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL211 looks at the value as well.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::of_instructions;
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    of_instructions(
        file,
        || report.warning("a name that sounds like a secret"),
        |instruction| match instruction {
            Instruction::Env(pairs) | Instruction::Arg(pairs) => {
                pairs.iter().any(|pair| is_secret(&pair.name.text))
            }
            _ => false,
        },
    )
}

/// Names that no part of the next list is in.
const NAMES: [&str; 16] = [
    "APPLICATION_KEY",
    "AWS_ACCESS_KEY_ID",
    "CI_DEPLOY_USER",
    "DOCKER_EMAIL",
    "FACEBOOK_APP_ID",
    "FOSSA_API_KEY",
    "HEROKU_API_KEY",
    "HEROKU_API_USER",
    "OKTA_AUTHN_GROUPID",
    "OKTA_CLIENT_ORGURL",
    "OKTA_OAUTH2_CLIENTID",
    "OPENAI_API_KEY",
    "STRIPE_API_KEY",
    "STRIPE_DEVICE_NAME",
    "TRAVIS_OS_NAME",
    "TRAVIS_SUDO",
];
const PARTS: [&str; 7] = ["api_key", "client_key", "password", "private", "secret", "token", "username"];

fn is_secret(name: &str) -> bool {
    let lower = name.to_lowercase();
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
        || PARTS.iter().any(|part| lower.contains(part))
}
