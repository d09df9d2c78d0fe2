//! Networks of the store: a bridge each, between which and the world the kernel's own rules decide.
//!
//! Without a daemon and without other programs: interfaces, addresses and routes by rtnetlink, rules by
//! nf_tables, names by `/etc/hosts`. What there is stands in the store: `networks/NAME/network.json`, and
//! one file below `leases` for each address a container has. IPv4 only.

mod bridge;
pub mod error;
mod firewall;
mod hosts;
pub mod leases;
pub(crate) mod link;
pub mod membership;
pub mod namespace;
mod netlink;
mod place;
pub mod record;
pub mod reservation;
mod running;
pub mod store;
pub mod subnet;
#[cfg(test)]
mod testing;
mod wire;

pub use error::NetworkError;
pub use leases::Lease;
pub use membership::Member;
pub use record::{Bridge, Driver, NamedNetwork};
pub use reservation::Reservation;
pub(crate) use running::can_join;
pub use store::{NetworkListing, Networks, NewNetwork};
pub use subnet::Subnet;
