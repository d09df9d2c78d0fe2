//! A rollout rehearsed: pods of two versions, replaced as a Deployment replaces them, while clients ask
//! without pause. What races in a cluster races here: a pod that ends gets its signal at once (or after
//! its preStop sleep), and the news that it takes no more requests arrives later.

mod asking;
mod deployment;
mod pod;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use plimsoll_contract::evidence::{Loss, LostRequest, PodEvent, RolloutEvent, RolloutPass, RolloutRecord};
use plimsoll_model::{LaunchSpec, Protocol};

use crate::stop::as_built;
use crate::subject::{ProveError, Subject};
use crate::trial::{self, Awaited, Fate};
use asking::Asked;
use deployment::{Bounds, Pods, next};
use pod::{Ending, Endpoint, Pod};

pub use deployment::{Amount, BadAmount};

/// Time between two requests.
const EVERY: Duration = Duration::from_millis(20);
/// Longest wait for an answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Time between two probes of a pod. The kubelet's default is 10 s; here nobody wants to wait.
const PROBE: Duration = Duration::from_millis(100);
/// Time between two looks at the pods.
const TICK: Duration = Duration::from_millis(5);

/// What is asked of a rehearsal.
#[derive(Debug, Clone, Copy)]
pub struct Rehearsal {
    /// Pods wanted.
    pub replicas: u32,
    /// Pods above that.
    pub max_surge: Amount,
    /// Pods below that.
    pub max_unavailable: Amount,
    /// How late the news of a pod's beginning and end of service arrives.
    pub lag: Duration,
    /// The preStop sleep that is proposed.
    pub pre_stop: Duration,
}

/// One version of the program.
struct Version<'a> {
    subject: &'a Subject<'a>,
    spec: LaunchSpec,
    asked: Arc<Asked>,
}

/// Rehearse the rollout from `old` to `new`, without and with the preStop sleep.
pub fn rehearse(
    old: &Subject<'_>,
    new: &Subject<'_>,
    rehearsal: Rehearsal,
) -> Result<RolloutRecord, ProveError> {
    let versions = [version(old)?, version(new)?];
    let Rehearsal { replicas, max_surge, max_unavailable, lag, pre_stop } = rehearsal;
    let bounds = Bounds::resolve(replicas, max_surge, max_unavailable);
    let mut record = RolloutRecord {
        id: "rollout".to_string(),
        old: old.reference.clone(),
        new: new.reference.clone(),
        replicas,
        max_surge: bounds.surge,
        max_unavailable: bounds.unavailable,
        probe: versions[1].asked.phrase(),
        asks: versions.iter().all(|version| version.asked.http.is_some()),
        lag,
        every: EVERY,
        passes: Vec::new(),
    };
    for sleep in [Duration::ZERO, pre_stop] {
        new.tell(format!("rollout with a preStop sleep of {} s", sleep.as_secs()));
        record.passes.push(pass(&versions, bounds, lag, sleep)?);
    }
    Ok(record)
}

/// Start a version once, to see where and what it can be asked.
fn version<'a>(subject: &'a Subject<'a>) -> Result<Version<'a>, ProveError> {
    subject.tell(format!("rollout: {} alone", subject.reference));
    let spec = subject.spec(as_built(subject))?;
    let ports: Vec<_> = subject.contract.ports.iter().map(|port| port.value).collect();
    let awaited = Awaited { ports: &ports, watch: subject.settings.watch };
    let trial = trial::discover(subject, &spec, awaited)?;
    let cannot = |why: String| ProveError::Rehearsal { image: subject.reference.clone(), why };
    let observed = match &trial.fate {
        Fate::Running(observed) => observed,
        Fate::Exited { code, .. } => return Err(cannot(format!("it ended by itself with exit code {code}"))),
        Fate::NotStarted { why, .. } => return Err(cannot(format!("it does not start: {why}"))),
    };
    let answer = trial.http();
    let http = answer.as_ref().map(|answer| (answer.path.clone(), answer.status));
    let tcp = observed.listening.iter().find(|listener| listener.port.protocol == Protocol::Tcp);
    let port = answer.as_ref().map(|answer| answer.port).or(tcp.map(|listener| listener.port.number));
    let port = port.ok_or_else(|| cannot("it listens on no TCP port, so nobody can ask it".to_string()))?;
    Ok(Version { subject, spec, asked: Arc::new(Asked { port, http }) })
}

