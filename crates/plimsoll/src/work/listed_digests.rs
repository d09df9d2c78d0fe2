//! What registries list under names of images now.

use std::cell::RefCell;
use std::collections::BTreeMap;

use plimsoll_image::registry::{Access, listed_digest};
use plimsoll_model::{Digest, Reference};

use crate::command_error::CommandError;
use crate::registry_access;

/// Digests, each asked for once.
pub struct ListedDigests {
    access: Access,
    known: RefCell<BTreeMap<String, Option<Digest>>>,
    failed: RefCell<Vec<CommandError>>,
}

impl ListedDigests {
    /// Nothing is asked yet.
    pub fn new(insecure: bool) -> Result<Self, CommandError> {
        let access = registry_access::access(insecure)?;
        Ok(ListedDigests { access, known: RefCell::default(), failed: RefCell::default() })
    }

    /// The digest of an image; `None` if its registry does not tell, which is kept as a failure.
    pub fn of(&self, image: &Reference) -> Option<Digest> {
        let mut known = self.known.borrow_mut();
        *known.entry(image.to_string()).or_insert_with(|| {
            let digest = listed_digest(image, &self.access, &|_| {});
            digest.map_err(|error| self.failed.borrow_mut().push(CommandError::failure(error))).ok()
        })
    }

    /// What could not be learnt.
    pub fn failures(self) -> Vec<CommandError> {
        self.failed.into_inner()
    }
}
