//! `plimsoll stop`, `kill`, `wait`, `rm`: verbs that do one thing to each container named.

use std::time::Duration;

use clap::Args;
use plimsoll_model::Signal;
use plimsoll_runtime::container::{Container, ContainerError};

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;

/// Ask containers to stop, and kill those that do not within the grace.
#[derive(Args)]
pub struct Stop {
    /// Seconds until SIGKILL; the container's own if not given.
    #[arg(short, long, value_name = "SECONDS")]
    time: Option<u64>,
    /// Names or ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

/// Send a signal to PID 1 of containers.
#[derive(Args)]
pub struct Kill {
    /// The signal.
    #[arg(short, long, default_value = "KILL")]
    signal: String,
    /// Names or ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

/// Wait until containers have ended and print their exit codes.
#[derive(Args)]
pub struct Wait {
    /// Names or ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

/// Remove containers.
#[derive(Args)]
pub struct Rm {
    /// Kill those that run.
    #[arg(short, long)]
    force: bool,
    /// Names or ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Stop {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        each(&self.containers, |_, name, container| {
            container.stop(self.time.map(Duration::from_secs)).map_err(CommandError::failure)?;
            Ok(name.to_string())
        })
    }
}

impl Kill {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let signal = Signal::parse(&self.signal)
            .ok_or_else(|| CommandError::usage(format!("'{}' is no signal", self.signal)))?;
        each(&self.containers, |_, name, container| {
            container.kill(signal).map_err(CommandError::failure)?;
            Ok(name.to_string())
        })
    }
}

impl Wait {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        each(&self.containers, |_, _, container| {
            let waited = container.wait().map_err(CommandError::failure)?;
            Ok(waited.code().map_or("unknown".to_string(), |code| code.to_string()))
        })
    }
}

impl Rm {
    /// Run the verb. Running containers are ended from outside, before a user namespace is entered
    /// in which the files can be removed.
    pub fn execute(self) -> CommandResult {
        if self.force {
            let session = Session::open_outside()?;
            let containers = session.containers()?;
            for name in &self.containers {
                if let Ok(container) = containers.find(name) {
                    container.end_now().map_err(CommandError::failure)?;
                }
            }
        }
        let session = Session::open()?;
        // What killed commands have left goes with it.
        let containers = session.containers()?;
        containers.sweep().map_err(CommandError::failure)?;
        let gone = |name: &&String| {
            self.force && matches!(containers.find(name), Err(ContainerError::NotFound { .. }))
        };
        let (gone, there): (Vec<&String>, Vec<&String>) = self.containers.iter().partition(gone);
        for name in gone {
            // As in docker no failure with force: what ran with --rm has gone by being ended.
            terminal::eprint(&format!("no container is called '{name}' any more\n"));
        }
        each_in(&session, &there, |session, name, container| {
            session.containers()?.remove(container).map_err(CommandError::failure)?;
            Ok(name.to_string())
        })
    }
}

type Act<'a> = dyn Fn(&Session, &str, &Container) -> Result<String, CommandError> + 'a;

/// Do it to each container that is found; the failures are told together at the end.
fn each(
    names: &[String],
    act: impl Fn(&Session, &str, &Container) -> Result<String, CommandError>,
) -> CommandResult {
    let session = Session::open_outside()?;
    each_in(&session, names, act)
}

fn each_in<N: AsRef<str>>(
    session: &Session,
    names: &[N],
    act: impl Fn(&Session, &str, &Container) -> Result<String, CommandError>,
) -> CommandResult {
    let act: &Act<'_> = &act;
    let containers = session.containers()?;
    let mut failed = Vec::new();
    for name in names.iter().map(AsRef::as_ref) {
        let found = containers.find(name).map_err(CommandError::failure);
        match found.and_then(|container| act(session, name, &container)) {
            Ok(line) => terminal::print(&format!("{line}\n")),
            Err(error) => failed.push(error),
        }
    }
    if failed.is_empty() { Ok(0) } else { Err(CommandError::all(failed)) }
}