/// What the clients see of the pods.
struct Service {
    endpoints: Mutex<Vec<Endpoint>>,
    sent: AtomicU32,
    over: AtomicBool,
}

/// A request without a good answer, by the clock.
struct Lost {
    at: Instant,
    pod: String,
    loss: Loss,
}

/// One rollout.
fn pass(
    versions: &[Version<'_>; 2],
    bounds: Bounds,
    lag: Duration,
    pre_stop: Duration,
) -> Result<RolloutPass, ProveError> {
    let service =
        Service { endpoints: Mutex::new(Vec::new()), sent: AtomicU32::new(0), over: AtomicBool::new(false) };
    std::thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        let mut controller = Controller::new(versions, bounds, lag, pre_stop, &service, scope);
        let result = controller.replace_all(&tell);
        service.over.store(true, Ordering::SeqCst);
        drop(tell);
        // Every client has a limit, so this ends.
        let lost: Vec<Lost> = told.iter().collect();
        let stuck = result?;
        Ok(controller.report(lost, stuck, service.sent.load(Ordering::SeqCst)))
    })
}

/// Ask without pause, each time another pod.
fn ask_steadily<'scope>(
    scope: &'scope Scope<'scope, '_>,
    service: &'scope Service,
    tell: mpsc::Sender<Lost>,
) {
    let mut turn = 0;
    let mut next_at = Instant::now();
    while !service.over.load(Ordering::SeqCst) {
        std::thread::sleep(next_at.saturating_duration_since(Instant::now()));
        next_at = (next_at + EVERY).max(Instant::now());
        let at = Instant::now();
        let endpoint = {
            let endpoints = service.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
            turn += 1;
            (!endpoints.is_empty()).then(|| endpoints[turn % endpoints.len()].clone())
        };
        service.sent.fetch_add(1, Ordering::SeqCst);
        let Some(Endpoint { pod, namespace, asked }) = endpoint else {
            let _ = tell.send(Lost { at, pod: String::new(), loss: Loss::NoPod });
            continue;
        };
        let tell = tell.clone();
        scope.spawn(move || {
            if let Some(loss) = asked.ask(&namespace, ANSWER) {
                let _ = tell.send(Lost { at, pod, loss });
            }
        });
    }
}

/// The deployment controller, the kubelet and the news of endpoints, in one loop.
struct Controller<'scope, 'env, 'a> {
    versions: &'a [Version<'a>; 2],
    bounds: Bounds,
    lag: Duration,
    pre_stop: Duration,
    service: &'scope Service,
    scope: &'scope Scope<'scope, 'env>,
    pods: Vec<Pod>,
    probes: Vec<Probe<'scope>>,
    started: [u32; 2],
    events: Vec<(Instant, String, PodEvent)>,
    begun: Instant,
    took: Duration,
}

/// A probe under way, or the next one's time.
struct Probe<'scope> {
    pod: String,
    under_way: Option<ScopedJoinHandle<'scope, bool>>,
    next: Instant,
}

