//! Proof to Kubernetes objects: every value carries the reason it has.
//!
//! ```text
//! Proof + Options -> generate -> Manifest (trees of reasoned values)
//!                                   |-> emit      YAML, the reasons as comments
//!                                   |-> to_json   the bare objects
//!                                   |-> fields    (path, value, reason) for reports
//!                                   `-> pod_security   level and what stands in the way of a stricter one
//! ```
//!
//! And the other way round, [`read`]: a manifest somebody wrote, to its containers and what they start; and
//! [`rules`], what is wrong with them.
//!
//! Pure: what was proven comes in as a value, text goes out as a value.

mod command_text;
mod container;
mod emit;
mod field_reason;
mod generate;
mod hardening;
mod name;
mod object;
mod options;
mod ports;
mod probes;
mod pss;
pub mod read;
pub mod rules;
mod run;
mod scalar;
mod scratch;
mod sizing;

pub use field_reason::FieldReason;
pub use generate::{Manifest, generate};
pub use name::{BadName, ObjectName};
pub use object::{Field, Node, Value};
pub use options::{BadVersion, KubeVersion, Options, ServiceType};
pub use pss::{Level, PodSecurity, Violation, pod_security};
pub use sizing::PRE_STOP_SLEEP;
