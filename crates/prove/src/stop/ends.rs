//! How each process of a container ended, asked through pidfds held while it lived.

use std::collections::{BTreeMap, HashSet};
use std::os::fd::OwnedFd;

use plimsoll_contract::evidence::{End, ProcessEnd};
use plimsoll_model::Signal;
use plimsoll_runtime::launch::Exit;
use plimsoll_runtime::observe::{ContainerView, ProcessView};
use plimsoll_sys::exit_info::{self, Ended};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// Longest command line kept.
const COMMAND: usize = 400;

/// Processes whose ends can be asked for.
pub(super) struct Ends {
    signal: Signal,
    held: BTreeMap<u32, Held>,
}

struct Held {
    process: ProcessEnd,
    /// `None` for PID 1, whose parent we are.
    pidfd: Option<OwnedFd>,
    /// It was there when the signal was sent.
    at_signal: bool,
}

impl Ends {
    /// Hold what lives in a container before it gets this signal.
    pub(super) fn before(signal: Signal, view: &ContainerView) -> Self {
        let mut ends = Ends { signal, held: BTreeMap::new() };
        ends.add(view, &view.listeners(), true);
        ends
    }

    /// Hold what has come since.
    pub(super) fn hold(&mut self, view: &ContainerView) {
        self.add(view, &HashSet::new(), false);
    }

    fn add(&mut self, view: &ContainerView, listeners: &HashSet<u32>, at_signal: bool) {
        for process in view.processes.iter().filter(|process| !process.zombie) {
            if self.held.contains_key(&process.host_pid) {
                continue;
            }
            let pidfd = if process.pid == 1 { None } else { open(process.host_pid) };
            // One that has ended in between is not left behind.
            if pidfd.is_some() || process.pid == 1 {
                let process_end = self.beginning(process, listeners.contains(&process.host_pid));
                let held = Held { process: process_end, pidfd, at_signal };
                self.held.insert(process.host_pid, held);
            }
        }
    }

    fn beginning(&self, process: &ProcessView, listens: bool) -> ProcessEnd {
        ProcessEnd {
            pid: process.pid,
            parent: process.parent,
            command: process.argv.join(" ").chars().take(COMMAND).collect(),
            listens,
            handles: process.handles(self.signal),
            end: End::Unknown,
        }
    }

    /// Everybody's end, PID 1's first; `killed`: by us, after the grace. Of those that came after the
    /// signal only the ones are told that did not end by themselves.
    pub(super) fn read(self, first: Exit, killed: bool) -> Vec<ProcessEnd> {
        let end = |held: Held| {
            let end = match &held.pidfd {
                None => of_first(first, killed),
                Some(pidfd) => of_other(pidfd, killed),
            };
            let told = held.at_signal || !matches!(end, End::Exit(_) | End::Unknown);
            told.then_some(ProcessEnd { end, ..held.process })
        };
        let mut ends: Vec<ProcessEnd> = self.held.into_values().filter_map(end).collect();
        ends.sort_by_key(|process| process.pid);
        ends
    }
}

fn open(pid: u32) -> Option<OwnedFd> {
    pidfd_open(Pid::from_raw(i32::try_from(pid).ok()?)?, PidfdFlags::empty()).ok()
}

fn of_first(exit: Exit, killed: bool) -> End {
    match exit {
        Exit::Signal(Signal::KILL) if killed => End::Killed,
        Exit::Signal(signal) => End::Signal(signal),
        Exit::Code(code) => End::Exit(code),
    }
}

fn of_other(pidfd: &OwnedFd, killed: bool) -> End {
    let Ok(Some(status)) = exit_info::wait_status(pidfd) else { return End::Unknown };
    match exit_info::ended(status) {
        Ended::Code(code) => End::Exit(code),
        Ended::Signal(number) => match Signal::new(number) {
            Some(Signal::KILL) if killed => End::Killed,
            Some(Signal::KILL) => End::WithNamespace,
            Some(signal) => End::Signal(signal),
            None => End::Unknown,
        },
    }
}
