//! Dockerfile to build graph to image, with cache.
//!
//! [`plan`] decides what has to be built (pure), [`execute`] carries it out step by step, asking the
//! step cache first. What a stage's instructions do to the configuration is the contract crate's
//! [`plimsoll_contract::stage::StageState`]: prediction and build share it.

pub mod copy;
pub mod error;
pub mod event;
pub mod execute;
pub mod key;
pub mod plan;
pub mod provenance;
mod run;
mod stage;
pub mod step_cache;

pub use error::BuildError;
pub use event::Event;
pub use execute::{Built, Request, build};
