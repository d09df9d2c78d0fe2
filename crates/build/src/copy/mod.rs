//! COPY and ADD: what is copied, where to, with which owner and mode; then the layer.
//!
//! Semantics follow BuildKit (`convert_copy.go`, fsutil `copy`), but for two cases in which it
//! silently loses data: several sources without a directory as destination, and an owner that the
//! image does not know. Both are refused here, as docker's classic builder did.

mod chmod;
mod link;
mod missing;
mod parents;
mod place;
mod selection;
mod wildcard;

pub use chmod::{BadMode, ModeChange};
pub use link::replaced_by_link;
pub(crate) use missing::explain as explain_missing;
pub use missing::outside_context;
pub use place::execute;
pub use selection::{CopyError, CopyJob, NAMELESS, Selected, Target, Word, says_directory};
