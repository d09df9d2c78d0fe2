//! The flags of `container prune`, `network prune` and `volume prune`.

use clap::Args;
use jiff::Timestamp;

use super::confirmation::is_confirmed;
use super::prune_filter::{PruneFilter, mean};

/// What is removed, and whether somebody is asked first.
#[derive(Args)]
pub struct PruneFlags {
    /// Do not ask first.
    #[arg(short, long)]
    force: bool,
    /// Only those that fit: until=TIME (made before, or so long ago), label=KEY[=VALUE], label!=KEY[=VALUE].
    #[arg(long, value_name = "FILTER")]
    filter: Vec<PruneFilter>,
}

impl PruneFlags {
    /// Whether what is said may be removed.
    pub fn are_confirmed(&self, what: &str) -> bool {
        self.force || is_confirmed(what)
    }

    /// Whether something made then, with these labels, is meant.
    pub fn mean(&self, created: Timestamp, labels: &[(String, String)]) -> bool {
        mean(&self.filter, created, labels)
    }
}
