//! From a contract and a way of launching it to argv: the rules of the engines, and where they differ.
//!
//! | engine | source | what is its own |
//! |---|---|---|
//! | docker | moby `daemon/commit.go` merge, `create.go` mergeAndVerifyConfig; docker/cli `opts.go` parse | |
//! | podman | `pkg/specgenutil` FillOutSpecGen, `pkg/specgen/generate/oci.go` makeCommand | `--entrypoint` may be a JSON list, and an empty one keeps CMD |
//! | containerd | `internal/cri/opts/spec_opts.go` WithProcessArgs | |
//! | CRI-O | `internal/factory/container/container.go` SpecSetProcessArgs | an ENTRYPOINT of one empty word counts |
//!
//! The whole table is `testkit's `argv_table``; docker and podman are asked themselves by a test of the roof.

use plimsoll_dockerfile::shell;
use serde_json::Value;

use crate::contract::{Contract, Elsewhere, Launch, LaunchMode, Pid1};
use crate::engine::Engine;
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

/// The argv an engine gives PID 1, or its refusal in a sentence. Unset and empty are the same.
pub fn argv(
    entrypoint: &[String],
    cmd: &[String],
    mode: &LaunchMode,
    engine: Engine,
) -> Result<Vec<String>, String> {
    let Merged { mut head, tail } = merge(entrypoint, cmd, mode, engine);
    head.extend(tail);
    match (head.is_empty(), mode) {
        (false, _) => Ok(head),
        (true, LaunchMode::Entrypoint(program, _)) if program.is_empty() => Err(EMPTIED.to_string()),
        (true, _) => Err(NOTHING.to_string()),
    }
}

/// ENTRYPOINT and CMD as a mode leaves them.
pub fn merge(entrypoint: &[String], cmd: &[String], mode: &LaunchMode, engine: Engine) -> Merged {
    // Where no ENTRYPOINT counts, the arguments begin with the program. CRI-O takes the one empty word.
    let as_it_counts = |words: &[String]| match (words, engine) {
        ([only], Engine::Docker | Engine::Podman | Engine::Containerd) if only.is_empty() => Vec::new(),
        (words, _) => words.to_vec(),
    };
    let merged = |head: &[String], tail: &[String]| Merged { head: head.to_vec(), tail: tail.to_vec() };
    let or_cmd = |args: &[String]| Merged {
        head: as_it_counts(entrypoint),
        tail: if args.is_empty() { cmd } else { args }.to_vec(),
    };
    match mode {
        LaunchMode::AsBuilt | LaunchMode::Pod => or_cmd(&[]),
        LaunchMode::RunArgs(args) | LaunchMode::PodArgs(args) => or_cmd(args),
        LaunchMode::Entrypoint(given, args) if engine == Engine::Podman => match podman_words(given) {
            None => or_cmd(args),
            Some(words) if words.is_empty() && args.is_empty() => merged(&[], cmd),
            Some(words) => Merged { head: as_it_counts(&words), tail: args.clone() },
        },
        LaunchMode::Entrypoint(program, args) => {
            Merged { head: as_it_counts(std::slice::from_ref(program)), tail: args.clone() }
        }
        LaunchMode::PodCommand(command) if command.is_empty() => or_cmd(&[]),
        LaunchMode::PodCommand(command) => merged(command, &[]),
        LaunchMode::PodBoth(command, args) if command.is_empty() => or_cmd(args),
        LaunchMode::PodBoth(command, args) => merged(command, args),
    }
}

/// The value of podman's `--entrypoint`: a JSON list of words, else one word; `None` counts as not given.
///
/// What Go's decoder leaves of a list with other things in it is part of podman's answer (measured, 4.3):
/// their places are empty words, and for all but `null` the text follows as a word.
fn podman_words(given: &str) -> Option<Vec<String>> {
    let items = match serde_json::from_str(given) {
        Ok(Value::Null) => return None,
        Ok(Value::Array(items)) => items,
        _ => return Some(vec![given.to_string()]),
    };
    let mut words: Vec<String> =
        items.iter().map(|item| item.as_str().unwrap_or_default().to_string()).collect();
    if !items.iter().all(|item| item.is_string() || item.is_null()) {
        words.push(given.to_string());
    }
    Some(words)
}

/// Predict a launch.
pub fn launch(contract: &Contract, mode: &LaunchMode) -> Launch {
    let (entrypoint, cmd) = (&contract.entrypoint.value, &contract.cmd.value);
    let (engine, other) = Engine::of(mode);
    let argv = argv(entrypoint, cmd, mode, engine);
    let pid1 = match &argv {
        Ok(argv) => pid1::predict(argv, contract),
        Err(_) => Pid1::Nothing,
    };
    let Merged { head, tail } = merge(entrypoint, cmd, mode, engine);
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
    let theirs = self::argv(entrypoint, cmd, mode, other);
    let elsewhere =
        (theirs.as_ref().ok() != argv.as_ref().ok()).then_some(Elsewhere { engine: other, argv: theirs });
    Launch {
        mode: mode.clone(),
        argv,
        elsewhere,
        drops_cmd: !cmd.is_empty() && !replaced,
        ignored_args,
        pid1,
    }
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
