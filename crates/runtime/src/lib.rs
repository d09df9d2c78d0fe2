//! Launch specification and host facts to sandbox plan to container.
//!
//! The runtime takes directories, not images: a root file system is a list of layer directories.

pub mod attach;
pub mod container;
pub mod exec_process;
pub mod forward;
pub mod host;
pub mod init;
pub mod launch;
pub mod logs;
pub mod monitor;
pub mod observe;
pub mod plan;
pub mod process_id;
pub mod rootfs;
pub mod stop;

mod container_stdio;
mod event_loop;
mod fd_message;
mod seccomp;
