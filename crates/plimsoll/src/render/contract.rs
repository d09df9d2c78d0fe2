//! The contract and the launches as tables and as JSON.

use plimsoll_contract::contract::{Contract, DOCKER_GRACE, Elsewhere, KUBERNETES_GRACE, Launch, Pid1};
use plimsoll_model::{Because, Diagnostic, HealthcheckTest};
use serde_json::{Value, json};

use crate::terminal::MAX_WIDTH;

/// Width of the column that names a value.
const NAME_WIDTH: usize = 10;
/// Width of the value column.
const VALUE_WIDTH: usize = 62;

/// The promise, value by value, with where each comes from.
pub fn contract_table(contract: &Contract, subject: &str) -> String {
    let mut rows: Vec<(&str, String, String)> = Vec::new();
    let mut add =
        |name: &'static str, value: String, because: &Because| rows.push((name, value, origin(because)));
    let list = |words: &[String]| if words.is_empty() { "(none)".to_string() } else { quote_all(words) };
    add("entrypoint", list(&contract.entrypoint.value), &contract.entrypoint.because);
    add("cmd", list(&contract.cmd.value), &contract.cmd.because);
    let user = if contract.user.value.is_empty() { "root".to_string() } else { contract.user.value.clone() };
    add("user", user, &contract.user.because);
    add("workdir", contract.workdir.value.clone(), &contract.workdir.because);
    for variable in &contract.env {
        let (name, value) = &variable.value;
        add("env", format!("{name}={value}"), &variable.because);
    }
    for port in &contract.ports {
        add("port", port.value.to_string(), &port.because);
    }
    for volume in &contract.volumes {
        add("volume", volume.value.clone(), &volume.because);
    }
    let stop = format!(
        "{}, then SIGKILL after {} s (docker) or {} s (Kubernetes)",
        contract.stop_signal.value,
        DOCKER_GRACE.as_secs(),
        KUBERNETES_GRACE.as_secs()
    );
    add("stop", stop, &contract.stop_signal.because);
    if let Some(health) = &contract.healthcheck {
        let test = match &health.value.test {
            HealthcheckTest::Inherit | HealthcheckTest::None => "none".to_string(),
            HealthcheckTest::Exec(words) => quote_all(words),
            HealthcheckTest::Shell(text) => text.clone(),
        };
        add("health", format!("{test}   (Kubernetes ignores it)"), &health.because);
    }
    add("shell", format!("/bin/sh is {}", contract.shell.word()), &Because::Derived("its files".into()));
    let heading = format!("LAUNCH CONTRACT   {subject}");
    let mut text = format!("{heading:width$}from\n", width = NAME_WIDTH + VALUE_WIDTH + 4);
    let mut last = "";
    for (name, value, from) in &rows {
        let shown = if *name == last { "" } else { name };
        last = name;
        text.push_str(&row(shown, value, from));
    }
    text
}

/// The reason, short enough for a column: a file by its name only.
pub(super) fn origin(because: &Because) -> String {
    match because {
        Because::Written { source, span } => {
            let name = source.name().rsplit('/').next().unwrap_or_default();
            format!("{name}:{}", source.line(span.start))
        }
        other => other.phrase(),
    }
}

pub(super) fn row(name: &str, value: &str, from: &str) -> String {
    let from = shorten(from, MAX_WIDTH - NAME_WIDTH - VALUE_WIDTH - 5);
    let line = format!("  {name:NAME_WIDTH$} {:VALUE_WIDTH$} {from}", shorten(value, VALUE_WIDTH));
    format!("{}\n", line.trim_end())
}

/// Every launch with its argv, and who PID 1 will be.
pub fn launch_table(launches: &[Launch]) -> String {
    let mut text = "HOW IT STARTS     PID 1\n".to_string();
    for launch in launches {
        text.push_str(&format!("  {}\n", shorten(&launch.mode.phrase(), MAX_WIDTH - 2)));
        let argv = match &launch.argv {
            Ok(argv) => format!("argv   {}", quote_all(argv)),
            Err(why) => format!("fails  {why}"),
        };
        text.push_str(&format!("      {}\n", shorten(&argv, MAX_WIDTH - 6)));
        if let Some(line) = elsewhere_line(launch) {
            text.push_str(&format!("      {}\n", shorten(&line, MAX_WIDTH - 6)));
        }
        if let Some(line) = pid1_line(launch) {
            text.push_str(&format!("      {}\n", shorten(&line, MAX_WIDTH - 6)));
        }
        if launch.drops_cmd {
            text.push_str("      note   the image's CMD is dropped: give args too\n");
        }
        if !launch.ignored_args.is_empty() {
            let words = quote_all(&launch.ignored_args);
            text.push_str(&format!(
                "      {}\n",
                shorten(&format!("note   no program sees {words}"), MAX_WIDTH - 6)
            ));
        }
    }
    text
}

