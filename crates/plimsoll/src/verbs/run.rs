//! `plimsoll run`.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::os::fd::AsFd as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use plimsoll_image::Image;
use plimsoll_image::layer::LayeredTree;
use plimsoll_model::{Platform, Reference};
use plimsoll_runtime::attach::{Finished, Streams};
use plimsoll_runtime::container::{Container, NewContainer};
use plimsoll_runtime::monitor::MonitorProgram;
use plimsoll_runtime::plan::plan;
use plimsoll_runtime::rootfs::RootFs;

use crate::command_error::{CommandError, CommandResult, ErrorKind};
use crate::launch_flags::{ImageFacts, LaunchFlags};
use crate::report::columns::wrap;
use crate::session::{OWN_PROGRAM, Session};
use crate::terminal::{self, Progress};
use crate::work::base_images::{self, Fetch};

/// Start a container from an image.
#[derive(Args)]
#[command(override_usage = "plimsoll run [OPTIONS] IMAGE [COMMAND] [ARG...]")]
pub struct Run {
    #[command(flatten)]
    flags: LaunchFlags,
    /// Remove the container when it has ended.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    rm: bool,
    /// Leave it running and print its id.
    #[arg(short, long)]
    detach: bool,
    /// Pass standard input on.
    #[arg(short, long)]
    interactive: bool,
    /// Give it a terminal.
    #[arg(short, long)]
    tty: bool,
    /// Name of the container.
    #[arg(long)]
    name: Option<String>,
    /// When to ask a registry for the image.
    #[arg(long, value_enum, default_value = "missing")]
    pull: Pull,
    /// Show every step of making the container, and start nothing.
    #[arg(long)]
    plan: bool,
    /// The image, then the command and its arguments.
    #[arg(required = true, trailing_var_arg = true, value_name = "IMAGE [COMMAND] [ARG]")]
    words: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Pull {
    Missing,
    Always,
    Never,
}

fn engine(message: impl std::fmt::Display) -> CommandError {
    CommandError::new(ErrorKind::Engine(125), message)
}

impl Run {
    /// Run the verb. Failures of ours have docker's code 125.
    pub fn execute(self) -> CommandResult {
        self.start().map_err(|mut error| {
            if !matches!(error.kind, ErrorKind::Engine(_)) {
                error.kind = ErrorKind::Engine(125);
            }
            error
        })
    }

    fn start(self) -> CommandResult {
        let Some((image_name, arguments)) = self.words.split_first() else {
            return Err(engine("no image was given"));
        };
        let session = Session::open()?;
        let image = find_image(&session, image_name, self.pull)?;
        let host = Platform::host();
        if let Some(its) = image.config.platform.as_ref().filter(|its| !its.runs_on(&host)) {
            terminal::eprint(&format!("warning: the image is for {its}, this machine is {host}\n"));
        }
        let lowers = session.store.unpack_image(&image).map_err(engine)?;
        let tree = LayeredTree::of_image(&session.store, &image).map_err(engine)?;
        if self.tty && !self.detach && self.interactive && !std::io::stdin().is_terminal() {
            return Err(engine("the input device is not a terminal")
                .hint("leave -t out when input comes from a pipe"));
        }
        let facts = ImageFacts {
            config: &image.config,
            tree: &tree,
            volumes: session.store.root().join("volumes"),
            hostname: self.name.clone().unwrap_or_else(|| "container".to_string()),
        };
        let decided = self.flags.decide(arguments, self.tty, &facts)?;
        if self.plan {
            let rootfs = RootFs { lowers, scratch: PathBuf::from("CONTAINER") };
            let plan = plan(&decided.spec, &session.host, &rootfs).map_err(engine)?;
            terminal::print(&numbered_lines(&plan.to_string()));
            return Ok(0);
        }
        if !self.flags.publish.is_empty() && decided.spec.publish.is_empty() {
            terminal::eprint(
                "warning: -p is without effect here: ports are published from the private network only\n",
            );
        }
        for volume in &decided.volumes {
            volume.make(&tree)?;
        }
        let new = NewContainer {
            name: self.name.clone(),
            image: image_name.clone(),
            image_digest: Some(image.manifest_digest.to_string()),
            spec: decided.spec,
            lowers,
            auto_remove: self.rm,
            open_stdin: self.interactive,
        };
        let containers = session.containers()?;
        let container = containers.create(new, jiff::Timestamp::now()).map_err(engine)?;
        let result = self.launch(&session, &container);
        let ended = !matches!(result, Ok(Finished::Detached));
        if self.rm && ended && !self.detach {
            // Removed by its monitor already if that was quicker.
            let _ = containers.remove(&container);
        }
        match result? {
            Finished::Exit(code) => Ok(u8::try_from(code).unwrap_or(255)),
            Finished::Detached => Ok(0),
        }
    }

    fn launch(&self, session: &Session, container: &Container) -> Result<Finished, CommandError> {
        let monitor = MonitorProgram {
            program: PathBuf::from(OWN_PROGRAM),
            arguments: vec![OsString::from("monitor")],
        };
        if self.detach {
            container.start_detached(&session.host, &monitor).map_err(|error| not_started(&error))?;
            terminal::print(&format!("{}\n", container.id()));
            return Ok(Finished::Detached);
        }
        let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
        let streams = Streams {
            stdin: self.interactive.then(|| stdin.as_fd()),
            stdout: stdout.as_fd(),
            stderr: stderr.as_fd(),
        };
        container.run_foreground(&session.host, &monitor, streams).map_err(|error| not_started(&error))
    }
}

/// Lines that begin with a number, none wider than the terminal.
fn numbered_lines(text: &str) -> String {
    /// Width of the number and the blank after it.
    const NUMBER: usize = 4;
    let mut shown = String::new();
    for line in text.lines() {
        let (number, words) = line.split_at(line.char_indices().nth(NUMBER).map_or(line.len(), |(at, _)| at));
        for (index, part) in wrap(words, terminal::width() - NUMBER).iter().enumerate() {
            let number = if index == 0 { number } else { "" };
            shown.push_str(&format!("{number:NUMBER$}{part}\n"));
        }
    }
    shown
}

/// docker's exit codes: 126 and 127 are the program's, everything else is ours.
pub fn not_started(error: &plimsoll_runtime::container::ContainerError) -> CommandError {
    let code = u8::try_from(error.exit_code()).unwrap_or(125);
    CommandError::new(ErrorKind::Engine(code), error)
}

fn find_image(session: &Session, name: &str, pull: Pull) -> Result<Image, CommandError> {
    if pull != Pull::Always
        && let Ok(image) = session.store.find_image(name)
    {
        return Ok(image);
    }
    let reference: Reference = name.parse().map_err(engine)?;
    if pull == Pull::Never {
        return Err(engine(format!(
            "there is no image '{name}' in the store, and --pull=never forbids to fetch it"
        )));
    }
    let progress = Progress::new(false);
    let fetch = if pull == Pull::Always { Fetch::Always } else { Fetch::Missing };
    let mut image =
        base_images::find(&session.store, &reference, &Platform::host(), fetch, &progress).map_err(engine)?;
    progress.finish();
    image.reference = Some(reference);
    Ok(image)
}
