//! What a container sees of networks, and by which names.

use std::net::IpAddr;

use crate::port::PortSpec;

/// Which network the process sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// Its own, with nothing but loopback.
    None,
    /// The host's.
    Host,
    /// Its own, with published ports forwarded from the host; outgoing traffic only where the
    /// machine allows it.
    Private,
    /// Like `Private`, with outgoing traffic through this program, which has to be there.
    UserMode(UserModeProgram),
    /// One or more networks of the store (`plimsoll network`), by name; `bridge` is the default one.
    Joined(Vec<String>),
    /// That of another container, by id.
    Container(String),
}

/// A program for user-mode networking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserModeProgram {
    /// pasta, of passt.
    Pasta,
    /// slirp4netns.
    Slirp4netns,
}

impl UserModeProgram {
    /// All, in the order in which they are tried: Debian 12's pasta (of March 2023) now and then loses what a
    /// peer sends right before it closes.
    pub const ALL: [UserModeProgram; 2] = [UserModeProgram::Slirp4netns, UserModeProgram::Pasta];

    /// Its name, and podman's word for a network with it.
    pub fn name(self) -> &'static str {
        match self {
            UserModeProgram::Pasta => "pasta",
            UserModeProgram::Slirp4netns => "slirp4netns",
        }
    }

    /// The Debian package that brings it.
    pub fn debian_package(self) -> &'static str {
        match self {
            UserModeProgram::Pasta => "passt",
            UserModeProgram::Slirp4netns => "slirp4netns",
        }
    }

    /// The one of a name.
    pub fn named(name: &str) -> Option<UserModeProgram> {
        UserModeProgram::ALL.into_iter().find(|program| program.name() == name)
    }
}

impl Network {
    /// The process has a network namespace made for it.
    pub fn is_own(&self) -> bool {
        !matches!(self, Network::Host | Network::Container(_))
    }
}

/// `-p [IP:]HOST:CONTAINER`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish {
    /// Host address; `0.0.0.0` when not written.
    pub host_ip: IpAddr,
    /// Host port; `None` lets the kernel choose.
    pub host_port: Option<u16>,
    /// How many ports after that would do as well: the first one that is free is taken.
    pub further_ports: u16,
    /// The container's port.
    pub container: PortSpec,
}

/// How a process finds others by name: `/etc/hosts` and `/etc/resolv.conf`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Naming {
    /// Lines added to `/etc/hosts` (`--add-host`).
    pub hosts: Vec<HostEntry>,
    /// Name servers instead of the host's.
    pub servers: Vec<IpAddr>,
    /// Search domains instead of the host's; `.` alone means none.
    pub search: Vec<String>,
    /// Options instead of the host's.
    pub options: Vec<String>,
    /// Further names of the container in its networks (`--network-alias`).
    pub aliases: Vec<String>,
}

/// `--add-host NAME:ADDRESS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostEntry {
    /// The name.
    pub name: String,
    /// The address; `None` is `host-gateway`, the host as the container reaches it.
    pub address: Option<IpAddr>,
}
