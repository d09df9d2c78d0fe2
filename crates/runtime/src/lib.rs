//! Launch specification and host facts to sandbox plan to container.
//!
//! The runtime takes directories, not images: a root file system is a list of layer directories.

pub mod attach;
pub mod binfmt;
pub mod bundle;
pub mod call_watch;
pub mod cgroup;
pub mod container;
pub mod events;
pub mod exec_process;
pub mod files;
pub mod forward;
pub mod held_still;
pub mod host;
pub mod init;
pub mod launch;
pub mod logs;
pub mod monitor;
pub mod network;
pub mod observe;
pub mod ownership;
pub mod pause;
pub mod plan;
pub mod process_id;
pub mod rootfs;
pub mod seccomp;
pub mod stop;
pub mod update;
pub mod usage;
pub mod user_mode;
pub mod volume;

mod container_stdio;
mod device_nodes;
mod event_loop;
mod fd_message;
mod mount_point_layer;
mod store_directory;
mod words;
