//! One pass of a rehearsed rollout: a lane a pod, and the requests that were lost.

use std::collections::BTreeSet;
use std::time::Duration;

use plimsoll_contract::evidence::{LostRequest, PodEvent, RolloutEvent, RolloutPass};

use super::scale::Scale;
use super::{Canvas, Picture, WIDTH};
use crate::report::conclusion::moment;
use crate::report::rollout::{event, outcome, sleep};

/// Where lanes begin and end: beside them stand the pods and what they lost.
const LEFT: f64 = 110.0;
const RIGHT: f64 = WIDTH - 170.0;
/// Height of a lane.
const LANE: f64 = 26.0;
/// The most lanes: twenty replicas, each replaced.
const LANES: usize = 40;
/// Pixels between two marks of lost requests: nearer ones are one.
const MARK: f64 = 3.0;
/// From the axis to the bottom.
const BELOW: f64 = 34.0;

/// A pod, its events and the requests it lost.
struct Pod<'a> {
    name: &'a str,
    events: Vec<&'a RolloutEvent>,
    lost: Vec<&'a LostRequest>,
}

/// The pods of a pass below each other, in the order in which they came.
pub fn pods(pass: &RolloutPass) -> Picture {
    let pods = lanes(pass);
    let mut canvas = Canvas::new(&format!("Pods, {}", sleep(pass)), &outcome(pass));
    let times = pass.events.iter().map(|event| event.at).chain(pass.lost.iter().map(|lost| lost.at));
    let last = times.chain([pass.took]).max().unwrap_or_default();
    let scale = Scale { left: LEFT, right: RIGHT, end: last.as_secs_f64().max(0.001) * 1.02 };
    for (number, pod) in pods.iter().enumerate() {
        pod.draw(&mut canvas, LANE * (number as f64 + 0.6), &scale, last);
    }
    let axis = LANE * (pods.len() as f64 + 0.35);
    scale.draw(&mut canvas, axis);
    canvas.finish("picture", WIDTH, axis + BELOW)
}

fn lanes(pass: &RolloutPass) -> Vec<Pod<'_>> {
    let mut pods: Vec<Pod<'_>> = Vec::new();
    let names = pass.events.iter().map(|event| &event.pod).chain(pass.lost.iter().map(|lost| &lost.pod));
    for name in names {
        if pods.len() < LANES && !pods.iter().any(|pod| pod.name == name) {
            pods.push(Pod {
                name,
                events: pass.events.iter().filter(|event| event.pod == *name).collect(),
                lost: pass.lost.iter().filter(|lost| lost.pod == *name).collect(),
            });
        }
    }
    pods
}

impl Pod<'_> {
    fn at(&self, wanted: impl Fn(PodEvent) -> bool) -> Option<Duration> {
        self.events.iter().find(|event| wanted(event.what)).map(|event| event.at)
    }

    /// What a request that found no pod has instead of one.
    fn label(&self) -> &str {
        if self.name.is_empty() { "no pod" } else { self.name }
    }

    fn sentence(&self) -> String {
        let events = self.events.iter().map(|seen| format!("{} {}", moment(seen.at), event(seen.what)));
        let told: Vec<String> = events.chain([self.end()]).filter(|text| !text.is_empty()).collect();
        format!("{}: {}", self.label(), told.join(", "))
    }

    fn end(&self) -> String {
        let gone = self.events.iter().find_map(|event| match event.what {
            PodEvent::Gone(code) => Some(format!("exit {code}")),
            _ => None,
        });
        let lost = (!self.lost.is_empty()).then(|| format!("{} lost", self.lost.len()));
        gone.into_iter().chain(lost).collect::<Vec<_>>().join(", ")
    }

    /// Its life is a line, the time in which it gets requests a band.
    fn draw(&self, canvas: &mut Canvas, y: f64, scale: &Scale, last: Duration) {
        let x = |time: Duration| scale.x(time.as_secs_f64());
        let gone = self.at(|what| matches!(what, PodEvent::Gone(_)));
        let killed = self.at(|what| what == PodEvent::Killed);
        canvas.begin(&self.sentence(), "pod");
        canvas.text((0.0, y + 4.0), "label", self.label(), 14);
        if let Some(routed) = self.at(|what| what == PodEvent::Routed) {
            let until = self.at(|what| what == PodEvent::Unrouted).unwrap_or(last);
            canvas.rect((x(routed), y - 8.0), (x(until) - x(routed), 16.0), "band");
        }
        if let Some(started) = self.at(|what| what == PodEvent::Started) {
            canvas.line((x(started), y), (x(gone.unwrap_or(last)), y), "leader");
        }
        if let Some(ready) = self.at(|what| what == PodEvent::Ready) {
            canvas.line((x(ready), y - 7.0), (x(ready), y + 7.0), "closed");
        }
        if let Some(signalled) = self.at(|what| what == PodEvent::Signalled) {
            canvas.dot((x(signalled), y), 3.5, "dot");
        }
        match (gone, killed) {
            (Some(gone), None) => canvas.dot((x(gone), y), 4.5, "dot good"),
            (Some(gone), Some(_)) => canvas.rect((x(gone) - 4.5, y - 4.5), (9.0, 9.0), "dot bad"),
            (None, _) => {}
        }
        let marks: BTreeSet<i64> = self.lost.iter().map(|lost| (x(lost.at) / MARK).round() as i64).collect();
        let way: String =
            marks.iter().map(|mark| format!("M{} {:.0}v8", *mark as f64 * MARK, y + 3.0)).collect();
        if !way.is_empty() {
            canvas.path(&way, "lost");
        }
        let class = if self.lost.is_empty() && killed.is_none() { "label" } else { "label bad" };
        canvas.text((RIGHT + 14.0, y + 4.0), class, &self.end(), 22);
        canvas.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::demo;

    #[test]
    fn every_pod_has_a_lane_with_what_it_lost() {
        let record = demo::rollout().evidence.rollout.unwrap();
        let [bare, sleeping] = record.passes.as_slice() else { panic!("two passes") };
        let svg = pods(bare).to_string();
        assert_eq!(svg.matches("<g class=\"pod\">").count(), 5, "two old, two new, nobody");
        assert_eq!(svg.matches("class=\"lost\"").count(), 3, "two old, nobody");
        assert_eq!(svg.matches("v8").count(), bare.lost.len());
        for part in ["old-1: 0 s started, ", "exit 143, 2 lost", "no pod: 1 lost"] {
            assert!(svg.contains(part), "{part} is missing in {svg}");
        }
        assert!(!pods(sleeping).to_string().contains("lost\""));
    }
}
