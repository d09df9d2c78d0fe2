//! Safe doors to the kernel. The only crate of plimsoll that may contain `unsafe`; each block says
//! which argument makes it sound.

pub mod root_dir;
