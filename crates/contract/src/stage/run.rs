//! RUN: which process it starts (buildkit `convert.go` dispatchRun, runCommandString).

use plimsoll_dockerfile::syntax::{Command, Flag, Heredoc};
use plimsoll_model::{Diagnostic, Source};

use super::run_mount::RunMount;
use super::{Applied, StageState, Work};

/// The process of a RUN, fully expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunWork {
    /// The argv, shell included.
    pub argv: Vec<String>,
    /// ENV and the ARGs in scope.
    pub env: Vec<(String, String)>,
    /// A heredoc that begins with `#!`: a 0755 file that argv names.
    pub script: Option<InlineScript>,
    /// `--mount`, as written.
    pub mounts: Vec<RunMount>,
    /// `--network`, if given.
    pub network: Option<RunNetwork>,
}

/// `RUN --network`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunNetwork {
    /// What the build has.
    Default,
    /// Loopback only.
    None,
    /// The host's.
    Host,
}

impl RunNetwork {
    /// What a word means.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "default" => Some(RunNetwork::Default),
            "none" => Some(RunNetwork::None),
            "host" => Some(RunNetwork::Host),
            _ => None,
        }
    }
}

/// A script written in the Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlineScript {
    /// Absolute path at which the process finds it.
    pub path: String,
    /// Its bytes.
    pub body: String,
}

impl StageState {
    pub(super) fn run(
        &self,
        source: &Source,
        flags: &[Flag],
        command: &Command,
        heredocs: &[Heredoc],
    ) -> Result<Applied, Box<Diagnostic>> {
        let (argv, script) = self.run_argv(command, heredocs);
        let created_by = Some(format!("RUN {} # buildkit", self.run_text(&argv)));
        let mounts = self.run_mounts(source, flags)?;
        let network = flags.iter().find(|flag| flag.name == "network");
        let network = network.and_then(|flag| RunNetwork::parse(&flag.value.as_ref()?.text));
        let work = RunWork { argv, env: self.run_env().to_vec(), script, mounts, network };
        Ok(Applied { created_by, empty_layer: false, work: Work::Run(work) })
    }

    fn run_argv(&self, command: &Command, heredocs: &[Heredoc]) -> (Vec<String>, Option<InlineScript>) {
        let shell = self.config.shell_or_default();
        let (Command::Shell(text) | Command::AlmostJson { text, .. }) = command else {
            return (command.argv(&shell), None);
        };
        let wrapped = |text: String| shell.iter().cloned().chain([text]).collect();
        match heredocs {
            [] => (command.argv(&shell), None),
            // The line is nothing but the marker: the body is the script.
            [only] if is_marker(&text.text, only) => match only.body.starts_with("#!") {
                true => {
                    let path = format!("/dev/pipes/{}", only.name);
                    (vec![path.clone()], Some(InlineScript { path, body: only.body.clone() }))
                }
                false => (wrapped(only.body.clone()), None),
            },
            // The shell itself reads the documents.
            several => {
                let documents = several.iter().map(|heredoc| format!("\n{}{}", heredoc.body, heredoc.name));
                (wrapped(text.text.clone() + &documents.collect::<String>()), None)
            }
        }
    }

    /// `|2 A=1 B=2 argv...`: the declared ARGs stand before the command.
    fn run_text(&self, argv: &[String]) -> String {
        let mut args: Vec<(&str, String)> = Vec::new();
        for (name, value) in &self.declared {
            let value = self.variable(name).or_else(|| value.clone()).unwrap_or_default();
            match args.iter_mut().find(|(known, _)| known == name) {
                Some((_, old)) => *old = value,
                None => args.push((name, value)),
            }
        }
        let mut words = Vec::new();
        if !args.is_empty() {
            words.push(format!("|{}", args.len()));
            words.extend(args.iter().map(|(name, value)| format!("{name}={value}")));
        }
        words.extend(argv.iter().cloned());
        words.join(" ")
    }
}

/// Whether a line is exactly one heredoc marker: `<<EOF`, `<<-"EOF"`, `3<<EOF`.
fn is_marker(line: &str, heredoc: &Heredoc) -> bool {
    let line = line.trim();
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let Some(word) = rest.strip_prefix("<<") else { return false };
    let word = word.strip_prefix('-').unwrap_or(word);
    word.trim_matches(['"', '\'']) == heredoc.name
}
