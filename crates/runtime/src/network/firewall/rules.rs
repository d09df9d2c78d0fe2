//! The rules: chains and the expressions a rule is made of, as messages.

use super::super::netlink::Message;
use super::wire::{ELEMENT, VALUE, in_table, kind, make};
use super::{BRIDGES, INTERNAL, Set, WITHIN};

/// Containers of one network talk; nobody else begins to talk to them; from an internal network nothing
/// goes out.
pub(super) fn forward() -> Vec<Message> {
    /// `NF_INET_FORWARD`, and the priority nft calls `filter`.
    const HOOK: u32 = 2;
    const FILTER: i32 = 0;
    let mut messages = chain("forward", "filter", HOOK, FILTER);
    for expressions in [
        vec![ct_state(), keep_bits(ESTABLISHED_OR_RELATED), compare(Operator::NotEqual, &[0; 4]), accept()],
        vec![incoming(FIRST), outgoing(SECOND), is_in(&WITHIN), accept()],
        vec![outgoing(FIRST), is_in(&BRIDGES), drop_it()],
        vec![incoming(FIRST), is_in(&INTERNAL), drop_it()],
    ] {
        messages.push(rule("forward", expressions));
    }
    messages
}

/// What leaves a network bears an address of the host.
pub(super) fn postrouting() -> Vec<Message> {
    /// `NF_INET_POST_ROUTING`, the priority nft calls `srcnat`, `NFPROTO_IPV4`.
    const HOOK: u32 = 4;
    const SOURCE_NAT: i32 = 100;
    const IPV4: u8 = 2;
    let mut messages = chain("postrouting", "nat", HOOK, SOURCE_NAT);
    let expressions = vec![
        family(),
        compare(Operator::Equal, &[IPV4]),
        incoming(FIRST),
        is_in(&BRIDGES),
        outgoing(FIRST),
        is_not_in(&BRIDGES),
        expression("masq", |none| none),
    ];
    messages.push(rule("postrouting", expressions));
    messages
}

/// A chain at one of the kernel's hooks, emptied: a rule cannot be made "if it is not there", so all
/// are written anew, in the same transaction.
fn chain(name: &str, form: &str, hook: u32, priority: i32) -> Vec<Message> {
    /// `NFTA_CHAIN_*` and, inside the hook, `NFTA_HOOK_*`.
    const NAME: u16 = 3;
    const HOOK: u16 = 4;
    const POLICY: u16 = 5;
    const TYPE: u16 = 7;
    const HOOK_NUMBER: u16 = 1;
    const HOOK_PRIORITY: u16 = 2;
    let chain = make(kind::NEW_CHAIN)
        .with_text(NAME, name)
        .with_nested(HOOK, |at| {
            at.with_number_be(HOOK_NUMBER, hook).with_number_be(HOOK_PRIORITY, priority as u32)
        })
        .with_number_be(POLICY, ACCEPT)
        .with_text(TYPE, form);
    let emptied = in_table(kind::DELETE_RULE, Message::ACK).with_text(RULE_CHAIN, name);
    vec![chain, emptied]
}

/// `NFTA_RULE_CHAIN`.
const RULE_CHAIN: u16 = 2;

fn rule(chain: &str, expressions: Vec<Expression>) -> Message {
    /// `NFTA_RULE_EXPRESSIONS`.
    const EXPRESSIONS: u16 = 4;
    in_table(kind::NEW_RULE, Message::ACK | Message::CREATE | Message::APPEND)
        .with_text(RULE_CHAIN, chain)
        .with_nested(EXPRESSIONS, |list| expressions.into_iter().fold(list, |list, add| add(list)))
}

/// Adds one expression to the list of a rule.
type Expression = Box<dyn FnOnce(Message) -> Message>;

fn expression(name: &'static str, fill: impl FnOnce(Message) -> Message + 'static) -> Expression {
    /// `NFTA_EXPR_*`.
    const NAME: u16 = 1;
    const DATA: u16 = 2;
    Box::new(move |list| list.with_nested(ELEMENT, |one| one.with_text(NAME, name).with_nested(DATA, fill)))
}

/// Registers of 16 bytes: `NFT_REG_1`, and the one that follows it, so that both make one key.
const FIRST: u32 = 1;
const SECOND: u32 = 2;

