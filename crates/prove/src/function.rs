//! What shows that a program does its work: a user's own check, else the best it was heard to answer.

use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_contract::evidence::{Answer, CheckFact, HttpAnswer, Speaks};
use plimsoll_model::{LaunchSpec, PortSpec, Protocol, Signal};
use plimsoll_runtime::host::ContainerIds;
use plimsoll_runtime::launch::{LaunchOptions, Running, enter_running};
use plimsoll_runtime::observe::ListeningSocket;
use plimsoll_runtime::plan::plan_exec;

use crate::bench::Log;
use crate::listen::{self, Heard};
use crate::subject::UserCheck;
use crate::{http, network};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Function {
    /// Nothing: it runs, and that is all there is.
    #[default]
    Nothing,
    /// A command inside the container ends with 0.
    Command {
        /// Its words.
        argv: Vec<String>,
    },
    /// A path that a user named is answered well.
    HttpCheck {
        /// Where; `None`: nobody listens who could be asked.
        address: Option<SocketAddr>,
        /// The path.
        path: String,
    },
    /// A path is answered as before.
    Http {
        /// Where.
        address: SocketAddr,
        /// The path.
        path: String,
        /// The status of before.
        status: u16,
    },
    /// It speaks first.
    Greeting(SocketAddr),
    /// It takes connections.
    Connection(SocketAddr),
}

/// How asking went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Well, at last.
    pub good: bool,
    /// How often it was asked.
    pub tries: u32,
    /// From the start of the program to the last answer.
    pub after: Duration,
    /// What it said, or why it failed, one line.
    pub said: String,
}

/// A running container that can be asked.
pub struct Asked<'a> {
    /// PID 1.
    pub running: &'a Running,
    /// What was started.
    pub spec: &'a LaunchSpec,
    /// When its program began.
    pub begun: Instant,
    /// A directory for the output of commands.
    pub scratch: &'a Path,
}

/// A command that takes longer than this is not good: it is asked again.
const COMMAND_LIMIT: Duration = Duration::from_secs(10);
/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(2);
/// First and longest pause between two tries.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));

impl Function {
    /// Find out what to ask: the user's own check, else the first of HTTP, a greeting, a connection.
    pub fn of(check: Option<&UserCheck>, heard: &[Heard]) -> Self {
        let tcp = || heard.iter().filter_map(|heard| Some((heard.reached?, &heard.fact)));
        let first = |wanted: &dyn Fn(&Speaks) -> bool| tcp().find(|(_, fact)| wanted(&fact.speaks));
        let http = first(&|speaks| matches!(speaks, Speaks::Http { .. }));
        match check {
            Some(UserCheck::Command { argv, .. }) => return Function::Command { argv: argv.clone() },
            Some(UserCheck::Http { port, path, .. }) => {
                let known = match port {
                    Some(port) => tcp().find(|(_, fact)| fact.port.number == *port),
                    None => http.or_else(|| tcp().next()),
                };
                let local = port.map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
                let address = known.map(|(address, _)| address).or(local);
                return Function::HttpCheck { address, path: path.clone() };
            }
            None => {}
        }
        if let Some((address, fact)) = http
            && let Speaks::Http { path, status } = &fact.speaks
        {
            return Function::Http { address, path: path.clone(), status: *status };
        }
        let greeting = first(&|speaks| matches!(speaks, Speaks::Greeting { .. }));
        match (greeting, tcp().next()) {
            (Some((address, _)), _) => Function::Greeting(address),
            (None, Some((address, _))) => Function::Connection(address),
            (None, None) => Function::Nothing,
        }
    }

    /// Whether there is anything to ask.
    pub fn is_nothing(&self) -> bool {
        *self == Function::Nothing
    }

    /// The HTTP request that is answered as before, if it is one.
    pub fn http(&self) -> Option<HttpAnswer> {
        match self {
            Function::Http { address, path, status } => {
                Some(HttpAnswer { port: address.port(), path: path.clone(), status: *status })
            }
            _ => None,
        }
    }

