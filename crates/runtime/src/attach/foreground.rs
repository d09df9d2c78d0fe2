//! Starting a container, detached or attached to the caller.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::pipe::{PipeFlags, pipe_with};

use super::{CallersSignals, Finished, Relay, Relayed, Streams, Unread, set_window};
use crate::container::{Container, ContainerError, Ended, Run, wire};
use crate::container_stdio::OurEnds;
use crate::events::EventLog;
use crate::fd_message;
use crate::host::HostFacts;
use crate::logs::Stream;
use crate::monitor::{Ask, Started, WaitingMonitor};

impl Container {
    /// Start it and leave it to its monitor (`run -d`). As an ordinary user this must run inside the
    /// entered user namespace, which is the container's.
    pub fn start_detached(&self, host: &HostFacts, monitor: WaitingMonitor) -> Result<Run, ContainerError> {
        Ok(monitor.start(self, host, None, &[])?.run)
    }

    /// Start it and stay attached until its end. It outlives us should we be killed.
    pub fn run_foreground(
        &self,
        host: &HostFacts,
        monitor: WaitingMonitor,
        streams: Streams<'_>,
    ) -> Result<Finished, ContainerError> {
        self.run_foreground_telling(host, monitor, streams, |_| {})
    }

    /// The same; `began` learns of the start before any output is passed on.
    pub fn run_foreground_telling(
        &self,
        host: &HostFacts,
        monitor: WaitingMonitor,
        streams: Streams<'_>,
        began: impl FnOnce(&Run),
    ) -> Result<Finished, ContainerError> {
        let failed = || ContainerError::doing::<io::Error>("attach to the container");
        EventLog::around(self).add_of(self, "attach", &[]);
        let signals = CallersSignals::take_over(streams.forwards_signals).map_err(failed())?;
        let (outputs, writers) = output_pipes(self.record().spec.terminal).map_err(failed())?;
        let readers: Vec<_> = writers.iter().map(AsFd::as_fd).collect();
        let Started { run, input, monitor } = monitor.start(self, host, streams.window(), &readers)?;
        drop(writers);
        began(&run);
        let ends = OurEnds { input, outputs };
        // A quick program has ended already and takes no signals; its output is still to come.
        let process = run.process.open();
        let terminal = self.record().spec.terminal;
        let relay = Relay::new(streams, &signals, process.as_ref(), monitor.as_fd(), ends, terminal);
        self.relay(relay, &monitor)
    }

    /// Attach to it while it runs, until its end.
    pub fn attach(&self, streams: Streams<'_>) -> Result<Finished, ContainerError> {
        let failed = || ContainerError::doing::<io::Error>("attach to the container");
        self.running()?;
        EventLog::around(self).add_of(self, "attach", &[]);
        let lost = |why: &str| ContainerError::MonitorLost { name: self.name().into(), why: why.into() };
        let monitor = self.connect_to_monitor().ok_or_else(|| lost("nothing answers in its place"))?;
        let signals = CallersSignals::take_over(streams.forwards_signals).map_err(failed())?;
        let (outputs, writers) = output_pipes(self.record().spec.terminal).map_err(failed())?;
        let readers: Vec<_> = writers.iter().map(AsFd::as_fd).collect();
        fd_message::send(&monitor, Ask::Attach.message(), &readers).map_err(failed())?;
        drop(writers);
        let (answer, mut descriptors) = fd_message::receive(&monitor).map_err(failed())?;
        let run = match wire::read_run(&answer) {
            Ok(run) => run,
            // It has ended in this moment.
            Err(_) => return wire::read_ended(&answer).map(finished).map_err(|why| lost(&why)),
        };
        let ends = OurEnds { input: descriptors.pop(), outputs };
        let terminal = self.record().spec.terminal;
        if let (true, Some(input), Some(window)) = (terminal, &ends.input, streams.window()) {
            let _ = set_window(input.as_fd(), window);
        }
        let process = run.process.open();
        let relay = Relay::new(streams, &signals, process.as_ref(), monitor.as_fd(), ends, terminal);
        self.relay(relay.map(|relay| relay.when_unread(Unread::GoesOn)), &monitor)
    }

    /// Relay until the end, which the monitor tells.
    fn relay(&self, relay: io::Result<Relay<'_>>, monitor: &OwnedFd) -> Result<Finished, ContainerError> {
        let failed = ContainerError::doing::<io::Error>("attach to the container");
        match relay.and_then(Relay::run).map_err(failed)? {
            Relayed::Ended => self.outcome(monitor),
            Relayed::Detached => Ok(Finished::Detached),
        }
    }

    /// The monitor's last words.
    fn outcome(&self, monitor: &OwnedFd) -> Result<Finished, ContainerError> {
        let failed = ContainerError::doing("hear how the container ended");
        let (answer, _) = fd_message::receive(monitor).map_err(failed)?;
        let lost = |why| ContainerError::MonitorLost { name: self.name().to_string(), why };
        if answer.is_empty() {
            return Err(lost("it was killed; the container may go on, see 'ps'".into()));
        }
        wire::read_ended(&answer).map(finished).map_err(lost)
    }
}

fn finished(ended: Ended) -> Finished {
    Finished::Exit(ended.how.code())
}

/// Our ends of the pipes the monitor copies output to.
type Readers = Vec<(Stream, OwnedFd)>;

/// Pipes for a copy of the output: our ends, and those the monitor writes to.
fn output_pipes(terminal: bool) -> io::Result<(Readers, Vec<OwnedFd>)> {
    let streams: &[Stream] = if terminal { &[Stream::Stdout] } else { &[Stream::Stdout, Stream::Stderr] };
    let (mut outputs, mut writers) = (Vec::new(), Vec::new());
    for stream in streams {
        // Neither the monitor nor we must ever wait for the other.
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        outputs.push((*stream, reader));
        writers.push(writer);
    }
    Ok((outputs, writers))
}
