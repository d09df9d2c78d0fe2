//! `docs/reference/commands.md`, `rules.md` and the pages of `rules/` are what the program says of itself.
//! `cargo xtask reference` writes them.

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_lint::RULES;

use crate::harness::{World, checkout};

const PAGE: &str = "docs/reference/commands.md";

const HEAD: &str = "# Commands\n\nWhat `plimsoll VERB --help` says. Written by `cargo xtask reference`.\n";

/// The words of a help text's list of commands.
pub fn commands(help: &str) -> Vec<String> {
    let list = help.split("Commands:\n").nth(1).unwrap_or_default();
    let lines = list.lines().take_while(|line| line.starts_with("  "));
    let first_lines = lines.filter(|line| !line.starts_with("   "));
    let names = first_lines.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_string).collect()
}

fn help(world: &World, words: &[&str]) -> String {
    let mut command = world.command(words);
    command.arg("--help").env("COLUMNS", "100");
    crate::harness::finish(command, Vec::new()).ok().stdout.clone()
}

fn chapter(world: &World, words: &[&str], page: &mut String) {
    let text = help(world, words);
    let text: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    page.push_str(&format!("\n## plimsoll {}\n\n```\n{}\n```\n", words.join(" "), text.join("\n")));
    for name in commands(&text.join("\n")) {
        let words: Vec<&str> = words.iter().copied().chain([name.as_str()]).collect();
        chapter(world, &words, page);
    }
}

#[test]
fn the_reference_is_what_the_program_says() {
    let world = World::new();
    let mut page = HEAD.to_string();
    for name in commands(&help(&world, &[])) {
        chapter(&world, &[&name], &mut page);
    }
    compare(PAGE, &page);
}

/// Write a page, or compare it with what is written.
fn compare(name: &str, page: &str) {
    let path = checkout(name);
    if is_to_write() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "{name} is not what the program says; `cargo xtask reference` writes it anew");
}

fn is_to_write() -> bool {
    std::env::var_os("PLIMSOLL_WRITE_REFERENCE").is_some()
}

const RULES_PAGE: &str = "docs/reference/rules.md";

const RULES_HEAD: &str = "# Rules\n\nWhat `plimsoll lint` and `plimsoll explain` look for; a page each is what `plimsoll explain CODE` says. Written by\n\
                          `cargo xtask reference`.\n\n| rule | | unless asked | other linters' names |\n|---|---|---|---|\n";

const CODES_HEAD: &str = "\n## What the builder and Kubernetes refuse\n\nPL0xx: `build` and `lint`. K and PL505, PL506: `explain \
                          deploy.yaml`.\n\n| code | |\n|---|---|\n";

const RULES_DIRECTORY: &str = "docs/reference/rules";

#[test]
fn every_rule_has_its_page() {
    let world = World::new();
    let mut index = RULES_HEAD.to_string();
    let mut pages: BTreeMap<String, String> = BTreeMap::new();
    for rule in RULES {
        let told = world.run(&["explain", rule.code]).ok().stdout.clone();
        pages.insert(format!("{}.md", rule.code), format!("# {told}"));
        let on = if rule.is_on { "on" } else { "off" };
        let aliases = rule.aliases.join(", ");
        index.push_str(&format!("| [{0}](rules/{0}.md) | {1} | {on} | {aliases} |\n", rule.code, rule.name));
    }
    index.push_str(CODES_HEAD);
    let contents = world.run(&["explain", "--format", "json"]).ok().json();
    for manual in contents["codes"].as_array().expect("the contents list codes") {
        let code = manual["code"].as_str().expect("a code is a text");
        let told = world.run(&["explain", code]).ok().stdout.clone();
        pages.insert(format!("{code}.md"), format!("# {told}"));
        index.push_str(&format!(
            "| [{code}](rules/{code}.md) | {} |\n",
            manual["name"].as_str().unwrap_or("")
        ));
    }
    compare(RULES_PAGE, &index);
    for (name, page) in &pages {
        compare(&format!("{RULES_DIRECTORY}/{name}"), page);
    }
    for entry in std::fs::read_dir(checkout(RULES_DIRECTORY)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_string();
        if !pages.contains_key(&name) {
            forget(&path);
        }
    }
}

/// Remove the page of a rule that is gone, or say that it is there.
fn forget(path: &Path) {
    assert!(is_to_write(), "{} is the page of no rule; `cargo xtask reference` removes it", path.display());
    std::fs::remove_file(path).unwrap();
}
