//! The program is not there.

use plimsoll_model::file_tree::clean_path;
use plimsoll_model::user::{edit_distance, nearest};

use super::Scene;
use super::links::{Ending, Way};

/// How many names of one directory are compared, and how many directories of PATH are looked into.
const NAMES: usize = 4096;
const DIRECTORIES: usize = 16;

/// Why there is no such program: `path` is what a name with a slash stands for.
pub(super) fn why(scene: &Scene<'_>, program: &str, path: Option<&str>) -> String {
    match path {
        _ if program.is_empty() => "the name of the program is empty".to_string(),
        _ if program.contains(char::is_whitespace) => one_word(program),
        Some(path) if program.contains('/') => at_path(scene, path),
        _ => on_path(scene, program),
    }
}

/// `CMD ["node server.js"]`.
fn one_word(program: &str) -> String {
    let needs_shell = program.contains(['"', '\'', '$', '&', '|', ';', '<', '>', '*', '`', '(', '\\', '\n']);
    let words: Vec<&str> = match needs_shell {
        true => vec!["sh", "-c", program],
        false => program.split_whitespace().collect(),
    };
    let words: Vec<String> = words.iter().map(|word| serde_json::Value::from(*word).to_string()).collect();
    format!("the whole line was given as one word; write [{}]", words.join(", "))
}

fn at_path(scene: &Scene<'_>, path: &str) -> String {
    let way = Way::walk(&scene.root, path);
    if let Some(mount) = scene.mount_above(&way.at) {
        return format!(
            "there is no such file in what is mounted on {mount}, which hides what the image has there"
        );
    }
    let links: Vec<_> = way.links.iter().filter(|link| link.is_last).collect();
    if let [first, rest @ ..] = links.as_slice() {
        let more: String = rest.iter().map(|link| format!(", and that to {}", link.target)).collect();
        return format!("it is a link to {}{more}, which does not exist", first.target);
    }
    if way.ending == Ending::NotDirectory {
        return format!("{} is a file and no directory", way.at);
    }
    let (directory, name) = way.at.rsplit_once('/').unwrap_or_default();
    let similar = similar(scene, directory, name).map(|name| format!("{directory}/{name}"));
    if way.at != clean_path("/", path) && way.links.is_empty() {
        return match similar {
            Some(similar) => {
                format!("there is no directory {} in the container; did you mean {similar}?", way.at)
            }
            None => format!("there is no directory {} in the container", way.at),
        };
    }
    match similar {
        Some(similar) => format!("there is no such file in the container; did you mean {similar}?"),
        None => "there is no such file in the container".to_string(),
    }
}

fn on_path(scene: &Scene<'_>, program: &str) -> String {
    let path = scene.plan.command.env.iter().find_map(|entry| entry.strip_prefix("PATH="));
    let searched = match path {
        Some(path) => format!("it is in no directory of PATH ({path})"),
        None => "PATH is not set, and it is in none of the usual directories".to_string(),
    };
    let paths = scene.plan.command.candidates.iter().map(|path| clean_path(scene.workdir(), path));
    let paths: Vec<String> = paths.take(DIRECTORIES).collect();
    let dangling = paths.iter().find_map(|path| {
        let way = Way::walk(&scene.root, path);
        way.links.into_iter().rfind(|link| link.is_last)
    });
    if let Some(link) = dangling {
        return format!("{} is a link to {}, which does not exist", link.path, link.target);
    }
    let here = clean_path(scene.workdir(), program);
    if scene.has_file(&here) {
        return format!("{searched}, but there is {here}: write './{program}' or its whole path");
    }
    let directories = paths.iter().filter_map(|path| Some(path.rsplit_once('/')?.0));
    let known = directories.filter_map(|directory| similar(scene, directory, program));
    match known.min_by_key(|known| edit_distance(program, known)) {
        Some(known) => format!("{searched}; did you mean '{known}'?"),
        None => searched,
    }
}

/// A name in a directory that may have been meant.
fn similar(scene: &Scene<'_>, directory: &str, name: &str) -> Option<String> {
    let names = scene.root.some_names(directory, NAMES).ok()?;
    let names = names.into_iter().filter_map(|name| String::from_utf8(name).ok());
    let found = nearest(name, names)?;
    // Of a short name, one letter in three may be wrong: `node` is not meant by `nice`.
    (edit_distance(name, &found) * 3 <= name.chars().count() + 1).then_some(found)
}
