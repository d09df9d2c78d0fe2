//! docker's `State`.

use plimsoll_runtime::container::{Health, HealthResult, State};
use plimsoll_template::{Field, Value};

use super::{NEVER, time};

/// What became of it.
pub fn state(state: &State, health: Option<&Health>) -> Value {
    let ended = match state {
        State::Exited { ended, .. } | State::Restarting { ended, .. } => Some(ended),
        _ => None,
    };
    let error = match state {
        State::NotStarted { why, .. } => why.clone(),
        State::Lost { .. } => "it ended while no monitor was there to see how".to_string(),
        _ => String::new(),
    };
    let running = state.is_running();
    let pid = state.run().filter(|_| running).map_or(0, |run| i64::from(run.process.pid));
    Value::Record(vec![
        Field::new("Status", state.word()),
        Field::new("Running", state.is_active()),
        Field::new("Paused", matches!(state, State::Running { paused: true, .. })),
        Field::new("Restarting", matches!(state, State::Restarting { .. })),
        Field::new("OOMKilled", ended.is_some_and(|ended| ended.oom_killed)),
        Field::new("Dead", false),
        Field::new("Pid", pid),
        Field::new("ExitCode", if running { 0 } else { state.exit_code().map_or(0, i64::from) }),
        Field::new("Error", error),
        Field::new("StartedAt", state.run().map_or(NEVER.to_string(), |run| time(run.started))),
        Field::new("FinishedAt", ended.map_or(NEVER.to_string(), |ended| time(ended.at))),
        Field::if_any("Health", health.map_or(Value::NoRecord, shown_health)),
    ])
}

fn shown_health(health: &Health) -> Value {
    Value::Record(vec![
        Field::new("Status", health.status.word()),
        Field::new("FailingStreak", i64::from(health.failing_streak)),
        Field::new("Log", Value::List(Some(health.log.iter().map(result).collect()))),
    ])
}

fn result(result: &HealthResult) -> Value {
    Value::Record(vec![
        Field::new("Start", time(result.start)),
        Field::new("End", time(result.end)),
        Field::new("ExitCode", i64::from(result.exit_code)),
        Field::new("Output", result.output.as_str()),
    ])
}
