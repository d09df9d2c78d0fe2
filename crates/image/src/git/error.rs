//! Why a repository could not be had, one sentence each.

/// Why a repository could not be had.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no git.
    #[error(
        "git is not installed, and it is what fetches {remote}: install it, or ADD an archive of the repository"
    )]
    NotInstalled {
        /// The repository.
        remote: String,
    },
    /// git failed.
    #[error("git cannot {doing} {remote}: {why}")]
    Failed {
        /// The repository.
        remote: String,
        /// What was attempted, as `fetch`.
        doing: &'static str,
        /// Its own words.
        why: String,
    },
    /// The ref is not there.
    #[error("{remote} has no branch and no tag '{wanted}'{}", .nearest.as_ref().map_or(String::new(), |near| format!("; did you mean '{near}'?")))]
    NoRef {
        /// The repository.
        remote: String,
        /// The ref.
        wanted: String,
        /// The most similar one.
        nearest: Option<String>,
    },
    /// The commit is not there.
    #[error(
        "{remote} has no commit {commit} that it gives away; check it, or name the branch or tag it is on"
    )]
    NoCommit {
        /// The repository.
        remote: String,
        /// The commit.
        commit: String,
    },
    /// The ref is another commit than the checksum says.
    #[error(
        "{remote} has {found} there, and {expected} was expected; if that is meant, write the new commit"
    )]
    WrongCommit {
        /// The repository.
        remote: String,
        /// What was found.
        found: String,
        /// What was promised.
        expected: String,
    },
    /// Somebody pushed in between.
    #[error("{remote} changed while it was fetched: {commit} is gone; try again")]
    Moved {
        /// The repository.
        remote: String,
        /// The commit.
        commit: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] crate::error::Error),
}
