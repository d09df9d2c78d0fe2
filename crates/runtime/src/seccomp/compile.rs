//! From a decision to instructions: a balanced tree of comparisons.
//!
//! The kernel checks, translates and, for every call number, emulates a filter when it is loaded: the
//! cost grows with its length. A tree over ranges has a quarter of the instructions of a list with one
//! comparison a call, and a call is judged after eight comparisons instead of hundreds.

use plimsoll_sys::seccomp::Instruction;

use super::decision::{Decision, Field, Range};

/// Operation codes (linux/bpf_common.h).
pub(super) const LOAD_WORD: u16 = 0x20;
pub(super) const JUMP: u16 = 0x05;
pub(super) const JUMP_IF_AT_LEAST: u16 = 0x35;
pub(super) const JUMP_IF_ANY_BIT: u16 = 0x45;
pub(super) const RETURN: u16 = 0x06;

/// What a filter returns (linux/seccomp.h).
pub(super) const RETURN_ALLOW: u32 = 0x7fff_0000;
pub(super) const RETURN_ERRNO: u32 = 0x0005_0000;

/// Compile a decision.
pub(super) fn compile(decision: &Decision) -> Vec<Instruction> {
    match decision {
        Decision::Allow => vec![plain(RETURN, RETURN_ALLOW)],
        Decision::Errno(errno) => vec![plain(RETURN, RETURN_ERRNO | u32::from(*errno))],
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
    }
}

fn tree(ranges: &[Range]) -> Vec<Instruction> {
    match ranges {
        [] => compile(&Decision::Errno(1)),
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
