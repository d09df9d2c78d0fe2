//! Safe doors to the kernel. The only crate of plimsoll that may contain `unsafe`; each block says
//! which argument makes it sound.

#[cfg(feature = "attempts")]
pub mod attempts;
pub mod child;
pub mod exit_info;
pub mod file_handle;
pub mod mount;
pub mod own_program;
pub mod probe;
pub mod process;
pub mod raw_stat;
pub mod root_dir;
pub mod seccomp;
pub mod signals;
pub mod start;
pub mod trace;
pub mod userns;
