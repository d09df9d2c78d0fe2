//! What a container calls itself.

use clap::Args;

use super::docker_words::asked;

/// Host and domain name.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Network")]
pub struct NameFlags {
    /// Host name of the container; the beginning of its id if not given.
    #[arg(short = 'h', long, value_name = "NAME", value_parser = name)]
    hostname: Option<String>,
    /// NIS domain name of the container.
    #[arg(long, value_name = "NAME", value_parser = name)]
    domainname: Option<String>,
}

impl NameFlags {
    /// The host name, if one was asked for.
    pub fn hostname(&self) -> Option<&str> {
        asked(&self.hostname)
    }

    /// The domain name; empty if none was asked for.
    pub fn domainname(&self) -> &str {
        asked(&self.domainname).unwrap_or_default()
    }
}

/// What the kernel takes (HOST_NAME_MAX), and what can stand in a line of `/etc/hosts`.
pub(super) fn name(text: &str) -> Result<String, String> {
    match text {
        text if text.len() > 64 => Err("it is longer than 64 bytes".to_string()),
        text if text.contains(|c: char| c.is_whitespace() || c.is_control()) => {
            Err("a name has no blanks".to_string())
        }
        text => Ok(text.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["", "box", "a.b-c", "host_1", &"x".repeat(64)] {
            assert_eq!(name(good), Ok(good.to_string()));
        }
        for bad in ["a b", "a\nb", "a\0", &"x".repeat(65)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }
}
