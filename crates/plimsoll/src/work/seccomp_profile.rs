//! The file of `prove --record-seccomp`.

use std::path::Path;

use plimsoll_contract::evidence::Verdict;
use plimsoll_contract::judge::Proof;
use plimsoll_runtime::seccomp::recorded_profile;

use crate::command_error::CommandError;

/// Write the profile of what was recorded; one that the program did not work under is no profile.
pub fn write(path: &Path, proof: &Proof) -> Result<(), CommandError> {
    let refuse = |why: &str| CommandError::failure(format!("no seccomp profile was written: {why}"));
    let hardening = proof.evidence.hardening.as_ref();
    let Some(recorded) = hardening.and_then(|hardening| hardening.seccomp.as_ref()) else {
        return Err(refuse("no way was found in which the image could be watched from start to end"));
    };
    if let Verdict::Refuted(why) | Verdict::Unproven(why) = &recorded.verdict {
        return Err(refuse(&format!("the image does not work under the recorded one: {why}")));
    }
    let calls = recorded.calls.iter().map(String::as_str).collect();
    let launch = recorded.launch.iter().map(String::as_str).collect();
    let profile = recorded_profile(&calls, &launch, recorded.foreign);
    let text = serde_json::to_string_pretty(&profile).map_err(CommandError::failure)?;
    std::fs::write(path, format!("{text}\n")).map_err(|error| CommandError::file("write", path, &error))
}
