//! A container whose files do not change while somebody reads them.

use crate::container::{Container, ContainerError};
use crate::stop::Idle;

/// Nothing of the container writes while this value lives: it stands still, or cannot be started.
#[derive(Debug)]
pub struct HeldStill<'a> {
    /// What has to go on afterwards.
    paused: Option<&'a Container>,
    _idle: Option<Idle>,
}

impl Container {
    /// Hold it. Of one that runs all processes stand still, of one that does not no process starts; one that was
    /// paused already stays paused. To be called as [`Container::pause`] is.
    pub fn hold_still(&self) -> Result<HeldStill<'_>, ContainerError> {
        let idle = self.lock_idle()?;
        if idle.is_some() {
            return Ok(HeldStill { paused: None, _idle: idle });
        }
        match self.pause() {
            Ok(()) => Ok(HeldStill { paused: Some(self), _idle: None }),
            // Between two starts no process is there either.
            Err(ContainerError::AlreadyPaused { .. } | ContainerError::NotRunning { .. }) => {
                Ok(HeldStill { paused: None, _idle: None })
            }
            Err(error) => Err(error),
        }
    }
}

impl HeldStill<'_> {
    /// Let it go on.
    pub fn end(mut self) -> Result<(), ContainerError> {
        self.paused.take().map_or(Ok(()), go_on)
    }
}

impl Drop for HeldStill<'_> {
    fn drop(&mut self) {
        // Whatever has failed before is what is told.
        let _ = self.paused.take().map(go_on);
    }
}

/// Somebody else may have let it go on, or ended it.
fn go_on(container: &Container) -> Result<(), ContainerError> {
    match container.unpause() {
        Err(ContainerError::NotPaused { .. } | ContainerError::NotRunning { .. }) => Ok(()),
        done => done,
    }
}
