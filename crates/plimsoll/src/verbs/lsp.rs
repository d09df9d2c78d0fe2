//! `plimsoll lsp`.

use std::io::BufReader;
use std::path::PathBuf;

use clap::Args;

use super::lint::{RuleFlags, open_store, today};
use crate::command_error::CommandResult;
use crate::lsp::serve;
use crate::work::linting::{Linting, Repair};

/// Serve an editor: what lint finds while a Dockerfile is being written, its edits, and what becomes PID 1.
///
/// Speaks the Language Server Protocol on standard input and output; editors start it. It looks at Dockerfile,
/// Dockerfile.NAME, NAME.Dockerfile, Containerfile, and what the editor calls a dockerfile. Nothing is built
/// and nothing is fetched.
#[derive(Args)]
pub struct Lsp {
    /// The build context, instead of each Dockerfile's directory.
    #[arg(long, value_name = "DIR")]
    context: Option<PathBuf>,
    #[command(flatten)]
    rules: RuleFlags,
    /// Changes nothing: many editors add it.
    #[arg(long)]
    stdio: bool,
}

impl Lsp {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let rules = self.rules.wishes()?;
        // Before the thread that reads: a store of an ordinary user is entered by a process of one thread.
        let session = open_store();
        let linting = Linting {
            store: session.as_ref().map(|session| &session.store),
            rules,
            today: today()?,
            context: self.context,
            repair: Repair::No,
            digests: None,
        };
        Ok(serve(linting, || BufReader::new(std::io::stdin()), std::io::stdout().lock()))
    }
}
