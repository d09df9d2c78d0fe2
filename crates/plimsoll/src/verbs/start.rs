//! `plimsoll start`.

use std::ffi::OsString;
use std::os::fd::AsFd as _;
use std::path::Path;

use clap::{ArgAction, Args};
use plimsoll_runtime::attach::{Finished, Streams};
use plimsoll_runtime::container::{Container, Run};
use plimsoll_runtime::host::{HostFacts, IdMap};
use plimsoll_runtime::monitor::{MonitorProgram, WaitingMonitor};
use plimsoll_runtime::user_mode::Programs;
use plimsoll_sys::own_program::OwnProgram;

use super::each_container::each_in;
use super::run::not_started;
use crate::command_error::{CommandError, CommandResult, ErrorKind};
use crate::launch_flags::docker_words::boolean;
use crate::session::Session;
use crate::terminal;
use crate::work::detach_keys;

/// Start containers that were created, or have ended.
#[derive(Args)]
pub struct Start {
    /// Stay attached to its output and signals until its end.
    #[arg(short, long)]
    attach: bool,
    /// Pass standard input on.
    #[arg(short, long)]
    interactive: bool,
    /// Keys that leave its terminal without ending it; ctrl-p,ctrl-q if not given.
    #[arg(long, value_name = "KEYS", default_value = "", hide_default_value = true)]
    detach_keys: String,
    /// Pass signals on to the container.
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set, value_parser = boolean,
          num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    sig_proxy: bool,
    /// Names or ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Start {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = open_to_start(&self.containers)?;
        if !self.attach && !self.interactive {
            return each_in(&session, &self.containers, |session, name, container| {
                start_unless_active(session, container)?;
                Ok(name.to_string())
            });
        }
        let [name] = self.containers.as_slice() else {
            return Err(CommandError::usage("only one container can be started and attached to at a time"));
        };
        let container = session.containers()?.find(name).map_err(CommandError::failure)?;
        let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
        let stdin = self.interactive.then(|| stdin.as_fd());
        let streams = Streams {
            detach_keys: &detach_keys::of_flag(&self.detach_keys)?,
            forwards_signals: self.sig_proxy,
            ..Streams::new(stdin, stdout.as_fd(), stderr.as_fd())
        };
        let monitor = begin_monitor(&session.host, container.path(), streams.forwards_signals)?;
        match start_attached(&session, monitor, &container, streams)? {
            Finished::Exit(code) => Ok(u8::try_from(code).unwrap_or(255)),
            Finished::Detached => Ok(0),
        }
    }
}

/// A session in which these containers can be started, also those that share namespaces with others.
pub fn open_to_start(names: &[String]) -> Result<Session, CommandError> {
    let containers = Session::open_outside()?.containers()?;
    let found = names.iter().filter_map(|name| containers.find(name).ok());
    let others = |container: Container| -> Vec<String> {
        container.record().spec.shared_with().into_iter().map(str::to_string).collect()
    };
    Session::open_beside(&found.flat_map(others).collect::<Vec<String>>())
}

/// Start a monitor for the container that is, or will be, in this directory: this program under its hidden verb,
/// from a mount through which no container can write to the file on the host.
pub fn begin_monitor(host: &HostFacts, directory: &Path, deaf: bool) -> Result<WaitingMonitor, CommandError> {
    let own = OwnProgram::read_only().map_err(|error| {
        let why = plimsoll_image::error::reason(&error);
        CommandError::new(
            ErrorKind::Machine,
            format!("cannot protect plimsoll's own program file from containers: {why}"),
        )
    })?;
    let program = MonitorProgram {
        program: own.path(),
        arguments: vec![OsString::from("monitor")],
        user_mode: match host.ids {
            // Root's containers go out by a bridge.
            IdMap::Host => Programs::default(),
            IdMap::Range | IdMap::Single => Programs::search(&std::env::var_os("PATH").unwrap_or_default()),
        },
    };
    program.begin(directory, deaf).map_err(|error| not_started(&error))
}

/// Start it and leave it to its monitor; one that runs already is left as it is.
pub fn start_unless_active(session: &Session, container: &Container) -> Result<(), CommandError> {
    if container.state().map_err(CommandError::failure)?.is_active() {
        return Ok(());
    }
    start_detached(session, begin_monitor(&session.host, container.path(), false)?, container)
}

/// Start it and leave it to its monitor.
pub fn start_detached(
    session: &Session,
    monitor: WaitingMonitor,
    container: &Container,
) -> Result<(), CommandError> {
    warn(&container.start_detached(&session.host, monitor).map_err(|error| not_started(&error))?);
    Ok(())
}

/// Start it and stay attached until its end.
pub fn start_attached(
    session: &Session,
    monitor: WaitingMonitor,
    container: &Container,
    streams: Streams<'_>,
) -> Result<Finished, CommandError> {
    let finished = container.run_foreground_telling(&session.host, monitor, streams, warn);
    finished.map_err(|error| not_started(&error))
}

/// What the container was to have and has not.
fn warn(run: &Run) {
    for sentence in &run.warnings {
        terminal::eprint(&format!("warning: {sentence}\n"));
    }
}
