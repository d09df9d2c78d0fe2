//! Profiles against a naive reading of the same JSON, against the default filter, and against podman's.

mod naive;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::arch::Arch;
use super::super::compile::{RETURN_ALLOW, RETURN_ERRNO, compile};
use super::super::interpret::{ARCHS, Call, DEFAULT, run};
use super::super::numbers::numbered;
use super::super::profile::{Situation, UNIMPLEMENTED, profile};
use super::*;

const HERE: Circumstances = Circumstances { native: Arch::X86_64, capabilities: 0, kernel: (6, 1) };

fn compiled(text: &Value, circumstances: Circumstances) -> Vec<Instruction> {
    let profile = Profile::parse(&text.to_string()).unwrap();
    compile(&apply::decision(&profile, circumstances).unwrap())
}

#[track_caller]
fn refused(text: &str, sentence: &str) {
    assert_eq!(Profile::parse(text).unwrap_err().to_string(), sentence);
}

#[test]
fn mistakes_are_named_with_their_place() {
    refused("{", "the seccomp profile is not JSON: EOF while parsing an object at line 1 column 1");
    refused("[]", "the seccomp profile is wrong at its top: an object is expected here");
    refused("{}", "the seccomp profile is wrong at its top: 'defaultAction' is missing");
    let with = |rule: &str| format!(r#"{{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{rule}]}}"#);
    for (rule, place_and_why) in [
        ("1", "syscalls[0]: an object is expected here"),
        (r#"{"nmaes": ["x"], "action": "SCMP_ACT_LOG"}"#, "syscalls[0]: 'names' names no call"),
        (r#"{"names": ["x"]}"#, "syscalls[0]: 'action' is missing"),
        (r#"{"names": "x", "action": "SCMP_ACT_LOG"}"#, "syscalls[0].names: a list is expected here"),
        (r#"{"names": ["x", 3], "action": "SCMP_ACT_LOG"}"#, "syscalls[0].names[1]: a text is expected here"),
        (
            r#"{"names": ["x"], "name": "y", "action": "SCMP_ACT_LOG"}"#,
            "syscalls[0].name: 'names' is given as well; leave one of them out",
        ),
        (
            r#"{"names": ["x"], "action": "ALLOW"}"#,
            "syscalls[0].action: 'ALLOW' is no action; there are SCMP_ACT_ALLOW, ERRNO, KILL, KILL_PROCESS, \
             KILL_THREAD, LOG, TRACE and TRAP",
        ),
        (
            r#"{"names": ["x"], "action": "SCMP_ACT_NOTIFY"}"#,
            "syscalls[0].action: SCMP_ACT_NOTIFY asks an agent, and there is none here",
        ),
        (
            r#"{"names": ["x"], "action": "SCMP_ACT_ERRNO", "errnoRet": 4096}"#,
            "syscalls[0].errnoRet: a number from 0 to 4095 is expected here",
        ),
        (
            r#"{"names": ["x"], "action": "SCMP_ACT_ERRNO", "errnoRet": -1}"#,
            "syscalls[0].errnoRet: a whole number from 0 to 18446744073709551615 is expected here",
        ),
        (
            r#"{"names": ["x"], "action": "SCMP_ACT_LOG", "args": [{"index": 6, "op": "SCMP_CMP_EQ"}]}"#,
            "syscalls[0].args[0]: a call has arguments 0 to 5, and no 6",
        ),
        (
            r#"{"names": ["x"], "action": "SCMP_ACT_LOG", "args": [{"index": 0, "op": "EQ"}]}"#,
            "syscalls[0].args[0].op: 'EQ' is no comparison; there are SCMP_CMP_EQ, NE, LT, LE, GE, GT and \
             MASKED_EQ",
        ),
        (
            r#"{"names": ["x"], "action": "SCMP_ACT_LOG", "args": [], "Args": []}"#,
            "syscalls[0].args: 'Args' is the same key",
        ),
        (
            r#"{"names": ["x"], "action": "SCMP_ACT_LOG", "includes": {"caps": ["CHOWN"]}}"#,
            "syscalls[0].includes.caps[0]: 'CHOWN' is no capability; they begin with CAP_",
        ),
        (
            r#"{"names": ["x"], "action": "SCMP_ACT_LOG", "excludes": {"minKernel": "4"}}"#,
            "syscalls[0].excludes.minKernel: a version as \"4.8\" is expected here",
        ),
    ] {
        refused(&with(rule), &format!("the seccomp profile is wrong at {place_and_why}"));
    }
    refused(
        r#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["x86"]}"#,
        "the seccomp profile is wrong at architectures[0]: 'x86' is no architecture; SCMP_ARCH_X86_64 is one",
    );
    refused(
        r#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"], "archMap": [{}]}"#,
        "the seccomp profile is wrong at archMap[0]: 'architectures' is given as well; leave one of them out",
    );
}

#[test]
fn too_much_is_refused() {
    let spaces = " ".repeat(1 << 20);
    refused(&format!("{{}}{spaces}"), "the seccomp profile has 1048578 bytes, and at most 1048576 are read");
    let deep = "[".repeat(1 << 20);
    let why = Profile::parse(&deep).unwrap_err().to_string();
    assert!(why.contains("not JSON: recursion limit exceeded"), "{why}");
    let conditions: Vec<Value> =
        (0..800).map(|value| json!({ "index": 0, "value": value, "op": "SCMP_CMP_EQ" })).collect();
    let profile = |names: Vec<&str>| {
        let rule = json!({ "names": names, "action": "SCMP_ACT_LOG", "args": conditions });
        let text = json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule] });
        Profile::parse(&text.to_string()).unwrap().filter(0, (6, 1))
    };
    assert!(profile(vec!["read"]).is_ok());
    let why = profile(vec!["read", "mkdir"]).unwrap_err().to_string();
    assert!(
        why.ends_with(" or more instructions, and the kernel takes 4096; give it fewer conditions"),
        "{why}"
    );
    let names: Vec<&str> = numbered(Arch::X86_64.calls()).map(|(_, name)| name).collect();
    let stopped = ProfileError::TooLong { instructions: 4800 };
    assert_eq!(profile(names.repeat(100)), Err(stopped), "put together no further");
}

#[test]
fn keys_are_read_as_go_reads_them() {
    let text = r#"{"DefaultAction": "SCMP_ACT_ALLOW", "comment": 1, "architectures": null, "syscalls":
        [{"Names": ["read", "no_such_call"], "ACTION": "SCMP_ACT_ERRNO", "args": null, "unknown": {}}]}"#;
    let profile = Profile::parse(text).unwrap();
    let filter = compile(&apply::decision(&profile, HERE).unwrap());
    let verdict =
        |number| run(&filter, &Call { number, arch: Arch::X86_64.audit_number(), arguments: [0; 6] }).0;
    assert_eq!((verdict(0), verdict(1)), (RETURN_ERRNO | 1, RETURN_ALLOW));
}

/// Arguments at the edges of what rules of the default profile compare.
const EDGES: [u64; 18] = [
    0,
    1,
    8,
    9,
    16,
    17,
    38,
    45,
    46,
    0x5412,
    0x5413,
    0x541c,
    0x2_0000,
    0x2_0008,
    0x1000_0000,
    u32::MAX as u64,
    1 << 32 | 40,
    u64::MAX,
];

#[test]
fn the_default_profile_spelled_out_says_what_its_filter_says() {
    let unimplemented: Vec<&str> = UNIMPLEMENTED.split_ascii_whitespace().collect();
    let everything = plimsoll_model::launch::ALL_CAPABILITIES;
    let situations = [
        (DEFAULT, 0xa804_05fb),
        (Situation { capabilities: &[], guard_terminal: true }, 0),
        (Situation { capabilities: &everything, guard_terminal: false }, (1 << 41) - 1),
    ];
    for (situation, capabilities) in situations {
        for (native, archs) in
            [(Arch::X86_64, &[Arch::I386, Arch::X86_64][..]), (Arch::Aarch64, &[Arch::Aarch64])]
        {
            let circumstances = Circumstances { native, capabilities, kernel: (6, 1) };
            let text = Profile::default_of(native, situation).oci_under(circumstances);
            let (ours, theirs) = (compile(&profile(archs, situation)), compiled(&text, circumstances));
            for arch in archs {
                // One rule for all architectures: 32-bit programs may do what this is for on 64 bits.
                let all = numbered(arch.calls())
                    .filter(|(_, name)| !(*arch == Arch::I386 && *name == "arch_prctl"));
                // A call without code behind it has any answer.
                for (number, name) in all.filter(|(_, name)| unimplemented.binary_search(name).is_err()) {
                    for argument in EDGES {
                        for second in [0, 9] {
                            let arguments = [argument, argument, second, 0, 0, 0];
                            let call = Call { number, arch: arch.audit_number(), arguments };
                            assert_eq!(run(&theirs, &call).0, run(&ours, &call).0, "{name} {call:x?}");
                        }
                    }
                }
            }
            let newer = Call { number: 600, arch: native.audit_number(), arguments: [0; 6] };
            assert_eq!(run(&theirs, &newer).0, RETURN_ERRNO | 38);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn a_profile_is_compiled_to_what_a_naive_reading_says(
        text in naive::profiles(),
        capabilities in prop::sample::select(vec![0, 1, 1 << 21, u64::MAX]),
        kernel in prop::sample::select(vec![(4, 7), (4, 8), (6, 1)]),
        arguments in prop::collection::vec(prop::array::uniform6(naive::value()), 4),
    ) {
        for native in [Arch::X86_64, Arch::Aarch64] {
            let circumstances = Circumstances { native, capabilities, kernel };
            let filter = compiled(&text, circumstances);
            for arch in ARCHS.map(Arch::audit_number).into_iter().chain([0, 0x4000_0028, u32::MAX]) {
                for number in naive::numbers() {
                    for arguments in &arguments {
                        let call = Call { number, arch, arguments: *arguments };
                        let expected = naive::verdict(&text, circumstances, &call);
                        prop_assert_eq!(run(&filter, &call).0, expected, "{:x?} {}", call, text);
                    }
                }
            }
        }
    }
}
