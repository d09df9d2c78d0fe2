//! Files of container-structure-test, schema 2.0.0, as they are: commands run in the image, files that must
//! or must not be there and what they contain, the configuration.
//!
//! Semantics follow the project's documentation (README.md) and `pkg/types/v2`, `pkg/drivers/docker_driver.go`
//! of GoogleContainerTools/container-structure-test. What differs:
//!
//! - `licenseTests` are refused: upstream lists licences by Google's classification of Debian's copyright
//!   files, and fails images of other distributions; `plimsoll scan` names packages.
//! - A test that is not well-formed is an error of the file; upstream logs it and goes on, or not, by version.
//! - `containerRunOptions`: `user`, `envVars` and `envFile` count; the others need what an experiment does not
//!   have (a terminal, more rights, the host's files) and are refused by name.
//! - Regular expressions have no Unicode classes (`\p{...}`); Go's other syntax works.
//! - `teardown` is not run, as with upstream's docker driver: nothing of a test is left.

mod arguments;
mod check;
mod file;
mod run;
mod yaml;

pub use file::{BadStructureFile, StructureFile};
pub(crate) use run::run;
