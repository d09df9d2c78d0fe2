//! Start and stop of the image as built, each on its own scale.

use std::time::Duration;

use plimsoll_contract::evidence::{Evidence, LaunchRecord, Observed, Outcome, StopRecord};

use super::{CHARACTER, Canvas, Picture, WIDTH};
use crate::report::conclusion::{counted, median, moment};

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

/// A lane's times on its pixels.
struct Scale {
    end: f64,
}

impl Scale {
    fn x(&self, at: f64) -> f64 {
        LEFT + (at / self.end).clamp(0.0, 1.0) * (RIGHT - LEFT)
    }
}

/// exec, first listener, ready; stop signal, listener closed, end, grace. Nothing without a start.
pub fn timeline(evidence: &Evidence) -> Option<Picture> {
    let record = evidence.as_built()?;
    let start = start_events(record);
    let stop = evidence.stop.as_ref().map(|stop| (stop, stop_events(stop)));
    let told: Vec<&str> = start
        .iter()
        .chain(stop.iter().flat_map(|(_, events)| events))
        .map(|event| event.label.as_str())
        .collect();
    let mut canvas = Canvas::new("Start and stop", &told.join("; "));
    let others = evidence.launches.iter().filter(|other| other.id != record.id).filter_map(first_listen);
    let others: Vec<f64> = others.collect();
    let last = start.iter().map(|event| event.at).chain(others.iter().copied()).fold(0.001, f64::max);
    let scale = Scale { end: last * 1.12 };
    let mut axis = top_of(&start, &scale);
    lane(&mut canvas, axis, "start", &scale, &start, &others);
    if let Some((stop, events)) = &stop {
        let last = events.iter().map(|event| event.at).fold(0.001, f64::max);
        let grace = stop.grace.as_secs_f64();
        // Most programs stop in a tenth of their grace; it is shown to its end only where it was used.
        let end = if last > grace / 4.0 { last.max(grace) * 1.06 } else { last * 1.5 };
        let scale = Scale { end };
        axis += BELOW + top_of(events, &scale);
        band(&mut canvas, axis, &scale, grace);
        let runs: Vec<f64> = stop.times.iter().map(|time| time.as_secs_f64()).collect();
        lane(&mut canvas, axis, "stop", &scale, events, &runs);
    }
    Some(canvas.finish("picture", WIDTH, axis + BELOW))
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

fn stop_events(stop: &StopRecord) -> Vec<Event> {
    let mut events = vec![event(Duration::ZERO, &format!("{} to PID 1", stop.signal), "")];
    if let Some(time) = stop.listener_closed {
        events.push(event(time, "listener closed", ""));
    }
    if let Some(time) = median(stop) {
        let (end, class) = match stop.killed {
            true => (format!("SIGKILL, exit {}", stop.code), "bad"),
            false => (format!("exit {}", stop.code), "good"),
        };
        let runs = if stop.times.len() > 1 {
            format!(", median of {}", counted(stop.times.len(), "run"))
        } else {
            String::new()
        };
        events.push(event(time, &format!("{end}{runs}"), class));
    }
    events
}

fn event(at: Duration, what: &str, class: &'static str) -> Event {
    Event { at: at.as_secs_f64(), label: format!("{} {what}", moment(at)), class }
}

/// The grace period behind the stop.
fn band(canvas: &mut Canvas, axis: f64, scale: &Scale, grace: f64) {
    let end = scale.x(grace);
    canvas.rect((LEFT, axis - 7.0), (end - LEFT, 14.0), "band");
    let words = format!("grace {} s", trimmed(grace));
    if grace <= scale.end {
        canvas.line((end, axis - 12.0), (end, axis + 12.0), "grace-end");
    }
    let text = if grace <= scale.end { words } else { format!("{words}, goes on →") };
    let room = text.chars().count() as f64 * CHARACTER;
    canvas.text(((end - room).max(LEFT), axis + 38.0), "label quiet", &text, 40);
}

/// An axis with its ticks, events above it, and fainter marks of the other runs on it.
fn lane(canvas: &mut Canvas, axis: f64, name: &str, scale: &Scale, events: &[Event], marks: &[f64]) {
    canvas.text((0.0, axis + 4.0), "label strong", name, 12);
    canvas.line((LEFT, axis), (RIGHT, axis), "axis");
    for tick in ticks(scale.end) {
        let x = scale.x(tick);
        canvas.line((x, axis), (x, axis + 5.0), "axis");
        canvas.text((x, axis + 22.0), "tick centred", &format!("{} s", trimmed(tick)), 12);
    }
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

/// Round times, six or so on an axis.
fn ticks(end: f64) -> Vec<f64> {
    let rough = end / 6.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(rough);
    (0..12).map(|number| f64::from(number) * step).take_while(|tick| *tick <= end * 1.0001).collect()
}

fn trimmed(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::demo;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(
            ticks(0.3).iter().map(|tick| trimmed(*tick)).collect::<Vec<_>>(),
            ["0", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3"]
        );
        for end in [0.001, 0.9, 7.0, 31.0, 86_400.0] {
            assert!((3..=8).contains(&ticks(end).len()), "{end}: {:?}", ticks(end));
        }
    }

    #[test]
    fn labels_close_together_stand_in_rows_of_their_own() {
        let events = [0.0, 0.001, 0.002, 0.9].map(|at| Event { at, label: "a label".into(), class: "" });
        let rows: Vec<usize> =
            label_places(&events, &Scale { end: 1.0 }).iter().map(|(_, row)| *row).collect();
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
            "SIGTERM to PID 1",
            "12 ms listener closed",
            "exit 0, median of 5 runs",
            "grace 10 s",
        ] {
            assert!(svg.contains(part), "{part} is missing in {svg}");
        }
    }
}
