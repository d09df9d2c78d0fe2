//! Kubernetes objects as people wrote them: which containers their pods have, and what becomes of
//! `command`, `args` and `env`.
//!
//! | code | what it tells |
//! |---|---|
//! | K001 | the text is no YAML |
//! | K002 | a key is written twice: the API server refuses it |
//! | K003 | a value has another type than the field |
//! | K101 | `$(NAME)` names nothing the kubelet knows and stays as written |
//! | K102 | a variable is set twice, and the last one counts |

mod expansion;
mod pods;
pub mod yaml;

pub use expansion::{Expanded, expand};
pub use pods::{Container, Objects, Port, Probe, Restrictions, Variable, Written, read};
