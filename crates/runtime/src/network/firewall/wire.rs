//! Messages to nf_tables (linux/netfilter/nf_tables.h). Numbers in attributes are in network byte order.

use std::io;

use super::super::netlink::{Message, Netlink, attributes};

/// The one table.
const TABLE: &str = "plimsoll";

/// Every attribute that names an object's table is the first one: `NFTA_TABLE_NAME`,
/// `NFTA_CHAIN_TABLE`, `NFTA_RULE_TABLE`, `NFTA_SET_TABLE`, `NFTA_SET_ELEM_LIST_TABLE`.
pub(super) const OF_TABLE: u16 = 1;
/// `NFTA_LIST_ELEM`.
pub(super) const ELEMENT: u16 = 1;
/// `NFTA_DATA_VALUE`.
pub(super) const VALUE: u16 = 1;
/// Longest name of an interface with its end.
pub(super) const NAME_LENGTH: usize = 16;
/// `ERESTART` (linux/errno.h): the answer to a transaction of another generation.
pub(super) const ERESTART: i32 = 85;

/// nf_tables' part of nfnetlink (`NFNL_SUBSYS_NFTABLES`).
const NF_TABLES: u8 = 10;
/// `NFPROTO_INET`: IPv4 and IPv6.
const INET: u8 = 1;
/// Length of `struct nfgenmsg`.
const BODY: usize = 4;

/// `NFT_MSG_*`.
pub(super) mod kind {
    pub const NEW_TABLE: u8 = 0;
    pub const DELETE_TABLE: u8 = 2;
    pub const NEW_CHAIN: u8 = 3;
    pub const NEW_RULE: u8 = 6;
    pub const DELETE_RULE: u8 = 8;
    pub const NEW_SET: u8 = 9;
    pub const NEW_ELEMENT: u8 = 12;
    pub const GET_ELEMENT: u8 = 13;
    pub const DELETE_ELEMENT: u8 = 14;
    pub const GET_GENERATION: u8 = 16;
}

/// A message about something in the table.
pub(super) fn in_table(kind: u8, flags: u16) -> Message {
    message(kind, flags).with_text(OF_TABLE, TABLE)
}

/// A message that makes something in the table, or leaves it as it is.
pub(super) fn make(kind: u8) -> Message {
    in_table(kind, Message::ACK | Message::CREATE)
}

fn message(kind: u8, flags: u16) -> Message {
    Message::new(u16::from_be_bytes([NF_TABLES, kind]), flags).body(&[INET, 0, 0, 0])
}

/// The table.
pub(super) fn new_table() -> Message {
    make(kind::NEW_TABLE)
}

/// The end of the table and all that is in it.
pub(super) fn delete_table() -> Message {
    in_table(kind::DELETE_TABLE, Message::ACK)
}

/// All changes or none; with a generation only if nothing has changed since.
pub(super) fn transaction(changes: Vec<Message>, generation: Option<u32>) -> Vec<Message> {
    /// `NFNL_MSG_BATCH_BEGIN` and `_END`, and `NFNL_BATCH_GENID`.
    const BEGIN: u16 = 0x10;
    const END: u16 = 0x11;
    const GENERATION: u16 = 1;
    let mark = |kind| Message::new(kind, 0).body(&[0, 0, 0, NF_TABLES]);
    let begin = match generation {
        Some(number) => mark(BEGIN).with_number_be(GENERATION, number),
        None => mark(BEGIN),
    };
    std::iter::once(begin).chain(changes).chain([mark(END)]).collect()
}

/// The number of the last change to any rules of this network namespace.
pub(super) fn generation(kernel: &Netlink) -> io::Result<u32> {
    /// `NFTA_GEN_ID`.
    const ID: u16 = 1;
    let answer = kernel.ask(message(kind::GET_GENERATION, Message::ACK))?;
    let mut ids = answer.iter().flat_map(|reply| reply.attributes(BODY)).filter(|(kind, _)| *kind == ID);
    let id = ids.next().and_then(|(_, value)| value.try_into().ok()).map(u32::from_be_bytes);
    id.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// A set of names of interfaces, or of pairs of them.
#[derive(Debug)]
pub(super) struct Set {
    pub name: &'static str,
    /// How many names an element has.
    pub names: usize,
    /// By which rules of the same transaction can mean it.
    pub id: u32,
}

impl Set {
    /// `NFTA_SET_ELEM_LIST_SET` and `_ELEMENTS`, `NFTA_SET_ELEM_KEY`.
    const OF_SET: u16 = 2;
    const ELEMENTS: u16 = 3;
    const KEY: u16 = 1;

    /// Make it.
    pub fn create(&self) -> Message {
        /// `NFTA_SET_*`.
        const NAME: u16 = 2;
        const KEY_TYPE: u16 = 4;
        const KEY_LENGTH: u16 = 5;
        const ID: u16 = 10;
        const USER_DATA: u16 = 13;
        /// Only for `nft` to show: its TYPE_IFNAME, six bits for each part of a pair.
        const INTERFACE_NAME: u32 = 41;
        // For `nft`, too: record 0 (the key's byte order), four bytes, 1 (the machine's).
        let byte_order = [&[0, 4][..], &1_u32.to_ne_bytes()].concat();
        let key_type = (0..self.names).fold(0, |sum, _| sum << 6 | INTERFACE_NAME);
        make(kind::NEW_SET)
            .with_text(NAME, self.name)
            .with_number_be(KEY_TYPE, key_type)
            .with_number_be(KEY_LENGTH, (self.names * NAME_LENGTH) as u32)
            .with_number_be(ID, self.id)
            .with(USER_DATA, &byte_order)
    }

    /// Put a bridge in.
    pub fn add(&self, bridge: &str) -> Message {
        self.element(make(kind::NEW_ELEMENT), &interface_name(bridge).repeat(self.names))
    }

    /// Take an element out.
    pub fn remove(&self, key: &[u8]) -> Message {
        self.element(in_table(kind::DELETE_ELEMENT, Message::ACK), key)
    }

    fn element(&self, message: Message, key: &[u8]) -> Message {
        message.with_text(Self::OF_SET, self.name).with_nested(Self::ELEMENTS, |list| {
            list.with_nested(ELEMENT, |element| element.with_nested(Self::KEY, |data| data.with(VALUE, key)))
        })
    }

    /// All its elements; fails with ENOENT if there is no such set.
    pub fn members(&self, kernel: &Netlink) -> io::Result<Vec<Vec<u8>>> {
        let ask = in_table(kind::GET_ELEMENT, Message::DUMP).with_text(Self::OF_SET, self.name);
        let answer = kernel.ask(ask)?;
        let inside = |bytes, wanted: u16| attributes(bytes).filter(move |(kind, _)| *kind == wanted);
        let lists = answer.iter().flat_map(|reply| reply.attributes(BODY));
        let lists = lists.filter(|(kind, _)| *kind == Self::ELEMENTS);
        let elements = lists.flat_map(|(_, list)| inside(list, ELEMENT));
        let keys = elements.flat_map(|(_, element)| inside(element, Self::KEY));
        Ok(keys.flat_map(|(_, key)| inside(key, VALUE)).map(|(_, value)| value.to_vec()).collect())
    }
}

/// A name as a register holds it.
pub(super) fn interface_name(name: &str) -> [u8; NAME_LENGTH] {
    let mut bytes = [0; NAME_LENGTH];
    let length = name.len().min(NAME_LENGTH - 1);
    bytes[..length].copy_from_slice(&name.as_bytes()[..length]);
    bytes
}
