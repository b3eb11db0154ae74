//! Connection tracking: the kernel's table of connections, used for translation and filtering
//! (linux/netfilter/nfnetlink_conntrack.h). Removing a rule does not end the connections that it accepted.

use std::net::{IpAddr, SocketAddr};

use nix::errno::Errno;
use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_DUMP};

use super::Netns;
use super::netlink::{Netlink, address, attribute};
use super::nft::{Attrs, frame};
use super::port::Publish;
use crate::sys::Result;

/// Messages, with the number of their subsystem.
const GET: u16 = 1 << 8 | 1;
const DELETE: u16 = 1 << 8 | 2;

/// Of a direction: its addresses, and its protocol with the ports.
const ADDRESSES: u16 = 1;
const PROTOCOL: u16 = 2;

const ORIGINAL: u16 = 1;
const REPLY: u16 = 2;
const ID: u16 = 12;
const ZONE: u16 = 18;

/// Deletes all connections with this address as source or destination, in the original or the reply direction. Returns
/// their number. Errors: EPERM, EINVAL if the kernel lacks ctnetlink.
pub fn del(netns: Netns<'_>, addr: IpAddr) -> Result<usize> {
    forget(&Netlink::netfilter(netns)?, &|original, reply| has(original, addr) || has(reply, addr))
}

/// Deletes the connections through these published ports. Errors: like `del`.
pub(super) fn cut(netlink: &Netlink, ports: &[Publish]) -> Result<()> {
    let came_by = |port: &Publish, original: &[u8], reply: &[u8]| {
        let (_, called) = ends(original);
        let (answers, _) = ends(reply);
        protocol(original) == Some(port.proto)
            && called.is_some_and(|c| c.port() == port.port && port.host.is_none_or(|host| host == c.ip()))
            && answers == Some(port.to)
    };
    forget(netlink, &|original, reply| ports.iter().any(|port| came_by(port, original, reply))).map(|_| ())
}

/// Deletes the connections that `wanted` selects by their two directions; returns their number.
fn forget(netlink: &Netlink, wanted: &dyn Fn(&[u8], &[u8]) -> bool) -> Result<usize> {
    let header = [0; 4]; // any family
    let found = netlink.list(&frame(GET, NLM_F_DUMP, &header), &mut |payload| chosen(payload, wanted))?;
    let mut count = 0;
    for request in found {
        match netlink.exchange(&request, &mut |_| {}) {
            Ok(()) => count += 1,
            // It ended by itself; its id is not reused.
            Err(e) if e.errno == Errno::ENOENT => {}
            Err(e) => return Err(e),
        }
    }
    Ok(count)
}

/// The message that deletes the connection in `payload`, if it is selected.
fn chosen(payload: &[u8], wanted: &dyn Fn(&[u8], &[u8]) -> bool) -> Option<Vec<u8>> {
    let (header, attributes) = payload.split_at_checked(4)?;
    let (original, reply) = (attribute(attributes, ORIGINAL)?, attribute(attributes, REPLY)?);
    if !wanted(original, reply) {
        return None;
    }
    // The id distinguishes it from a later one with the same addresses and ports.
    let mut request = Attrs::default().nest(ORIGINAL, Attrs::raw(original)).bytes(ID, attribute(attributes, ID)?);
    if let Some(zone) = attribute(attributes, ZONE) {
        request = request.bytes(ZONE, zone);
    }
    Some(frame(DELETE, NLM_F_ACK, &request.after(header)))
}

/// Whether a direction starts or ends at this address.
fn has(tuple: &[u8], addr: IpAddr) -> bool {
    let (from, to) = ends(tuple);
    [from, to].into_iter().flatten().any(|end| end.ip() == addr)
}

/// The source and destination of a direction; port 0 if the protocol has none.
fn ends(tuple: &[u8]) -> (Option<SocketAddr>, Option<SocketAddr>) {
    let addresses = attribute(tuple, ADDRESSES).unwrap_or_default();
    let ports = attribute(tuple, PROTOCOL).unwrap_or_default();
    let end = |kinds: [u16; 2], port| {
        let addr = kinds.into_iter().find_map(|kind| attribute(addresses, kind).and_then(address))?;
        let port = attribute(ports, port).and_then(|p| p.try_into().ok()).map_or(0, u16::from_be_bytes);
        Some(SocketAddr::new(addr, port))
    };
    // Source and destination: 1 and 2 for IPv4, 3 and 4 for IPv6; the ports 2 and 3.
    (end([1, 3], 2), end([2, 4], 3))
}

/// The protocol's number.
fn protocol(tuple: &[u8]) -> Option<u8> {
    attribute(attribute(tuple, PROTOCOL)?, 1)?.first().copied()
}
