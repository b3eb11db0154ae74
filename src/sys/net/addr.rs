//! Addresses of links (rtnetlink(7), RTM_*ADDR).

use std::net::IpAddr;

use nix::errno::Errno;
use rtnetlink::AddressMessageBuilder;
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::address::{AddressHeaderFlags, AddressMessage};

use super::netlink::{Change, Netlink, address, attribute, number};
use super::{Cidr, Netns, link_index};
use crate::sys::{Error, Result};

/// Adds an address to a link. Errors: ENODEV, EEXIST if it has the address, EINVAL for an address that is not unicast.
pub fn add(netns: Netns<'_>, name: &str, cidr: Cidr, nodad: bool) -> Result<()> {
    let netlink = Netlink::route(netns)?;
    let index = link_index::index(&netlink, name)?;
    netlink.ask_all(vec![change(index, cidr, nodad)])
}

/// The netlink message for it. With `nodad` an IPv6 address is used without duplicate address detection.
pub(super) fn change(index: u32, cidr: Cidr, nodad: bool) -> Change {
    let mut message = message(index, cidr);
    if nodad && cidr.0.is_ipv6() {
        message.header.flags |= AddressHeaderFlags::Nodad;
    }
    (RouteNetlinkMessage::NewAddress(message), NLM_F_CREATE | NLM_F_EXCL)
}

/// Removes an address from a link. Errors: ENODEV, ENOENT if the link does not have it.
pub fn del(netns: Netns<'_>, name: &str, cidr: Cidr) -> Result<()> {
    let netlink = Netlink::route(netns)?;
    let message = message(link_index::index(&netlink, name)?, cidr);
    netlink.ask(RouteNetlinkMessage::DelAddress(message), 0).map_err(|error| match error.errno {
        // All undo operations use ENOENT for a missing object; the kernel has another code here.
        Errno::EADDRNOTAVAIL => Error { errno: Errno::ENOENT, ..error },
        _ => error,
    })
}

fn message(index: u32, (addr, prefix): Cidr) -> AddressMessage {
    match addr {
        IpAddr::V4(addr) => {
            AddressMessageBuilder::<std::net::Ipv4Addr>::new().address(addr, prefix).index(index).build()
        }
        IpAddr::V6(addr) => {
            AddressMessageBuilder::<std::net::Ipv6Addr>::new().address(addr, prefix).index(index).build()
        }
    }
}

/// An address of a link.
pub(super) struct Found {
    pub(super) link: u32,
    pub(super) cidr: Cidr,
    /// Whether it is permanent and of global scope: neither from a router or DHCP, nor only of its link.
    pub(super) permanent: bool,
}

/// All addresses.
pub(super) fn list(netlink: &Netlink) -> Result<Vec<Found>> {
    netlink.dump(RouteNetlinkMessage::GetAddress(AddressMessage::default()), &mut parse)
}

fn parse(payload: &[u8]) -> Option<Found> {
    const IFA_ADDRESS: u16 = 1;
    const IFA_LOCAL: u16 = 2;
    const IFA_F_PERMANENT: u8 = 0x80;
    const RT_SCOPE_UNIVERSE: u8 = 0;
    let (header, attributes) = payload.split_at_checked(8)?;
    // On a point-to-point link IFA_ADDRESS is the peer's address; IFA_LOCAL is always the own one.
    let bytes = attribute(attributes, IFA_LOCAL).or_else(|| attribute(attributes, IFA_ADDRESS))?;
    let [_, prefix, flags, scope] = *header.first_chunk()?;
    let permanent = flags & IFA_F_PERMANENT != 0 && scope == RT_SCOPE_UNIVERSE;
    Some(Found { link: number(&header[4..])?, cidr: (address(bytes)?, prefix), permanent })
}
