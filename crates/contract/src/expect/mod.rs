//! What a person expects of a proof, written down: a proof becomes a regression test. Pure: reading the file
//! is the roof's.

mod check;
mod derive;

use std::time::Duration;

use plimsoll_model::{PortSpec, Reasoned, Signal};

pub use check::{Answer, check};
pub use derive::derive;

/// One expectation, with the place where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The key as written, `stop.within`.
    pub key: String,
    /// What is wanted, and where that stands.
    pub wanted: Reasoned<Wanted>,
}

/// What is wanted of the image as built, unless another launch is named.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// The command line of PID 1.
    Pid1(Vec<String>),
    /// The executable of PID 1.
    Exe(String),
    /// Its effective user id.
    User(u32),
    /// Its effective group id.
    Group(u32),
    /// The ports that can be reached from outside: these and no other.
    Ports(Vec<PortSpec>),
    /// The time from exec to the first listener, at most.
    ListensWithin(Duration),
    /// The status of an answer to a GET.
    Http {
        /// The path asked for.
        path: String,
        /// The status code.
        status: u16,
    },
    /// The signal that stops it.
    StopSignal(Signal),
    /// The exit code after it.
    StopCode(i32),
    /// The longest time from the signal to the end.
    StopWithin(Duration),
    /// Whether it stops by itself.
    StopGraceful(bool),
    /// Zombies seen, at most.
    Zombies(u32),
    /// Where it writes: at these paths, below them, or nowhere.
    Writes(Vec<String>),
    /// The capabilities it needs: these or fewer.
    Capabilities(Vec<String>),
    /// Bytes of memory; the peak is below.
    MemoryBelow(u64),
    /// Whether a restriction holds.
    Rung {
        /// The restriction's word, `read-only`.
        word: String,
        /// It holds.
        holds: bool,
    },
    /// What becomes of a launch.
    Launch {
        /// The launch mode's word, `run-args`.
        word: String,
        /// Its end.
        fate: Fate,
    },
}

/// What becomes of a launch, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It keeps running.
    Running,
    /// It ends by itself, with this exit code if one is named.
    Exited(Option<i32>),
    /// Nothing is started, for this code of docker's if one is named.
    NotStarted(Option<i32>),
}

impl Fate {
    /// `running`, `exited`, `exit 2`, `not started`, `not started 127`.
    pub fn parse(text: &str) -> Option<Self> {
        let code = |text: &str| text.trim().parse::<u8>().ok().map(i32::from);
        match text {
            "running" => Some(Fate::Running),
            "exited" => Some(Fate::Exited(None)),
            "not started" => Some(Fate::NotStarted(None)),
            _ => match (text.strip_prefix("exit "), text.strip_prefix("not started ")) {
                (Some(number), _) => Some(Fate::Exited(Some(code(number)?))),
                (_, Some(number)) => Some(Fate::NotStarted(Some(code(number)?))),
                _ => None,
            },
        }
    }

    /// The words that [`Fate::parse`] reads.
    pub fn words(self) -> String {
        match self {
            Fate::Running => "running".to_string(),
            Fate::Exited(None) => "exited".to_string(),
            Fate::Exited(Some(code)) => format!("exit {code}"),
            Fate::NotStarted(None) => "not started".to_string(),
            Fate::NotStarted(Some(code)) => format!("not started {code}"),
        }
    }
}

#[cfg(test)]
mod tests;
