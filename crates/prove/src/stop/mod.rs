//! The stop test: the stop signal while nobody asks, under requests, with clients that ask nothing;
//! other signals, an init, a second signal, a grace too short; what became of every process and request.

mod ends;
mod watching;

use std::time::Duration;

use plimsoll_contract::evidence::{End, Observed, StopCondition, StopRecord, StopRun};
use plimsoll_model::{LaunchSpec, PortSpec, Protocol, Signal};

use crate::load::Shape;
use crate::subject::{ProveError, Subject};
use crate::trial::{self, Awaited, Ending, Fate, Trial};

pub(crate) use watching::{StopOrder, StopSeen, stop};

/// Signals that a person or an engine may send beside the image's own.
const OTHERS: [Signal; 3] = [Signal::TERM, Signal::INT, Signal::HUP];
/// A stop that takes less than this leaves no time for a second signal or a shorter grace.
const SLOW: Duration = Duration::from_millis(200);
/// Shortest grace of experiments with the image's own signal that are not the promised stop.
const SHORTEST: Duration = Duration::from_secs(1);
/// The same for other signals: many programs do something else than end on SIGHUP.
const SHORTEST_OTHER: Duration = Duration::from_millis(300);

/// The record, and the last run behind it.
pub(crate) struct StopTest {
    pub(crate) record: StopRecord,
    pub(crate) last: Option<Trial>,
}

/// Stop the image as built in every way. A program that has to be killed costs the whole grace once;
/// everything else about it is tried with a short one.
pub(crate) fn run(subject: &Subject<'_>, baseline: &Trial) -> Result<StopTest, ProveError> {
    let spec = subject.spec(as_built(subject))?;
    let observed = match &baseline.fate {
        Fate::Running(observed) => observed.clone(),
        _ => Observed::default(),
    };
    let mut test = Test::of(subject, spec, &observed, baseline);
    test.own_signal()?;
    if !test.record.runs.is_empty() {
        test.other_signals(&observed)?;
        test.with_init()?;
        test.second_signal(&observed)?;
        test.short_grace()?;
    }
    Ok(StopTest { record: test.record, last: test.last })
}

/// argv of the image as built.
pub(crate) fn as_built(subject: &Subject<'_>) -> Vec<String> {
    let contract = subject.contract;
    contract.entrypoint.value.iter().chain(&contract.cmd.value).cloned().collect()
}

struct Test<'a> {
    subject: &'a Subject<'a>,
    spec: LaunchSpec,
    ports: Vec<PortSpec>,
    /// It can be connected to.
    listens: bool,
    /// It answers HTTP.
    http: bool,
    record: StopRecord,
    last: Option<Trial>,
}

impl<'a> Test<'a> {
    fn of(subject: &'a Subject<'a>, spec: LaunchSpec, observed: &Observed, baseline: &Trial) -> Self {
        let ports: Vec<PortSpec> = observed.listening.iter().map(|listener| listener.port).collect();
        let record = StopRecord {
            id: "stop".to_string(),
            signal: spec.stop.signal,
            grace: spec.stop.grace,
            times: Vec::new(),
            code: 0,
            killed: false,
            killed_with_namespace: Vec::new(),
            zombies: baseline.zombies,
            listener_closed: None,
            log: Vec::new(),
            runs: Vec::new(),
            undelivered: Vec::new(),
            untried: Vec::new(),
        };
        let listens = ports.iter().any(|port| port.protocol == Protocol::Tcp);
        Test { subject, spec, ports, listens, http: baseline.http().is_some(), record, last: None }
    }

    /// The image's own signal: quiet, under requests, with clients that hold it up.
    fn own_signal(&mut self) -> Result<(), ProveError> {
        let order =
            StopOrder { signal: self.spec.stop.signal, grace: self.spec.stop.grace, again: None, load: None };
        let requests = StopOrder { load: Some(Shape::Requests), ..order };
        let runs = self.subject.settings.stop_runs;
        for number in 0..runs {
            // Under a load where there can be one, but for the first.
            let (condition, order) = match number {
                1 if self.listens => (StopCondition::Requests, requests),
                2 if self.http => break,
                _ => (StopCondition::Quiet, order),
            };
            let Some(trial) = self.attempt(condition, order, false)? else { return Ok(()) };
            self.note(trial);
            if self.record.killed {
                self.record.untried.push("stops under load: it had to be killed anyway".to_string());
                return Ok(());
            }
        }
        if self.http {
            let held = StopOrder { load: Some(Shape::Held), grace: self.short(), ..order };
            self.attempt(StopCondition::Held, held, false)?;
        } else {
            let why = match self.listens {
                true => "requests and half sent ones: it speaks no HTTP, so there are connections only",
                false => "stops under load: nothing can be connected to",
            };
            self.record.untried.push(why.to_string());
        }
        Ok(())
    }

    /// A run that counts for the record as a whole.
    fn note(&mut self, trial: Trial) {
        let record = &mut self.record;
        if let (Some(stop), Some(run)) = (&trial.stop, record.runs.last()) {
            record.times.push(stop.took);
            record.code = stop.code;
            record.killed = stop.killed;
            record.killed_with_namespace = left_behind(run);
            record.zombies = record.zombies.max(trial.zombies);
            record.listener_closed = stop.listener_closed;
            record.log = stop.log.clone();
        }
        self.last = Some(trial);
    }

