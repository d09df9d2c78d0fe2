//! What happened when it was asked to stop.

use std::time::Duration;

use plimsoll_model::Signal;

/// The stop test.
#[derive(Debug, Clone, PartialEq)]
pub struct StopRecord {
    /// Stable id.
    pub id: String,
    /// The signal sent to PID 1.
    pub signal: Signal,
    /// Grace given before SIGKILL.
    pub grace: Duration,
    /// From the signal to the end of the container, one value a run: those in which nobody kept it from
    /// stopping, quiet ones and those under requests.
    pub times: Vec<Duration>,
    /// Exit code (128+n for a signal) of the last of these runs.
    pub code: i32,
    /// SIGKILL was needed.
    pub killed: bool,
    /// Processes other than PID 1 that were still alive when PID 1 ended and died with its
    /// namespace: their handlers never ran.
    pub killed_with_namespace: Vec<String>,
    /// Zombies seen before or during the stop.
    pub zombies: u32,
    /// What happened to the listener and when, relative to the signal.
    pub listener_closed: Option<Duration>,
    /// Last lines of output after the signal.
    pub log: Vec<String>,
    /// Every stop tried, in order, under whatever condition.
    pub runs: Vec<StopRun>,
    /// Signals not tried because PID 1 neither catches nor blocks them: the kernel does not deliver those
    /// to the first process of a pid namespace (pid_namespaces(7)).
    pub undelivered: Vec<Signal>,
    /// What was not tried, and why; one phrase each.
    pub untried: Vec<String>,
}

impl StopRecord {
    /// The first run under a condition of this kind.
    pub fn run(&self, wanted: impl Fn(&StopCondition) -> bool) -> Option<&StopRun> {
        self.runs.iter().find(|run| wanted(&run.condition))
    }

    /// The run with requests under way.
    pub fn under_requests(&self) -> Option<&StopRun> {
        self.run(|condition| *condition == StopCondition::Requests)
    }
}

/// One stop.
#[derive(Debug, Clone, PartialEq)]
pub struct StopRun {
    /// Stable id such as `stop-requests`.
    pub id: String,
    /// What was different about it.
    pub condition: StopCondition,
    /// The signal sent.
    pub signal: Signal,
    /// Time until SIGKILL; not always that of the record.
    pub grace: Duration,
    /// From the signal to the end of PID 1.
    pub took: Duration,
    /// Exit code, 128+n for a signal.
    pub code: i32,
    /// SIGKILL was needed.
    pub killed: bool,
    /// When nothing listened any more, if that came before the end.
    pub listener_closed: Option<Duration>,
    /// When the last complete answer came.
    pub last_answer: Option<Duration>,
    /// What became of every process that was there when the signal was sent or came later.
    pub processes: Vec<ProcessEnd>,
    /// What became of the connections, one entry for each kind there was.
    pub connections: Vec<ConnectionCount>,
}

impl StopRun {
    /// The connections of a kind.
    pub fn count(&self, kind: ConnectionKind) -> Option<&ConnectionCount> {
        self.connections.iter().find(|count| count.kind == kind)
    }
}

/// What was different about a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopCondition {
    /// Nobody talked to it.
    Quiet,
    /// Requests were under way, and new ones came every 10 ms.
    Requests,
    /// Connections that asked nothing or had not finished asking.
    Held,
    /// Another signal than the image's own.
    OtherSignal,
    /// A small init was PID 1.
    Init,
    /// The signal came once more this long after the first.
    SecondSignal(Duration),
    /// Half of the time it usually takes.
    ShortGrace,
}

/// The end of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessEnd {
    /// Pid inside the container.
    pub pid: u32,
    /// Parent's pid inside the container when it was first seen; 0: none there.
    pub parent: u32,
    /// Command line, words joined.
    pub command: String,
    /// It held a listening socket: it belongs to the program itself, not to what is wrapped around it.
    pub listens: bool,
    /// It had a handler for the signal or waited for it (SigCgt, SigBlk).
    pub handles: bool,
    /// How it ended.
    pub end: End,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, with this code.
    Exit(i32),
    /// By this signal.
    Signal(Signal),
    /// By SIGKILL after the grace.
    Killed,
    /// By SIGKILL because PID 1 had ended: the kernel ends a pid namespace that way.
    WithNamespace,
    /// This kernel does not tell (before Linux 6.15).
    Unknown,
}

/// How far a connection had come when the signal was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConnectionKind {
    /// Connected; nothing was sent, or for protocols that are not HTTP: nothing but greetings.
    Idle,
    /// A request whose head or body was finished 100 ms after the signal.
    HalfSent,
    /// A whole request was sent on a connection that the program had accepted, and not answered yet.
    InFlight,
    /// Made after the signal, or not yet accepted by the program then.
    New,
}

/// What became of the connections of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionCount {
    /// The kind.
    pub kind: ConnectionKind,
    /// Answered completely, with 200 to 399 or the status from before the signal.
    pub answered: u32,
    /// Answered with another status.
    pub error_status: u32,
    /// Reset before a whole answer.
    pub reset: u32,
    /// Closed before a whole answer.
    pub eof: u32,
    /// Refused.
    pub refused: u32,
    /// Still open when everything was over, or never connected.
    pub timeout: u32,
}

impl ConnectionCount {
    /// None yet.
    pub fn of(kind: ConnectionKind) -> Self {
        ConnectionCount { kind, answered: 0, error_status: 0, reset: 0, eof: 0, refused: 0, timeout: 0 }
    }

    /// All of them.
    pub fn total(&self) -> u32 {
        let counts = [self.answered, self.error_status, self.reset, self.eof, self.refused, self.timeout];
        counts.into_iter().fold(0, u32::saturating_add)
    }

    /// Requests without a good answer. Who asked nothing has lost nothing.
    pub fn lost(&self) -> u32 {
        if self.kind == ConnectionKind::Idle { 0 } else { self.total().saturating_sub(self.answered) }
    }

    /// Accepted and then dropped: the client cannot know whether its request was carried out.
    pub fn dropped(&self) -> u32 {
        match self.kind {
            ConnectionKind::Idle => 0,
            _ => self.reset.saturating_add(self.eof).saturating_add(self.timeout),
        }
    }

    /// Why requests were lost, for people: `3 reset, 1 refused`.
    pub fn losses(&self) -> String {
        let counts = [
            (self.error_status, "answered with an error"),
            (self.reset, "reset"),
            (self.eof, "closed without an answer"),
            (self.refused, "refused"),
            (self.timeout, "never answered"),
        ];
        let words =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
        words.collect::<Vec<_>>().join(", ")
    }
}
