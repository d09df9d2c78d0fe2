//! `plimsoll container`.

use clap::{Args, Subcommand};

use crate::command_error::CommandResult;
use crate::verbs;

mod prune;

/// Remove containers that do not run; all verbs of containers by docker's long names, container ls for ps.
#[derive(Args)]
pub struct Container {
    #[command(subcommand)]
    verb: ContainerVerb,
}

#[derive(Subcommand)]
enum ContainerVerb {
    #[command(hide = true)]
    Attach(verbs::attach::Attach),
    #[command(hide = true)]
    Commit(verbs::commit::Commit),
    #[command(hide = true)]
    Cp(verbs::cp::Cp),
    #[command(hide = true)]
    Create(verbs::create::Create),
    #[command(hide = true)]
    Diff(verbs::diff::Diff),
    #[command(hide = true)]
    Exec(verbs::exec::Exec),
    #[command(hide = true)]
    Export(verbs::export::Export),
    #[command(hide = true)]
    Inspect(verbs::inspect::Inspect),
    #[command(hide = true)]
    Kill(verbs::kill::Kill),
    #[command(hide = true)]
    Logs(verbs::logs::Logs),
    #[command(hide = true, aliases = ["list", "ps"])]
    Ls(verbs::ps::Ps),
    #[command(hide = true)]
    Pause(verbs::pause::Pause),
    #[command(hide = true)]
    Port(verbs::port::Port),
    Prune(prune::Prune),
    #[command(hide = true)]
    Rename(verbs::rename::Rename),
    #[command(hide = true)]
    Restart(verbs::restart::Restart),
    #[command(hide = true)]
    Rm(verbs::rm::Rm),
    #[command(hide = true)]
    Run(verbs::run::Run),
    #[command(hide = true)]
    Start(verbs::start::Start),
    #[command(hide = true)]
    Stats(verbs::stats::Stats),
    #[command(hide = true)]
    Stop(verbs::stop::Stop),
    #[command(hide = true)]
    Top(verbs::top::Top),
    #[command(hide = true)]
    Unpause(verbs::unpause::Unpause),
    #[command(hide = true)]
    Update(verbs::update::Update),
    #[command(hide = true)]
    Wait(verbs::wait::Wait),
}

impl Container {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        match self.verb {
            ContainerVerb::Attach(verb) => verb.execute(),
            ContainerVerb::Commit(verb) => verb.execute(),
            ContainerVerb::Cp(verb) => verb.execute(),
            ContainerVerb::Create(verb) => verb.execute(),
            ContainerVerb::Diff(verb) => verb.execute(),
            ContainerVerb::Exec(verb) => verb.execute(),
            ContainerVerb::Export(verb) => verb.execute(),
            ContainerVerb::Inspect(verb) => verb.of_containers().execute(),
            ContainerVerb::Kill(verb) => verb.execute(),
            ContainerVerb::Logs(verb) => verb.execute(),
            ContainerVerb::Ls(verb) => verb.execute(),
            ContainerVerb::Pause(verb) => verb.execute(),
            ContainerVerb::Port(verb) => verb.execute(),
            ContainerVerb::Prune(verb) => verb.execute(),
            ContainerVerb::Rename(verb) => verb.execute(),
            ContainerVerb::Restart(verb) => verb.execute(),
            ContainerVerb::Rm(verb) => verb.execute(),
            ContainerVerb::Run(verb) => verb.execute(),
            ContainerVerb::Start(verb) => verb.execute(),
            ContainerVerb::Stats(verb) => verb.execute(),
            ContainerVerb::Stop(verb) => verb.execute(),
            ContainerVerb::Top(verb) => verb.execute(),
            ContainerVerb::Unpause(verb) => verb.execute(),
            ContainerVerb::Update(verb) => verb.execute(),
            ContainerVerb::Wait(verb) => verb.execute(),
        }
    }
}