    /// Other signals, quiet. What PID 1 has no handler for the kernel drops: nothing need be tried.
    fn other_signals(&mut self, observed: &Observed) -> Result<(), ProveError> {
        let handles = |signal: &Signal| observed.pid1().is_some_and(|first| first.handles.contains(signal));
        let others = OTHERS.into_iter().filter(|signal| *signal != self.spec.stop.signal);
        let (tried, undelivered): (Vec<Signal>, Vec<Signal>) = others.partition(handles);
        self.record.undelivered = undelivered;
        for signal in tried {
            let order = StopOrder { signal, grace: self.at_least(SHORTEST_OTHER), again: None, load: None };
            self.attempt(StopCondition::OtherSignal, order, false)?;
        }
        Ok(())
    }

    fn with_init(&mut self) -> Result<(), ProveError> {
        let load = self.listens.then_some(Shape::Requests);
        let order = StopOrder { signal: self.spec.stop.signal, grace: self.short(), again: None, load };
        self.attempt(StopCondition::Init, order, true)?;
        Ok(())
    }

    /// Some end at once when they are asked a second time.
    fn second_signal(&mut self, observed: &Observed) -> Result<(), ProveError> {
        let signal = self.spec.stop.signal;
        let handled = observed.pid1().is_some_and(|first| first.handles.contains(&signal));
        let after = match (self.record.killed, self.median()) {
            (true, _) if handled => SHORTEST / 2,
            (true, _) => return Ok(()),
            (false, Some(usual)) if usual > SLOW => usual / 2,
            _ => {
                let why = "a second signal and a shorter grace: it stops at once";
                self.record.untried.push(why.to_string());
                return Ok(());
            }
        };
        let grace = after + self.short();
        let order = StopOrder { signal, grace, again: Some(after), load: None };
        self.attempt(StopCondition::SecondSignal(after), order, false)?;
        Ok(())
    }

    /// What is lost when it gets half of the time it needs.
    fn short_grace(&mut self) -> Result<(), ProveError> {
        let Some(usual) = self.median().filter(|usual| *usual > SLOW && !self.record.killed) else {
            return Ok(());
        };
        let load = self.listens.then_some(Shape::Requests);
        let order = StopOrder { signal: self.spec.stop.signal, grace: usual / 2, again: None, load };
        self.attempt(StopCondition::ShortGrace, order, false)?;
        Ok(())
    }

    /// One run; its record is added. `None` if the program did not come as far as being stopped.
    fn attempt(
        &mut self,
        condition: StopCondition,
        order: StopOrder,
        init: bool,
    ) -> Result<Option<Trial>, ProveError> {
        let id = self.id(condition, order.signal);
        self.subject.tell(format!("{id}: {}", phrase(condition, order.signal)));
        let spec = LaunchSpec { init, ..self.spec.clone() };
        let awaited = Awaited { ports: &self.ports, watch: self.subject.settings.watch };
        let trial = trial::run(self.subject, &spec, awaited, Ending::StopAs(order))?;
        let Some(stop) = &trial.stop else {
            self.record.untried.push(format!("{}: it did not keep running", phrase(condition, order.signal)));
            return Ok(None);
        };
        self.record.runs.push(run_of(id, condition, stop));
        Ok(Some(trial))
    }

    /// Stable, and another one for each run.
    fn id(&self, condition: StopCondition, signal: Signal) -> String {
        let word = match condition {
            StopCondition::Quiet => "quiet".to_string(),
            StopCondition::Requests => "requests".to_string(),
            StopCondition::Held => "held".to_string(),
            StopCondition::OtherSignal => signal.to_string().to_ascii_lowercase(),
            StopCondition::Init => "init".to_string(),
            StopCondition::SecondSignal(_) => "twice".to_string(),
            StopCondition::ShortGrace => "short-grace".to_string(),
        };
        let id = format!("stop-{word}");
        match self.record.runs.iter().filter(|run| run.condition == condition && run.signal == signal).count()
        {
            0 => id,
            before => format!("{id}-{}", before + 1),
        }
    }

    fn median(&self) -> Option<Duration> {
        let mut times = self.record.times.clone();
        times.sort();
        times.get(times.len() / 2).copied()
    }

    /// A grace for what is not the promised stop.
    fn short(&self) -> Duration {
        self.at_least(SHORTEST)
    }

    /// Three times the usual time, at least this, and never more than the promised stop has.
    fn at_least(&self, shortest: Duration) -> Duration {
        let usual = if self.record.killed { Duration::ZERO } else { self.median().unwrap_or_default() };
        (usual * 3).max(shortest).min(self.spec.stop.grace)
    }
}

fn phrase(condition: StopCondition, signal: Signal) -> String {
    match condition {
        StopCondition::Quiet => format!("{signal}, nobody asks"),
        StopCondition::Requests => format!("{signal} under requests"),
        StopCondition::Held => format!("{signal} with clients that ask nothing"),
        StopCondition::OtherSignal => format!("{signal} instead"),
        StopCondition::Init => format!("{signal} with an init"),
        StopCondition::SecondSignal(_) => format!("{signal} twice"),
        StopCondition::ShortGrace => format!("{signal} and too little time"),
    }
}

fn run_of(id: String, condition: StopCondition, stop: &StopSeen) -> StopRun {
    StopRun {
        id,
        condition,
        signal: stop.order.signal,
        grace: stop.order.grace,
        took: stop.took,
        code: stop.code,
        killed: stop.killed,
        listener_closed: stop.listener_closed,
        last_answer: stop.last_answer,
        processes: stop.processes.clone(),
        connections: stop.connections.clone(),
    }
}

/// Command lines of those beside PID 1 that were ended with it.
fn left_behind(run: &StopRun) -> Vec<String> {
    let ended_with_it = |end: End| matches!(end, End::WithNamespace) || (run.killed && end == End::Killed);
    let others = run.processes.iter().filter(|process| process.pid != 1 && ended_with_it(process.end));
    others.map(|process| process.command.clone()).collect()
}
