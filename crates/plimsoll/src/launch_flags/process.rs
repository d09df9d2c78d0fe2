//! Which program runs, where, and how it is asked to stop.

use std::time::Duration;

use clap::Args;
use plimsoll_contract::contract::LaunchMode;
use plimsoll_contract::engine::Engine;
use plimsoll_contract::modes::{self, Merged};
use plimsoll_model::file_tree::clean_path;
use plimsoll_model::launch::StopRule;
use plimsoll_model::{ImageConfig, Signal};

use super::docker_words::asked;

/// The program.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Process")]
pub struct ProcessFlags {
    /// Program to start instead of the image's ENTRYPOINT; its CMD is dropped too. Empty: none.
    #[arg(long, value_name = "PROGRAM")]
    entrypoint: Option<String>,
    /// Working directory; made if it is missing.
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<String>,
    /// Start a small init as PID 1 that forwards signals and reaps zombies.
    #[arg(long)]
    pub init: bool,
    /// Signal that asks the process to stop.
    #[arg(long, value_name = "SIGNAL")]
    stop_signal: Option<String>,
    /// Seconds until a process that was asked to stop is killed; -1: never.
    #[arg(long, value_name = "SECONDS")]
    stop_timeout: Option<i32>,
}

/// What is started, and which of it is entrypoint and which arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// The entrypoint as it counts.
    pub entrypoint: Option<Vec<String>>,
    /// The arguments, the image's or the command line's.
    pub cmd: Vec<String>,
}

impl ProcessFlags {
    /// The program of an image with these arguments.
    pub fn command(&self, arguments: &[String], config: &ImageConfig) -> Result<Command, String> {
        let mode = match (&self.entrypoint, arguments) {
            (Some(entrypoint), _) => LaunchMode::Entrypoint(entrypoint.clone(), arguments.to_vec()),
            (None, []) => LaunchMode::AsBuilt,
            (None, _) => LaunchMode::RunArgs(arguments.to_vec()),
        };
        let argv = modes::argv(&config.entrypoint, &config.cmd, &mode, Engine::Docker)?;
        let Merged { head, tail } = modes::merge(&config.entrypoint, &config.cmd, &mode, Engine::Docker);
        Ok(Command { argv, entrypoint: (!head.is_empty()).then_some(head), cmd: tail })
    }

    /// The directory it starts in.
    pub fn workdir(&self, config: &ImageConfig) -> Result<String, String> {
        match asked(&self.workdir) {
            Some(text) if !text.starts_with('/') => Err(format!("-w '{text}': the path must be absolute")),
            asked => Ok(clean_path("/", asked.unwrap_or(&config.working_dir))),
        }
    }

    /// How it is asked to stop.
    pub fn stop_rule(&self, config: &ImageConfig) -> Result<StopRule, String> {
        let mut rule = StopRule::default();
        if let Some(text) = asked(&self.stop_signal).or(config.stop_signal.as_deref()) {
            rule.signal = Signal::parse(text).ok_or_else(|| format!("'{text}' is no signal"))?;
        }
        if let Some(seconds) = self.stop_timeout {
            // docker waits for ever on a negative number; 68 years come close enough.
            let seconds = if seconds < 0 { i32::MAX } else { seconds };
            rule.grace = Duration::from_secs(seconds.unsigned_abs().into());
        }
        Ok(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_string()).collect()
    }

    #[test]
    fn entrypoint_and_arguments_stay_apart() {
        let config =
            ImageConfig { entrypoint: words(&["a", "b"]), cmd: words(&["c"]), ..ImageConfig::default() };
        let parts = |entrypoint: Option<&str>, arguments: &[&str]| {
            let flags =
                ProcessFlags { entrypoint: entrypoint.map(str::to_string), ..ProcessFlags::default() };
            flags.command(&words(arguments), &config).map(|command| (command.entrypoint, command.cmd))
        };
        assert_eq!(parts(None, &[]), Ok((Some(words(&["a", "b"])), words(&["c"]))));
        assert_eq!(parts(None, &["x"]), Ok((Some(words(&["a", "b"])), words(&["x"]))));
        assert_eq!(parts(Some("y"), &[]), Ok((Some(words(&["y"])), vec![])));
        assert_eq!(parts(Some(""), &["x"]), Ok((None, words(&["x"]))));
        assert!(parts(Some(""), &[]).unwrap_err().contains("no command"));
    }

    #[test]
    fn stopping() {
        let rule = |signal: Option<&str>, timeout| {
            let stop_signal = signal.map(str::to_string);
            let config = ImageConfig { stop_signal: Some("SIGQUIT".into()), ..ImageConfig::default() };
            ProcessFlags { stop_signal, stop_timeout: timeout, ..ProcessFlags::default() }.stop_rule(&config)
        };
        assert_eq!(rule(None, Some(3)), Ok(StopRule { signal: Signal::QUIT, grace: Duration::from_secs(3) }));
        assert_eq!(rule(Some("9"), None).unwrap().signal, Signal::KILL);
        assert!(rule(None, Some(-1)).unwrap().grace > Duration::from_secs(1 << 30));
        assert!(rule(Some("NOPE"), None).unwrap_err().contains("'NOPE'"));
    }

    #[test]
    fn the_working_directory_is_absolute() {
        let config = ImageConfig { working_dir: "/srv".into(), ..ImageConfig::default() };
        let workdir = |text: Option<&str>| {
            ProcessFlags { workdir: text.map(str::to_string), ..ProcessFlags::default() }.workdir(&config)
        };
        assert_eq!(workdir(None), Ok("/srv".into()));
        assert_eq!(workdir(Some("/a/../b/")), Ok("/b".into()));
        assert!(workdir(Some("a")).unwrap_err().contains("'a'"));
    }
}