    /// The word of the hardening ladder for a good answer.
    pub fn done(&self) -> Option<&'static str> {
        match self {
            Function::Nothing => None,
            Function::Command { .. } => Some("passed the check"),
            Function::HttpCheck { .. } | Function::Http { .. } => Some("served"),
            Function::Greeting(_) => Some("greeted"),
            Function::Connection(_) => Some("listened"),
        }
    }

    /// As evidence, with how it went.
    pub fn evidence(&self, check: Option<&UserCheck>, answered: Option<&Answered>) -> Answer {
        let port = |address: &SocketAddr| PortSpec { number: address.port(), protocol: Protocol::Tcp };
        if let Some(check) = check {
            let (argv, http) = match self {
                Function::HttpCheck { address, path } => {
                    let status = answered.and_then(|answered| answered.said.parse().ok()).unwrap_or(0);
                    let port = address.map_or(0, |address| address.port());
                    (Vec::new(), Some(HttpAnswer { port, path: path.clone(), status }))
                }
                Function::Command { argv } => (argv.clone(), None),
                _ => (Vec::new(), None),
            };
            return Answer::Check(CheckFact {
                words: check.written().to_string(),
                argv,
                http,
                good: answered.is_some_and(|answered| answered.good),
                tries: answered.map_or(0, |answered| answered.tries),
                said: answered.map_or("it did not stay running".to_string(), |a| a.said.clone()),
            });
        }
        match self {
            Function::Http { address, path, status } => {
                Answer::Http(HttpAnswer { port: address.port(), path: path.clone(), status: *status })
            }
            Function::Greeting(address) => Answer::Greeting(port(address)),
            Function::Connection(address) => Answer::Connection(port(address)),
            _ => Answer::Nothing,
        }
    }

    /// Ask until the answer is good, the program is gone, or the time is over.
    pub fn until_good(&self, asked: &Asked<'_>, limit: Duration) -> Answered {
        let first = Instant::now();
        let mut pause = PAUSES.0;
        let mut tries = 0;
        loop {
            let result = self.ask(asked);
            tries += 1;
            let after = asked.begun.elapsed();
            let good = result.is_ok();
            let said = result.unwrap_or_else(|why| why);
            if good || first.elapsed() >= limit || has_ended(asked.running) {
                return Answered { good, tries, after, said };
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Ask once: what it said, or why that is not good.
    fn ask(&self, asked: &Asked<'_>) -> Result<String, String> {
        let pid = asked.running.pid;
        match self {
            Function::Nothing => Ok(String::new()),
            Function::Command { argv } => command(asked, argv),
            Function::HttpCheck { address: None, .. } => Err("nothing listens on a TCP port".to_string()),
            Function::HttpCheck { address: Some(address), path } => match http::ask(pid, *address, path)? {
                status if http::is_well(status) => Ok(status.to_string()),
                status => Err(status.to_string()),
            },
            Function::Http { address, path, status: before } => match http::ask(pid, *address, path)? {
                status if status == *before => Ok(status.to_string()),
                status => Err(format!("{path} answered {status} instead of {before}")),
            },
            Function::Greeting(address) => match listen::greets(pid, *address) {
                Ok(bytes) if !bytes.is_empty() => Ok(crate::protocol::first_line(&bytes)),
                Ok(_) => Err("it does not greet any more".to_string()),
                Err(error) => Err(http::reason(&error)),
            },
            Function::Connection(address) => network::connect(pid, *address, CONNECT)
                .map(|_| String::new())
                .map_err(|error| http::reason(&error)),
        }
    }
}

fn has_ended(running: &Running) -> bool {
    let mut fds = [rustix::event::PollFd::new(&running.pidfd, rustix::event::PollFlags::IN)];
    let now = rustix::time::Timespec { tv_sec: 0, tv_nsec: 0 };
    rustix::event::poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0)
}

/// Listen again until nothing says that it is still starting, for so long at most.
pub fn hear_settled(
    pid: u32,
    sockets: &[ListeningSocket],
    exposed: &[PortSpec],
    limit: Duration,
) -> Vec<Heard> {
    let first = Instant::now();
    loop {
        let heard = listen::hear(pid, sockets, exposed);
        let starting = |heard: &Heard| match heard.fact.speaks {
            Speaks::Http { status, .. } => status >= 500,
            Speaks::Unreachable { .. } => true,
            _ => false,
        };
        if !heard.iter().any(starting) || first.elapsed() >= limit {
            return heard;
        }
        std::thread::sleep(PAUSES.1);
    }
}

/// Run a command inside the container, as its user, in its directory, with its environment.
fn command(asked: &Asked<'_>, argv: &[String]) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("it could not be run: {error}");
    let spec = LaunchSpec { argv: argv.to_vec(), ..asked.spec.clone() };
    let ids = ContainerIds::of_process(asked.running.pid).map_err(failed)?;
    let plan = plan_exec(&spec, &ids).map_err(|error| error.to_string())?;
    let file = tempfile::Builder::new().prefix("check-").tempfile_in(asked.scratch).map_err(failed)?;
    let log = Log::of(file.reopen().map_err(failed)?);
    let options = LaunchOptions { die_with_parent: true, ..LaunchOptions::default() };
    let stdio = log.stdio().map_err(failed)?;
    let process = enter_running(asked.running.pid, asked.running.pidfd.as_fd(), &plan, stdio, &options)
        .map_err(|error| error.to_string())?;
    let exit = match process.wait(Some(COMMAND_LIMIT)).map_err(failed)? {
        Some(exit) => exit.code(),
        None => {
            process.signal(Signal::KILL).and_then(|()| process.wait(None)).map_err(failed)?;
            return Err(format!("it did not end within {} s", COMMAND_LIMIT.as_secs()));
        }
    };
    let said = log.tail().map_err(failed)?.pop().unwrap_or_default();
    match (exit, said.as_str()) {
        (0, _) => Ok(said),
        (code, "") => Err(format!("exit code {code}")),
        (code, said) => Err(format!("exit code {code}: {said}")),
    }
}
