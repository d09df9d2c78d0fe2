//! One message: a header of 16 bytes, a body whose layout its kind decides, and attributes, which may
//! contain attributes.

/// Length of `struct nlmsghdr`.
const HEADER: usize = 16;
/// Length of `struct nlattr`.
const ATTRIBUTE: usize = 4;
/// `NLA_F_NESTED`: the value is made of attributes.
const NESTED: u16 = 1 << 15;
/// The other flag in an attribute's kind, `NLA_F_NET_BYTEORDER`.
const NET_BYTE_ORDER: u16 = 1 << 14;

/// `NLM_F_REQUEST`, which every message of ours bears.
const REQUEST: u16 = 0x1;

/// A message under construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// `NLM_F_ACK`: answer even if all is well.
    pub const ACK: u16 = 0x4;
    /// `NLM_F_EXCL`: fail if it exists.
    pub const EXCLUSIVE: u16 = 0x200;
    /// `NLM_F_CREATE`: make it if it does not exist.
    pub const CREATE: u16 = 0x400;
    /// `NLM_F_APPEND`: at the end of the list.
    pub const APPEND: u16 = 0x800;
    /// `NLM_F_DUMP`: all there are.
    pub const DUMP: u16 = 0x300;

    /// A message of this kind with these flags.
    pub fn new(kind: u16, flags: u16) -> Self {
        let mut bytes = vec![0; HEADER];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&(flags | REQUEST).to_ne_bytes());
        Message { bytes }.measured()
    }

    /// The fixed part after the header.
    #[must_use]
    pub fn body(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self.padded()
    }

    /// An attribute.
    #[must_use]
    pub fn with(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(ATTRIBUTE + value.len()).expect("no value of ours is near 64 KiB");
        self.bytes.extend(length.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend_from_slice(value);
        self.padded()
    }

    /// An attribute that is a text, which ends with a zero byte.
    #[must_use]
    pub fn with_text(self, kind: u16, value: &str) -> Self {
        self.with(kind, &[value.as_bytes(), &[0]].concat())
    }

    /// An attribute that is a 32-bit number in the machine's byte order.
    #[must_use]
    pub fn with_number(self, kind: u16, value: u32) -> Self {
        self.with(kind, &value.to_ne_bytes())
    }

    /// An attribute that is a 32-bit number in network byte order, as nf_tables wants them.
    #[must_use]
    pub fn with_number_be(self, kind: u16, value: u32) -> Self {
        self.with(kind, &value.to_be_bytes())
    }

    /// An attribute that contains what `fill` adds.
    #[must_use]
    pub fn with_nested(mut self, kind: u16, fill: impl FnOnce(Message) -> Message) -> Self {
        let start = self.bytes.len();
        self.bytes.extend([0; ATTRIBUTE]);
        let mut filled = fill(self);
        let length = u16::try_from(filled.bytes.len() - start).expect("no value of ours is near 64 KiB");
        filled.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        filled.bytes[start + 2..start + 4].copy_from_slice(&(kind | NESTED).to_ne_bytes());
        filled.measured()
    }

    /// The kernel answers it even if all is well.
    pub fn wants_acknowledgement(&self) -> bool {
        u16::from_ne_bytes([self.bytes[6], self.bytes[7]]) & Message::ACK != 0
    }

    /// The bytes to send, with the number its answers will bear.
    pub fn numbered(mut self, sequence: u32) -> Vec<u8> {
        self.bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
        self.bytes
    }

    fn padded(mut self) -> Self {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.measured()
    }

    fn measured(mut self) -> Self {
        let length = u32::try_from(self.bytes.len()).expect("no message of ours is near 4 GiB");
        self.bytes[..4].copy_from_slice(&length.to_ne_bytes());
        self
    }
}

/// A message of the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// Its kind.
    pub kind: u16,
    /// The number of the message it answers.
    pub sequence: u32,
    /// What follows the header.
    pub payload: Vec<u8>,
}

impl Reply {
    /// `NLMSG_ERROR`: how a request ended; error 0 is success.
    pub const ERROR: u16 = 2;
    /// `NLMSG_DONE`: the end of an answer of many messages.
    pub const DONE: u16 = 3;

    /// The messages of one datagram. What is cut short or lies about its length ends the list.
    pub fn all_in(mut bytes: &[u8]) -> Vec<Reply> {
        let mut replies = Vec::new();
        while let Some((reply, rest)) = Reply::first(bytes) {
            replies.push(reply);
            bytes = rest;
        }
        replies
    }

