//! A rehearsed rollout: its words, and the section on the terminal. Pure.

use plimsoll_contract::evidence::{Loss, LostRequest, PodEvent, RolloutPass, RolloutRecord};
use plimsoll_contract::judge::losses;

use super::columns::{Extent, Section};
use super::conclusion::counted;
use super::seconds;
use crate::terminal::MAX_WIDTH;

/// Lines of one section.
const LINES: usize = 12;

/// ROLLOUT
pub fn rollout(record: &RolloutRecord, extent: Extent) -> String {
    let mut section = Section::new(&format!(
        "ROLLOUT    {} -> {}, {}, surge {}, unavailable {}",
        record.old,
        record.new,
        counted(record.replicas as usize, "replica"),
        record.max_surge,
        record.max_unavailable
    ));
    section.add(true, [format!("  {}", asking(record))]);
    section.add(true, [format!("  endpoints change {} late", seconds(record.lag))]);
    for pass in &record.passes {
        section.add(true, [format!("  {}: {}", sleep(pass), outcome(pass))]);
        section.add(true, pass.stuck.iter().map(|why| format!("          given up: {why}")));
        for lost in &pass.lost {
            section.add(false, [format!("  {:>7} |{}", seconds(lost.at), loss(lost))]);
        }
    }
    section.render(LINES, MAX_WIDTH, extent)
}

/// What is asked for, and how often.
pub fn asking(record: &RolloutRecord) -> String {
    let asked = match record.asks {
        true => "",
        false => "; connections only, it speaks no HTTP: an answer lost is not seen",
    };
    format!("{} every {} ms{asked}", record.probe, record.every.as_millis())
}

/// What is different about a pass.
pub fn sleep(pass: &RolloutPass) -> String {
    match pass.pre_stop.is_zero() {
        true => "no preStop".to_string(),
        false => format!("preStop sleep {} s", pass.pre_stop.as_secs()),
    }
}

/// What a pass came to.
pub fn outcome(pass: &RolloutPass) -> String {
    let lost = match pass.lost.len() {
        0 => "none lost".to_string(),
        count => format!("{count} lost: {}", losses(pass)),
    };
    format!("{} requests in {}, {lost}", pass.requests, seconds(pass.took))
}

/// What became of a lost request, and who took it.
pub fn loss(lost: &LostRequest) -> String {
    let how = match lost.loss {
        Loss::NoPod => return "no pod was ready".to_string(),
        Loss::Refused => "refused",
        Loss::Reset => "reset",
        Loss::Eof => "closed without an answer",
        Loss::Timeout => "not answered",
        Loss::Status(status) => return format!("{} answered {status}{}", lost.pod, since(lost)),
    };
    format!("{how} by {}{}", lost.pod, since(lost))
}

/// Something that happened to a pod.
pub fn event(what: PodEvent) -> String {
    match what {
        PodEvent::Started => "started".to_string(),
        PodEvent::Ready => "ready".to_string(),
        PodEvent::Routed => "gets requests".to_string(),
        PodEvent::Terminating => "shall end: its preStop begins".to_string(),
        PodEvent::Unrouted => "gets no requests any more".to_string(),
        PodEvent::Signalled => "got the stop signal".to_string(),
        PodEvent::Killed => "killed after the grace".to_string(),
        PodEvent::Gone(code) => format!("gone, exit {code}"),
    }
}

fn since(lost: &LostRequest) -> String {
    lost.after_signal.map_or(String::new(), |after| format!(", {} after its signal", seconds(after)))
}
