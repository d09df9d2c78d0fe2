//! Git repositories: ADD, and build contexts that are cloned, by the git program of this machine.
//!
//! Nothing of the user's or the machine's configuration is read, no hook, filter or credential helper
//! runs, nobody is asked for a password, and neither a repository nor its submodules can lead to files
//! of this machine (`file:`, `ext::`). Exactly the commit asked for is fetched, where the server
//! allows that.

mod address;
mod checkout;
mod error;
mod program;
mod tree;

pub use address::GitAddress;
pub use checkout::{Resolved, checkout, resolve};
pub use error::GitError;
pub use program::{Git, GitProgram};
pub use tree::GitTree;
