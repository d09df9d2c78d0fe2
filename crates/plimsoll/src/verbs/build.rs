//! `plimsoll build`.

use std::path::PathBuf;

use clap::Args;
use plimsoll_build::execute::plan_request;
use plimsoll_model::quantity::human_bytes;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal::{self, Progress};
use crate::work::building::{self, BuildFlags};
use crate::work::project::Project;

/// Build an image from a Dockerfile.
#[derive(Args)]
pub struct Build {
    #[command(flatten)]
    flags: BuildFlags,
    /// Print the image id only.
    #[arg(short, long)]
    quiet: bool,
    /// Write the image id to a file.
    #[arg(long, value_name = "FILE")]
    iidfile: Option<PathBuf>,
    /// Show what would be built, in order, and build nothing.
    #[arg(long)]
    plan: bool,
    /// The directory whose files COPY and ADD can see.
    directory: PathBuf,
}

impl Build {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = Session::open()?;
        let project = Project::open(&self.directory, self.flags.file.as_deref())?;
        if self.plan {
            let plan = plan(&project, &self.flags)?;
            terminal::print(&plan);
            return Ok(0);
        }
        let progress = Progress::new(self.quiet);
        let built = building::build(&session, &project, &self.flags, &progress, true)?;
        progress.finish();
        let id = built.image.config_digest;
        if let Some(path) = &self.iidfile {
            std::fs::write(path, id.to_string())
                .map_err(|error| CommandError::file("write", path, &error))?;
        }
        if self.quiet {
            terminal::print(&format!("{id}\n"));
            return Ok(0);
        }
        let size: u64 =
            built.image.layers().filter_map(|(_, diff_id)| session.store.layer_size(&diff_id)).sum();
        let names: Vec<String> = self.flags.tag.iter().map(ToString::to_string).collect();
        let named = if names.is_empty() { String::new() } else { format!("{}  ", names.join(", ")) };
        let (digest, steps) = (built.image.manifest_digest, building::steps(&built));
        terminal::print(&format!("{named}{digest}  {steps}  {}\n", human_bytes(size)));
        Ok(0)
    }
}

fn plan(project: &Project, flags: &BuildFlags) -> Result<String, CommandError> {
    let parsed = plimsoll_dockerfile::parse(project.dockerfile.clone());
    let platform = plimsoll_model::Platform::host();
    let args = building::build_args(&flags.build_arg)?;
    let plan = plan_request(&parsed.dockerfile, flags.target.as_deref(), &platform, args)
        .map_err(building::failed)?;
    Ok(plan.0.to_string())
}
