//! What real shells say to the same texts.

// Real shells are the measure here: this is a test, not the pure wing.
#![allow(clippy::disallowed_methods, clippy::print_stderr)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use plimsoll_dockerfile::{expand, shell};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

/// What a program prints when it is given this input; `None` if it fails.
fn output(program: &str, arguments: &[&str], input: &str) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the shell starts");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    // The shell may stop reading at an error.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("the shell ends");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn missing(program: &str) -> bool {
    let found = Command::new(program).args(["-c", ":"]).stderr(Stdio::null()).status().is_ok();
    if !found {
        assert!(std::env::var_os("PLIMSOLL_NO_SKIP").is_none(), "{program} is not installed");
        eprintln!("SKIPPED: {program} is not installed");
    }
    !found
}

#[test]
fn the_reader_claims_nothing_about_texts_that_shells_refuse() {
    if missing("dash") || missing("bash") {
        return;
    }
    let pieces = prop::sample::select(vec![
        "a ",
        "exec a ",
        "X=1 ",
        "; ",
        "\n",
        "&& ",
        "|| ",
        "| ",
        "& ",
        "( ",
        ") ",
        "{ ",
        "} ",
        "if ",
        "then ",
        "fi ",
        "else ",
        "elif ",
        "while ",
        "do ",
        "done ",
        "for x in ",
        "for x ",
        "case x in ",
        "a) ",
        "esac ",
        ";; ",
        "! ",
        "> f ",
        "2>&1 ",
        "'q r' ",
        "\"$@\" ",
        "$(c) ",
        "f() ",
        "# c\n",
        "\\\n",
        "$((1+2)) ",
        "`d` ",
        "<<E ",
        "\nE\n",
        "a;",
        "}",
        "\"",
        "'",
        "${x:-y} ",
        "\\ ",
        "; then ",
        "; do ",
        "; fi ",
        "; done ",
    ]);
    let texts = prop::collection::vec(pieces, 1..9).prop_map(|pieces| pieces.concat());
    let mut runner = TestRunner::deterministic();
    let mut accepted = 0;
    for _ in 0..1500 {
        let text = texts.new_tree(&mut runner).expect("a text").current();
        if shell::read(&text).unclear.is_none() {
            accepted += 1;
            let good = |shell| output(shell, &["-n"], &text).is_some();
            assert!(good("dash") || good("bash"), "{text:?} is no shell text");
        }
    }
    assert!(accepted > 100, "only {accepted} of the texts were understood");
}

#[test]
fn expansion_agrees_with_bash() {
    if missing("bash") {
        return;
    }
    let text = |alphabet: &'static str| prop::string::string_regex(alphabet).expect("an expression");
    let operators = ["#", "##", "%", "%%", "/", "//", ":-", "-", ":+", "+"];
    let cases =
        (text("[ab./é*]{0,6}"), prop::sample::select(operators.to_vec()), text(r"([ab.é*?]|\\[*?ab]){1,5}"));
    let mut runner = TestRunner::deterministic();
    let mut script = String::new();
    let mut expected = Vec::new();
    for _ in 0..1500 {
        let (value, operator, word) = cases.new_tree(&mut runner).expect("a case").current();
        let replacement = if operator.starts_with('/') { "/<>" } else { "" };
        let substitution = format!("${{v{operator}{word}{replacement}}}");
        script.push_str(&format!("v='{value}'; r={substitution}; printf '%s\\n' \"$r\"\n"));
        let lookup = |name: &str| (name == "v").then(|| value.clone());
        let ours = expand::expand(&substitution, '\\', &lookup).expect("it expands");
        expected.push((format!("{substitution} of '{value}'"), ours));
    }
    let printed = output("env", &["LC_ALL=C.UTF-8", "bash"], &script).expect("bash runs");
    let theirs: Vec<&str> = printed.lines().collect();
    assert_eq!(theirs.len(), expected.len());
    for ((case, ours), theirs) in expected.iter().zip(theirs) {
        assert_eq!(ours, theirs, "{case}");
    }
}
