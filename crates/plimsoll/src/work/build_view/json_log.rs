//! The events of a build for programs: one JSON object a line on standard error, nothing else there.

use std::sync::{Mutex, PoisonError};

use plimsoll_build::{Built, Event};
use plimsoll_model::Platform;
use serde_json::Value;

use crate::command_error::CommandError;
use crate::terminal;

/// Writes events; of several platforms each event says its own.
#[derive(Default)]
pub struct JsonLog {
    platform: Mutex<Option<Platform>>,
}

impl JsonLog {
    /// The events of this platform follow.
    pub fn begin(&self, platform: Option<&Platform>) {
        *self.platform.lock().unwrap_or_else(PoisonError::into_inner) = platform.cloned();
    }

    /// Write an event.
    pub fn show(&self, event: Event) {
        self.write(wire::event(event));
    }

    /// The build of a platform is over.
    pub fn end(&self) {}

    /// An image is there.
    pub fn built(&self, built: &Built) {
        self.write(wire::built(built));
    }

    /// It failed.
    pub fn failed(&self, error: &CommandError) {
        self.write(wire::failed(error));
    }

    fn write(&self, mut event: Value) {
        if let Some(platform) = &*self.platform.lock().unwrap_or_else(PoisonError::into_inner) {
            event["platform"] = platform.to_string().into();
        }
        terminal::eprint(&format!("{event}\n"));
    }
}

mod wire {
    use plimsoll_build::{Built, Event, StepId};
    use serde_json::{Value, json};

    use crate::command_error::CommandError;

    /// Version of the events; a reader that knows it knows every field below.
    const SCHEMA: &str = "plimsoll.build-event/1";

    /// `0.2`: index of the stage, number of the step.
    fn id(step: StepId) -> String {
        format!("{}.{}", step.stage, step.number)
    }

    pub fn event(event: Event) -> Value {
        match event {
            Event::StepStarted { step, stage, of, text, line } => json!({
                "schema": SCHEMA, "event": "step-started", "step": id(step), "stage": stage,
                "number": step.number, "of": of, "line": line, "text": text,
            }),
            Event::Output { step, bytes } => json!({
                "schema": SCHEMA, "event": "output", "step": id(step), "text": String::from_utf8_lossy(&bytes),
            }),
            Event::StepDone { step, why, took } => json!({
                "schema": SCHEMA, "event": "step-done", "step": id(step), "cached": why.is_none(),
                "why": why, "milliseconds": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            }),
            Event::Warning(text) => json!({ "schema": SCHEMA, "event": "warning", "text": text }),
        }
    }

    pub fn built(built: &Built) -> Value {
        json!({
            "schema": SCHEMA, "event": "built", "digest": built.image.manifest_digest.to_string(),
            "id": built.image.config_digest.to_string(), "steps": built.steps, "cached": built.cached,
        })
    }

    pub fn failed(error: &CommandError) -> Value {
        let diagnostics = error.diagnostics.iter().map(|found| {
            let place = found.place();
            json!({
                "code": found.code, "message": found.message, "notes": found.notes,
                "file": place.map(|label| label.source.name()),
                "line": place.map(|label| label.source.line(label.span.start)),
            })
        });
        let diagnostics: Vec<Value> = diagnostics.collect();
        json!({
            "schema": SCHEMA, "event": "failed", "exit": error.kind.exit_code(), "message": error.message,
            "hints": error.hints, "diagnostics": diagnostics,
        })
    }
}
