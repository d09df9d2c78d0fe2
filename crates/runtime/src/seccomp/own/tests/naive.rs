//! A reading of docker's JSON without decision and compiler, and profiles to try it on.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::super::arch::Arch;
use super::super::super::interpret::Call;
use super::super::super::numbers::numbered;
use super::super::Circumstances;

/// Calls that rules are made for: common ones, numbers that differ, carried ones, new ones, and none.
const NAMES: [&str; 16] = [
    "read",
    "open",
    "openat",
    "mkdir",
    "clone",
    "socket",
    "bind",
    "send",
    "socketcall",
    "ipc",
    "shmat",
    "semop",
    "futex_waitv",
    "mseal",
    "arch_prctl",
    "no_such_call",
];

/// Numbers of an architecture, with their names.
fn table(arch: Arch) -> &'static BTreeMap<u32, &'static str> {
    static TABLES: OnceLock<[BTreeMap<u32, &'static str>; 3]> = OnceLock::new();
    let tables = TABLES.get_or_init(|| {
        [Arch::X86_64, Arch::I386, Arch::Aarch64].map(|arch| numbered(arch.calls()).collect())
    });
    &tables[arch as usize]
}

/// Their numbers on all architectures, and some without a name.
pub fn numbers() -> Vec<u32> {
    let mut numbers =
        vec![0, 435, 440, 449, 455, 462, 470, 5000, 0x3fff_ffff, 0x4000_0000, 0x4000_0001, u32::MAX];
    for arch in [Arch::X86_64, Arch::I386, Arch::Aarch64] {
        numbers
            .extend(table(arch).iter().filter(|(_, name)| NAMES.contains(name)).map(|(number, _)| *number));
    }
    numbers
}

/// Values near each other and near 32 bits.
pub fn value() -> impl Strategy<Value = u64> + Clone {
    let high = prop::sample::select(vec![0u64, 0, 0, 1, 2, u64::from(u32::MAX)]);
    let low = prop::sample::select(vec![0u64, 1, 2, 3, 21, 22, 0x1_0001, u64::from(u32::MAX)]);
    (high, low).prop_map(|(high, low)| high << 32 | low)
}

fn select(values: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(values)
}

fn action() -> impl Strategy<Value = (&'static str, Option<u16>)> {
    let names = &[
        "SCMP_ACT_ALLOW",
        "SCMP_ACT_ERRNO",
        "SCMP_ACT_ERRNO",
        "SCMP_ACT_KILL",
        "SCMP_ACT_KILL_PROCESS",
        "SCMP_ACT_KILL_THREAD",
        "SCMP_ACT_LOG",
        "SCMP_ACT_TRACE",
        "SCMP_ACT_TRAP",
    ];
    (select(names), prop::option::of(prop::sample::select(vec![0u16, 1, 38, 4095])))
}

fn argument() -> impl Strategy<Value = Value> {
    let ops = &[
        "SCMP_CMP_EQ",
        "SCMP_CMP_NE",
        "SCMP_CMP_LT",
        "SCMP_CMP_LE",
        "SCMP_CMP_GE",
        "SCMP_CMP_GT",
        "SCMP_CMP_MASKED_EQ",
    ];
    (0..6u8, value(), value(), select(ops)).prop_map(
        |(index, value, second, op)| json!({ "index": index, "value": value, "valueTwo": second, "op": op }),
    )
}

fn requirement() -> impl Strategy<Value = Value> {
    let caps = prop::collection::vec(select(&["CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_UNKNOWN"]), 0..2);
    let arches = prop::collection::vec(select(&["amd64", "arm64", "x86", "ppc64le"]), 0..2);
    let kernel = prop::option::of(select(&["4.8", "5.0"]));
    let some = (caps, arches, kernel)
        .prop_map(|(caps, arches, kernel)| json!({ "caps": caps, "arches": arches, "minKernel": kernel }));
    prop_oneof![5 => Just(Value::Null), 1 => some]
}

fn rule() -> impl Strategy<Value = Value> {
    let names = prop::collection::vec(select(&NAMES), 1..4);
    (names, action(), prop::collection::vec(argument(), 0..4), requirement(), requirement()).prop_map(
        |(names, (action, errno), args, includes, excludes)| {
            json!({ "names": names, "action": action, "errnoRet": errno, "args": args, "includes": includes,
                    "excludes": excludes })
        },
    )
}

/// Well-formed profiles.
pub fn profiles() -> impl Strategy<Value = Value> {
    let archs = &["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"];
    let list = prop::collection::vec(select(archs), 0..4);
    (action(), list, any::<bool>(), prop::collection::vec(rule(), 0..12)).prop_map(
        |((action, errno), list, mapped, rules)| {
            let map = json!([{ "architecture": "SCMP_ARCH_X86_64", "subArchitectures": list }]);
            let (listed, map) = if mapped { (Value::Null, map) } else { (json!(list), Value::Null) };
            json!({ "defaultAction": action, "defaultErrnoRet": errno, "architectures": listed, "archMap": map,
                    "syscalls": rules })
        },
    )
}

const KILL_THREAD: u32 = 0;
const ENOSYS: u32 = 0x0005_0000 | 38;

/// What the profile says about a call.
pub fn verdict(profile: &Value, circumstances: Circumstances, call: &Call) -> u32 {
    let names_arch = |name: &str| {
        let listed = profile["architectures"].as_array().into_iter().flatten();
        let native =
            if circumstances.native == Arch::X86_64 { "SCMP_ARCH_X86_64" } else { "SCMP_ARCH_AARCH64" };
        let maps = profile["archMap"].as_array().into_iter().flatten();
        let mapped = maps.filter(|map| map["architecture"] == native);
        listed
            .chain(mapped.flat_map(|map| map["subArchitectures"].as_array().into_iter().flatten()))
            .any(|listed| listed == name)
    };
    let unjudged = |name| if names_arch(name) { ENOSYS } else { KILL_THREAD };
    let arch = match (circumstances.native, call.arch) {
        (Arch::X86_64, 0xc000_003e) if call.number >= 0x4000_0000 => return unjudged("SCMP_ARCH_X32"),
        (Arch::X86_64, 0xc000_003e) => Arch::X86_64,
        (Arch::X86_64, 0x4000_0003) if names_arch("SCMP_ARCH_X86") => Arch::I386,
        (Arch::Aarch64, 0xc000_00b7) => Arch::Aarch64,
        (Arch::Aarch64, 0x4000_0028) => return unjudged("SCMP_ARCH_ARM"),
        _ => return KILL_THREAD,
    };
    let rules: Vec<&Value> =
        profile["syscalls"].as_array().unwrap().iter().filter(|rule| applies(rule, circumstances)).collect();
    let number_of =
        |name: &Value| table(arch).iter().find(|(_, known)| name == **known).map(|(number, _)| *number);
    let newest = rules.iter().flat_map(|rule| rule["names"].as_array().unwrap()).filter_map(number_of).max();
    let default = answer(&profile["defaultAction"], &profile["defaultErrnoRet"]);
    let permissive = ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"];
    if newest.is_some_and(|newest| call.number > newest)
        && !permissive.iter().any(|action| profile["defaultAction"] == *action)
    {
        return ENOSYS;
    }
    let Some(name) = table(arch).get(&call.number) else { return default };
    let (decided, _) = of_call(&rules, name, default, Some((arch, call)));
    if let Some(answer) = decided {
        return answer;
    }
    if arch != Arch::I386 || !matches!(*name, "socketcall" | "ipc") {
        return default;
    }
    let first = call.arguments[0] as u32;
    let carried = |name: &str| of_call(&rules, name, default, None);
    let table = if *name == "ipc" { &IPC } else { &SOCKETCALL };
    if table.iter().all(|(_, name)| carried(name) == (None, false)) {
        return default;
    }
    if first > 0xffff {
        return ENOSYS;
    }
    match table.iter().find(|(number, _)| *number == first).map(|(_, name)| carried(name)) {
        Some((Some(answer), _)) => answer,
        Some((None, true)) => ENOSYS,
        _ => default,
    }
}

/// The carried calls that rules are made for.
const SOCKETCALL: [(u32, &str); 3] = [(1, "socket"), (2, "bind"), (9, "send")];
const IPC: [(u32, &str); 3] = [(1, "semop"), (21, "shmat"), (0, "none")];

/// What rules say about a call, if they do; and whether one depends on arguments, which may not be seen.
fn of_call(rules: &[&Value], name: &str, default: u32, seen: Option<(Arch, &Call)>) -> (Option<u32>, bool) {
    let own = rules.iter().filter(|rule| rule["names"].as_array().unwrap().iter().any(|known| known == name));
    let own: Vec<(u32, &Vec<Value>)> = own
        .map(|rule| (answer(&rule["action"], &rule["errnoRet"]), rule["args"].as_array().unwrap()))
        .filter(|(answer, _)| *answer != default)
        .collect();
    if let Some((answer, _)) = own.iter().find(|(_, args)| args.is_empty()) {
        return (Some(*answer), false);
    }
    let Some((arch, call)) = seen else { return (None, !own.is_empty()) };
    let holds = |args: &Vec<Value>| {
        let mut indexes: Vec<u64> = args.iter().map(|arg| arg["index"].as_u64().unwrap()).collect();
        indexes.sort_unstable();
        let count = indexes.len();
        indexes.dedup();
        let mut each = args.iter().map(|arg| compare(arg, arch, call));
        if indexes.len() < count { each.any(|holds| holds) } else { each.all(|holds| holds) }
    };
    (own.iter().find(|(_, args)| holds(args)).map(|(answer, _)| *answer), !own.is_empty())
}

fn compare(arg: &Value, arch: Arch, call: &Call) -> bool {
    let cut = |value: u64| if arch == Arch::I386 { value & 0xffff_ffff } else { value };
    let actual = call.arguments[arg["index"].as_u64().unwrap() as usize];
    let (value, second) = (cut(arg["value"].as_u64().unwrap()), cut(arg["valueTwo"].as_u64().unwrap()));
    match arg["op"].as_str().unwrap() {
        "SCMP_CMP_EQ" => actual == value,
        "SCMP_CMP_NE" => actual != value,
        "SCMP_CMP_LT" => actual < value,
        "SCMP_CMP_LE" => actual <= value,
        "SCMP_CMP_GE" => actual >= value,
        "SCMP_CMP_GT" => actual > value,
        "SCMP_CMP_MASKED_EQ" => actual & value == second,
        other => panic!("{other}"),
    }
}

fn answer(action: &Value, errno: &Value) -> u32 {
    let told = errno.as_u64().unwrap_or(1) as u32;
    match action.as_str().unwrap() {
        "SCMP_ACT_ALLOW" => 0x7fff_0000,
        "SCMP_ACT_ERRNO" => 0x0005_0000 | told,
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => KILL_THREAD,
        "SCMP_ACT_KILL_PROCESS" => 0x8000_0000,
        "SCMP_ACT_LOG" => 0x7ffc_0000,
        "SCMP_ACT_TRACE" => 0x7ff0_0000 | told,
        "SCMP_ACT_TRAP" => 0x0003_0000,
        other => panic!("{other}"),
    }
}

fn applies(rule: &Value, circumstances: Circumstances) -> bool {
    let native = if circumstances.native == Arch::X86_64 { "amd64" } else { "arm64" };
    let held = |name: &str| match name {
        "CAP_CHOWN" => circumstances.capabilities & 1 != 0,
        "CAP_SYS_ADMIN" => circumstances.capabilities & 1 << 21 != 0,
        _ => false,
    };
    let facts = |requirement: &Value| {
        let texts = |key: &str| {
            let members = requirement[key].as_array().cloned().unwrap_or_default();
            members.iter().map(|member| member.as_str().unwrap().to_string()).collect::<Vec<_>>()
        };
        let caps: Vec<bool> = texts("caps").iter().map(|name| held(name)).collect();
        let arches = texts("arches");
        let machine = (!arches.is_empty()).then(|| arches.iter().any(|name| name == native));
        let kernel = requirement["minKernel"]
            .as_str()
            .map(|least| circumstances.kernel >= if least == "4.8" { (4, 8) } else { (5, 0) });
        caps.into_iter().chain(machine).chain(kernel).collect::<Vec<bool>>()
    };
    facts(&rule["includes"]).iter().all(|fact| *fact) && !facts(&rule["excludes"]).iter().any(|fact| *fact)
}
