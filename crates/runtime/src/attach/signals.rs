//! The signals the caller gets while attached: they are meant for the process in the container.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};

use plimsoll_model::Signal;
use plimsoll_sys::signals::SignalQueue;

/// Signals of this process, queued to be passed on instead of acting on us.
#[derive(Debug)]
pub(crate) struct CallersSignals {
    queue: SignalQueue,
}

impl CallersSignals {
    /// From now on no signal acts on this thread, nor on those it starts. For good: what is attached
    /// ends with the process it is attached to. Without `all`, only a change of the window's size is
    /// taken, and the others act as ever.
    pub fn take_over(all: bool) -> io::Result<Self> {
        let queue = match all {
            true => SignalQueue::of_all()?,
            false => SignalQueue::of_one(Signal::WINCH.number())?,
        };
        Ok(CallersSignals { queue })
    }

    /// Readable when there are some.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.queue.as_fd()
    }

    /// Those that have come and mean something to the process or its terminal.
    pub fn received(&self) -> Vec<Signal> {
        let numbers = std::iter::from_fn(|| self.queue.next().ok().flatten());
        numbers.filter_map(Signal::new).filter(is_meant).collect()
    }
}

/// As docker passes them: not those that tell us about our own children, pipes and terminal.
fn is_meant(signal: &Signal) -> bool {
    const OURS: [&str; 9] = ["CHLD", "PIPE", "URG", "TTIN", "TTOU", "TSTP", "CONT", "STOP", "KILL"];
    !OURS.into_iter().filter_map(Signal::parse).any(|ours| ours == *signal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_or_tells_something_is_passed_on() {
        for meant in ["INT", "TERM", "HUP", "QUIT", "USR1", "WINCH", "RTMIN+1"] {
            assert!(is_meant(&Signal::parse(meant).unwrap()), "{meant}");
        }
        assert!(!is_meant(&Signal::parse("CHLD").unwrap()));
    }
}
