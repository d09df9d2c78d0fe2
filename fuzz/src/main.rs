//! The targets without cargo-fuzz and without a nightly toolchain: a seeded loop that mutates the
//! corpus. It sees no coverage, so it finds less; the same seed does the same everywhere.
//!
//! `mutate [--seconds N | --iterations N] [--seed N] [TARGET...]`

mod mutation;

use std::fs;
use std::panic;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use mutation::Mutator;
use plimsoll_fuzz::{TARGETS, Target};

/// When a target has run enough.
enum Until {
    Iterations(u64),
    Seconds(u64),
}

struct Options {
    until: Until,
    seed: u64,
    targets: Vec<String>,
}

fn main() -> ExitCode {
    let options = match read_options() {
        Ok(options) => options,
        Err(message) => {
            eprintln!("mutate: {message}");
            return ExitCode::from(2);
        }
    };
    let wanted = |name: &str| options.targets.is_empty() || options.targets.iter().any(|own| own == name);
    let mut broken = false;
    for (name, target) in TARGETS.into_iter().filter(|(name, _)| wanted(name)) {
        // A thread each: what a target keeps for itself goes with it.
        let whole = thread::scope(|scope| scope.spawn(|| run(name, target, &options)).join());
        broken |= !whole.unwrap_or(false);
    }
    if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn read_options() -> Result<Options, String> {
    let mut options = Options { until: Until::Iterations(10_000), seed: 1, targets: Vec::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || {
            let value = words.next().ok_or(format!("{word} needs a number"))?;
            value.parse::<u64>().map_err(|_| format!("{word} {value}: no number"))
        };
        match word.as_str() {
            "--iterations" => options.until = Until::Iterations(number()?),
            "--seconds" => options.until = Until::Seconds(number()?),
            "--seed" => options.seed = number()?,
            name if TARGETS.iter().any(|(known, _)| *known == name) => options.targets.push(name.to_string()),
            other => return Err(format!("'{other}' is no option and no target")),
        }
    }
    Ok(options)
}

/// Run one target; an input that breaks it is kept and ends it.
fn run(name: &str, target: Target, options: &Options) -> bool {
    let seeds = corpus(name);
    let mut mutator = Mutator::new(options.seed, seeds.clone());
    let begun = Instant::now();
    let mut done = 0;
    let enough = |done: u64| match options.until {
        Until::Iterations(limit) => done >= limit,
        Until::Seconds(limit) => begun.elapsed() >= Duration::from_secs(limit),
    };
    let mut first = seeds.into_iter();
    while !enough(done) {
        let input = first.next().unwrap_or_else(|| mutator.next());
        if panic::catch_unwind(|| target(&input)).is_err() {
            println!("{name}: broken after {done} inputs by {}", keep(name, &input).display());
            return false;
        }
        done += 1;
    }
    println!("{name}: {done} inputs in {:.1} s", begun.elapsed().as_secs_f64());
    true
}

/// The inputs to start from.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut paths: Vec<PathBuf> =
        fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().filter_map(|path| fs::read(path).ok()).collect()
}

fn keep(name: &str, input: &[u8]) -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts").join(name);
    let path = directory.join(format!("crash-{}", plimsoll_model::Digest::of(input).hex()));
    let written = fs::create_dir_all(&directory).and_then(|()| fs::write(&path, input));
    written.unwrap_or_else(|error| eprintln!("mutate: {}: {error}", path.display()));
    path
}
