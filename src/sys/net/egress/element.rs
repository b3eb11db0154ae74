//! Elements of sets and maps (linux/netfilter/nf_tables.h): a key, or a range of keys, with a timeout or the chain that
//! it leads to.

use super::super::Cidr;
use super::super::netlink::{all, attribute, string};
use super::super::nft::{Attrs, Batch, DEL_ELEMENT, NEW_ELEMENT};
use super::super::rule::{data, network, octets};
use rtnetlink::packet_core::NLM_F_CREATE;

/// Ports of one protocol: its number (6 TCP, 17 UDP), the first and the last port.
pub type Ports = (u8, u16, u16);

/// The verdict that continues in another chain and does not return.
pub(super) fn goto(chain: &str) -> Attrs {
    const GOTO: i32 = -4;
    Attrs::default().number(1, GOTO as u32).text(2, chain)
}

/// The part of a message that begins an element.
const KEY: u16 = 1;
const DATA: u16 = 2;
const FLAGS: u16 = 3;
const TIMEOUT: u16 = 4;
const EXPIRATION: u16 = 5;
const KEY_END: u16 = 10;

/// Of a verdict.
const VERDICT: u16 = 2;
const CHAIN: u16 = 2;

/// An element.
#[derive(Clone)]
pub(super) struct Key {
    key: Vec<u8>,
    rest: Attrs,
}

impl Key {
    pub fn plain(key: Vec<u8>) -> Key {
        Key { key, rest: Attrs::default() }
    }

    /// A range in a set of concatenated fields.
    pub fn range(key: Vec<u8>, end: &[u8]) -> Key {
        Key { key, rest: Attrs::default().nest(KEY_END, data(end)) }
    }

    /// The first key behind an interval, in a set of plain intervals.
    pub fn end(key: Vec<u8>) -> Key {
        const INTERVAL_END: u32 = 1;
        Key { key, rest: Attrs::default().number(FLAGS, INTERVAL_END) }
    }

    /// With the time that it lives, in milliseconds.
    pub fn living(self, milliseconds: u64) -> Key {
        Key { rest: self.rest.bytes(TIMEOUT, &milliseconds.to_be_bytes()), ..self }
    }

    /// An element of a map that continues in a chain.
    pub fn leading_to(self, chain: &str) -> Key {
        Key { rest: self.rest.nest(DATA, Attrs::default().nest(VERDICT, goto(chain))), ..self }
    }

    fn attrs(&self) -> Attrs {
        Attrs::raw(&[Attrs::default().nest(KEY, data(&self.key)).after(&[]), self.rest.after(&[])].concat())
    }
}

/// The attributes of a message about these elements.
pub(super) fn message(table: &str, set: &str, keys: &[Key]) -> Attrs {
    let list = keys.iter().fold(Attrs::default(), |list, key| list.nest(1, key.attrs()));
    Attrs::default().text(1, table).text(2, set).nest(3, list)
}

/// The number of elements in one message: a nested attribute has at most 64 KiB.
const MOST: usize = 512;

pub(super) fn add_elements(batch: &mut Batch, table: &str, set: &str, keys: &[Key]) {
    keys.chunks(MOST).for_each(|part| batch.add(NEW_ELEMENT, NLM_F_CREATE, message(table, set, part)));
}

pub(super) fn del_elements(batch: &mut Batch, table: &str, set: &str, keys: &[Key]) {
    keys.chunks(MOST).for_each(|part| batch.add(DEL_ELEMENT, 0, message(table, set, part)));
}

/// Removes all elements.
pub(super) fn flush_set(batch: &mut Batch, table: &str, set: &str) {
    batch.add(DEL_ELEMENT, 0, Attrs::default().text(1, table).text(2, set));
}

/// The elements in a message that lists them.
pub(super) fn listed(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    const HEADER: usize = 4;
    let attributes = payload.get(HEADER..).unwrap_or_default();
    all(attribute(attributes, 3).unwrap_or_default(), 1)
}

/// The key of a listed element.
pub(super) fn key_of(entry: &[u8]) -> Option<&[u8]> {
    attribute(attribute(entry, KEY)?, 1)
}

/// The key of a listed element that leads to this chain.
pub(super) fn leads_to(entry: &[u8], chain: &str) -> Option<Key> {
    let verdict = attribute(attribute(entry, DATA)?, VERDICT)?;
    (string(attribute(verdict, CHAIN)?) == chain).then(|| Key::plain(key_of(entry).unwrap_or_default().to_vec()))
}

/// The milliseconds that a listed element still lives.
pub(super) fn left(entry: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(attribute(entry, EXPIRATION)?.try_into().ok()?))
}

/// Protocol and port of a key that stands for a range of ports: no packet has the second byte.
pub(super) fn wide(protocol: u8, place: u8) -> [u8; 8] {
    [protocol, place.saturating_add(1), 0, 0, 0, 0, 0, 0]
}

/// The element of an allowed range.
pub(super) fn range((cidr, (protocol, first, last)): &(Cidr, Ports)) -> Key {
    let key = |addr: Vec<u8>, port: u16| {
        let [high, low] = port.to_be_bytes();
        [addr, vec![*protocol, 0, 0, 0, high, low, 0, 0]].concat()
    };
    let base = octets(network(*cidr));
    let bits = |at: usize| 8usize.saturating_sub(usize::from(cidr.1).saturating_sub(at * 8));
    let end = base.iter().enumerate().map(|(at, byte)| byte | (0xffu16 >> (8 - bits(at))) as u8).collect();
    Key::range(key(base, *first), &key(end, *last))
}
