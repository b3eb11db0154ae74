//! A published port as an element of one of four maps: key, value, and a counter of its connections. Numbers are those
//! of linux/netfilter/nf_tables.h.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rtnetlink::packet_core::NLM_F_CREATE;

use super::netlink::{address, all, attribute, string};
use super::nft::{Attrs, Batch, NEW_SET};
use super::port::{Publish, TABLE};
use super::rule::{data, octets};

pub(super) const V4: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
pub(super) const V6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// A map: its name, its family, and whether its keys start with an address of the machine. The first map with the port
/// applies: a single address before all addresses.
pub(super) type Map = (&'static str, IpAddr, bool);
pub(super) const MAPS: [Map; 4] =
    [("addr_v4", V4, true), ("addr_v6", V6, true), ("any_v4", V4, false), ("any_v6", V6, false)];

/// An element as listed by the kernel.
pub(super) struct Element {
    pub port: Publish,
    /// Whether it had a connection; also true for an element without a counter.
    pub used: bool,
}

/// Adds a map to the batch that creates the table.
pub(super) fn declare(batch: &mut Batch, (name, like, by_addr): Map, id: u32) {
    const MAP: u32 = 8;
    // nft(8) numbers its types; a concatenation has six bits for each part. The kernel only stores it for nft to print
    // the table.
    let addr_type = if like.is_ipv4() { 7 } else { 8 };
    const PROTO_TYPE: u32 = 12;
    const PORT_TYPE: u32 = 13;
    let addr_length = octets(like).len() as u32;
    let (first, length) = if by_addr { (addr_type << 12, addr_length + 8) } else { (0, 8) };
    let attrs = Attrs::default().text(1, TABLE).text(2, name).number(3, MAP);
    let attrs = attrs.number(4, first | PROTO_TYPE << 6 | PORT_TYPE).number(5, length);
    let attrs = attrs.number(6, addr_type << 6 | PORT_TYPE).number(7, addr_length + 4);
    batch.add(NEW_SET, NLM_F_CREATE, attrs.number(10, id));
}

/// The attributes that name an element.
pub(super) fn named(port: &Publish) -> Attrs {
    inside(port, Attrs::default().nest(1, data(&key(port))))
}

/// The attributes of a new element. Its counter counts connections, since a nat chain only sees their first packet.
pub(super) fn whole(port: &Publish) -> Attrs {
    let counter = Attrs::default().text(1, "counter").nest(2, Attrs::default());
    inside(port, Attrs::default().nest(1, data(&key(port))).nest(2, data(&value(port))).nest(EXPRESSION, counter))
}

const EXPRESSION: u16 = 7;

fn inside(port: &Publish, entry: Attrs) -> Attrs {
    Attrs::default().text(1, TABLE).text(2, map_of(port).0).nest(3, Attrs::default().nest(1, entry))
}

fn map_of(port: &Publish) -> Map {
    let fits = |(_, like, by_addr): &Map| like.is_ipv4() == port.to.is_ipv4() && *by_addr == port.host.is_some();
    MAPS[MAPS.iter().position(fits).unwrap_or_default()]
}

// Each part of a key or value is aligned to a 32-bit word.

fn key(port: &Publish) -> Vec<u8> {
    let [high, low] = port.port.to_be_bytes();
    [port.host.map(octets).unwrap_or_default(), vec![port.proto, 0, 0, 0, high, low, 0, 0]].concat()
}

fn value(port: &Publish) -> Vec<u8> {
    let [high, low] = port.to.port().to_be_bytes();
    [octets(port.to.ip()), vec![high, low, 0, 0]].concat()
}

/// The map and the key of a port; only one element can have them.
pub fn slot(port: &Publish) -> (&'static str, Vec<u8>) {
    (map_of(port).0, key(port))
}

/// The elements in a message that lists elements of a map, or of several when they are deleted.
pub(super) fn elements(payload: &[u8]) -> Vec<Element> {
    const HEADER: usize = 4;
    let attributes = payload.get(HEADER..).unwrap_or_default();
    let map = attribute(attributes, 2).map(string);
    let Some((.., by_addr)) = MAPS.into_iter().find(|(name, ..)| map.as_deref() == Some(*name)) else {
        return Vec::new();
    };
    let list = attribute(attributes, 3).unwrap_or_default();
    all(list, 1).filter_map(|entry| parse(by_addr, entry)).collect()
}

fn parse(by_addr: bool, entry: &[u8]) -> Option<Element> {
    const PACKETS: u16 = 2;
    let part = |kind| attribute(attribute(entry, kind)?, 1);
    let (mut key, value) = (part(1)?, part(2)?);
    let mut host = None;
    if by_addr {
        let addr;
        (addr, key) = key.split_at_checked(key.len().checked_sub(8)?)?;
        host = Some(address(addr)?);
    }
    let (to, port) = value.split_at_checked(value.len().checked_sub(4)?)?;
    let number = |bytes: &[u8]| Some(u16::from_be_bytes(bytes.get(..2)?.try_into().ok()?));
    let to = SocketAddr::new(address(to)?, number(port)?);
    let port = Publish { proto: *key.first()?, host, port: number(key.get(4..)?)?, to };
    let packets = attribute(entry, EXPRESSION).and_then(|e| attribute(attribute(e, 2)?, PACKETS));
    Some(Element { port, used: packets.is_none_or(|count| count.iter().any(|byte| *byte != 0)) })
}
