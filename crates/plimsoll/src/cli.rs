//! The command line: which verb, then the verb's own file.

use std::ffi::{OsStr, OsString};

use clap::error::ContextKind;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::command_error::{CommandResult, ErrorKind};
use crate::session;
use crate::terminal;
use crate::verbs;

/// Build, explain, prove, scan and ship container images, without a daemon and without root.
#[derive(Parser)]
#[command(name = "plimsoll", version, propagate_version = true, max_term_width = terminal::MAX_WIDTH)]
#[command(after_help = "Exit codes: 0 fine, 1 findings, 2 usage, 3 does not parse, 4 build failed, \
5 a promise was broken, 6 this machine cannot run experiments; run and exec: docker's 125, 126, 127, 128+n.")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

/// The flags of a verb are made for the one that is called only: there are hundreds of all of them.
#[derive(Subcommand)]
#[command(defer = true)]
enum Verb {
    Ship(verbs::ship::Ship),
    Build(verbs::build::Build),
    Explain(verbs::explain::Explain),
    Lint(verbs::lint::Lint),
    Lsp(verbs::lsp::Lsp),
    Prove(verbs::prove::Prove),
    Scan(verbs::scan::Scan),
    Kube(verbs::kube::Kube),
    Run(verbs::run::Run),
    Create(verbs::create::Create),
    Exec(verbs::exec::Exec),
    Ps(verbs::ps::Ps),
    Logs(verbs::logs::Logs),
    Top(verbs::top::Top),
    Stats(verbs::stats::Stats),
    Start(verbs::start::Start),
    Stop(verbs::stop::Stop),
    Restart(verbs::restart::Restart),
    Kill(verbs::kill::Kill),
    Pause(verbs::pause::Pause),
    Unpause(verbs::unpause::Unpause),
    Update(verbs::update::Update),
    Wait(verbs::wait::Wait),
    Attach(verbs::attach::Attach),
    Events(verbs::events::Events),
    Rename(verbs::rename::Rename),
    Port(verbs::port::Port),
    Rm(verbs::rm::Rm),
    Cp(verbs::cp::Cp),
    Diff(verbs::diff::Diff),
    Export(verbs::export::Export),
    Commit(verbs::commit::Commit),
    Container(verbs::container::Container),
    Volume(verbs::volume::Volume),
    Network(verbs::network::Network),
    Images(verbs::images::Images),
    History(verbs::history::History),
    Inspect(verbs::inspect::Inspect),
    Tag(verbs::tag::Tag),
    Rmi(verbs::rmi::Rmi),
    Prune(verbs::prune::Prune),
    Cache(verbs::cache::Cache),
    Save(verbs::save::Save),
    Load(verbs::load::Load),
    Pull(verbs::pull::Pull),
    Push(verbs::push::Push),
    Doctor(verbs::doctor::Doctor),
}

/// Read the words and run the verb.
pub fn run(words: Vec<OsString>) -> CommandResult {
    // By docker's long name or by the short one.
    let long = words.get(1).is_some_and(|word| word == "container");
    let verb = words.get(if long { 2 } else { 1 }).cloned().unwrap_or_default();
    let words = if verb == "explain" { verbs::explain::spread_lists(words) } else { words };
    if verb == "exec" {
        session::run_read_only_early();
    }
    let cli = match parse(words) {
        Ok(cli) => cli,
        Err(error) => return Ok(refuse(error, &verb)),
    };
    match cli.verb {
        Verb::Ship(verb) => verb.execute(),
        Verb::Build(verb) => verb.execute(),
        Verb::Explain(verb) => verb.execute(),
        Verb::Lint(verb) => verb.execute(),
        Verb::Lsp(verb) => verb.execute(),
        Verb::Prove(verb) => verb.execute(),
        Verb::Scan(verb) => verb.execute(),
        Verb::Kube(verb) => verb.execute(),
        Verb::Run(verb) => verb.execute(),
        Verb::Create(verb) => verb.execute(),
        Verb::Exec(verb) => verb.execute(),
        Verb::Ps(verb) => verb.execute(),
        Verb::Logs(verb) => verb.execute(),
        Verb::Top(verb) => verb.execute(),
        Verb::Stats(verb) => verb.execute(),
        Verb::Start(verb) => verb.execute(),
        Verb::Stop(verb) => verb.execute(),
        Verb::Restart(verb) => verb.execute(),
        Verb::Kill(verb) => verb.execute(),
        Verb::Pause(verb) => verb.execute(),
        Verb::Unpause(verb) => verb.execute(),
        Verb::Update(verb) => verb.execute(),
        Verb::Wait(verb) => verb.execute(),
        Verb::Attach(verb) => verb.execute(),
        Verb::Events(verb) => verb.execute(),
        Verb::Rename(verb) => verb.execute(),
        Verb::Port(verb) => verb.execute(),
        Verb::Rm(verb) => verb.execute(),
        Verb::Cp(verb) => verb.execute(),
        Verb::Diff(verb) => verb.execute(),
        Verb::Export(verb) => verb.execute(),
        Verb::Commit(verb) => verb.execute(),
        Verb::Container(verb) => verb.execute(),
        Verb::Volume(verb) => verb.execute(),
        Verb::Network(verb) => verb.execute(),
        Verb::Images(verb) => verb.execute(),
        Verb::History(verb) => verb.execute(),
        Verb::Inspect(verb) => verb.execute(),
        Verb::Tag(verb) => verb.execute(),
        Verb::Rmi(verb) => verb.execute(),
        Verb::Prune(verb) => verb.execute(),
        Verb::Cache(verb) => verb.execute(),
        Verb::Save(verb) => verb.execute(),
        Verb::Load(verb) => verb.execute(),
        Verb::Pull(verb) => verb.execute(),
        Verb::Push(verb) => verb.execute(),
        Verb::Doctor(verb) => verb.execute(),
    }
}

fn parse(words: Vec<OsString>) -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let is_verb = |word: &OsString| command.get_subcommands().any(|verb| *word == *verb.get_name());
    if !words.get(1).is_some_and(is_verb) {
        // The list of verbs says what they do.
        command.build();
    }
    let mut matches = command.try_get_matches_from_mut(words)?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// Show why the words are no command line, or the help they ask for; the exit code. `run`, `create` and
/// `exec` keep docker's 125 for what never became a container.
fn refuse(mut error: clap::Error, verb: &OsStr) -> u8 {
    // "to pass it as a value, use -- FLAG" helps nobody: words after the image are the program's.
    error.remove(ContextKind::Suggested);
    let text = error.render();
    if !error.use_stderr() {
        terminal::print(&format!("{}", text.ansi()));
        return 0;
    }
    terminal::eprint(&format!("{}", text.ansi()));
    let engine = verb == "run" || verb == "create" || verb == "exec";
    if engine { ErrorKind::Engine(125).exit_code() } else { ErrorKind::Usage.exit_code() }
}
