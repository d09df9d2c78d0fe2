//! What is known outside of the stages: global ARGs, `--build-arg` values, the platforms.

use std::collections::BTreeMap;

use plimsoll_dockerfile::expand;
use plimsoll_dockerfile::syntax::{Dockerfile, Instruction, Text};
use plimsoll_model::{Diagnostic, Platform};

use super::bad_expansion;

/// The platform we build on and the one we build for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platforms {
    /// `BUILDPLATFORM`.
    pub build: Platform,
    /// `TARGETPLATFORM`.
    pub target: Platform,
}

/// Global ARGs evaluated and the values given on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    globals: BTreeMap<String, String>,
    given: BTreeMap<String, String>,
    platforms: Platforms,
    escape: char,
}

/// The escape character of a Dockerfile: backslash, or what its `# escape=` directive says.
pub fn escape_of(dockerfile: &Dockerfile) -> char {
    let directive = dockerfile.directives.iter().find(|directive| directive.name == "escape");
    directive.and_then(|directive| directive.value.chars().next()).unwrap_or('\\')
}

impl Scope {
    /// Evaluate the ARGs before the first FROM. `target_name` is the value of `TARGETSTAGE`.
    pub fn new(
        dockerfile: &Dockerfile,
        target_name: &str,
        platforms: Platforms,
        given: BTreeMap<String, String>,
    ) -> Result<Scope, Vec<Diagnostic>> {
        let escape = escape_of(dockerfile);
        let globals = predefined(&platforms, target_name)
            .into_iter()
            .map(|(name, value)| (name.to_string(), given.get(name).cloned().unwrap_or(value)))
            .collect();
        let mut scope = Scope { globals, given, platforms, escape };
        for statement in &dockerfile.global_args {
            let Instruction::Arg(pairs) = &statement.instruction else { continue };
            for pair in pairs {
                let name = &pair.name.text;
                let value = match (scope.given.get(name), &pair.value) {
                    (Some(given), _) => Some(given.clone()),
                    (None, Some(default)) => {
                        let expanded = scope.expand(default);
                        Some(expanded.map_err(|e| vec![*bad_expansion(&dockerfile.source, default, &e)])?)
                    }
                    (None, None) => None,
                };
                if let Some(value) = value {
                    scope.globals.insert(name.clone(), value);
                }
            }
        }
        Ok(scope)
    }

    /// A variable as FROM lines see it.
    pub fn global(&self, name: &str) -> Option<String> {
        self.globals.get(name).cloned()
    }

    /// The names of all variables that FROM lines see.
    pub fn global_names(&self) -> impl Iterator<Item = &str> {
        self.globals.keys().map(String::as_str)
    }

    /// A `--build-arg` value.
    pub fn given(&self, name: &str) -> Option<String> {
        self.given.get(name).cloned()
    }

    /// The platforms of this build.
    pub fn platforms(&self) -> &Platforms {
        &self.platforms
    }

    /// The escape character of the file.
    pub fn escape(&self) -> char {
        self.escape
    }

    /// Expand a text of a FROM line.
    pub fn expand(&self, text: &Text) -> Result<String, expand::ExpandError> {
        expand::expand(&text.text, self.escape, &|name| self.global(name))
    }

    /// Proxy variables given as build arguments: a RUN sees them although no ARG names them; they
    /// are neither in the history nor in a cache key (reference.md "Predefined ARGs").
    pub fn proxy_env(&self) -> Vec<(String, String)> {
        const PROXIES: [&str; 5] = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"];
        let is_proxy = |name: &str| PROXIES.contains(&name.to_ascii_lowercase().as_str());
        let given = self.given.iter().filter(|(name, _)| is_proxy(name));
        given
            .flat_map(|(name, value)| {
                [(name.to_ascii_uppercase(), value.clone()), (name.to_ascii_lowercase(), value.clone())]
            })
            .collect()
    }
}

fn predefined(platforms: &Platforms, target_name: &str) -> Vec<(&'static str, String)> {
    let (build, target) = (&platforms.build, &platforms.target);
    let variant = |platform: &Platform| platform.variant.clone().unwrap_or_default();
    vec![
        ("BUILDPLATFORM", build.to_string()),
        ("BUILDOS", build.os.clone()),
        ("BUILDOSVERSION", String::new()),
        ("BUILDARCH", build.architecture.clone()),
        ("BUILDVARIANT", variant(build)),
        ("TARGETPLATFORM", target.to_string()),
        ("TARGETOS", target.os.clone()),
        ("TARGETOSVERSION", String::new()),
        ("TARGETARCH", target.architecture.clone()),
        ("TARGETVARIANT", variant(target)),
        ("TARGETSTAGE", if target_name.is_empty() { "default" } else { target_name }.to_string()),
    ]
}
