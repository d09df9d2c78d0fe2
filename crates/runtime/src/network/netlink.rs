//! Messages to the kernel's network parts (netlink(7)): a builder, a reader, a socket.
//!
//! Every number is in the machine's byte order, every part starts at a multiple of four bytes.

mod message;
mod socket;

pub(crate) use message::{Message, Reply, attributes, number, text};
pub(crate) use socket::{Netlink, Subsystem};
