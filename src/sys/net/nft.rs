//! nftables messages: attributes, and batches that the kernel applies whole or not at all. Numbers
//! are those of linux/netfilter/nf_tables.h and nfnetlink.h. Written here because the crate for
//! these messages lacks what NAT is made of: the nat, masq, fib and ct expressions.

use rtnetlink::packet_core::{DefaultNla, Emitable, NLA_F_NESTED, NLM_F_ACK, NLM_F_REQUEST};

use super::netlink::Netlink;
use crate::sys::Result;

/// Messages of the nftables subsystem.
pub const NEW_TABLE: u8 = 0;
pub const DEL_TABLE: u8 = 2;
pub const NEW_CHAIN: u8 = 3;
pub const NEW_RULE: u8 = 6;

/// Attributes, one after the other as the kernel reads them.
#[derive(Default)]
pub struct Attrs(Vec<u8>);

impl Attrs {
    pub fn bytes(mut self, kind: u16, value: &[u8]) -> Attrs {
        let nla = DefaultNla::new(kind, value.to_vec());
        let start = self.0.len();
        self.0.resize(start + nla.buffer_len(), 0);
        nla.emit(&mut self.0[start..]);
        self
    }

    /// A string with its NUL.
    pub fn text(self, kind: u16, value: &str) -> Attrs {
        self.bytes(kind, &[value.as_bytes(), b"\0"].concat())
    }

    /// A number; nftables keeps all of them in network order.
    pub fn number(self, kind: u16, value: u32) -> Attrs {
        self.bytes(kind, &value.to_be_bytes())
    }

    pub fn nest(self, kind: u16, inner: Attrs) -> Attrs {
        self.bytes(kind | NLA_F_NESTED, &inner.0)
    }
}

/// Messages that take effect together.
pub struct Batch {
    bytes: Vec<u8>,
    sequence: u32,
}

impl Batch {
    pub fn new() -> Batch {
        let mut batch = Batch { bytes: Vec::new(), sequence: 0 };
        batch.frame(BATCH_BEGIN, 0);
        batch
    }

    /// Adds a message for the inet family, which sees IPv4 and IPv6.
    pub fn add(&mut self, message: u8, flags: u16, attrs: Attrs) {
        const NFTABLES: u16 = 10;
        const INET: u8 = 1;
        let header = [INET, 0, 0, 0];
        self.push(NFTABLES << 8 | u16::from(message), flags | NLM_F_ACK, &[&header[..], &attrs.0].concat());
    }

    /// Sends the batch; the first refused message's error comes back and nothing has changed.
    pub fn send(mut self, netlink: &Netlink) -> Result<()> {
        self.frame(BATCH_END, 0);
        netlink.exchange(&self.bytes, &mut |_| {})
    }

    /// A batch begins and ends with a message that names the subsystem, in network order.
    fn frame(&mut self, message: u16, flags: u16) {
        self.push(message, flags, &[0, 0, 0, 10]);
    }

    fn push(&mut self, message: u16, flags: u16, payload: &[u8]) {
        const HEADER: usize = 16;
        self.bytes.extend(((HEADER + payload.len()) as u32).to_ne_bytes());
        self.bytes.extend(message.to_ne_bytes());
        self.bytes.extend((flags | NLM_F_REQUEST).to_ne_bytes());
        self.bytes.extend(self.sequence.to_ne_bytes());
        self.bytes.extend([0; 4]);
        // Attributes are padded to four bytes already, so the next message is aligned.
        self.bytes.extend(payload);
        self.sequence += 1;
    }
}

const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
