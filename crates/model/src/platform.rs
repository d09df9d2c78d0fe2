//! The operating system and processor an image is for.

use std::fmt;

/// `os/architecture[/variant]`, in Go's words (`amd64`, `arm64`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Platform {
    /// `linux` for all that plimsoll runs.
    pub os: String,
    /// Go's name of the architecture.
    pub architecture: String,
    /// `v7`, `v8`, ... where it matters.
    pub variant: Option<String>,
}

impl Platform {
    /// The platform this binary was built for.
    pub fn host() -> Self {
        Platform {
            os: "linux".to_string(),
            architecture: go_architecture(std::env::consts::ARCH).to_string(),
            variant: None,
        }
    }

    /// Read `os/arch[/variant]`; `None` if a part is missing or empty.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/').map(str::to_string);
        let (os, architecture) = (parts.next()?, parts.next()?);
        let variant = parts.next();
        let whole = parts.next().is_none() && !os.is_empty() && !architecture.is_empty();
        whole.then_some(Platform { os, architecture, variant })
    }

    /// Whether an image for `self` runs on `host`; a missing variant matches every one.
    pub fn runs_on(&self, host: &Platform) -> bool {
        self.os == host.os
            && self.architecture == host.architecture
            && (self.variant.is_none() || host.variant.is_none() || self.variant == host.variant)
    }
}

/// Go's name for an architecture that Rust (or uname) names differently.
pub fn go_architecture(name: &str) -> &str {
    match name {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" | "i686" => "386",
        "powerpc64" => "ppc64le",
        other => other,
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}
