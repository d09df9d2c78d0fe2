//! Who interrupts a commit must not leave the container standing still.

use plimsoll_model::Signal;
use plimsoll_runtime::container::Container;
use plimsoll_sys::signals;

/// What ends a command from outside.
const ENDINGS: [Signal; 4] = [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM];

/// Signals to this process that wait.
pub struct PutOff(());

impl PutOff {
    /// Let all that come from here on wait; to be called before the container is held. If they cannot, they act as
    /// ever.
    pub fn all() -> Option<PutOff> {
        signals::block_all().ok().map(|()| PutOff(()))
    }

    /// From here on one that would end this process, or has come since, lets the container go on before. It is for
    /// the rest of the process' life, and what has to come before any thread is done.
    pub fn let_go_on(self, container: &Container) {
        let container = container.clone();
        std::thread::spawn(move || {
            while let Ok(number) = signals::wait() {
                if ENDINGS.iter().any(|signal| signal.number() == number) {
                    // It goes on already if the commit was done with it.
                    let _ = container.unpause();
                    std::process::exit(128 + number);
                }
            }
        });
    }
}
