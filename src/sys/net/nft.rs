//! nftables messages: attributes, and batches that the kernel applies as a whole or not at all. Numbers are those of
//! linux/netfilter/nf_tables.h and nfnetlink.h. Written here because the crate for these messages lacks the expressions
//! for NAT: nat, masq, fib and ct.

use nix::errno::Errno;
use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST};

pub use super::attrs::Attrs;
use super::netlink::Netlink;
use super::rule::Rule;
use crate::sys::Result;

/// Messages of the nftables subsystem.
pub const NEW_TABLE: u8 = 0;
pub const GET_TABLE: u8 = 1;
pub const DEL_TABLE: u8 = 2;
pub const NEW_CHAIN: u8 = 3;
pub const GET_CHAIN: u8 = 4;
pub const DEL_CHAIN: u8 = 5;
pub const NEW_RULE: u8 = 6;
pub const DEL_RULE: u8 = 8;
pub const NEW_SET: u8 = 9;
pub const DEL_SET: u8 = 11;
pub const NEW_ELEMENT: u8 = 12;
pub const GET_ELEMENT: u8 = 13;
pub const DEL_ELEMENT: u8 = 14;
const GET_GENERATION: u8 = 16;

/// Families of tables.
pub const INET: u8 = 1;
pub const BRIDGE: u8 = 7;

/// Messages that take effect together.
pub struct Batch {
    family: u8,
    bytes: Vec<u8>,
    /// How many messages it has, with the one that begins it.
    count: u32,
    /// Where the last message begins.
    last: usize,
}

impl Batch {
    /// A batch for the inet family, which covers IPv4 and IPv6.
    pub fn new() -> Batch {
        Batch::of(INET)
    }

    pub fn of(family: u8) -> Batch {
        let mut batch = Batch { family, bytes: Vec::new(), count: 0, last: 0 };
        batch.bound(BATCH_BEGIN, 0);
        batch
    }

    /// Adds a message.
    pub fn add(&mut self, message: u8, flags: u16, attrs: Attrs) {
        let (kind, payload) = addressed(self.family, message, &attrs);
        self.push(kind, flags, &payload);
    }

    /// Adds a table that must not exist yet.
    pub fn table(&mut self, table: &str) {
        self.add(NEW_TABLE, NLM_F_CREATE | NLM_F_EXCL, Attrs::default().text(1, table));
    }

    /// Adds a chain of this type ("nat", "filter") at a hook.
    pub fn chain(&mut self, table: &str, kind: &str, (name, hook, priority): Hook) {
        let place = Attrs::default().number(1, hook).number(2, priority as u32);
        let attrs = Attrs::default().text(1, table).text(3, name).nest(4, place).text(7, kind);
        self.add(NEW_CHAIN, NLM_F_CREATE, attrs);
    }

    /// Appends a rule to the chain of a hook.
    pub fn rule(&mut self, table: &str, hook: Hook, rule: Rule) {
        self.rule_in(table, hook.0, rule);
    }

    /// Appends a rule to a chain.
    pub fn rule_in(&mut self, table: &str, chain: &str, rule: Rule) {
        let attrs = Attrs::default().text(1, table).text(2, chain).nest(4, rule.attrs());
        self.add(NEW_RULE, NLM_F_CREATE | NLM_F_APPEND, attrs);
    }

    /// Whether the batch is empty.
    pub fn is_empty(&self) -> bool {
        self.count == 1
    }

    /// Sends the batch; if a message is refused, its error is returned and nothing has changed.
    pub fn send(self, netlink: &Netlink) -> Result<()> {
        self.send_each(netlink, &mut |_| {})
    }

    /// Like `send`; `each` gets the kernel's echo of messages that request it (NLM_F_ECHO).
    pub fn send_each(mut self, netlink: &Netlink, each: &mut dyn FnMut(&[u8])) -> Result<()> {
        // Errors are always reported; success is acknowledged once.
        const FLAGS: usize = 6;
        self.bytes[self.last + FLAGS] |= NLM_F_ACK as u8;
        self.bound(BATCH_END, 0);
        netlink.exchange(&self.bytes, each)
    }

    /// A batch starts and ends with a message that contains the subsystem in network byte order.
    fn bound(&mut self, message: u16, flags: u16) {
        self.push(message, flags, &[0, 0, 0, 10]);
    }

    fn push(&mut self, message: u16, flags: u16, payload: &[u8]) {
        // Attributes are already padded to four bytes, so the next message is aligned.
        self.last = self.bytes.len();
        self.bytes.extend(frame(message, flags, payload));
        self.count += 1;
    }
}

/// A query, which cannot be part of a batch.
pub fn question(family: u8, message: u8, flags: u16, attrs: &Attrs) -> Vec<u8> {
    let (kind, payload) = addressed(family, message, attrs);
    frame(kind, flags, &payload)
}

/// Whether a table exists. A refused batch costs 10 ms, since it waits for all processors; this query costs almost
/// nothing.
pub fn has_table(netlink: &Netlink, family: u8, table: &str) -> Result<bool> {
    let request = question(family, GET_TABLE, NLM_F_ACK, &Attrs::default().text(1, table));
    match netlink.exchange(&request, &mut |_| {}) {
        Err(e) if e.errno == Errno::ENOENT => Ok(false),
        done => done.map(|()| true),
    }
}

/// Asks for the number of the rule set's generation. Errors: EPERM without CAP_NET_ADMIN; others where the kernel
/// lacks nftables.
pub fn generation(netlink: &Netlink) -> Result<()> {
    netlink.exchange(&question(0, GET_GENERATION, NLM_F_ACK, &Attrs::default()), &mut |_| {})
}

/// Type and payload of a message for a family.
fn addressed(family: u8, message: u8, attrs: &Attrs) -> (u16, Vec<u8>) {
    const NFTABLES: u16 = 10;
    (NFTABLES << 8 | u16::from(message), attrs.after(&[family, 0, 0, 0]))
}

/// A netlink message: header and payload.
pub fn frame(message: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
    const HEADER: usize = 16;
    let mut bytes = ((HEADER + payload.len()) as u32).to_ne_bytes().to_vec();
    bytes.extend(message.to_ne_bytes());
    bytes.extend((flags | NLM_F_REQUEST).to_ne_bytes());
    bytes.extend([0; 8]); // the sequence number, which the socket gives, and the port
    bytes.extend(payload);
    bytes
}

/// A hook: its name, its number and the priority of our chain (NF_IP_PRI_*).
pub type Hook = (&'static str, u32, i32);
pub const RAW: Hook = ("raw", 0, -300);
pub const PREROUTING: Hook = ("prerouting", 0, -100);
pub const INPUT: Hook = ("input", 1, 0);
pub const FORWARD: Hook = ("forward", 2, 0);
pub const OUTPUT: Hook = ("output", 3, -100);
pub const POSTROUTING: Hook = ("postrouting", 4, 100);
/// Hooks of the bridge family: for each frame that a port receives, and for frames to the machine itself.
pub const BRIDGE_PREROUTING: Hook = ("prerouting", 0, -300);
pub const BRIDGE_INPUT: Hook = ("input", 1, -200);

const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
