//! Ports as EXPOSE, image configs, `-p` and manifests write them.

use std::fmt;

/// Transport protocol of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP, the default.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// Lower-case name, as image configs write it.
    pub fn word(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
        }
    }

    /// Read a name in any case.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "tcp" => Some(Protocol::Tcp),
            "udp" => Some(Protocol::Udp),
            "sctp" => Some(Protocol::Sctp),
            _ => None,
        }
    }
}

/// One port of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortSpec {
    /// 1 to 65535.
    pub number: u16,
    /// Transport.
    pub protocol: Protocol,
}

impl PortSpec {
    /// Read `80`, `80/udp`.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, protocol) = match text.split_once('/') {
            Some((number, protocol)) => (number, Protocol::parse(protocol)?),
            None => (text, Protocol::Tcp),
        };
        let number = number.parse().ok().filter(|&number| number != 0)?;
        Some(PortSpec { number, protocol })
    }

    /// Read `80`, `80/udp`, `8000-8002/tcp`: every port of the range.
    pub fn parse_range(text: &str) -> Option<Vec<Self>> {
        let (numbers, protocol) = match text.split_once('/') {
            Some((numbers, protocol)) => (numbers, Protocol::parse(protocol)?),
            None => (text, Protocol::Tcp),
        };
        let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
        let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
        let valid = first != 0 && first <= last;
        valid.then(|| (first..=last).map(|number| PortSpec { number, protocol }).collect())
    }
}

impl fmt::Display for PortSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.protocol.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert_eq!(PortSpec::parse("80").unwrap().to_string(), "80/tcp");
        assert_eq!(PortSpec::parse("53/UDP").unwrap().to_string(), "53/udp");
        assert_eq!(PortSpec::parse_range("8000-8002").unwrap().len(), 3);
        for bad in ["", "0", "65536", "80/x", "-80", "9-8"] {
            assert_eq!(PortSpec::parse_range(bad), None, "{bad}");
        }
    }
}