/// Name of the interface a packet came by.
fn incoming(register: u32) -> Expression {
    const NAME: u32 = 6;
    meta(NAME, register)
}

/// Name of the interface a packet leaves by.
fn outgoing(register: u32) -> Expression {
    const NAME: u32 = 7;
    meta(NAME, register)
}

/// IPv4 or IPv6.
fn family() -> Expression {
    const PROTOCOL: u32 = 15;
    meta(PROTOCOL, FIRST)
}

/// `NFT_META_*` into a register.
fn meta(key: u32, register: u32) -> Expression {
    /// `NFTA_META_*`.
    const INTO: u16 = 1;
    const KEY: u16 = 2;
    expression("meta", move |data| data.with_number_be(INTO, register).with_number_be(KEY, key))
}

/// The state of a packet's connection.
fn ct_state() -> Expression {
    /// `NFTA_CT_*`; `NFT_CT_STATE` is 0.
    const INTO: u16 = 1;
    const KEY: u16 = 2;
    expression("ct", |data| data.with_number_be(INTO, FIRST).with_number_be(KEY, 0))
}

/// `NF_CT_STATE_BIT` of IP_CT_ESTABLISHED and IP_CT_RELATED, in the machine's byte order like the state.
const ESTABLISHED_OR_RELATED: u32 = 1 << 1 | 1 << 2;

/// Only these bits of the register stay.
fn keep_bits(bits: u32) -> Expression {
    /// `NFTA_BITWISE_*`.
    const FROM: u16 = 1;
    const INTO: u16 = 2;
    const LENGTH: u16 = 3;
    const MASK: u16 = 4;
    const XOR: u16 = 5;
    expression("bitwise", move |data| {
        data.with_number_be(FROM, FIRST)
            .with_number_be(INTO, FIRST)
            .with_number_be(LENGTH, 4)
            .with_nested(MASK, |mask| mask.with(VALUE, &bits.to_ne_bytes()))
            .with_nested(XOR, |xor| xor.with(VALUE, &[0; 4]))
    })
}

#[derive(Clone, Copy)]
enum Operator {
    Equal = 0,
    NotEqual = 1,
}

/// Go on if the register compares so.
fn compare(operator: Operator, value: &[u8]) -> Expression {
    /// `NFTA_CMP_*`.
    const FROM: u16 = 1;
    const OPERATOR: u16 = 2;
    const DATA: u16 = 3;
    let value = value.to_vec();
    expression("cmp", move |data| {
        data.with_number_be(FROM, FIRST)
            .with_number_be(OPERATOR, operator as u32)
            .with_nested(DATA, |data| data.with(VALUE, &value))
    })
}

/// Go on if what the registers hold is in the set.
fn is_in(set: &'static Set) -> Expression {
    lookup(set, 0)
}

/// Go on if it is not.
fn is_not_in(set: &'static Set) -> Expression {
    /// `NFT_LOOKUP_F_INV`.
    const INVERTED: u32 = 1;
    lookup(set, INVERTED)
}

fn lookup(set: &'static Set, flags: u32) -> Expression {
    /// `NFTA_LOOKUP_*`.
    const SET: u16 = 1;
    const FROM: u16 = 2;
    const FLAGS: u16 = 5;
    expression("lookup", move |data| {
        data.with_text(SET, set.name).with_number_be(FROM, FIRST).with_number_be(FLAGS, flags)
    })
}

/// `NF_ACCEPT` and `NF_DROP`.
const ACCEPT: u32 = 1;
const DROP: u32 = 0;

fn accept() -> Expression {
    verdict(ACCEPT)
}

fn drop_it() -> Expression {
    verdict(DROP)
}

fn verdict(code: u32) -> Expression {
    /// `NFTA_IMMEDIATE_*`, `NFTA_DATA_VERDICT`, `NFTA_VERDICT_CODE`; the verdict's register is 0.
    const INTO: u16 = 1;
    const DATA: u16 = 2;
    const VERDICT: u16 = 2;
    const CODE: u16 = 1;
    expression("immediate", move |data| {
        data.with_number_be(INTO, 0)
            .with_nested(DATA, |data| data.with_nested(VERDICT, |verdict| verdict.with_number_be(CODE, code)))
    })
}
