//! Pairs of virtual Ethernet links (veth(4)): created in their namespaces, attached, configured and up. All or nothing:
//! if a later step fails, the pair is deleted.

use std::net::IpAddr;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use rtnetlink::packet_route::link::{InfoData, InfoKind, InfoVeth, LinkAttribute};
use rtnetlink::{LinkMessageBuilder, LinkUnspec, LinkVeth};

use super::Netns;
use super::link::{self, Addrs};
use super::link_index;
use super::netlink::Netlink;
use super::pin;
use super::route::{self, Route};
use crate::sys::{Error, Result};

/// One end of a pair.
pub struct End<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its network namespace.
    pub netns: Netns<'a>,
    /// The bridge of that namespace to attach it to.
    pub bridge: Option<&'a str>,
    /// Whether to enable hairpin mode: a container that uses its own published port needs it if netfilter sees bridged
    /// packets (br_netfilter).
    pub hairpin: bool,
    /// Whether to disable its IPv6 link-local address, and so its neighbour discovery multicasts, which a bridge sends
    /// to all its ports.
    pub no_link_local: bool,
    /// Whether it is created in the group of links that may only send what `pin` allows.
    pub pinned: bool,
    /// Its addresses.
    pub addrs: &'a Addrs,
    /// The gateways of default routes through it, one per family.
    pub gateways: &'a [IpAddr],
    /// Its MAC address; `None`: random.
    pub mac: Option<[u8; 6]>,
    /// The MTU in bytes.
    pub mtu: Option<u32>,
    /// The number of queues; `None`: one.
    pub queues: Option<u32>,
}

/// Creates a pair; both ends are up afterwards. Errors: EEXIST with the name that is taken, ENODEV with the missing
/// bridge, EOPNOTSUPP without the kernel's veth module.
pub fn pair(first: &End<'_>, second: &End<'_>) -> Result<()> {
    let peer = describe(LinkMessageBuilder::<LinkUnspec>::new(), second).build();
    let message = describe(LinkMessageBuilder::<LinkVeth>::new_with_info_kind(InfoKind::Veth), first)
        .set_info_data(InfoData::Veth(InfoVeth::Peer(peer)))
        .build();
    let own = Netlink::route(None)?;
    link::create(&own, message).map_err(|e| taken(e, first, second))?;
    // The kernel refuses a peer that is created up (ENOTCONN), so both are brought up in a second step.
    let wired = wire(&own, first).and_then(|()| wire(&own, second));
    if wired.is_err() {
        let _ = link::del(first.netns, first.name);
    }
    wired
}

fn describe<T>(message: LinkMessageBuilder<T>, end: &End<'_>) -> LinkMessageBuilder<T> {
    // By default the kernel creates a queue for each possible processor and disables all but one, which waits for an
    // RCU grace period: 0.1 to 0.2 ms even with two processors.
    let queues = end.queues.unwrap_or(1);
    let mut message = message
        .name(end.name)
        .append_extra_attribute(LinkAttribute::NumTxQueues(queues))
        .append_extra_attribute(LinkAttribute::NumRxQueues(queues));
    if let Some(mac) = end.mac {
        message = message.address(mac.to_vec());
    }
    if let Some(mtu) = end.mtu {
        message = message.mtu(mtu);
    }
    if end.pinned {
        message = message.append_extra_attribute(LinkAttribute::Group(pin::GROUP));
    }
    match end.netns {
        Some(fd) => message.setns_by_fd(fd.as_raw_fd()),
        None => message,
    }
}

/// Brings an end up, with all changes in one datagram; `own` is a socket of the caller's namespace.
fn wire(own: &Netlink, end: &End<'_>) -> Result<()> {
    let there = end.netns.map(|_| Netlink::route(end.netns)).transpose()?;
    let netlink = there.as_ref().unwrap_or(own);
    let bridge = end.bridge.map(|bridge| link_index::index(netlink, bridge)).transpose()?;
    let mut changes = Vec::new();
    if end.no_link_local {
        // A separate message before the one that brings the link up: in a combined one the kernel brings it up first.
        changes.push(link::without_link_local(end.name));
    }
    changes.push(link::raise(end.name, bridge));
    if end.hairpin {
        changes.push(link::hairpin(end.name));
    }
    if !end.addrs.list.is_empty() || !end.gateways.is_empty() {
        let index = link_index::index(netlink, end.name)?;
        changes.extend(end.addrs.changes(index));
        for gateway in end.gateways {
            changes.push(route::change(Some(index), &Route { via: Some(*gateway), ..Route::default() })?);
        }
    }
    netlink.ask_all(changes).map_err(|e| e.with_path(end.name))
}

/// EEXIST does not identify the end.
fn taken(error: Error, first: &End<'_>, second: &End<'_>) -> Error {
    if error.errno != Errno::EEXIST {
        return error;
    }
    let there = |end: &End<'_>| Netlink::route(end.netns).and_then(|n| link_index::index(&n, end.name)).is_ok();
    link::exists(error, if there(first) { first.name } else { second.name })
}
