//! Real Dockerfiles, read by us and by BuildKit's own frontend: accepted or not and on which line,
//! instructions, their lines, flags, JSON form and heredocs, stages. There is no difference.

// This is a test, not the pure wing.
#![allow(clippy::print_stderr)]

use std::collections::BTreeMap;

use plimsoll_dockerfile::syntax::{Command, Dockerfile, Flag, Heredoc, Instruction, Statement, Text};
use plimsoll_dockerfile::{Parsed, parse};
use plimsoll_model::{Severity, Source};
use plimsoll_testkit::corpus;
use serde_json::{Value, json};

#[test]
fn we_read_real_files_as_buildkit_does() {
    let Some(corpus) = corpus() else { return };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for answer in corpus.buildkit() {
        let file = answer["file"].as_str().expect("a file name");
        let parsed = parse(Source::new(file, corpus.text(file)));
        *counts.entry("files").or_default() += 1;
        let accepted = answer["parse_ok"] == true && answer["instr_ok"] == true;
        let ours: Vec<&str> = parsed
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
            .map(|diagnostic| diagnostic.message.as_str())
            .collect();
        if accepted != ours.is_empty() {
            wrong.push(format!("{file}: accepted by BuildKit: {accepted}, by us: {ours:?}"));
        }
        if !accepted {
            let line = answer["instr_err"].as_str().and_then(line_named);
            if line.is_some_and(|line| !error_lines(&parsed).contains(&line)) {
                wrong.push(format!("{file}: BuildKit refuses line {line:?}, we {:?}", error_lines(&parsed)));
            }
            *counts.entry("refused by BuildKit").or_default() += 1;
            continue;
        }
        *counts.entry("instructions").or_default() += answer["instr"].as_array().map_or(0, Vec::len);
        *counts.entry("stages").or_default() += answer["stages"].as_array().map_or(0, Vec::len);
        compare(file, &answer["instr"], &instructions(&parsed), &mut wrong);
        compare(file, &answer["stages"], &stages(&parsed.dockerfile), &mut wrong);
        compare(file, &answer["escape"], &json!(escape(&parsed.dockerfile)), &mut wrong);
    }
    eprintln!("corpus: {counts:?}");
    assert!(counts["files"] > 600);
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// The line in `dockerfile parse error on line 57: ...`.
fn line_named(message: &str) -> Option<usize> {
    let rest = message.split_once("on line ")?.1;
    rest.split_once(':')?.0.parse().ok()
}

fn error_lines(parsed: &Parsed) -> Vec<usize> {
    let errors = parsed.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    errors.map(|error| parsed.dockerfile.source.line(error.labels[0].span.start)).collect()
}

fn compare(file: &str, theirs: &Value, ours: &Value, wrong: &mut Vec<String>) {
    if theirs == ours {
        return;
    }
    let none = Vec::new();
    let (theirs, ours) = (theirs.as_array().unwrap_or(&none), ours.as_array().unwrap_or(&none));
    let first = theirs.iter().zip(ours).find(|(a, b)| a != b);
    wrong.push(match first {
        Some((theirs, ours)) => format!("{file}:\n  BuildKit {theirs}\n  we       {ours}"),
        None => format!("{file}: {} against {} of ours", theirs.len(), ours.len()),
    });
}

fn escape(dockerfile: &Dockerfile) -> &str {
    let directive = dockerfile.directives.iter().find(|directive| directive.name == "escape");
    directive.map_or("\\", |directive| directive.value.as_str())
}

fn stages(dockerfile: &Dockerfile) -> Value {
    let stage = |stage: &plimsoll_dockerfile::syntax::Stage| {
        let name = stage.from.name.as_ref().map_or(String::new(), |name| name.text.to_lowercase());
        json!(format!("{} AS {name}", stage.from.image.text))
    };
    Value::Array(dockerfile.stages.iter().map(stage).collect())
}

/// Our tree in the corpus's words, in the order of the file.
fn instructions(parsed: &Parsed) -> Value {
    let file = &parsed.dockerfile;
    let mut all: Vec<Value> = file.global_args.iter().map(|arg| statement(arg, &file.source)).collect();
    for stage in &file.stages {
        let platform = stage.from.platform.as_ref().map(|text| format!("--platform={}", text.text));
        let flags: Vec<String> = platform.into_iter().collect();
        all.push(entry("FROM", stage.span, &file.source, flags, false, 0));
        all.extend(stage.statements.iter().map(|one| statement(one, &file.source)));
    }
    Value::Array(all)
}

fn statement(statement: &Statement, source: &Source) -> Value {
    let word = statement.keyword.text.to_uppercase();
    let (flags, json, heredocs) = parts(&statement.instruction, source);
    entry(&word, statement.span, source, flags, json, heredocs)
}

fn parts(instruction: &Instruction, source: &Source) -> (Vec<String>, bool, usize) {
    let is_exec = |command: &Command| matches!(command, Command::Exec { .. });
    let after_bracket = |text: &Text| source.text()[..text.span.start].trim_end().ends_with('[');
    let is_list = |texts: &[Text]| texts.first().is_some_and(after_bracket);
    let docs = |heredocs: &[Heredoc]| heredocs.len();
    match instruction {
        Instruction::Run { flags, command, heredocs } => (written(flags), is_exec(command), docs(heredocs)),
        Instruction::Copy { flags, sources, heredocs, .. } => {
            (written(flags), is_list(sources), docs(heredocs))
        }
        Instruction::Healthcheck { flags, command } => (written(flags), is_exec(command), 0),
        Instruction::Cmd(command) | Instruction::Entrypoint(command) => (Vec::new(), is_exec(command), 0),
        Instruction::Shell { .. } => (Vec::new(), true, 0),
        Instruction::Volume(paths) => (Vec::new(), is_list(paths), 0),
        Instruction::Onbuild { trigger, .. } => match &trigger.instruction {
            // BuildKit tells neither flags nor JSON of the trigger, but its heredocs.
            Instruction::Run { heredocs, .. } | Instruction::Copy { heredocs, .. } => {
                (Vec::new(), false, docs(heredocs))
            }
            _ => (Vec::new(), false, 0),
        },
        _ => (Vec::new(), false, 0),
    }
}

fn written(flags: &[Flag]) -> Vec<String> {
    let flag = |flag: &Flag| match &flag.value {
        Some(value) => format!("--{}={}", flag.name, value.text),
        None => format!("--{}", flag.name),
    };
    flags.iter().map(flag).collect()
}

fn entry(
    cmd: &str,
    span: plimsoll_model::Span,
    source: &Source,
    flags: Vec<String>,
    json: bool,
    heredocs: usize,
) -> Value {
    let mut entry = json!({ "cmd": cmd, "end": source.line(span.end), "start": source.line(span.start) });
    if !flags.is_empty() {
        entry["flags"] = json!(flags);
    }
    if json {
        entry["json"] = json!(true);
    }
    if heredocs > 0 {
        entry["heredocs"] = json!(heredocs);
    }
    entry
}
