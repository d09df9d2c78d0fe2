//! Looking at a running container from outside, through /proc, without entering it: nothing of the
//! container is executed (podman's `top` once ran a program of the container, CVE-2022-1227).

mod id_map;
mod members;
mod process_table;
mod process_view;
mod socket_table;
mod start_view;

pub(crate) use id_map::IdView;
pub(crate) use members::{members, namespace};
pub(crate) use process_table::ticks;
pub use process_table::{ProcessRow, rows};
pub use process_view::{ContainerView, ProcessView, view};
pub use socket_table::{ListeningSocket, PortHolder, port_holder};
pub(crate) use start_view::is_traced;
pub use start_view::{StartView, start_view};
