//! Signal names and numbers, as STOPSIGNAL, `--stop-signal` and `kill` accept them.
//!
//! The names are those of moby/sys/signal for Linux; numbers are those of x86-64 and arm64.

use std::fmt;

/// A signal number, 1 to 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(u8);

const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
    "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
    "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];
const RTMIN: u8 = 34;
const RTMAX: u8 = 64;

impl Signal {
    /// SIGTERM.
    pub const TERM: Signal = Signal(15);
    /// SIGKILL.
    pub const KILL: Signal = Signal(9);
    /// SIGINT.
    pub const INT: Signal = Signal(2);
    /// SIGHUP.
    pub const HUP: Signal = Signal(1);
    /// SIGSTOP.
    pub const STOP: Signal = Signal(19);
    /// SIGQUIT.
    pub const QUIT: Signal = Signal(3);
    /// SIGWINCH.
    pub const WINCH: Signal = Signal(28);

    /// A signal by number.
    pub fn new(number: i32) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| (1..=RTMAX).contains(number)).map(Signal)
    }

    /// Read `15`, `TERM`, `SIGTERM`, `sigterm`, `RTMIN+3`, `SIGRTMAX-1`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse::<i32>() {
            return Signal::new(number);
        }
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        let offset = |text: &str| text.parse::<u8>().ok().filter(|n| *n <= RTMAX - RTMIN);
        match name {
            "CLD" => return Some(Signal(17)),
            "POLL" => return Some(Signal(29)),
            "IOT" => return Some(Signal(6)),
            "RTMIN" => return Some(Signal(RTMIN)),
            "RTMAX" => return Some(Signal(RTMAX)),
            _ => {}
        }
        if let Some(plus) = name.strip_prefix("RTMIN+") {
            return offset(plus).map(|n| Signal(RTMIN + n));
        }
        if let Some(minus) = name.strip_prefix("RTMAX-") {
            return offset(minus).map(|n| Signal(RTMAX - n));
        }
        let named = NAMES.iter().position(|known| *known == name).map(|at| Signal(at as u8 + 1));
        // The two between the named ones and RTMIN belong to the C library and have no other name.
        named
            .or_else(|| name.parse().ok().and_then(Signal::new).filter(|signal| [32, 33].contains(&signal.0)))
    }

    /// The number.
    pub fn number(self) -> i32 {
        i32::from(self.0)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            number @ 1..=31 => write!(f, "SIG{}", NAMES[usize::from(number) - 1]),
            RTMIN => write!(f, "SIGRTMIN"),
            number if number > RTMIN => write!(f, "SIGRTMIN+{}", number - RTMIN),
            number => write!(f, "SIG{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for text in ["15", "TERM", "SIGTERM", "sigterm"] {
            assert_eq!(Signal::parse(text), Some(Signal::TERM));
        }
        assert_eq!(Signal::parse("SIGRTMIN+3").unwrap().number(), 37);
        assert_eq!(Signal::parse("SIGRTMIN+3").unwrap().to_string(), "SIGRTMIN+3");
        assert_eq!(Signal::parse("SYS").unwrap().number(), 31);
        for signal in (1..=64).filter_map(Signal::new) {
            assert_eq!(Signal::parse(&signal.to_string()), Some(signal), "a name is read back");
        }
        for bad in ["SIG15", "", "0", "65", "-1", "SIG", "TERMINATE", "RTMIN+31", "RTMAX-99"] {
            assert_eq!(Signal::parse(bad), None, "{bad}");
        }
    }
}
