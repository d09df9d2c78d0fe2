//! From a contract and a way of launching it to argv: the rules of docker and of Kubernetes.
//!
//! Docker: moby `daemon/commit.go` merge and `create.go` mergeAndVerifyConfig. Kubernetes:
//! containerd `internal/cri/opts/spec_opts.go` WithProcessArgs.

use plimsoll_dockerfile::shell;

use crate::contract::{Contract, Launch, LaunchMode, Pid1};
use crate::pid1::{self, words};

/// The refusal of an engine that finds nothing to start.
const NOTHING: &str =
    "no command specified: the image has neither ENTRYPOINT nor CMD and the launch gives none";
/// The refusal when `--entrypoint ""` takes the ENTRYPOINT and with it the CMD.
const EMPTIED: &str = "no command specified: --entrypoint \"\" removes the image's ENTRYPOINT and CMD, and no command follows the image";

/// What a mode makes of ENTRYPOINT and CMD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// What stands first: the entrypoint as it counts.
    pub head: Vec<String>,
    /// The arguments: CMD, or what replaces it.
    pub tail: Vec<String>,
}

/// The argv of PID 1, or the engine's refusal in a sentence. Unset and empty are the same; an
/// ENTRYPOINT of one empty word counts as unset.
pub fn argv(entrypoint: &[String], cmd: &[String], mode: &LaunchMode) -> Result<Vec<String>, String> {
    let Merged { mut head, tail } = merge(entrypoint, cmd, mode);
    head.extend(tail);
    match (head.is_empty(), mode) {
        (false, _) => Ok(head),
        (true, LaunchMode::Entrypoint(program, _)) if program.is_empty() => Err(EMPTIED.to_string()),
        (true, _) => Err(NOTHING.to_string()),
    }
}

/// ENTRYPOINT and CMD as a mode leaves them.
pub fn merge(entrypoint: &[String], cmd: &[String], mode: &LaunchMode) -> Merged {
    let entrypoint = if entrypoint == [""] { &[] } else { entrypoint };
    let merged = |head: &[String], tail: &[String]| Merged { head: head.to_vec(), tail: tail.to_vec() };
    let or_cmd = |args: &[String]| merged(entrypoint, if args.is_empty() { cmd } else { args });
    match mode {
        LaunchMode::AsBuilt | LaunchMode::Pod => merged(entrypoint, cmd),
        LaunchMode::RunArgs(args) | LaunchMode::PodArgs(args) => or_cmd(args),
        LaunchMode::Entrypoint(program, args) if program.is_empty() => merged(&[], args),
        LaunchMode::Entrypoint(program, args) => merged(std::slice::from_ref(program), args),
        LaunchMode::PodCommand(command) if command.is_empty() => merged(entrypoint, cmd),
        LaunchMode::PodCommand(command) => merged(command, &[]),
        LaunchMode::PodBoth(command, args) if command.is_empty() => or_cmd(args),
        LaunchMode::PodBoth(command, args) => merged(command, args),
    }
}

/// Predict a launch.
pub fn launch(contract: &Contract, mode: &LaunchMode) -> Launch {
    let (entrypoint, cmd) = (&contract.entrypoint.value, &contract.cmd.value);
    let argv = argv(entrypoint, cmd, mode);
    let pid1 = match &argv {
        Ok(argv) => pid1::predict(argv, contract),
        Err(_) => Pid1::Nothing,
    };
    let Merged { head, tail } = merge(entrypoint, cmd, mode);
    let replaced = match mode {
        LaunchMode::AsBuilt | LaunchMode::Pod => true,
        LaunchMode::RunArgs(args) | LaunchMode::PodArgs(args) => !args.is_empty(),
        LaunchMode::Entrypoint(_, args) => !args.is_empty(),
        LaunchMode::PodCommand(command) => command.is_empty(),
        LaunchMode::PodBoth(command, args) => command.is_empty() || !args.is_empty(),
    };
    let ignored_args = match &argv {
        Ok(argv) => ignored(argv, &head, &tail, contract),
        Err(_) => Vec::new(),
    };
    Launch { mode: mode.clone(), argv, drops_cmd: !cmd.is_empty() && !replaced, ignored_args, pid1 }
}

