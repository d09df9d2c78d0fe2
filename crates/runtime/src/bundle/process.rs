//! `process`: what is started, as whom, with which rights.

use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::{ALL_CAPABILITIES, Ulimit};
use serde_json::{Value, json};

use crate::plan::SandboxPlan;

pub(super) fn process(spec: &LaunchSpec, plan: &SandboxPlan) -> Value {
    let bounding = names(plan.promise.capabilities);
    // As the kernel gives them to a program of this user; nothing is inheritable (CVE-2022-29162).
    let held = if spec.user.uid == 0 { bounding.clone() } else { Vec::new() };
    let mut process = json!({
        "terminal": spec.terminal,
        "user": {
            "uid": spec.user.uid,
            "gid": spec.user.gid,
            "umask": 0o022,
            "additionalGids": spec.user.extra_groups,
        },
        "args": plan.command.argv,
        "env": plan.command.env,
        "cwd": spec.workdir,
        "capabilities": { "bounding": bounding, "permitted": held, "effective": held },
        "noNewPrivileges": spec.security.no_new_privileges,
    });
    if !spec.ulimits.is_empty() {
        process["rlimits"] = spec.ulimits.iter().map(limit).collect();
    }
    if let Some(adjustment) = spec.oom_score_adj {
        process["oomScoreAdj"] = json!(adjustment);
    }
    process
}

fn names(bits: u64) -> Vec<String> {
    let held = (0..).zip(ALL_CAPABILITIES).filter(|(number, _)| bits & (1u64 << number) != 0);
    held.map(|(_, name)| format!("CAP_{name}")).collect()
}

fn limit(limit: &Ulimit) -> Value {
    let value = |value: Option<u64>| value.unwrap_or(u64::MAX);
    let kind = format!("RLIMIT_{}", limit.name.to_ascii_uppercase());
    json!({ "type": kind, "soft": value(limit.soft), "hard": value(limit.hard) })
}
