//! `plimsoll exec`.

use std::os::fd::AsFd as _;

use clap::Args;
use plimsoll_image::layer::LayeredTree;
use plimsoll_model::UserSpec;
use plimsoll_runtime::attach::{Finished, Streams};
use plimsoll_runtime::container::Container;
use plimsoll_runtime::exec_process::ExecRequest;

use super::run::not_started;
use crate::command_error::{CommandError, CommandResult, ErrorKind};
use crate::session::Session;

/// Start one more process in a running container.
#[derive(Args)]
pub struct Exec {
    /// Pass standard input on.
    #[arg(short, long)]
    interactive: bool,
    /// Give it a terminal.
    #[arg(short, long)]
    tty: bool,
    /// Leave it running.
    #[arg(short, long)]
    detach: bool,
    /// Set a variable.
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// User and group: name or number.
    #[arg(short, long, value_name = "USER[:GROUP]")]
    user: Option<String>,
    /// Working directory.
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<String>,
    /// Name or id of the container.
    container: String,
    /// The command and its arguments.
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND [ARG]")]
    command: Vec<String>,
}

impl Exec {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let engine = |message: String| CommandError::new(ErrorKind::Engine(125), message);
        let session = Session::open_outside()?;
        let container = session.containers()?.find(&self.container).map_err(|error| engine(error.to_string()))?;
        let user = match &self.user {
            None => None,
            Some(text) => {
                let tree = files(&session, &container)?;
                let spec = UserSpec::parse(text).and_then(|spec| spec.resolve(&tree));
                Some(spec.map_err(|error| engine(error.to_string()))?)
            }
        };
        let mut env = Vec::new();
        for word in &self.env {
            match (word.split_once('='), std::env::var(word)) {
                (Some((name, value)), _) => env.push((name.to_string(), value.to_string())),
                (None, Ok(value)) => env.push((word.clone(), value)),
                (None, Err(_)) => {}
            }
        }
        let request = ExecRequest {
            argv: self.command.clone(),
            env,
            user,
            workdir: self.workdir.clone(),
            terminal: self.tty,
            open_stdin: self.interactive,
        };
        if self.detach {
            container.exec_detached(&request).map_err(|error| not_started(&error))?;
            return Ok(0);
        }
        let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
        let streams = Streams {
            stdin: self.interactive.then(|| stdin.as_fd()),
            stdout: stdout.as_fd(),
            stderr: stderr.as_fd(),
        };
        match container.exec(&request, streams).map_err(|error| not_started(&error))? {
            Finished::Exit(code) => Ok(u8::try_from(code).unwrap_or(255)),
            Finished::Detached => Ok(0),
        }
    }
}

/// The account files of the image the container runs.
fn files(session: &Session, container: &Container) -> Result<LayeredTree, CommandError> {
    let digest = container.record().image_digest.clone().unwrap_or_default();
    let image = session.store.find_image(&digest).map_err(CommandError::failure)?;
    LayeredTree::of_image(&session.store, &image).map_err(CommandError::failure)
}
