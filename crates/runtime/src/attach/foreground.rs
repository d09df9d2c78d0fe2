//! Starting a container, detached or attached to the caller.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use super::{CallersSignals, Finished, Relay, Relayed, Streams, window_of};
use crate::container::{Container, ContainerError, Run, wire};
use crate::container_stdio::{OurEnds, pipe};
use crate::fd_message;
use crate::host::HostFacts;
use crate::logs::Stream;
use crate::monitor::{Hello, MonitorProgram, Started, set_nonblocking};

impl Container {
    /// Start it and leave it to its monitor (`run -d`). As an ordinary user this must run inside the
    /// entered user namespace, which is the container's.
    pub fn start_detached(&self, host: &HostFacts, monitor: &MonitorProgram) -> Result<Run, ContainerError> {
        let hello = Hello { host: host.clone(), window: None };
        Ok(monitor.start(self, &hello, &[])?.run)
    }

    /// Start it and stay attached until its end. It outlives us should we be killed.
    pub fn run_foreground(
        &self,
        host: &HostFacts,
        monitor: &MonitorProgram,
        streams: Streams<'_>,
    ) -> Result<Finished, ContainerError> {
        let failed = || ContainerError::doing::<io::Error>("attach to the container");
        let terminal = self.record().spec.terminal;
        let signals = CallersSignals::take_over().map_err(failed())?;
        let (outputs, writers) = output_pipes(terminal).map_err(failed())?;
        let window = streams.stdin.and_then(window_of).or_else(|| window_of(streams.stdout));
        let hello = Hello { host: host.clone(), window };
        let readers: Vec<_> = writers.iter().map(AsFd::as_fd).collect();
        let Started { run, input, monitor } = monitor.start(self, &hello, &readers)?;
        drop(writers);
        // A quick program has ended already and takes no signals; its output is still to come.
        let process = run.process.open();
        let ends = OurEnds { input, outputs };
        let relay = Relay::new(streams, &signals, process.as_ref(), monitor.as_fd(), ends, terminal);
        match relay.and_then(Relay::run).map_err(failed())? {
            Relayed::Ended => self.outcome(&monitor),
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
        wire::read_ended(&answer).map(|ended| Finished::Exit(ended.how.code())).map_err(lost)
    }
}

/// Our ends of the pipes the monitor copies output to.
type Readers = Vec<(Stream, OwnedFd)>;

/// Pipes for a copy of the output: our ends, and those the monitor writes to.
fn output_pipes(terminal: bool) -> io::Result<(Readers, Vec<OwnedFd>)> {
    let streams: &[Stream] = if terminal { &[Stream::Stdout] } else { &[Stream::Stdout, Stream::Stderr] };
    let (mut outputs, mut writers) = (Vec::new(), Vec::new());
    for stream in streams {
        let (reader, writer) = pipe()?;
        // The monitor must never wait for us.
        set_nonblocking(&writer)?;
        outputs.push((*stream, reader));
        writers.push(writer);
    }
    Ok((outputs, writers))
}
