//! plimsoll: the binary. The only crate that prints or reads argv, environment and home.

mod cli;
mod command_error;
mod lab;
mod launch_flags;
mod lsp;
mod manuals;
mod registry_access;
mod render;
mod report;
mod session;
mod terminal;
mod topics;
mod verbs;
mod volume;
mod work;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use command_error::CommandError;
use plimsoll_prove::scratch;

fn main() -> ExitCode {
    plimsoll_sys::signals::keep_exit_codes();
    let words: Vec<OsString> = std::env::args_os().collect();
    if let Some(code) = other_roles(&words) {
        return ExitCode::from(code);
    }
    match cli::run(words) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            show(&error);
            ExitCode::from(error.kind.exit_code())
        }
    }
}

/// The binary has other roles: the lab's sample program, a container's init, a monitor, what sweeps after a
/// proof.
fn other_roles(words: &[OsString]) -> Option<u8> {
    let name = words.first().map(|word| Path::new(word).file_name().unwrap_or(word).to_os_string())?;
    if name == "labapp" {
        return Some(lab::app::main(words.to_vec()));
    }
    if name == plimsoll_runtime::init::INIT_ARGV0 {
        plimsoll_runtime::init::init_main(words.to_vec());
    }
    match (words.get(1).map(OsString::as_os_str), words.get(2)) {
        (Some(verb), Some(directory)) if verb == OsStr::new("monitor") && words.len() == 3 => {
            let code = plimsoll_runtime::monitor::monitor_main(Path::new(directory));
            Some(u8::try_from(code).unwrap_or(1))
        }
        (Some(role), Some(directory)) if role == OsStr::new(scratch::ROLE) && words.len() == 3 => {
            Some(u8::try_from(scratch::sweep_main(Path::new(directory))).unwrap_or(1))
        }
        _ => None,
    }
}

/// An error as people see it: what has a place first, then the sentence, then what to do.
fn show(error: &CommandError) {
    let colour = terminal::stderr_has_colour();
    for found in &error.diagnostics {
        terminal::eprint(&format!("{}\n", render::diagnostic::render(found, colour)));
    }
    if !error.message.is_empty() {
        terminal::eprint(&format!("error: {error}\n"));
    }
    for hint in &error.hints {
        terminal::eprint(&format!("hint: {hint}\n"));
    }
}
