//! What will run and how, and the judgement over what did.
//!
//! Pure: a contract is predicted from a Dockerfile or read from an image's configuration and files;
//! evidence comes in as a value and goes out as a [`judge::Proof`].

pub mod contract;
pub mod evidence;
pub mod judge;
