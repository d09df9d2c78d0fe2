//! What a scan could not tell, each as one sentence.

use crate::packages::UnknownRelease;

/// Something the report's reader must know to trust the rest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    /// There are packages of a distribution, but no os-release.
    #[error(
        "the image has no os-release, so its {packages} distribution packages cannot be matched with advisories"
    )]
    NoOsRelease {
        /// How many.
        packages: usize,
    },
    /// os-release does not lead to an ecosystem.
    #[error("{why}: {packages} distribution packages were not matched")]
    ReleaseUnknown {
        /// Why.
        why: UnknownRelease,
        /// How many packages.
        packages: usize,
    },
    /// The data base has nothing for this release or language.
    #[error("the advisory data base has nothing for {ecosystem}: {packages} packages were not matched")]
    NotCovered {
        /// OSV's name.
        ecosystem: String,
        /// How many packages.
        packages: usize,
    },
    /// The data base has something that cannot be read.
    #[error("the advisories for {ecosystem} cannot be read: {why}")]
    DatabaseBroken {
        /// OSV's name.
        ecosystem: String,
        /// The reason.
        why: String,
    },
    /// Some records are no OSV records.
    #[error("{records} advisories for {ecosystem} cannot be read and were passed over")]
    RecordsBroken {
        /// OSV's name.
        ecosystem: String,
        /// How many.
        records: usize,
    },
    /// Advisories of the kernel met only its headers.
    #[error(
        "{packages} holds kernel headers only; {advisories} advisories of the kernel do not count, a container runs on its host's kernel"
    )]
    KernelHeaders {
        /// The packages' names.
        packages: String,
        /// How many advisories.
        advisories: usize,
    },
    /// An rpm data base is there.
    #[error("the rpm data base in {path} was not read: rpm packages are not supported")]
    RpmNotRead {
        /// Where.
        path: String,
    },
    /// A file that should have been read.
    #[error("{path} was not read: {why}")]
    Unreadable {
        /// Which.
        path: String,
        /// Why.
        why: String,
    },
}