    fn first(bytes: &[u8]) -> Option<(Reply, &[u8])> {
        let length = number(bytes)? as usize;
        let payload = bytes.get(HEADER..length)?.to_vec();
        let half = |at: usize| Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let reply = Reply { kind: half(4)?, sequence: number(&bytes[8..])?, payload };
        Some((reply, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
    }

    /// The (positive) error number of an [`Reply::ERROR`] or [`Reply::DONE`]; 0 is success.
    pub fn error(&self) -> i32 {
        number(&self.payload).map_or(0, |code| (code as i32).saturating_neg())
    }

    /// The attributes after a body of this length.
    pub fn attributes(&self, body: usize) -> impl Iterator<Item = (u16, &[u8])> {
        attributes(self.payload.get(body..).unwrap_or_default())
    }
}

/// Kind and value of each attribute; what is cut short ends the list.
pub(crate) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(bytes.get(2..4)?.try_into().ok()?);
        let value = bytes.get(ATTRIBUTE..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind & !(NESTED | NET_BYTE_ORDER), value))
    })
}

/// The 32-bit number at the beginning, in the machine's byte order.
pub(crate) fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?))
}

/// A text up to its zero byte.
pub(crate) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ip link add pl-0 type bridge`, as strace shows what iproute2 sends: header, ifinfomsg,
    /// IFLA_IFNAME (3), IFLA_LINKINFO (18) with IFLA_INFO_KIND (1).
    #[test]
    fn a_message_is_laid_out_as_the_kernel_reads_it() {
        let flags = Message::CREATE | Message::EXCLUSIVE | Message::ACK;
        let message = Message::new(16, flags)
            .body(&[0; 16])
            .with_text(3, "pl-0")
            .with_nested(18, |info| info.with_text(1, "bridge"));
        let bytes = message.numbered(7);
        let mut wanted = 60_u32.to_ne_bytes().to_vec();
        wanted.extend(16_u16.to_ne_bytes());
        wanted.extend(0x605_u16.to_ne_bytes());
        wanted.extend(7_u32.to_ne_bytes());
        wanted.extend([0; 4 + 16]);
        wanted.extend([9_u16.to_ne_bytes(), 3_u16.to_ne_bytes()].concat());
        wanted.extend(b"pl-0\0\0\0\0");
        wanted.extend([16_u16.to_ne_bytes(), (18 | 0x8000_u16).to_ne_bytes()].concat());
        wanted.extend([11_u16.to_ne_bytes(), 1_u16.to_ne_bytes()].concat());
        wanted.extend(b"bridge\0\0");
        assert_eq!(bytes, wanted);
    }

    #[test]
    fn what_was_built_can_be_read() {
        let built = Message::new(16, 0)
            .body(&[1, 2, 3, 4])
            .with_number(1, 77)
            .with_number_be(2, 1)
            .with_nested(3, |inner| inner.with_text(4, "name").with_nested(5, |empty| empty))
            .numbered(9);
        let twice = [built.clone(), built].concat();
        let replies = Reply::all_in(&twice);
        assert_eq!(replies.len(), 2);
        assert_eq!((replies[1].kind, replies[1].sequence), (16, 9));
        let found: Vec<(u16, &[u8])> = replies[0].attributes(4).collect();
        assert_eq!(number(found[0].1), Some(77));
        assert_eq!(found[1].1, [0, 0, 0, 1]);
        let inner: Vec<(u16, &[u8])> = attributes(found[2].1).collect();
        assert_eq!(text(inner[0].1), "name");
        assert_eq!(inner[1], (5, &[][..]));
    }

    #[test]
    fn answers_that_lie_about_their_lengths_end_the_list() {
        let good = Message::new(16, 0).body(&[0; 4]).with_number(1, 7).numbered(1);
        for cut in 0..good.len() {
            assert_eq!(Reply::all_in(&good[..cut]), []);
        }
        for length in [0_u32, 3, 15, u32::MAX] {
            let lie = [&length.to_ne_bytes()[..], &good[4..]].concat();
            assert_eq!(Reply::all_in(&lie), []);
        }
        for length in [0_u16, 3, 9, u16::MAX] {
            let lie = [&length.to_ne_bytes()[..], &[1, 0, 7, 0, 0, 0]].concat();
            assert_eq!(attributes(&lie).count(), 0);
        }
    }
}
