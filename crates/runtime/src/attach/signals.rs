//! The signals the caller gets while attached: they are meant for the process in the container.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

use plimsoll_model::Signal;

use crate::container_stdio::pipe;
use crate::monitor::set_nonblocking;

/// Signals of this process, queued to be passed on instead of acting on us.
#[derive(Debug)]
pub(crate) struct CallersSignals {
    queue: File,
}

impl CallersSignals {
    /// From now on no signal acts on this thread, nor on those it starts. For good: what is attached
    /// ends with the process it is attached to.
    pub fn take_over() -> io::Result<Self> {
        let (reader, writer) = pipe()?;
        set_nonblocking(&reader)?;
        plimsoll_sys::signals::block_all()?;
        let mut writer = File::from(writer);
        // Waiting needs a thread of its own: there is no descriptor that says it.
        std::thread::Builder::new().name("signals".into()).stack_size(64 << 10).spawn(move || {
            while let Ok(signal) = plimsoll_sys::signals::wait() {
                // Fails when nobody is attached any more.
                if u8::try_from(signal).is_ok_and(|number| writer.write_all(&[number]).is_err()) {
                    return;
                }
            }
        })?;
        Ok(CallersSignals { queue: reader.into() })
    }

    /// Readable when there are some.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.queue.as_fd()
    }

    /// Those that have come and mean something to the process or its terminal.
    pub fn received(&self) -> Vec<Signal> {
        let mut numbers = [0; 64];
        let length = (&self.queue).read(&mut numbers).unwrap_or(0);
        numbers[..length]
            .iter()
            .filter_map(|number| Signal::new(i32::from(*number)))
            .filter(is_meant)
            .collect()
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
