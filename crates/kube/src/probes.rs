//! Startup, readiness and liveness from what answered.
//!
//! A check of the user's that was seen to succeed is the best sign of life, then an HTTP answer below 400,
//! then a TCP listener. The image's
//! HEALTHCHECK, which Kubernetes never runs by itself, stands in where nothing is listened on: its
//! author says that the program is broken when it fails, but nobody has seen it succeed.

use std::time::Duration;

use plimsoll_contract::contract::ShellKind;
use plimsoll_contract::evidence::{Answer, HttpAnswer, Speaks};
use plimsoll_contract::judge::Proof;
use plimsoll_model::{Because, Healthcheck, HealthcheckTest, Protocol};

use crate::command_text::verbatim;
use crate::object::Node;
use crate::ports::{Port, Ports};
use crate::run::{Run, seconds, whole_seconds};

/// The three fields.
#[derive(Default)]
pub struct Probes {
    /// `startupProbe`.
    pub startup: Option<Node>,
    /// `readinessProbe`.
    pub readiness: Option<Node>,
    /// `livenessProbe`.
    pub liveness: Option<Node>,
}

/// Decide the probes.
pub fn probes(proof: &Proof, run: &Run, ports: &Ports) -> Probes {
    if let Some(handler) = check(proof, run, ports).or_else(|| http(proof, run, ports)) {
        return network(proof, run, handler);
    }
    if let Some(port) = ports.open.iter().find(|port| port.spec.protocol == Protocol::Tcp) {
        return match run.observed() {
            Some(_) => network(proof, run, tcp(port, Because::Derived(why_tcp(proof, port)))),
            None => readiness_only(tcp(port, port.because.clone())),
        };
    }
    match exec(proof) {
        Ok((handler, check)) => from_healthcheck(handler, check),
        Err(why) => {
            let why = Because::Derived(format!("nor any other probe: {why}"));
            Probes { readiness: Some(Node::unset(why)), ..Probes::default() }
        }
    }
}

/// The field that does the probing, `httpGet` for instance, with its name.
type Handler = (&'static str, Node);

/// The user's own check, if it was good.
fn check(proof: &Proof, run: &Run, ports: &Ports) -> Option<Handler> {
    let Answer::Check(check) = &proof.evidence.readiness.as_ref()?.answer else { return None };
    if !check.good || run.observed().is_none() {
        return None;
    }
    if let Some(answer) = &check.http {
        return http_get(run, ports, answer);
    }
    let because = run.because(format!("{} succeeded", check.words));
    let command = Node::texts(check.argv.iter().map(|word| verbatim(word)));
    Some(("exec", Node::map([("command", command)]).why(because)))
}

fn http(proof: &Proof, run: &Run, ports: &Ports) -> Option<Handler> {
    let answer = proof.evidence.http.as_ref().filter(|answer| (200..400).contains(&answer.status))?;
    http_get(run, ports, answer)
}

fn http_get(run: &Run, ports: &Ports, answer: &HttpAnswer) -> Option<Handler> {
    let is_it = |port: &&Port| port.spec.protocol == Protocol::Tcp && port.spec.number == answer.port;
    let port = ports.open.iter().find(is_it)?;
    let because = run.because(format!("answered {} to GET {}", answer.status, answer.path));
    let get = Node::map([("path", Node::text(&answer.path)), ("port", Node::text(&port.name))]);
    Some(("httpGet", get.why(because)))
}

fn tcp(port: &Port, because: Because) -> Handler {
    ("tcpSocket", Node::map([("port", Node::text(&port.name))]).why(because))
}

/// Why no better sign of life than the listener is asked for.
fn why_tcp(proof: &Proof, port: &Port) -> String {
    let answer = proof.evidence.http.as_ref().filter(|answer| answer.port == port.spec.number);
    match (answer, &proof.contract.healthcheck) {
        (Some(answer), _) => {
            format!("{} is listened on; GET {} was answered {}", port.spec, answer.path, answer.status)
        }
        (None, Some(check)) => {
            format!(
                "{} is listened on; nobody saw HEALTHCHECK ({}) succeed",
                port.spec,
                check.because.phrase()
            )
        }
        (None, None) => format!("{} is listened on and {}", port.spec, speaks(proof, port)),
    }
}

/// What a port was heard to speak instead of HTTP.
fn speaks(proof: &Proof, port: &Port) -> String {
    let known = proof.evidence.readiness.iter().flat_map(|readiness| &readiness.ports);
    match known.filter(|fact| fact.port == port.spec).map(|fact| &fact.speaks).next() {
        Some(Speaks::Greeting { protocol: Some(protocol), .. }) => format!("greets in {protocol}"),
        Some(Speaks::Greeting { .. }) => "speaks first, in a protocol of its own".to_string(),
        Some(Speaks::Tls) => "speaks TLS".to_string(),
        _ => "does not speak HTTP".to_string(),
    }
}

/// Nobody saw the port open: waiting for it does no harm, killing for it could.
fn readiness_only(handler: Handler) -> Probes {
    let ready = Because::Assumed("no traffic before somebody listens".to_string());
    let alive = "a probe that never succeeds would kill a healthy program for ever".to_string();
    Probes {
        startup: None,
        readiness: Some(probe(&handler, 5, None, 3, ready)),
        liveness: Some(Node::unset(Because::Assumed(alive))),
    }
}

fn exec(proof: &Proof) -> Result<(Handler, &Healthcheck), &'static str> {
    let Some(check) = &proof.contract.healthcheck else {
        return Err("no TCP port can be reached and the image has no HEALTHCHECK");
    };
    let command: Vec<String> = match &check.value.test {
        HealthcheckTest::Exec(argv) if !argv.is_empty() => argv.clone(),
        HealthcheckTest::Shell(_) if proof.contract.shell == ShellKind::Missing => {
            return Err("the image's HEALTHCHECK needs a shell and the image has none");
        }
        HealthcheckTest::Shell(line) => vec!["/bin/sh".to_string(), "-c".to_string(), line.clone()],
        _ => return Err("the image's HEALTHCHECK names no command"),
    };
    let because =
        Because::Assumed(format!("HEALTHCHECK ({}), never run by Kubernetes itself", check.because.phrase()));
    let command = Node::texts(command.iter().map(|word| verbatim(word)));
    Ok((("exec", Node::map([("command", command)]).why(because)), &check.value))
}

