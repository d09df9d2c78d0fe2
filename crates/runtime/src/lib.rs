//! Launch specification and host facts to sandbox plan to container.
//!
//! The runtime takes directories, not images: a root file system is a list of layer directories.

pub mod host;
pub mod launch;
pub mod plan;
pub mod rootfs;
