//! Looking at a running container from outside, through /proc, without entering it: nothing of the
//! container is executed (podman's `top` once ran a program of the container, CVE-2022-1227).

mod id_map;
mod process_view;
mod socket_table;

pub use process_view::{ContainerView, ProcessView, view};
pub use socket_table::{ListeningSocket, PortHolder, port_holder};
