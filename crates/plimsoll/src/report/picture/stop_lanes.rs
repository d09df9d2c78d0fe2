//! The runs of the stop test below each other, on one scale.

use std::time::Duration;

use plimsoll_contract::evidence::{StopCondition, StopRecord, StopRun};
use plimsoll_contract::judge::{Manner, manner};

use super::scale::Scale;
use super::{Canvas, WIDTH};
use crate::report::conclusion::moment;
use crate::report::stop_runs::{end, name};

/// Where lanes begin: beside them stand the names...
const LEFT: f64 = 220.0;
/// ...and the ends.
const RIGHT: f64 = WIDTH - 240.0;
/// Characters of a name.
const NAME: usize = 29;
/// Characters of an end.
const END: usize = 32;
/// Height of a lane.
const LANE: f64 = 26.0;
/// The most lanes: an honest record has a dozen.
const LANES: usize = 24;
/// From the axis to the bottom.
const BELOW: f64 = 34.0;

/// The runs that have a lane.
pub fn shown(stop: &StopRecord) -> &[StopRun] {
    &stop.runs[..stop.runs.len().min(LANES)]
}

/// Draw the lanes below `top`; the new bottom.
pub fn draw(canvas: &mut Canvas, top: f64, stop: &StopRecord) -> f64 {
    let runs = shown(stop);
    if runs.is_empty() {
        return top;
    }
    let scale = Scale { left: LEFT, right: RIGHT, end: last_moment(runs, stop.grace) };
    canvas.text((0.0, top + 4.0), "label strong", "stop", 12);
    for (number, run) in runs.iter().enumerate() {
        lane(canvas, top + LANE * (number as f64 + 1.0), &scale, run);
    }
    let axis = top + LANE * (runs.len() as f64 + 0.75);
    scale.draw(canvas, axis);
    axis + BELOW
}

/// A lane in a sentence.
pub fn sentence(run: &StopRun) -> String {
    let mut parts = vec![format!("{}: {} to PID 1", name(run), run.signal)];
    parts.extend(run.listener_closed.map(|at| format!("listener closed {}", moment(at))));
    parts.extend(run.last_answer.map(|at| format!("last answer {}", moment(at))));
    parts.push(end(run));
    parts.join(", ")
}

/// Most programs stop in a tenth of their grace; it is shown to its end only where it was used.
fn last_moment(runs: &[StopRun], grace: Duration) -> f64 {
    let times = runs.iter().flat_map(|run| [Some(run.took), run.listener_closed, run.last_answer]);
    let last = times.flatten().map(|time| time.as_secs_f64()).fold(0.001, f64::max);
    let grace = grace.as_secs_f64();
    if last > grace / 4.0 { last.max(grace) * 1.04 } else { last * 1.25 }
}

fn lane(canvas: &mut Canvas, y: f64, scale: &Scale, run: &StopRun) {
    let x = |time: Duration| scale.x(time.as_secs_f64());
    let (begin, grace, ended) = (x(Duration::ZERO), x(run.grace), x(run.took));
    canvas.begin(&sentence(run), "run");
    canvas.text((16.0, y + 4.0), "label", &name(run), NAME);
    canvas.rect((begin, y - 8.0), (grace - begin, 16.0), "band");
    if run.grace.as_secs_f64() <= scale.end {
        canvas.line((grace, y - 11.0), (grace, y + 11.0), "grace-end");
    }
    canvas.line((begin, y), (ended, y), "leader");
    if let Some(closed) = run.listener_closed {
        canvas.line((x(closed), y - 7.0), (x(closed), y + 7.0), "closed");
    }
    if let Some(answer) = run.last_answer {
        canvas.dot((x(answer), y), 4.5, "answer");
    }
    canvas.dot((begin, y), 3.5, "dot");
    // One that ended before got no second signal.
    if let StopCondition::SecondSignal(after) = run.condition
        && after < run.took
    {
        canvas.dot((x(after), y), 3.5, "dot");
    }
    let class = match manner(run) {
        Manner::Killed => "bad",
        Manner::Quick(_) => "",
        Manner::Graceful | Manner::Open(_) => "good",
    };
    let dot = format!("dot {class}");
    // Told apart without colours, too.
    match run.killed {
        true => canvas.rect((ended - 4.5, y - 4.5), (9.0, 9.0), &dot),
        false => canvas.dot((ended, y), 4.5, &dot),
    }
    canvas.text((RIGHT + 14.0, y + 4.0), &format!("label {class}"), &end(run), END);
    canvas.end();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Report, demo};

    fn stop(report: Report) -> StopRecord {
        report.proof.unwrap().evidence.stop.unwrap()
    }

    #[test]
    fn every_run_has_a_lane_with_all_that_was_seen_of_it() {
        let stop = stop(demo::healthy());
        let mut canvas = Canvas::new("a", "b");
        draw(&mut canvas, 0.0, &stop);
        let svg = canvas.finish("picture", WIDTH, 400.0).to_string();
        assert_eq!(svg.matches("<g class=\"run\">").count(), stop.runs.len());
        for part in [
            "<title>quiet: SIGTERM to PID 1, listener closed 12 ms, exit 0 in 0.83 s</title>",
            "last answer 0.79 s, exit 0 in 0.86 s",
            "SIGINT instead",
            "a second SIGTERM after 0.4",
            "SIGKILL after 0.4",
        ] {
            assert!(svg.contains(part), "{part} is missing in {svg}");
        }
        let signals = stop.runs.len() + 1;
        assert_eq!(svg.matches("r=\"3.5\"").count(), signals);
        assert_eq!(svg.matches("class=\"answer\"").count(), 4);
    }

    #[test]
    fn a_grace_that_was_used_is_shown_to_its_end() {
        let grace = Duration::from_secs(10);
        assert!(last_moment(&stop(demo::healthy()).runs, grace) < 2.0);
        assert!(last_moment(&stop(demo::shell_form()).runs, grace) > 10.0);
    }

    #[test]
    fn names_and_ends_have_their_room() {
        for run in stop(demo::healthy()).runs.iter().chain(&stop(demo::shell_form()).runs) {
            assert!(
                name(run).chars().count() <= NAME && end(run).chars().count() <= END,
                "{}",
                sentence(run)
            );
        }
    }
}