impl<'scope, 'env, 'a> Controller<'scope, 'env, 'a> {
    fn new(
        versions: &'a [Version<'a>; 2],
        bounds: Bounds,
        lag: Duration,
        pre_stop: Duration,
        service: &'scope Service,
        scope: &'scope Scope<'scope, 'env>,
    ) -> Self {
        Controller {
            versions,
            bounds,
            lag,
            pre_stop,
            service,
            scope,
            pods: Vec::new(),
            probes: Vec::new(),
            started: [0, 0],
            events: Vec::new(),
            begun: Instant::now(),
            took: Duration::ZERO,
        }
    }

    /// Bring the old version up, let clients ask, replace it. `Some`: why it was given up.
    fn replace_all(&mut self, tell: &mpsc::Sender<Lost>) -> Result<Option<String>, ProveError> {
        for _ in 0..self.bounds.replicas {
            if let Some(why) = self.start(false)? {
                return Ok(Some(why));
            }
        }
        let replicas = self.bounds.replicas as usize;
        if let Some(why) = self.until(|all| all.pods.iter().filter(|pod| pod.routed).count() == replicas)? {
            return Ok(Some(why));
        }
        let (scope, service, tell) = (self.scope, self.service, tell.clone());
        scope.spawn(move || ask_steadily(scope, service, tell));
        self.begun = Instant::now();
        let result = self.until(|all| {
            all.pods.iter().all(|pod| pod.is_new && pod.routed && pod.ending.is_none())
                && all.pods.len() == replicas
        });
        self.took = self.begun.elapsed();
        result
    }

    /// Let time pass until this is so. `Some`: it was given up.
    fn until(&mut self, done: impl Fn(&Self) -> bool) -> Result<Option<String>, ProveError> {
        let settings = &self.versions[1].subject.settings;
        // Every step may take as long as a start and an end may.
        let each = settings.ready_limit + settings.grace + self.pre_stop + self.lag * 2;
        let mut deadline = Instant::now() + each;
        let mut seen = self.events.len();
        while !done(self) {
            if let Some(why) = self.tick()? {
                return Ok(Some(why));
            }
            if self.events.len() > seen {
                (seen, deadline) = (self.events.len(), Instant::now() + each);
            }
            if Instant::now() > deadline {
                return Ok(Some(format!("nothing happened for {} s: a pod is never ready", each.as_secs())));
            }
            std::thread::sleep(TICK);
        }
        Ok(None)
    }

    /// One look at everything.
    fn tick(&mut self) -> Result<Option<String>, ProveError> {
        if let Some(why) = self.look_after_pods()? {
            return Ok(Some(why));
        }
        self.route();
        let step = next(self.bounds, self.count());
        // Before the old ones are all ready nothing is replaced.
        if self.begun_replacing() {
            for _ in 0..step.start {
                if let Some(why) = self.start(true)? {
                    return Ok(Some(why));
                }
            }
            self.end_old(step.end);
        }
        Ok(None)
    }

    fn begun_replacing(&self) -> bool {
        self.service.sent.load(Ordering::SeqCst) > 0
    }

    fn count(&self) -> Pods {
        let count = |is_new: bool, ready: bool| {
            let alive = self.pods.iter().filter(|pod| pod.ending.is_none() && pod.is_new == is_new);
            u32::try_from(alive.filter(|pod| !ready || pod.ready.is_some()).count()).unwrap_or(u32::MAX)
        };
        Pods {
            old: count(false, false),
            old_ready: count(false, true),
            new: count(true, false),
            new_ready: count(true, true),
        }
    }

    fn start(&mut self, is_new: bool) -> Result<Option<String>, ProveError> {
        let Version { subject, spec, asked } = &self.versions[usize::from(is_new)];
        let number = &mut self.started[usize::from(is_new)];
        *number += 1;
        let name = format!("{}-{number}", if is_new { "new" } else { "old" });
        match Pod::start(subject, spec, name.clone(), is_new, asked)? {
            Err(why) => Ok(Some(format!("{name} does not start: {why}"))),
            Ok(pod) => {
                self.pods.push(pod);
                self.probes.push(Probe { pod: name.clone(), under_way: None, next: Instant::now() });
                self.happened(name, PodEvent::Started);
                Ok(None)
            }
        }
    }

    fn end_old(&mut self, count: u32) {
        let mut old: Vec<usize> = (0..self.pods.len())
            .filter(|at| !self.pods[*at].is_new && self.pods[*at].ending.is_none())
            .collect();
        old.sort_by_key(|at| self.pods[*at].ready.is_some());
        for at in old.into_iter().take(count as usize) {
            self.pods[at].ending = Some(Ending::now());
            let name = self.pods[at].endpoint.pod.clone();
            self.happened(name, PodEvent::Terminating);
        }
    }

    /// Probes, signals and ends, as the kubelet sees to them.
    fn look_after_pods(&mut self) -> Result<Option<String>, ProveError> {
        self.probe();
        let directory = self.versions[1].subject.scratch.clone();
        let failed = |source| ProveError::Scratch { path: directory.clone(), source };
        let mut gone = Vec::new();
        let mut news = Vec::new();
        for (at, pod) in self.pods.iter_mut().enumerate() {
            let name = pod.endpoint.pod.clone();
            if let Some(code) = pod.has_ended().map_err(failed)? {
                if pod.ending.is_none() {
                    let why = format!("{name} ended by itself with exit code {code}: {}", pod.last_line());
                    return Ok(Some(why));
                }
                gone.push(at);
                news.push((name, PodEvent::Gone(code)));
                continue;
            }
            let grace = self.versions[usize::from(pod.is_new)].subject.settings.grace;
            news.extend(pod.go_on_ending(self.pre_stop, grace).map_err(failed)?.map(|event| (name, event)));
        }
        for (name, event) in news {
            self.happened(name, event);
        }
        // Its endpoint stays until the news of its end has arrived.
        for at in gone.into_iter().rev() {
            let pod = self.pods.remove(at);
            self.unroute_later(pod);
        }
        Ok(None)
    }

    fn unroute_later(&mut self, mut pod: Pod) {
        if !pod.routed {
            return;
        }
        pod.routed = false;
        let since = pod.ending.map_or_else(Instant::now, |ending| ending.since);
        let (service, name, lag) = (self.service, pod.endpoint.pod.clone(), self.lag);
        self.events.push((since + lag, name.clone(), PodEvent::Unrouted));
        self.scope.spawn(move || {
            std::thread::sleep((since + lag).saturating_duration_since(Instant::now()));
            service.remove(&name);
        });
    }

    fn probe(&mut self) {
        let mut ready = Vec::new();
        for probe in &mut self.probes {
            let Some(pod) = self.pods.iter().find(|pod| pod.endpoint.pod == probe.pod) else { continue };
            if pod.ready.is_some() {
                continue;
            }
            let done = probe.under_way.take_if(|under_way| under_way.is_finished());
            if done.is_some_and(|done| done.join().unwrap_or(false)) {
                ready.push(probe.pod.clone());
            } else if probe.under_way.is_none() && Instant::now() >= probe.next {
                probe.next = Instant::now() + PROBE;
                let Endpoint { namespace, asked, .. } = pod.endpoint.clone();
                // A second, as the kubelet's default.
                let ask = move || asked.ask(&namespace, Duration::from_secs(1)).is_none();
                probe.under_way = Some(self.scope.spawn(ask));
            }
        }
        for name in ready {
            for pod in self.pods.iter_mut().filter(|pod| pod.endpoint.pod == name) {
                pod.ready = Some(Instant::now());
            }
            self.happened(name, PodEvent::Ready);
        }
    }

    /// The news of endpoints arrives, late.
    fn route(&mut self) {
        let mut news = Vec::new();
        for pod in &mut self.pods {
            let due = |since: Option<Instant>| since.is_some_and(|since| since.elapsed() >= self.lag);
            if !pod.routed && pod.ending.is_none() && due(pod.ready) {
                pod.routed = true;
                self.service.add(&pod.endpoint);
                news.push((pod.endpoint.pod.clone(), PodEvent::Routed));
            }
            if pod.routed && due(pod.ending.map(|ending| ending.since)) {
                pod.routed = false;
                self.service.remove(&pod.endpoint.pod);
                news.push((pod.endpoint.pod.clone(), PodEvent::Unrouted));
            }
        }
        for (name, event) in news {
            self.happened(name, event);
        }
    }

    fn happened(&mut self, pod: String, event: PodEvent) {
        self.events.push((Instant::now(), pod, event));
    }

    /// What it came to; times count from the first step of the rollout.
    fn report(&self, mut lost: Vec<Lost>, stuck: Option<String>, requests: u32) -> RolloutPass {
        lost.sort_by_key(|lost| lost.at);
        let since = |at: Instant| at.saturating_duration_since(self.begun);
        let signalled = |name: &str| {
            let found =
                |(_, pod, event): &&(Instant, String, PodEvent)| pod == name && *event == PodEvent::Signalled;
            self.events.iter().find(found).map(|(at, ..)| *at)
        };
        let lost = lost.into_iter().map(|lost| LostRequest {
            at: since(lost.at),
            after_signal: signalled(&lost.pod).and_then(|signal| lost.at.checked_duration_since(signal)),
            pod: lost.pod,
            loss: lost.loss,
        });
        let mut events = self.events.clone();
        events.sort_by_key(|(at, ..)| *at);
        RolloutPass {
            pre_stop: self.pre_stop,
            took: self.took,
            stuck,
            requests,
            lost: lost.collect(),
            events: events
                .into_iter()
                .map(|(at, pod, what)| RolloutEvent { at: since(at), pod, what })
                .collect(),
        }
    }
}

impl Service {
    fn add(&self, endpoint: &Endpoint) {
        self.endpoints.lock().unwrap_or_else(PoisonError::into_inner).push(endpoint.clone());
    }

    fn remove(&self, pod: &str) {
        self.endpoints.lock().unwrap_or_else(PoisonError::into_inner).retain(|endpoint| endpoint.pod != pod);
    }
}
