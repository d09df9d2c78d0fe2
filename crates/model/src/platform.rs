//! The operating system and processor an image is for.

use std::fmt;

/// `os/architecture[/variant]`, in Go's words (`amd64`, `arm64`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

    /// Read a platform as people write it, in one spelling: `linux/arm64/v8`, `arm64` and `aarch64` are
    /// the same (containerd `platforms.Normalize`).
    pub fn parse_normalised(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let whole = if text.contains('/') { text } else { format!("linux/{text}") };
        let Platform { os, architecture, variant } = Platform::parse(&whole)?;
        let known = |name: &str| ARCHITECTURES.contains(&name);
        let (architecture, variant) = match (architecture.as_str(), variant.as_deref()) {
            ("x86_64" | "x86-64" | "amd64", None | Some("v1")) => ("amd64", None),
            ("aarch64" | "arm64", None | Some("8" | "v8")) => ("arm64", None),
            ("armhf", None) | ("arm", None | Some("7")) => ("arm", Some("v7")),
            ("armel", None) | ("arm", Some("6")) => ("arm", Some("v6")),
            ("i386" | "i486" | "i586" | "i686" | "x86", None) => ("386", None),
            (other, variant) if known(other) => (other, variant),
            _ => return None,
        };
        let (architecture, variant) = (architecture.to_string(), variant.map(str::to_string));
        Some(Platform { os, architecture, variant })
    }

    /// Whether an image for `self` runs on `host`; a missing variant matches every one.
    pub fn runs_on(&self, host: &Platform) -> bool {
        self.os == host.os
            && self.architecture == host.architecture
            && (self.variant.is_none() || host.variant.is_none() || self.variant == host.variant)
    }
}

/// The architectures Go names and images exist for (`go tool dist list`).
const ARCHITECTURES: [&str; 14] = [
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le",
    "riscv64", "s390x", "wasm",
];

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_for_one_platform() {
        let read = |text: &str| Platform::parse_normalised(text).map(|platform| platform.to_string());
        for text in ["linux/arm64/v8", "linux/aarch64", "arm64", "LINUX/ARM64"] {
            assert_eq!(read(text).as_deref(), Some("linux/arm64"), "{text}");
        }
        assert_eq!(read("linux/x86_64").as_deref(), Some("linux/amd64"));
        assert_eq!(read("linux/amd64/v3").as_deref(), Some("linux/amd64/v3"));
        assert_eq!(read("linux/arm").as_deref(), Some("linux/arm/v7"));
        assert_eq!(read("armel").as_deref(), Some("linux/arm/v6"));
        for text in ["", "linux", "linux/", "linux/arm64/v8/x", "linux/amd46"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