/// The words of `tail` that reach no program.
fn ignored(argv: &[String], head: &[String], tail: &[String], contract: &Contract) -> Vec<String> {
    if !head.is_empty() && drops_args(head, contract) {
        return tail.to_vec();
    }
    // The shell may be the head and its text an argument: what stands after the text is lost.
    match words::unwrap(argv) {
        words::Started::ShellText { text, args, .. } if !pid1::uses_positional(&text) => {
            let lost = args.len().min(tail.len());
            tail[tail.len() - lost..].to_vec()
        }
        _ => Vec::new(),
    }
}

/// Whether words after `head` reach no program: a shell takes them as `$0`, `$1`... and its text or
/// script never uses them.
pub fn drops_args(head: &[String], contract: &Contract) -> bool {
    let script_drops = |word: &str| {
        let script = contract.script.as_ref().filter(|script| script.word == word);
        script.is_some_and(|script| script_ignores_args(script.source.text()))
    };
    match words::unwrap(head) {
        words::Started::ShellText { text, .. } => !pid1::uses_positional(&text),
        words::Started::ShellScript { script, .. } => script_drops(&script),
        words::Started::Program(rest) => rest.first().is_some_and(|word| script_drops(word)),
        _ => false,
    }
}

/// Whether a shell script surely never looks at its arguments. A file it sources might.
pub fn script_ignores_args(text: &str) -> bool {
    let script = shell::read(text);
    let sources = |name: &str| name == "." || name == "source" || name == "eval";
    let outside = script.simple_commands().iter().any(|command| command.program().is_some_and(sources));
    script.unclear.is_none()
        && script.shebang.is_some()
        && crate::origin::is_shell_script(&script)
        && !outside
        && !pid1::uses_positional(text)
}

/// The ways of launching worth explaining and proving for this image, with arguments taken from
/// its own CMD.
pub fn matrix(contract: &Contract) -> Vec<LaunchMode> {
    let entrypoint = &contract.entrypoint.value;
    let entrypoint: &[String] = if *entrypoint == [""] { &[] } else { entrypoint };
    let args = plausible_args(entrypoint, &contract.cmd.value);
    let words = if entrypoint.is_empty() { &contract.cmd.value[..] } else { entrypoint };
    let sh = || "sh".to_string();
    let mut modes = vec![
        LaunchMode::AsBuilt,
        LaunchMode::RunArgs(args.clone()),
        LaunchMode::RunArgs(vec![sh()]),
        LaunchMode::Entrypoint("/bin/sh".to_string(), Vec::new()),
    ];
    if let Some((program, own)) = words.split_first() {
        let given = if entrypoint.is_empty() { &[][..] } else { &args };
        modes.push(LaunchMode::Entrypoint(program.clone(), [own, given].concat()));
    }
    modes.push(LaunchMode::Pod);
    modes.push(LaunchMode::PodArgs(args.clone()));
    if let Some((program, own)) = words.split_first() {
        modes.push(LaunchMode::PodCommand(words.to_vec()));
        modes.push(match entrypoint.is_empty() {
            true if own.is_empty() => LaunchMode::PodBoth(vec![program.clone()], args),
            true => LaunchMode::PodBoth(vec![program.clone()], own.to_vec()),
            false => LaunchMode::PodBoth(words.to_vec(), args),
        });
    }
    let mut seen = std::collections::HashSet::new();
    modes.retain(|mode| seen.insert(mode.clone()));
    modes
}

/// Arguments a person might give instead of CMD: CMD itself with another port where it names one.
fn plausible_args(entrypoint: &[String], cmd: &[String]) -> Vec<String> {
    match (entrypoint.is_empty(), cmd.is_empty()) {
        (_, false) => cmd.iter().map(|word| other_port(word)).collect(),
        (true, true) => vec!["sh".to_string()],
        (false, true) => vec!["--help".to_string()],
    }
}

/// `8080` to `9090`, `--port=8080` to `--port=9090`; anything else stays.
fn other_port(word: &str) -> String {
    let start = word.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let bare_or_value = start == 0 || word[..start].ends_with(['=', ':']);
    match word[start..].parse::<u16>() {
        Ok(port) if bare_or_value && (1024..=64000).contains(&port) => {
            format!("{}{}", &word[..start], port + 1010)
        }
        _ => word.to_string(),
    }
}

#[cfg(test)]
mod tests;
