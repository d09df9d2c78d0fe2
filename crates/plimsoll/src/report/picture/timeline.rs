//! Start and stops of the image as built, each on its own scale.

use std::time::Duration;

use plimsoll_contract::evidence::{Evidence, LaunchRecord, Observed, Outcome};

use super::scale::Scale;
use super::{CHARACTER, Canvas, Picture, WIDTH, stop_lanes};
use crate::report::conclusion::moment;

const LEFT: f64 = 64.0;
const RIGHT: f64 = WIDTH - 24.0;
/// Height of one row of labels.
const ROW: f64 = 19.0;
/// The most rows of labels above an axis.
const ROWS: usize = 6;
/// From an axis to the bottom of its lane.
const BELOW: f64 = 46.0;

/// Something that happened at a time.
struct Event {
    at: f64,
    label: String,
    class: &'static str,
}

/// exec, first listener, ready; below them the runs of the stop test. Nothing without a start.
pub fn timeline(evidence: &Evidence) -> Option<Picture> {
    let record = evidence.as_built()?;
    let start = start_events(record);
    let stop = evidence.stop.as_ref();
    let stops = stop.into_iter().flat_map(stop_lanes::shown).map(stop_lanes::sentence);
    let told: Vec<String> = start.iter().map(|event| event.label.clone()).chain(stops).collect();
    let mut canvas = Canvas::new("Start and stop", &told.join("; "));
    let others = evidence.launches.iter().filter(|other| other.id != record.id).filter_map(first_listen);
    let others: Vec<f64> = others.collect();
    let last = start.iter().map(|event| event.at).chain(others.iter().copied()).fold(0.001, f64::max);
    let scale = Scale { left: LEFT, right: RIGHT, end: last * 1.12 };
    let axis = top_of(&start, &scale);
    lane(&mut canvas, axis, "start", &scale, &start, &others);
    let below = axis + BELOW;
    let bottom = stop.map_or(below, |stop| stop_lanes::draw(&mut canvas, below, stop));
    Some(canvas.finish("picture", WIDTH, bottom))
}

fn first_listen(record: &LaunchRecord) -> Option<f64> {
    match &record.outcome {
        Outcome::Running(Observed { first_listen, .. }) => first_listen.map(|time| time.as_secs_f64()),
        _ => None,
    }
}

fn start_events(record: &LaunchRecord) -> Vec<Event> {
    let mut events = vec![event(Duration::ZERO, "exec", "")];
    match &record.outcome {
        Outcome::Running(seen) => {
            if let Some(time) = seen.first_listen {
                events.push(event(time, "first listener", "good"));
            }
            events.push(event(record.took, "ready", "good"));
        }
        Outcome::Exited { code, .. } => events.push(event(record.took, &format!("exit {code}"), "bad")),
        Outcome::NotStarted { code, .. } => {
            events.push(event(Duration::ZERO, &format!("not started, {code}"), "bad"))
        }
        Outcome::Undecided { .. } => events.push(event(Duration::ZERO, "not tried", "")),
    }
    events.sort_by(|a, b| a.at.total_cmp(&b.at));
    events
}

fn event(at: Duration, what: &str, class: &'static str) -> Event {
    Event { at: at.as_secs_f64(), label: format!("{} {what}", moment(at)), class }
}

/// An axis with its ticks, events above it, and fainter marks of the other runs on it.
fn lane(canvas: &mut Canvas, axis: f64, name: &str, scale: &Scale, events: &[Event], marks: &[f64]) {
    canvas.text((0.0, axis + 4.0), "label strong", name, 12);
    scale.draw(canvas, axis);
    for mark in marks.iter().take(40) {
        canvas.line((scale.x(*mark), axis - 6.0), (scale.x(*mark), axis + 6.0), "mark");
    }
    for (event, (begin, row)) in events.iter().zip(label_places(events, scale)) {
        let (x, y) = (scale.x(event.at), axis - 16.0 - ROW * row as f64);
        canvas.line((x, y - 8.0), (x, axis), &format!("leader {}", event.class));
        canvas.dot((x, axis), 4.5, &format!("dot {}", event.class));
        canvas.text((begin, y), &format!("label {}", event.class), &event.label, 60);
    }
}

/// How far below the top of a lane its axis is.
fn top_of(events: &[Event], scale: &Scale) -> f64 {
    let rows = label_places(events, scale).iter().map(|(_, row)| row + 1).max().unwrap_or(1);
    ROW * rows as f64 + 18.0
}

/// Where each label begins and in which row, so that none hides another or is crossed by a line.
fn label_places(events: &[Event], scale: &Scale) -> Vec<(f64, usize)> {
    let mut rows: [Vec<(f64, f64)>; ROWS] = Default::default();
    let mut places = Vec::new();
    // From the right: a label reaches to the right of its line, so an earlier one stands above it.
    for event in events.iter().rev() {
        let (x, width) = (scale.x(event.at), event.label.chars().count() as f64 * CHARACTER);
        let begin = if x + width + 8.0 > WIDTH { x - width - 6.0 } else { x + 6.0 };
        let has_room =
            |row: usize| rows[row].iter().all(|(from, to)| begin > to + 10.0 || begin + width + 10.0 < *from);
        let is_crossed = |row: usize| rows[..row].iter().flatten().any(|(from, to)| *from < x && x < *to);
        let row = (0..ROWS)
            .find(|row| has_room(*row) && !is_crossed(*row))
            .or_else(|| (0..ROWS).find(|row| has_room(*row)));
        let row = row.unwrap_or(ROWS - 1);
        rows[row].push((begin, begin + width));
        places.push((begin, row));
    }
    places.reverse();
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::demo;

    #[test]
    fn labels_close_together_stand_in_rows_of_their_own() {
        let events = [0.0, 0.001, 0.002, 0.9].map(|at| Event { at, label: "a label".into(), class: "" });
        let rows: Vec<usize> = label_places(&events, &Scale { left: LEFT, right: RIGHT, end: 1.0 })
            .iter()
            .map(|(_, row)| *row)
            .collect();
        assert_eq!(rows, [2, 1, 0, 0]);
    }

    #[test]
    fn what_happened_is_told_in_words_too() {
        let proof = demo::healthy().proof.unwrap();
        let svg = timeline(&proof.evidence).unwrap().to_string();
        for part in [
            "0 s exec",
            "0.21 s first listener",
            "0.41 s ready",
            "quiet: SIGTERM to PID 1, listener closed 12 ms, exit 0 in 0.83 s",
        ] {
            assert!(svg.contains(part), "{part} is missing in {svg}");
        }
    }
}
