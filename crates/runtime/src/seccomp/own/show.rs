//! A profile as other runtimes read it: `linux.seccomp` of the OCI runtime specification.

use serde_json::{Map, Value, json};

use super::super::arch::Arch;
use super::super::decision::{Answer, Comparison, Condition};
use super::{CallRule, Circumstances, Profile};

impl Profile {
    /// The rules that hold for a process with these capabilities (bits) in its bounding set on this machine
    /// and kernel.
    pub fn oci(&self, capabilities: u64, kernel: (u32, u32)) -> Value {
        self.oci_under(Circumstances { native: Arch::native(), capabilities, kernel })
    }

    pub(in crate::seccomp) fn oci_under(&self, circumstances: Circumstances) -> Value {
        let native = circumstances.native;
        let own = native.libseccomp_name();
        let others = self.named_architectures(native).iter().filter(|name| **name != own);
        let architectures: Vec<&str> = [&own].into_iter().chain(others).copied().collect();
        let mut shown = Map::new();
        shown.extend(answer(self.default, "defaultAction", "defaultErrnoRet"));
        shown.insert("architectures".to_string(), json!(architectures));
        let rules = self.rules.iter().filter(|rule| rule.applies(circumstances)).map(rule);
        shown.insert("syscalls".to_string(), rules.collect());
        Value::Object(shown)
    }
}

fn rule(rule: &CallRule) -> Value {
    let mut shown = Map::new();
    shown.insert("names".to_string(), json!(rule.names));
    shown.extend(answer(rule.answer, "action", "errnoRet"));
    if !rule.conditions.is_empty() {
        shown.insert("args".to_string(), rule.conditions.iter().map(condition).collect());
    }
    Value::Object(shown)
}

fn answer(answer: Answer, action: &str, number: &str) -> Vec<(String, Value)> {
    let (name, told) = match answer {
        Answer::Allow => ("SCMP_ACT_ALLOW", None),
        Answer::Log => ("SCMP_ACT_LOG", None),
        Answer::Errno(errno) => ("SCMP_ACT_ERRNO", Some(errno)),
        Answer::Trace(told) => ("SCMP_ACT_TRACE", Some(told)),
        Answer::Notify => ("SCMP_ACT_NOTIFY", None),
        Answer::Trap => ("SCMP_ACT_TRAP", None),
        Answer::KillThread => ("SCMP_ACT_KILL_THREAD", None),
        Answer::KillProcess => ("SCMP_ACT_KILL_PROCESS", None),
    };
    let named = [(action.to_string(), json!(name))];
    named.into_iter().chain(told.map(|told| (number.to_string(), json!(told)))).collect()
}

fn condition(condition: &Condition) -> Value {
    let (op, value, second) = match condition.comparison {
        Comparison::Equal(value) => ("SCMP_CMP_EQ", value, 0),
        Comparison::NotEqual(value) => ("SCMP_CMP_NE", value, 0),
        Comparison::Less(value) => ("SCMP_CMP_LT", value, 0),
        Comparison::AtMost(value) => ("SCMP_CMP_LE", value, 0),
        Comparison::AtLeast(value) => ("SCMP_CMP_GE", value, 0),
        Comparison::Above(value) => ("SCMP_CMP_GT", value, 0),
        Comparison::Masked { mask, value } => ("SCMP_CMP_MASKED_EQ", mask, value),
    };
    json!({ "index": condition.argument, "value": value, "valueTwo": second, "op": op })
}
