//! `explain TOPIC` and its kin. Every topic ends in a proof: what it promises really happens.

use std::process::Command;

use serde_json::Value;

use crate::harness::{World, checkout, finish, program};

fn contents(world: &World) -> Value {
    world.run(&["explain", "--format", "json"]).ok().json()
}

fn names(contents: &Value) -> Vec<&str> {
    contents["topics"].as_array().unwrap().iter().map(|topic| topic["name"].as_str().unwrap()).collect()
}

/// The text of the first block of code of a language.
fn block<'a>(markdown: &'a str, language: &str) -> &'a str {
    let (_, code) = markdown.split_once(&format!("```{language}\n")).expect("there is such a block");
    code.split_once("```").expect("it ends").0
}

/// Whether a line is what was expected; `...` stands for anything, blanks for any number of them.
fn is_line(line: &str, expected: &str) -> bool {
    let even = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (line, expected) = (even(line), even(expected));
    let parts: Vec<&str> = expected.split("...").collect();
    let (first, last) = (parts[0], parts[parts.len() - 1]);
    let mut rest = line.as_str();
    let in_order = parts.iter().all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    });
    in_order && line.starts_with(first) && line.ends_with(last) && (parts.len() > 1 || line == first)
}

/// Run the proof of a topic as a reader would, and compare.
fn prove(name: &str) {
    let world = World::with_lab();
    let page = world.run(&["explain", name, "--format", "json"]).ok().json();
    assert_eq!((page["schema"].as_str(), page["name"].as_str()), (Some("plimsoll.answer/1"), Some(name)));
    let markdown = page["markdown"].as_str().unwrap();
    let (_, proof) = markdown.split_once("## Proof\n").expect("every topic has a proof");
    std::fs::create_dir(world.path("bin")).unwrap();
    std::os::unix::fs::symlink(program(), world.path("bin/plimsoll")).unwrap();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("exec 2>&1\n{}", block(proof, "sh"))]);
    world.dress(&mut shell);
    let path = std::env::var("PATH").unwrap_or_default();
    shell.env("PATH", format!("{}:{path}", world.word("bin")));
    let output = finish(shell, Vec::new());
    let mut lines = output.stdout.lines();
    for expected in block(proof, "text").lines() {
        assert!(
            lines.any(|line| is_line(line, expected)),
            "no line '{expected}' where it should be: {output}"
        );
    }
    world.assert_nothing_left();
}

macro_rules! proofs {
    ($($test:ident $name:literal,)*) => {
        $(#[test]
        fn $test() {
            prove($name);
        })*

        #[test]
        fn every_topic_is_proven() {
            assert_eq!(names(&contents(&World::new())), [$($name),*]);
        }
    };
}

proofs! {
    argv "argv",
    args "args",
    args_ignored "args-ignored",
    entrypoint_flag "entrypoint-flag",
    engines "engines",
    cmd_reset "cmd-reset",
    json "json",
    variables "variables",
    exec_errors "exec-errors",
    foreground "foreground",
    pid1 "pid1",
    shell_pid1 "shell-pid1",
    wrappers "wrappers",
    scripts "scripts",
    stop "stop",
    zombies "zombies",
    exit_codes "exit-codes",
    ports "ports",
    user "user",
    readonly "readonly",
    k8s_argv "k8s-argv",
    k8s_image_fields "k8s-image-fields",
    rollout "rollout",
}

#[test]
fn lines_are_compared_as_the_reader_would() {
    assert!(is_line("  a   b ", "a b") && is_line("a b c", "a ...") && is_line("a b c", "... c"));
    assert!(is_line("error[X]: it is npm here", "error[X]: ...npm..."));
    assert!(!is_line("a b c", "a b") && !is_line("b a", "a ...") && !is_line("pid 12", "pid 1"));
}

#[test]
fn what_can_be_asked_is_listed() {
    let world = World::new();
    let list = world.run(&["explain"]);
    list.ok().prints(&["TOPICS", "argv", "MESSAGES", "exec format error", "RULES", "PL101", "137"]);
    assert!(list.stdout.lines().all(|line| line.chars().count() <= 100), "{list}");
}

#[test]
fn pages_fit_the_terminal_and_have_no_colour_in_a_pipe() {
    let world = World::new();
    let contents = contents(&world);
    for name in names(&contents) {
        for columns in ["60", "100"] {
            let mut command = world.command(&["explain", name]);
            command.env("COLUMNS", columns);
            let page = finish(command, Vec::new());
            page.ok().prints(&["WHY", "THE EDIT", "PROOF"]);
            assert!(!page.stdout.contains('\u{1b}'), "{page}");
            // Code is not wrapped, but it is short enough where the width is the usual one.
            let text = |line: &&str| !line.starts_with("    ") || columns == "100";
            let limit = columns.parse().unwrap();
            let wide = page.stdout.lines().filter(text).find(|line| line.chars().count() > limit);
            assert_eq!(wide, None, "{name} in {columns} columns");
        }
    }
    let mut coloured = world.command(&["explain", "argv"]);
    coloured.env("CLICOLOR_FORCE", "1");
    assert!(finish(coloured, Vec::new()).ok().stdout.contains("\u{1b}[1mWHY"));
}