/// Rule: ten times the measured start, at least 30 s, in thirty checks or more.
fn network(proof: &Proof, run: &Run, handler: Handler) -> Probes {
    let (verb, first) = slowest_start(proof, run);
    let measured = first.unwrap_or_default();
    let period = whole_seconds(measured, 1).div_euclid(3).clamp(1, 10);
    let failures = (whole_seconds(measured, 10).max(30) + period - 1) / period;
    let allowed = match first {
        Some(first) => {
            run.because(format!("{verb} after {}; 10 x that, at least 30 s, to start", seconds(first)))
        }
        None => Because::Assumed("30 s to start; the start was not measured".to_string()),
    };
    let ready = Because::Assumed("traffic stops after three failures in 15 s".to_string());
    let alive = Because::Assumed("a restart only after a minute without an answer".to_string());
    Probes {
        startup: Some(probe(&handler, period, None, failures, allowed)),
        readiness: Some(probe(&again(&handler), 5, None, 3, ready)),
        liveness: Some(probe(&again(&handler), 10, Some(5), 6, alive)),
    }
}

/// The slowest start that was seen: to the first good answer, else to the first listener.
fn slowest_start(proof: &Proof, run: &Run) -> (&'static str, Option<Duration>) {
    let timed = proof.evidence.amounts.as_ref().and_then(|amounts| amounts.answer());
    let known = proof.evidence.readiness.as_ref().and_then(|readiness| readiness.first_answer);
    match (timed.map(|spread| spread.most), known) {
        (Some(timed), _) => ("answered", Some(timed)),
        (None, Some(known)) => ("answered", Some(known)),
        (None, None) => ("listened", run.observed().and_then(|observed| observed.first_listen)),
    }
}

/// Docker's own numbers where the image gives none: interval and timeout 30 s, three retries.
fn from_healthcheck(handler: Handler, check: &Healthcheck) -> Probes {
    let or_30 = |duration: Option<Duration>| {
        duration.filter(|d| !d.is_zero()).map_or(30, |d| whole_seconds(d, 1)).max(1)
    };
    let (period, timeout) = (or_30(check.interval), Some(or_30(check.timeout)));
    let retries = check.retries.filter(|retries| *retries > 0).map_or(3, i64::from).min(i64::from(i32::MAX));
    let grace = whole_seconds(check.start_period.unwrap_or_default(), 1);
    let start_period =
        check.start_interval.filter(|d| !d.is_zero()).map_or(5, |d| whole_seconds(d, 1)).max(1);
    let failures = (grace / start_period + retries).min(i64::from(i32::MAX));
    let numbers = || Because::Derived("interval, timeout and retries of the HEALTHCHECK".to_string());
    let start = Because::Derived(format!("start period {grace} s of the HEALTHCHECK, then its retries"));
    Probes {
        startup: Some(probe(&handler, start_period, timeout, failures, start)),
        readiness: Some(probe(&again(&handler), period, timeout, retries, numbers())),
        liveness: Some(probe(&again(&handler), period, timeout, retries, numbers())),
    }
}

/// The same handler again, without telling its reason again.
fn again((kind, handler): &Handler) -> Handler {
    (*kind, handler.clone().why(Because::Derived("as the startup probe".to_string())))
}

fn probe(
    (kind, handler): &Handler,
    period: i64,
    timeout: Option<i64>,
    failures: i64,
    because: Because,
) -> Node {
    Node::map_some([
        (*kind, Some(handler.clone())),
        ("periodSeconds", Some(Node::int(period))),
        ("timeoutSeconds", timeout.map(Node::int)),
        ("failureThreshold", Some(Node::int(failures))),
    ])
    .why(because)
}
