//! `# syntax=`: which frontend a Dockerfile asks for. Ours is built in; an image that holds another one
//! is a program nobody here can vouch for, so it is refused rather than read with other rules.

use plimsoll_dockerfile::syntax::Dockerfile;
use plimsoll_model::{Diagnostic, Severity};

/// The repositories whose frontend is the one built in.
const BUILT_IN: [&str; 2] = ["docker/dockerfile", "docker/dockerfile-upstream"];

/// The refusal of a frontend that is not built in.
pub(crate) fn refuse_foreign(dockerfile: &Dockerfile) -> Option<Diagnostic> {
    let directive = dockerfile.directives.iter().find(|directive| directive.name == "syntax")?;
    // What stands behind a blank are arguments of the frontend (BuildKit `parser/directives.go`).
    let image = directive.value.split_whitespace().next().unwrap_or_default();
    if is_built_in(image) {
        return None;
    }
    let message = format!("this Dockerfile asks for the frontend '{image}', which is not the one built in");
    let found = Diagnostic::new("PL027", "foreign-frontend", Severity::Error, message)
        .at(&dockerfile.source, directive.span, "another language may be meant")
        .note("if it is an ordinary Dockerfile, remove the line or write # syntax=docker/dockerfile:1");
    Some(found)
}

fn is_built_in(image: &str) -> bool {
    let name = image.split('@').next().unwrap_or(image);
    let last = name.rsplit('/').next().unwrap_or(name);
    let tag = last.find(':').map_or(name.len(), |at| name.len() - last.len() + at);
    let repository = &name[..tag];
    BUILT_IN.contains(&repository.strip_prefix("docker.io/").unwrap_or(repository))
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::Source;

    #[test]
    fn only_other_frontends_are_refused() {
        for own in [
            "docker/dockerfile:1",
            "docker/dockerfile:1.7-labs",
            "docker.io/docker/dockerfile-upstream:master",
        ] {
            assert!(is_built_in(own), "{own}");
        }
        for other in ["docker/dockerfile2:1", "localhost:5000/docker/dockerfile", "ghcr.io/a/b", ""] {
            assert!(!is_built_in(other), "{other}");
        }
        let digest = format!("docker/dockerfile:1@sha256:{}", "0".repeat(64));
        assert!(is_built_in(&digest));
        let parsed = plimsoll_dockerfile::parse(Source::new("f", "# syntax=acme/yaml:1 x=y\nFROM scratch\n"));
        let found = refuse_foreign(&parsed.dockerfile).unwrap();
        assert!(found.message.contains("'acme/yaml:1'"), "{found:?}");
    }
}
