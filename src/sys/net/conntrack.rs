//! Connection tracking: what the kernel remembers of connections, to translate and to filter them
//! (linux/netfilter/nfnetlink_conntrack.h). A rule that goes leaves the connections that it let in.

use std::net::IpAddr;

use nix::errno::Errno;
use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_DUMP};

use super::Netns;
use super::netlink::{Netlink, address, attribute};
use super::nft::{Attrs, frame};
use crate::sys::Result;

/// Messages, with the number of their subsystem.
const GET: u16 = 1 << 8 | 1;
const DELETE: u16 = 1 << 8 | 2;

const ORIGINAL: u16 = 1;
const REPLY: u16 = 2;
const ID: u16 = 12;
const ZONE: u16 = 18;

/// Forgets all connections that have this address at one of their four places: from and to, as they
/// are called and as they are answered. Returns how many they were. Errors: EPERM, EINVAL where the
/// kernel lacks ctnetlink.
pub fn del(netns: Netns<'_>, addr: IpAddr) -> Result<usize> {
    let netlink = Netlink::netfilter(netns)?;
    let header = [0; 4]; // any family
    let found = netlink.list(&frame(GET, NLM_F_DUMP, 0, &header), &mut |payload| chosen(payload, addr))?;
    let mut count = 0;
    for request in found {
        match netlink.exchange(&request, &mut |_| {}) {
            Ok(()) => count += 1,
            // It ended by itself; its number is no other's.
            Err(e) if e.errno == Errno::ENOENT => {}
            Err(e) => return Err(e),
        }
    }
    Ok(count)
}

/// The message that deletes the connection in `payload`, when it is one of this address.
fn chosen(payload: &[u8], addr: IpAddr) -> Option<Vec<u8>> {
    let (header, attributes) = payload.split_at_checked(4)?;
    let (original, reply) = (attribute(attributes, ORIGINAL)?, attribute(attributes, REPLY)?);
    if !has(original, addr) && !has(reply, addr) {
        return None;
    }
    // The number tells it from a later one with the same addresses and ports.
    let mut wanted = Attrs::default().nest(ORIGINAL, Attrs::raw(original)).bytes(ID, attribute(attributes, ID)?);
    if let Some(zone) = attribute(attributes, ZONE) {
        wanted = wanted.bytes(ZONE, zone);
    }
    Some(frame(DELETE, NLM_F_ACK, 0, &wanted.after(header)))
}

/// Whether a direction begins or ends at this address.
fn has(tuple: &[u8], addr: IpAddr) -> bool {
    const ADDRESSES: u16 = 1;
    let addresses = attribute(tuple, ADDRESSES).unwrap_or_default();
    // From and to: 1 and 2 for IPv4, 3 and 4 for IPv6.
    (1..=4).any(|kind| attribute(addresses, kind).and_then(address) == Some(addr))
}
