//! A rehearsed rollout on the terminal.

use plimsoll_contract::evidence::{Loss, LostRequest, RolloutPass, RolloutRecord};
use plimsoll_contract::judge::losses;

use super::columns::Section;
use super::conclusion::counted;
use super::seconds;
use crate::terminal::MAX_WIDTH;

/// Lines of one section.
const LINES: usize = 12;

/// ROLLOUT
pub fn rollout(record: &RolloutRecord) -> String {
    let mut section = Section::new(&format!(
        "ROLLOUT    {} -> {}, {}, surge {}, unavailable {}",
        record.old,
        record.new,
        counted(record.replicas as usize, "replica"),
        record.max_surge,
        record.max_unavailable
    ));
    let asked = match record.asks {
        true => "",
        false => "; connections only, it speaks no HTTP: an answer lost is not seen",
    };
    section.add(true, [format!("  {} every {} ms{asked}", record.probe, record.every.as_millis())]);
    section.add(true, [format!("  endpoints change {} late", seconds(record.lag))]);
    for pass in &record.passes {
        section.add(true, [heading(pass)]);
        section.add(true, pass.stuck.iter().map(|why| format!("          given up: {why}")));
        for lost in &pass.lost {
            section.add(false, [format!("  {:>7} |{}", seconds(lost.at), loss(lost))]);
        }
    }
    section.render(LINES, MAX_WIDTH)
}

fn heading(pass: &RolloutPass) -> String {
    let sleep = match pass.pre_stop.is_zero() {
        true => "no preStop".to_string(),
        false => format!("preStop sleep {} s", pass.pre_stop.as_secs()),
    };
    let lost = match pass.lost.len() {
        0 => "none lost".to_string(),
        count => format!("{count} lost: {}", losses(pass)),
    };
    format!("  {sleep}: {} requests in {}, {lost}", pass.requests, seconds(pass.took))
}

fn loss(lost: &LostRequest) -> String {
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

fn since(lost: &LostRequest) -> String {
    lost.after_signal.map_or(String::new(), |after| format!(", {} after its signal", seconds(after)))
}