/// What another engine makes of the same words, where that differs.
pub(super) fn elsewhere_line(launch: &Launch) -> Option<String> {
    let Elsewhere { engine, argv } = launch.elsewhere.as_ref()?;
    Some(match argv {
        Ok(argv) => format!("{:6} {}", engine.word(), quote_all(argv)),
        Err(why) => format!("{:6} fails: {why}", engine.word()),
    })
}

/// Who stays as PID 1, where that is not plainly the first word of argv.
pub(super) fn pid1_line(launch: &Launch) -> Option<String> {
    let first = launch.argv.as_ref().ok()?.first()?;
    match &launch.pid1 {
        Pid1::Program(program) if program == first => None,
        Pid1::Program(program) => Some(format!("pid 1  {program}")),
        Pid1::Shell { shell, child: Some(child) } => {
            Some(format!("pid 1  {shell} stays, {child} is its child"))
        }
        Pid1::Shell { shell, child: None } => Some(format!("pid 1  {shell} stays")),
        Pid1::Unknown(why) => Some(format!("pid 1  cannot be told: {why}")),
        Pid1::Nothing => None,
    }
}

/// Words as a JSON list, which is how exec form writes them.
pub fn quote_all(words: &[String]) -> String {
    Value::from(words.to_vec()).to_string().replace("\",\"", "\", \"")
}

/// Cut a text that is too wide, in a way that shows.
pub fn shorten(text: &str, width: usize) -> String {
    let flat: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if flat.chars().count() <= width {
        return flat;
    }
    flat.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// The same as a versioned document; without a contract when the Dockerfile has none.
pub fn to_json(contract: Option<&Contract>, launches: &[Launch], findings: &[Diagnostic]) -> Value {
    json!({
        "schema": "plimsoll.explain/1",
        "contract": contract.map(contract_json),
        "launches": launches.iter().map(launch_json).collect::<Vec<_>>(),
        "findings": findings.iter().map(finding_json).collect::<Vec<_>>(),
    })
}

/// The promise alone.
pub fn contract_json(contract: &Contract) -> Value {
    let reasoned = |value: Value, because: &Because| json!({ "value": value, "from": because.phrase() });
    json!({
            "entrypoint": reasoned(json!(contract.entrypoint.value), &contract.entrypoint.because),
            "cmd": reasoned(json!(contract.cmd.value), &contract.cmd.because),
            "user": reasoned(json!(contract.user.value), &contract.user.because),
            "workdir": reasoned(json!(contract.workdir.value), &contract.workdir.because),
            "env": contract.env.iter().map(|variable| {
                let (name, value) = &variable.value;
                json!({ "name": name, "value": value, "from": variable.because.phrase() })
            }).collect::<Vec<_>>(),
            "ports": contract.ports.iter().map(|port| reasoned(json!(port.value.to_string()), &port.because)).collect::<Vec<_>>(),
            "volumes": contract.volumes.iter().map(|volume| reasoned(json!(volume.value), &volume.because)).collect::<Vec<_>>(),
            "stopSignal": reasoned(json!(contract.stop_signal.value.to_string()), &contract.stop_signal.because),
            "shell": contract.shell.word(),
    })
}

/// One launch as JSON.
pub fn launch_json(launch: &Launch) -> Value {
    json!({
        "mode": launch.mode.phrase(),
        "argv": launch.argv.as_ref().ok(),
        "refused": launch.argv.as_ref().err(),
        "elsewhere": launch.elsewhere.as_ref().map(|other| json!({
            "engine": other.engine.word(),
            "argv": other.argv.as_ref().ok(),
            "refused": other.argv.as_ref().err(),
        })),
        "pid1": pid1_json(&launch.pid1),
        "dropsCmd": launch.drops_cmd,
        "ignoredArgs": launch.ignored_args,
    })
}

fn pid1_json(pid1: &Pid1) -> Value {
    match pid1 {
        Pid1::Program(program) => json!({ "kind": "program", "program": program }),
        Pid1::Shell { shell, child } => json!({ "kind": "shell", "shell": shell, "child": child }),
        Pid1::Unknown(why) => json!({ "kind": "unknown", "why": why }),
        Pid1::Nothing => json!({ "kind": "nothing" }),
    }
}

/// One finding as JSON, with the text people see.
pub fn finding_json(found: &Diagnostic) -> Value {
    let place = found.place().map(|label| {
        let (line, column) = label.source.line_col(label.span.start);
        let (end_line, end_column) = label.source.line_col(label.span.end);
        json!({ "file": label.source.name(), "line": line, "column": column, "endLine": end_line, "endColumn": end_column })
    });
    json!({
        "code": found.code,
        "name": found.name,
        "severity": found.severity.word(),
        "certainty": found.certainty.word(),
        "message": found.message,
        "place": place,
        "notes": found.notes,
        "rendered": super::diagnostic::render(found, false),
    })
}
