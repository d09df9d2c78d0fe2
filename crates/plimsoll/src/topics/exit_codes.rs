//! What an exit code or a signal tells of a container, and the topic that goes on from there.

use plimsoll_model::Signal;

/// Exit codes above this one tell a signal.
const SIGNALS: u8 = 128;

/// What a code means, in a few sentences, and the topic.
pub fn meaning(code: u8) -> (String, &'static str) {
    let (text, topic) = match code {
        0 => (
            "PID 1 ended by itself and was content. If it should have gone on, it was not meant to be \
               PID 1: it went to the background, or had nothing to do",
            "foreground",
        ),
        125 => (
            "the engine failed before there was a container: a flag, a mount, an image, or a name \
                 in use. The program has not run",
            "exit-codes",
        ),
        126 => {
            ("the program was found and cannot be executed: no execute bit, or a directory", "exec-errors")
        }
        127 => (
            "the program was not found: it is not in the image, or in no directory of PATH, or the \
                 whole line was given as one word",
            "exec-errors",
        ),
        128 => ("some engines end so when the user is not in the image's /etc/passwd", "exit-codes"),
        255 => ("the program's own: many return -1 when they give up", "exit-codes"),
        code => match Signal::new(i32::from(code) - i32::from(SIGNALS)) {
            Some(signal) => {
                let (what, topic) = of_signal(signal);
                return (format!("{code} = 128 + {}: {signal} ended it. {what}", signal.number()), topic);
            }
            None => (
                "the program's own: what it means stands in its manual, why it came in its log",
                "exit-codes",
            ),
        },
    };
    (format!("Exit code {code}: {text}."), topic)
}

/// What a signal is to a container, and the topic.
pub fn signal_meaning(signal: Signal) -> (String, &'static str) {
    let (what, topic) = of_signal(signal);
    let (number, code) = (signal.number(), i32::from(SIGNALS) + signal.number());
    (format!("{signal} is signal {number}; a container that it ends has exit code {code}. {what}"), topic)
}

fn of_signal(signal: Signal) -> (&'static str, &'static str) {
    match signal.number() {
        2 => ("Ctrl-C on a terminal sends it. PID 1 has to handle it, or it has no effect.", "pid1"),
        3 => ("nginx and php-fpm finish what is under way on it: STOPSIGNAL SIGQUIT.", "stop"),
        4 => ("The processor does not know an instruction: a program built for a newer one.", "exit-codes"),
        6 => ("The program called abort: a failed assertion or allocation; its log says more.", "exit-codes"),
        9 => (
            "Nobody can handle it. After a stop it means that the grace period was over, because PID 1 did \
               not act on the stop signal. Without a stop it is mostly the kernel's, out of memory: inspect \
               says OOMKilled.",
            "stop",
        ),
        11 => (
            "The program touched memory that is not there: a bug, or libraries that do not fit, as a \
                binary for glibc among those of musl.",
            "exit-codes",
        ),
        13 => ("It wrote to a pipe that nobody reads any more.", "exit-codes"),
        15 => (
            "It is the signal that stops containers. A program without a handler that is not PID 1, \
                or that reports it this way, was stopped as asked: no error.",
            "stop",
        ),
        19 => (
            "It halts a process and is no way to stop a container: as STOPSIGNAL it only makes every \
                stop take the whole grace period.",
            "stop",
        ),
        _ => ("", "exit-codes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topics::topic;

    #[test]
    fn every_code_and_every_signal_leads_to_a_topic() {
        for code in 0..=255 {
            let (text, name) = meaning(code);
            assert!(text.contains(&code.to_string()) && topic(name).is_some(), "{code}");
        }
        for number in 1..=64 {
            let (text, name) = signal_meaning(Signal::new(number).unwrap());
            assert!(text.contains(&(128 + number).to_string()) && topic(name).is_some(), "{text}");
        }
    }

    #[test]
    fn the_codes_people_ask_for() {
        assert!(meaning(137).0.starts_with("137 = 128 + 9: SIGKILL ended it."));
        assert!(meaning(139).0.contains("SIGSEGV") && meaning(143).0.contains("SIGTERM"));
        assert_eq!((meaning(126).1, meaning(127).1, meaning(137).1), ("exec-errors", "exec-errors", "stop"));
        assert!(meaning(3).0.contains("program's own"));
    }
}
