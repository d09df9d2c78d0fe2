//! Whose the files of a RUN are where one id owns them all: what the layers know, and who listens.

use std::os::fd::BorrowedFd;
use std::sync::Arc;

use plimsoll_image::layer::LayeredTree;
use plimsoll_runtime::host::IdMap;
use plimsoll_runtime::ownership::{OwnersBelow, Recorder};
use plimsoll_runtime::rootfs::RootFs;

use crate::request::Request;
use crate::run::RunJob;

/// The recorder of a RUN, where the kernel has but one id.
pub(crate) fn recorder(job: &RunJob<'_>, request: &Request<'_>, rootfs: &RootFs) -> Option<Arc<Recorder>> {
    let below = Arc::new(Layers(job.tree.clone()));
    let groups = job.user.extra_groups.clone();
    (request.host.ids == IdMap::Single).then(|| Recorder::new(rootfs.upper(), below, groups))
}

/// Owners in the layers so far.
#[derive(Debug)]
struct Layers(LayeredTree);

impl OwnersBelow for Layers {
    fn below(&self, path: &[u8]) -> Option<(u32, u32)> {
        self.0.get(path).map(|(entry, _)| (entry.uid, entry.gid))
    }

    fn in_upper(&self, file: BorrowedFd<'_>, path: &[u8]) -> (u32, u32) {
        self.0.owner_of_copy(file, path).unwrap_or((0, 0))
    }

    fn has_others(&self) -> bool {
        self.0.entries().any(|(entry, _)| (entry.uid, entry.gid) != (0, 0))
    }
}
