//! Ways to misbehave.

use std::time::Duration;

/// What goes wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Answer this status with an error document of this code.
    Status(u16, &'static str),
    /// Answer 429 with this `Retry-After`.
    Busy(u64),
    /// Close the connection without an answer.
    HangUp,
    /// Read so many bytes of the request's body, then close the connection.
    CutUpload(usize),
    /// Close the connection after so many bytes of the answer's body.
    CutAfter(usize),
    /// Change one byte in the middle of the body.
    WrongBytes,
    /// Announce so many bytes more (or fewer) than there are, and close the connection at the end.
    WrongLength(i64),
    /// Send the body in pieces of this size with this pause between.
    Slow(usize, Duration),
    /// Say nothing until the client goes away.
    Stall,
    /// Redirect there (307).
    Redirect(String),
    /// Send the body again and again, without announcing a length.
    Endless,
    /// Send the whole body although a part was asked for.
    IgnoreRange,
}

/// A fault waiting for its request.
#[derive(Debug)]
pub(super) struct Planned {
    pub method: String,
    pub part: String,
    pub left: usize,
    pub fault: Fault,
}

/// The fault for a request, used up by one.
pub(super) fn take(planned: &mut [Planned], method: &str, target: &str) -> Option<Fault> {
    let fits = |planned: &&mut Planned| {
        planned.left > 0
            && (planned.method.is_empty() || planned.method == method)
            && target.contains(&planned.part)
    };
    planned.iter_mut().find(fits).map(|planned| {
        planned.left -= 1;
        planned.fault.clone()
    })
}
