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
use crate::launch_flags::environment::EnvironmentFlags;
use crate::session::Session;
use crate::work::detach_keys;

/// Start one more process in a running container.
#[derive(Args)]
#[command(override_usage = "plimsoll exec [OPTIONS] CONTAINER COMMAND [ARG...]")]
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
    #[command(flatten)]
    environment: EnvironmentFlags,
    /// User and group: name or number.
    #[arg(short, long, value_name = "USER[:GROUP]")]
    user: Option<String>,
    /// Working directory.
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<String>,
    /// Give it all capabilities and no filter of system calls.
    #[arg(long)]
    privileged: bool,
    /// Keys that leave its terminal without ending it; ctrl-p,ctrl-q if not given.
    #[arg(long, value_name = "KEYS", default_value = "", hide_default_value = true)]
    detach_keys: String,
    /// Name or id of the container, then the command and its arguments.
    #[arg(required = true, num_args = 2.., trailing_var_arg = true, value_name = "CONTAINER COMMAND [ARG]")]
    words: Vec<String>,
}

impl Exec {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let engine = |message: String| CommandError::new(ErrorKind::Engine(125), message);
        let Some((name, command)) = self.words.split_first() else {
            return Err(engine("no container was given".to_string()));
        };
        let session = Session::open_to_enter()?;
        let container = session.containers()?.find(name).map_err(|error| engine(error.to_string()))?;
        let user = match &self.user {
            None => None,
            Some(text) => {
                let tree = files(&session, &container)?;
                let spec = UserSpec::parse(text).and_then(|spec| spec.resolve(&tree));
                Some(spec.map_err(|error| engine(error.to_string()))?)
            }
        };
        let given = self.environment.given(&|name| std::env::var(name).ok()).map_err(engine)?;
        let env = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let request = ExecRequest {
            argv: command.to_vec(),
            env,
            user,
            workdir: self.workdir.clone(),
            privileged: self.privileged,
            terminal: self.tty,
            open_stdin: self.interactive,
        };
        if self.detach {
            container.exec_detached(&request).map_err(|error| not_started(&error))?;
            return Ok(0);
        }
        let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
        let stdin = self.interactive.then(|| stdin.as_fd());
        let streams = Streams {
            detach_keys: &detach_keys::of_flag(&self.detach_keys)?,
            ..Streams::new(stdin, stdout.as_fd(), stderr.as_fd())
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
