//! A project built, run and stopped, and what was seen of it.

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::truth::{Line, Truth};
use crate::differential::case::Case;
use crate::harness::{Output, World};

/// What the programs of the base images say when they are ready to be stopped.
const READY: &str = "up:";

/// What stands for the words of PID 1 when it is over.
const ENDED: &str = "(ended)";

/// Longest wait for what is expected of a running container. What is expected comes at once; only a test that
/// fails waits to the end.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was seen. What nobody asked for was not looked at.
pub struct Facts {
    build: Output,
    run: Option<Output>,
    pid1: String,
    /// The exit code after a stop, and the log.
    stop: Option<Output>,
    exec: Option<Output>,
    /// `CLAIM VERDICT`
    proof: Vec<String>,
}

/// Build a project and look at what is asked for. What is expected of it is waited for.
pub fn observe(world: &World, case: &Case, truth: &Truth, asked: &[&Line]) -> Facts {
    let about = |whats: &[&str]| asked.iter().any(|line| whats.contains(&line.what.as_str()));
    let context = super::directory(&case.name);
    let build =
        world.run(&[&["build", "-q", "-t", &case.name], case.flags().as_slice(), &[&context]].concat());
    let mut facts =
        Facts { build, run: None, pid1: String::new(), stop: None, exec: None, proof: Vec::new() };
    if facts.build.code != 0 {
        return facts;
    }
    let words = |how: &[&'static str]| -> Vec<String> {
        let own = ["run"].iter().chain(how).map(|word| (*word).to_string());
        own.chain(truth.flags.iter().cloned())
            .chain([case.name.clone()])
            .chain(truth.args.iter().cloned())
            .collect()
    };
    if about(&["run"]) {
        facts.run = Some(world.run(&strs(&words(&["--rm"]))));
    }
    if about(&["proof"]) {
        let document = world.run(&["prove", "--grace", "1", "--format", "json", &case.name]).json();
        facts.proof = verdicts(&document);
    }
    if about(&["pid1", "stop", "exec"]) {
        let started = world.run(&strs(&words(&["-d"])));
        facts.look_at(world, started.ok().stdout.trim(), truth, about(&["stop"]));
    }
    facts
}

fn strs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

impl Facts {
    /// Look at a container that was started, and take it away.
    fn look_at(&mut self, world: &World, id: &str, truth: &Truth, stop: bool) {
        let expected = truth.lines.iter().find(|line| line.what == "pid1");
        let is_expected = |pid1: &str| expected.is_none_or(|line| pid1 == line.text);
        let log = || world.run(&["logs", id]).ok().stdout.clone();
        let begun = Instant::now();
        loop {
            self.pid1 = words_of_pid1(world, id);
            let ready = !stop || log().contains(READY);
            if ready && is_expected(&self.pid1) || self.pid1 == ENDED || begun.elapsed() > PATIENCE {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        if !truth.exec.is_empty() {
            self.exec = Some(world.run(&[&["exec", id], strs(&truth.exec).as_slice()].concat()));
        }
        if stop {
            world.run(&["stop", "--time", "1", id]).ok();
            let code = world.run(&["inspect", "--format", "{{.State.ExitCode}}", id]);
            let code = code.ok().stdout.trim().parse().expect("an exit code is a number");
            let mut stopped = Output::nothing().with_stdout(log().into_bytes());
            stopped.code = code;
            self.stop = Some(stopped);
        }
        world.run(&["rm", "-f", id]).ok();
    }

    /// Whether a line is so.
    pub fn show(&self, line: &Line) -> bool {
        if line.what == "pid1" {
            return self.pid1 == line.text;
        }
        if line.what == "proof" {
            return self.proof.contains(&line.text);
        }
        let seen = match line.what.as_str() {
            "build" => Some(&self.build),
            "run" => self.run.as_ref(),
            "stop" => self.stop.as_ref(),
            "exec" => self.exec.as_ref(),
            _ => None,
        };
        seen.is_some_and(|seen| match line.how.as_str() {
            "ends" => line.text.parse() == Ok(seen.code),
            "prints" => seen.stdout.contains(&line.text),
            "lacks" => !seen.stdout.contains(&line.text),
            "says" => seen.stderr.contains(&line.text),
            _ => false,
        })
    }
}

fn verdicts(proof: &Value) -> Vec<String> {
    let claims = proof["claims"].as_array().expect("a proof has claims");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    claims.iter().map(|claim| format!("{} {}", text(&claim["id"]), text(&claim["verdict"]))).collect()
}

/// The words of PID 1.
fn words_of_pid1(world: &World, id: &str) -> String {
    let pid = world.run(&["inspect", "--format", "{{.State.Pid}}", id]).ok().stdout.trim().to_string();
    // Empty once it has ended and nobody has waited for it.
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = String::from_utf8_lossy(&bytes).trim_end_matches('\0').replace('\0', " ");
    if words.is_empty() { ENDED.to_string() } else { words }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outputs = [("run", &self.run), ("after the stop", &self.stop), ("exec", &self.exec)];
        writeln!(f, "{}", self.build)?;
        for (name, output) in outputs.into_iter().filter_map(|(name, output)| Some((name, output.as_ref()?)))
        {
            writeln!(f, "{name}: {output}")?;
        }
        writeln!(f, "PID 1: {}; proof: {:?}", self.pid1, self.proof)
    }
}
