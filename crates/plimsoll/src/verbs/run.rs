//! `plimsoll run`.

use std::fs::File;
use std::io::IsTerminal as _;
use std::os::fd::AsFd as _;
use std::path::PathBuf;

use clap::{ArgAction, Args};
use plimsoll_runtime::attach::{Finished, Streams};
use plimsoll_runtime::container::{Container, NewId};
use plimsoll_runtime::monitor::WaitingMonitor;
use plimsoll_runtime::volume::Volumes;

use super::start::{begin_monitor, start_attached, start_detached};
use crate::command_error::{CommandError, CommandResult, ErrorKind};
use crate::launch_flags::docker_words::{as_docker, boolean};
use crate::launch_flags::engine;
use crate::session::Session;
use crate::terminal;
use crate::work::creating::CreateFlags;
use crate::work::detach_keys;

/// Start a container from an image.
#[derive(Args)]
#[command(override_usage = "plimsoll run [OPTIONS] IMAGE [COMMAND] [ARG...]")]
#[command(disable_help_flag = true, args_override_self = true, mut_args(as_docker))]
pub struct Run {
    #[command(flatten)]
    flags: CreateFlags,
    /// Leave it running and print its id.
    #[arg(short, long, help_heading = "Container")]
    detach: bool,
    /// Keys that leave its terminal without ending it; ctrl-p,ctrl-q if not given.
    #[arg(
        long,
        value_name = "KEYS",
        default_value = "",
        hide_default_value = true,
        help_heading = "Container"
    )]
    detach_keys: String,
    /// Pass signals on to the process; false: they act on plimsoll, and the process goes on.
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set, value_parser = boolean,
          num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Container")]
    sig_proxy: bool,
    /// Show every step of making the container, and start nothing.
    #[arg(long, help_heading = "Container")]
    plan: bool,
    /// Write a directory that runc and other OCI runtimes start, and start nothing.
    #[arg(long, value_name = "DIR", help_heading = "Container")]
    oci_bundle: Option<PathBuf>,
}

impl Run {
    /// Run the verb. Failures of ours have docker's code 125.
    pub fn execute(self) -> CommandResult {
        self.start().map_err(engine_failure)
    }

    fn start(self) -> CommandResult {
        let attached = self.attached()?;
        let keys = detach_keys::of_flag(&self.detach_keys)?;
        let session = Session::open_beside(&self.flags.others())?;
        let (containers, id) = (session.containers()?, NewId::random().map_err(engine)?);
        if self.plan {
            terminal::print(&self.flags.prepare(&session, containers, id, attached)?.plan()?);
            return Ok(0);
        }
        if let Some(directory) = &self.oci_bundle {
            self.flags.prepare(&session, containers, id, attached)?.bundle(directory)?;
            return Ok(0);
        }
        // It gets ready while the image is looked up.
        let deaf = !self.detach && self.sig_proxy;
        let monitor = begin_monitor(&session.host, &containers.place(&id), deaf)?;
        let (containers, container) = self.flags.prepare(&session, containers, id, attached)?.create()?;
        let result = self.launch(&session, monitor, &container, attached, &keys);
        let ended = !matches!(result, Ok(Finished::Detached));
        if self.flags.upkeep.restarts.rm && ended && !self.detach {
            // Removed by its monitor already if that was quicker.
            let _ = containers.remove(&container);
            let _ = Volumes::remove_anonymous(&container);
        }
        match result? {
            // As docker: who sees no output is told the id, and not the code.
            Finished::Exit(_) if attached[1..] == [false, false] => Ok(0),
            Finished::Exit(code) => Ok(u8::try_from(code).unwrap_or(255)),
            Finished::Detached => Ok(0),
        }
    }

    /// Which streams the process gets of ours.
    fn attached(&self) -> Result<[bool; 3], CommandError> {
        let flags = &self.flags.attachment;
        if self.detach {
            return match flags.chooses() {
                true => Err(engine("conflicting options: cannot specify both --attach and --detach")),
                false => Ok([false; 3]),
            };
        }
        let attached = flags.attached();
        if flags.tty && attached[0] && !std::io::stdin().is_terminal() {
            return Err(engine("the input device is not a terminal")
                .hint("leave -t out when input comes from a pipe"));
        }
        Ok(attached)
    }

    fn launch(
        &self,
        session: &Session,
        monitor: WaitingMonitor,
        container: &Container,
        attached: [bool; 3],
        keys: &[u8],
    ) -> Result<Finished, CommandError> {
        if self.detach {
            start_detached(session, monitor, container)?;
            terminal::print(&format!("{}\n", container.id()));
            return Ok(Finished::Detached);
        }
        if attached[1..] == [false, false] {
            terminal::print(&format!("{}\n", container.id()));
        }
        let nowhere = File::options().write(true).open("/dev/null").map_err(engine)?;
        let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
        let streams = Streams {
            stdin: self.flags.attachment.interactive.then(|| stdin.as_fd()),
            stdout: if attached[1] { stdout.as_fd() } else { nowhere.as_fd() },
            stderr: if attached[2] { stderr.as_fd() } else { nowhere.as_fd() },
            detach_keys: keys,
            forwards_signals: self.sig_proxy,
        };
        start_attached(session, monitor, container, streams)
    }
}

/// A failure of `run` or `create`, which all have one code.
pub fn engine_failure(mut error: CommandError) -> CommandError {
    if !matches!(error.kind, ErrorKind::Engine(_)) {
        error.kind = ErrorKind::Engine(125);
    }
    error
}

/// docker's exit codes: 126 and 127 are the program's, everything else is ours.
pub fn not_started(error: &plimsoll_runtime::container::ContainerError) -> CommandError {
    let code = u8::try_from(error.exit_code()).unwrap_or(125);
    CommandError::new(ErrorKind::Engine(code), error)
}
