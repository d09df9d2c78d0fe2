//! Safe doors to the kernel. The only crate of plimsoll that may contain `unsafe`; each block says
//! which argument makes it sound.

pub mod child;
pub mod exit_info;
pub mod mount;
pub mod own_program;
pub mod probe;
pub mod process;
pub mod root_dir;
pub mod seccomp;
pub mod signals;
pub mod userns;
