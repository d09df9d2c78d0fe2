//! The container's networks: reserved before it starts, given back at its end.

use std::net::IpAddr;
use std::sync::Arc;

use plimsoll_model::{LaunchSpec, Network};

use super::hello::Hello;
use super::prepare::refused;
use crate::container::store::root_of;
use crate::container::{Attachment, Container, ContainerError};
use crate::network::{Member, NetworkError, Networks, Reservation, can_join, record};
use crate::process_id::ProcessId;

/// What a container that is about to start has of networks.
#[derive(Default)]
pub(super) struct Joined {
    /// Its addresses.
    pub reservation: Option<Arc<Reservation>>,
    /// It does not have what it was to have.
    pub warning: Option<String>,
}

impl Joined {
    /// The host, as the container reaches it.
    pub fn gateway(&self) -> Option<IpAddr> {
        self.attachments().iter().find_map(|place| place.gateway)
    }

    /// Its places in its networks.
    pub fn attachments(&self) -> Vec<Attachment> {
        self.reservation.as_ref().map_or(Vec::new(), |reservation| reservation.attachments())
    }
}

/// Reserve what the specification asks for. The default network is a wish: where the kernel makes none,
/// the container gets a private one, which never fails.
pub(super) fn join(
    container: &Container,
    hello: &Hello,
    spec: &mut LaunchSpec,
) -> Result<Joined, ContainerError> {
    let Network::Joined(names) = &spec.network else { return Ok(Joined::default()) };
    let monitor = ProcessId::own().ok_or(std::io::ErrorKind::NotFound);
    let monitor = monitor.map_err(ContainerError::doing("look at the monitor's own process"))?;
    let member = Member::of(container.record(), monitor);
    let networks = Networks::around(container).map_err(|error| refused(125, error))?;
    match networks.reserve(names, &member, None, &hello.host.ids) {
        Ok(reservation) => Ok(Joined { reservation: Some(Arc::new(reservation)), warning: None }),
        Err(error @ NetworkError::Refused { .. }) if names[..] == [record::DEFAULT] => {
            spec.network = Network::Private;
            let warning = format!("{error}; the container has a private network instead");
            Ok(Joined { reservation: None, warning: Some(warning) })
        }
        Err(NetworkError::Rootless) if names[..] == [record::DEFAULT] => {
            spec.network = Network::Private;
            Ok(Joined::default())
        }
        Err(error) => Err(refused(125, error)),
    }
}

/// Give everything back. What cannot be given back now is taken by the next one who looks.
pub(super) fn leave(container: &Container) {
    // All who start and end wait for each other there.
    if !can_join(&container.record().spec.network) {
        return;
    }
    let _ = Networks::existing(root_of(container)).map(|networks| networks.release(container.id()));
}
