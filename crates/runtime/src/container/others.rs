//! The other containers whose namespaces one shares.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use plimsoll_model::LaunchSpec;

use super::{Container, ContainerError, Containers};

impl Container {
    /// A descriptor of its first process; an error if it does not run.
    pub fn first_process(&self) -> Result<OwnedFd, ContainerError> {
        let ended =
            || ContainerError::NotRunning { name: self.name().to_string(), state: "exited".to_string() };
        self.running()?.process.open().ok_or_else(ended)
    }
}

impl Containers {
    /// First processes of the containers whose namespaces a specification shares, by id. All must run.
    pub fn others(&self, spec: &LaunchSpec) -> Result<BTreeMap<String, Arc<OwnedFd>>, ContainerError> {
        let first = |id: &str| Ok((id.to_string(), Arc::new(self.find(id)?.first_process()?)));
        spec.shared_with().into_iter().map(first).collect()
    }
}