#[test]
fn codes_signals_and_messages() {
    let world = World::new();
    let says = |asked: &str, words: &[&str]| {
        world.run(&["explain", asked]).ok().prints(words);
    };
    says("137", &["137 = 128 + 9: SIGKILL ended it", "grace"]);
    says("143", &["128 + 15: SIGTERM"]);
    says("125", &["the engine failed"]);
    says("126", &["execute bit", "exec-errors"]);
    says("127", &["PATH", "exec-errors"]);
    says("139", &["SIGSEGV"]);
    says("sigterm", &["SIGTERM is signal 15"]);
    says("SIGKILL", &["Nobody can handle it"]);
    says("standard_init_linux.go: exec user process caused: Exec Format Error", &["#!", "exec-errors"]);
    says("exec /x.sh: no such file or directory", &["carriage return", "exec-errors"]);
    says("OCI runtime create failed: /entrypoint.sh: permission denied", &["--chmod=0755"]);
    says("Error: container has runAsNonRoot and image has non-numeric user (app)", &["USER 10001"]);
    says("exec: \"curl\": executable file not found in $PATH", &["PATH", "exec-errors"]);
    says("mkdir: can't create directory '/x': Read-only file system", &["emptyDir"]);
    says("listen tcp :8080: bind: address already in use", &["listens on this port"]);
    says("nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)", &["below 1024"]);
    says("web exited with code 137", &["SIGKILL"]);
    world.run(&["explain", "all is well"]).ends(2).one_sentence().says(&["no message that is known"]);
    world.run(&["explain", "prots"]).ends(2).one_sentence().says(&["did you mean 'ports'"]);
    world.run(&["explain", "shell-is-pid"]).ends(2).one_sentence().says(&["did you mean 'shell-is-pid1'"]);
}

#[test]
fn what_lies_on_disk_is_meant_before_a_topic() {
    let world = World::new();
    std::fs::create_dir(world.path("scripts")).unwrap();
    world.run(&["explain", "scripts"]).ok().prints(&["WHY"]);
    world.write("scripts/Dockerfile", "FROM unknown:1\nUSER 1\nCMD [\"/x\"]\n");
    world.run(&["explain", "scripts"]).ok().prints(&["LAUNCH CONTRACT", "[\"/x\"]"]);
}

/// `docs/reference/topics.md`, written by `cargo xtask reference`.
#[test]
fn the_reference_page_is_what_the_program_says() {
    const PAGE: &str = "docs/reference/topics.md";
    let world = World::new();
    let contents = contents(&world);
    let mut page =
        "# Topics\n\nWhat `plimsoll explain TOPIC` answers. Written by `cargo xtask reference`; every \
                    proof is run by the tests.\n\n"
            .to_string();
    for topic in contents["topics"].as_array().unwrap() {
        let (name, title) = (topic["name"].as_str().unwrap(), topic["title"].as_str().unwrap());
        page.push_str(&format!("- [{name}](#{name}): {title}\n"));
    }
    page.push_str(
        "\nMessages are answered too, as part of a longer line:\n\n| message | topic | |\n|---|---|---|\n",
    );
    for message in contents["messages"].as_array().unwrap() {
        let text = |key: &str| message[key].as_str().unwrap().to_string();
        let (pattern, name) = (text("pattern").replace('*', " ... "), text("topic"));
        page.push_str(&format!("| {pattern} | [{name}](#{name}) | {} |\n", text("answer")));
    }
    for name in names(&contents) {
        let topic = world.run(&["explain", name, "--format", "json"]).ok().json();
        // One level down: the page has a title of its own.
        let mut is_code = false;
        let lines = topic["markdown"].as_str().unwrap().lines().map(|line| {
            is_code ^= line.starts_with("```");
            match line.strip_prefix("# ") {
                Some(title) if !is_code => format!("## {name}\n\n{}", title.split_once(": ").unwrap().1),
                _ if !is_code && line.starts_with("## ") => format!("#{line}"),
                // Two blanks at the end: each question on a line of its own.
                _ if !is_code && line.starts_with("> ") => format!("{line}  "),
                _ => line.to_string(),
            }
        });
        page.push_str(&format!("\n{}\n", lines.collect::<Vec<_>>().join("\n")));
    }
    let path = checkout(PAGE);
    if std::env::var_os("PLIMSOLL_WRITE_REFERENCE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "{PAGE} is not what the program says; `cargo xtask reference` writes it anew");
}
