//! `cargo xtask COMMAND`: the project's own commands, without dependencies.

mod bench;
mod check;
mod dist;
mod floors;
mod fuzz;
mod ordinary_user;
mod reference;
mod shell;
mod soak;
mod test;
mod test_setup;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask check           formatting, clippy, import floors
cargo xtask test            install what the tests need (as root), then run all of them
cargo xtask bench [WHAT]    ratios against docker, podman, buildah, runc where installed
cargo xtask dist            the static release binary with its size
cargo xtask reference       write the pages of commands and rules from what the program says
cargo xtask fuzz [SECONDS]  the fuzz targets, each for so long (60)
cargo xtask soak [MINUTES]  the fault tests of the builder, over and over (60); `soak --help` says more
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["check"] => check::check(),
        ["test"] => test::test(),
        ["bench", rest @ ..] => bench::bench(rest),
        ["dist"] => dist::dist(),
        ["reference"] => reference::write(),
        ["fuzz"] => fuzz::fuzz("60"),
        ["fuzz", seconds] => fuzz::fuzz(seconds),
        ["soak"] => soak::soak("60"),
        ["soak", "--help"] => {
            println!("{}", soak::HELP);
            Ok(())
        }
        ["soak", "specimens"] => soak::specimens("3"),
        ["soak", "specimens", times] => soak::specimens(times),
        ["soak", minutes] => soak::soak(minutes),
        _ => Err(format!("unknown command\n{USAGE}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
