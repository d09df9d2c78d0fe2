//! What will run and how, and the judgement over what did.
//!
//! Pure: a contract is predicted from a Dockerfile or read from an image's configuration and files;
//! evidence comes in as a value and goes out as a [`judge::Proof`].

pub mod compare;
pub mod contract;
pub mod engine;
pub mod evidence;
pub mod expect;
pub mod from_dockerfile;
pub mod from_image;
pub mod given;
pub mod judge;
pub mod modes;
pub mod origin;
pub mod pid1;
pub mod reasons;
pub mod shell_kind;
pub mod stage;
pub mod wire;

pub use contract::{Contract, Launch, LaunchMode, Pid1, ShellKind};
pub use engine::Engine;
pub use evidence::{Evidence, Verdict};
pub use from_dockerfile::{BaseImage, Prediction, Question, from_dockerfile};
pub use from_image::from_image;
pub use given::with_given;
pub use judge::{Claim, Proof, judge};
pub use modes::{launch, matrix};
pub use stage::{Applied, StageState, Work};
