//! From a decision to instructions: a balanced tree of comparisons.
//!
//! The kernel checks, translates and, for every call number, emulates a filter when it is loaded: the
//! cost grows with its length. A tree over ranges has a quarter of the instructions of a list with one
//! comparison a call, and a call is judged after eight comparisons instead of hundreds.

use plimsoll_sys::seccomp::Instruction;

use super::decision::{Answer, Comparison, Condition, Decision, Field, Range, Rule};

/// Operation codes (linux/bpf_common.h).
pub(super) const LOAD_WORD: u16 = 0x20;
pub(super) const AND: u16 = 0x54;
pub(super) const JUMP: u16 = 0x05;
pub(super) const JUMP_IF_EQUAL: u16 = 0x15;
pub(super) const JUMP_IF_ABOVE: u16 = 0x25;
pub(super) const JUMP_IF_AT_LEAST: u16 = 0x35;
pub(super) const JUMP_IF_ANY_BIT: u16 = 0x45;
pub(super) const RETURN: u16 = 0x06;

/// What a filter returns (linux/seccomp.h).
pub(super) const RETURN_ALLOW: u32 = 0x7fff_0000;
pub(super) const RETURN_NOTIFY: u32 = 0x7fc0_0000;
pub(super) const RETURN_ERRNO: u32 = 0x0005_0000;
pub(super) const RETURN_LOG: u32 = 0x7ffc_0000;
pub(super) const RETURN_TRACE: u32 = 0x7ff0_0000;
pub(super) const RETURN_TRAP: u32 = 0x0003_0000;
pub(super) const RETURN_KILL_THREAD: u32 = 0;
pub(super) const RETURN_KILL_PROCESS: u32 = 0x8000_0000;

/// How many instructions the kernel takes (`BPF_MAXINSNS`, linux/bpf_common.h).
pub(super) const MOST_INSTRUCTIONS: usize = 4096;

/// Compile a decision.
pub(super) fn compile(decision: &Decision) -> Vec<Instruction> {
    match decision {
        Decision::Answer(answer) => vec![give(*answer)],
        Decision::Switch { field, ranges } => {
            let mut code = vec![load(*field)];
            code.extend(tree(ranges));
            code
        }
        Decision::AnyBit { field, mask, set, clear } => {
            let mut code = vec![load(*field)];
            code.extend(branch(JUMP_IF_ANY_BIT, *mask, compile(clear), compile(set)));
            code
        }
        Decision::FirstRule { rules, otherwise } => {
            let mut code: Vec<Instruction> = rules.iter().flat_map(compile_rule).collect();
            code.extend(compile(otherwise));
            code
        }
    }
}

fn give(answer: Answer) -> Instruction {
    plain(
        RETURN,
        match answer {
            Answer::Allow => RETURN_ALLOW,
            Answer::Log => RETURN_LOG,
            Answer::Errno(errno) => RETURN_ERRNO | u32::from(errno),
            Answer::Trace(told) => RETURN_TRACE | u32::from(told),
            Answer::Notify => RETURN_NOTIFY,
            Answer::Trap => RETURN_TRAP,
            Answer::KillThread => RETURN_KILL_THREAD,
            Answer::KillProcess => RETURN_KILL_PROCESS,
        },
    )
}

/// What follows is reached when a condition does not hold.
fn compile_rule(rule: &Rule) -> Vec<Instruction> {
    let mut code = vec![give(rule.then)];
    for condition in rule.conditions.iter().rev() {
        let mut tested = test(*condition, code.len());
        tested.extend(code);
        code = tested;
    }
    code
}

/// Go on if the condition holds, else skip so many instructions after the test. A test has at most six
/// instructions and a rule one condition an argument, so every jump is in reach.
fn test(Condition { argument, comparison }: Condition, skip: usize) -> Vec<Instruction> {
    let (upper, lower) = (load(Field::UpperArgument(argument)), load(Field::Argument(argument)));
    let (held, failed) = (0, skip);
    let equal = |mask, value, yes, no| {
        let mut code = vec![upper];
        code.extend(masked(high(mask)));
        let rest = [vec![lower], masked(low(mask))].concat();
        code.push(jump(JUMP_IF_EQUAL, high(value), 0, rest.len() + 1 + no));
        code.extend(rest);
        code.push(jump(JUMP_IF_EQUAL, low(value), yes, no));
        code
    };
    let ordered = |last, value, yes, no| {
        vec![
            upper,
            jump(JUMP_IF_ABOVE, high(value), 3 + yes, 0),
            jump(JUMP_IF_EQUAL, high(value), 0, 2 + no),
            lower,
            jump(last, low(value), yes, no),
        ]
    };
    match comparison {
        Comparison::Equal(value) => equal(u64::MAX, value, held, failed),
        Comparison::NotEqual(value) => equal(u64::MAX, value, failed, held),
        Comparison::Masked { mask, value } => equal(mask, value, held, failed),
        Comparison::AtLeast(value) => ordered(JUMP_IF_AT_LEAST, value, held, failed),
        Comparison::Less(value) => ordered(JUMP_IF_AT_LEAST, value, failed, held),
        Comparison::Above(value) => ordered(JUMP_IF_ABOVE, value, held, failed),
        Comparison::AtMost(value) => ordered(JUMP_IF_ABOVE, value, failed, held),
    }
}

fn masked(mask: u32) -> Vec<Instruction> {
    if mask == u32::MAX { Vec::new() } else { vec![plain(AND, mask)] }
}

fn high(value: u64) -> u32 {
    (value >> 32) as u32
}

fn low(value: u64) -> u32 {
    value as u32
}

fn jump(comparison: u16, operand: u32, yes: usize, no: usize) -> Instruction {
    Instruction { code: comparison, jt: yes as u8, jf: no as u8, k: operand }
}

fn tree(ranges: &[Range]) -> Vec<Instruction> {
    match ranges {
        [] => vec![give(Answer::Errno(1))],
        [range] => compile(&range.then),
        ranges => {
            let (lower, upper) = ranges.split_at(ranges.len() / 2);
            branch(JUMP_IF_AT_LEAST, upper[0].first, tree(lower), tree(upper))
        }
    }
}

/// Continue with `yes` if the comparison is true. A conditional jump reaches 255 instructions.
fn branch(comparison: u16, operand: u32, no: Vec<Instruction>, yes: Vec<Instruction>) -> Vec<Instruction> {
    let mut code = match u8::try_from(no.len()) {
        Ok(length) => vec![Instruction { code: comparison, jt: length, jf: 0, k: operand }],
        Err(_) => {
            vec![Instruction { code: comparison, jt: 0, jf: 1, k: operand }, plain(JUMP, no.len() as u32)]
        }
    };
    code.extend(no);
    code.extend(yes);
    code
}

fn load(field: Field) -> Instruction {
    plain(LOAD_WORD, field.offset())
}

fn plain(code: u16, k: u32) -> Instruction {
    Instruction { code, jt: 0, jf: 0, k }
}
