//! What a person decides; everything else follows from the proof.

use std::fmt;
use std::str::FromStr;

use plimsoll_model::Reference;

use crate::name::ObjectName;

/// Wishes for the generated objects; the default has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// Name of the objects; `None` takes the image's.
    pub name: Option<ObjectName>,
    /// Namespace to write; `None` leaves it to `kubectl -n`.
    pub namespace: Option<ObjectName>,
    /// Number of pods; `None` takes two for a server that keeps no data, else one.
    pub replicas: Option<u32>,
    /// Where the cluster pulls the image from: a registry known to hold the proven manifest. `None`
    /// is an image of the local store that nobody has pushed yet.
    pub pulled_from: Option<Reference>,
    /// What kind of Service.
    pub service_type: ServiceType,
    /// `command` of the container; `None` leaves it to the image.
    pub command: Option<Vec<String>>,
    /// `args` of the container; `None` leaves them to the image.
    pub args: Option<Vec<String>>,
    /// The version the manifests must suit.
    pub kubernetes: KubeVersion,
}

/// How a Service is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServiceType {
    /// From inside the cluster.
    #[default]
    ClusterIp,
    /// Through a port of every node.
    NodePort,
    /// Through the cloud's load balancer.
    LoadBalancer,
}

impl ServiceType {
    /// The API's word.
    pub fn word(self) -> &'static str {
        match self {
            ServiceType::ClusterIp => "ClusterIP",
            ServiceType::NodePort => "NodePort",
            ServiceType::LoadBalancer => "LoadBalancer",
        }
    }
}

/// A minor version of Kubernetes 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KubeVersion {
    /// The number after `1.`.
    pub minor: u32,
}

/// Why a text is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no Kubernetes version: 1.MINOR was expected, 1.34 for instance")]
pub struct BadVersion {
    /// What was read.
    pub text: String,
}

impl KubeVersion {
    /// `lifecycle.*.sleep` works without a feature gate: beta and on by default in 1.30, stable in 1.34
    /// (KEP 3960).
    pub fn has_sleep_action(self) -> bool {
        self.minor >= 30
    }
}

impl Default for KubeVersion {
    /// The lowest version in which everything that is generated is stable.
    fn default() -> Self {
        KubeVersion { minor: 34 }
    }
}

impl fmt::Display for KubeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

impl FromStr for KubeVersion {
    type Err = BadVersion;

    /// Read `1.34`, `v1.34.2`.
    fn from_str(text: &str) -> Result<Self, BadVersion> {
        let mut parts = text.strip_prefix('v').unwrap_or(text).splitn(3, '.');
        match (parts.next(), parts.next().and_then(|minor| minor.parse().ok())) {
            (Some("1"), Some(minor)) => Ok(KubeVersion { minor }),
            _ => Err(BadVersion { text: text.chars().take(100).collect() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!("v1.29.3".parse(), Ok(KubeVersion { minor: 29 }));
        assert_eq!("1.34".parse(), Ok(KubeVersion::default()));
        assert!(!KubeVersion { minor: 29 }.has_sleep_action());
        for bad in ["", "1", "2.0", "1.x", "latest"] {
            assert!(bad.parse::<KubeVersion>().is_err(), "{bad}");
        }
    }
}
