//! Routes of the main table (rtnetlink(7), RTM_*ROUTE).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nix::errno::Errno;
use rtnetlink::RouteMessageBuilder;
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::route::{RouteMessage, RouteProtocol, RouteScope, RouteType};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage};

use super::netlink::{Change, Netlink, address, attribute, number};
use super::{Cidr, Netns, link, link_index};
use crate::sys::{Error, Result};

/// A route.
#[derive(Default)]
pub struct Route<'a> {
    /// The destination; `None` is the default route.
    pub dest: Option<Cidr>,
    /// The gateway.
    pub via: Option<IpAddr>,
    /// The link.
    pub dev: Option<&'a str>,
    /// The metric: among routes to one destination the lowest is used.
    pub metric: Option<u32>,
}

/// Adds a route. Errors: EEXIST, ENODEV, ENETUNREACH if there is no route to the gateway, EINVAL for a destination with
/// host bits.
pub fn add(netns: Netns<'_>, route: &Route<'_>) -> Result<()> {
    let netlink = Netlink::route(netns)?;
    netlink.ask_all(vec![change(index(&netlink, route)?, route)?])
}

/// The netlink message; `index` is the link's.
pub(super) fn change(index: Option<u32>, route: &Route<'_>) -> Result<Change> {
    let mut message = message(index, route)?;
    // A destination without a gateway is on the link itself.
    message.header.scope = if route.via.is_some() { RouteScope::Universe } else { RouteScope::Link };
    Ok((RouteNetlinkMessage::NewRoute(message), NLM_F_CREATE | NLM_F_EXCL))
}

fn index(netlink: &Netlink, route: &Route<'_>) -> Result<Option<u32>> {
    route.dev.map(|dev| link_index::index(netlink, dev)).transpose()
}

/// Removes the first matching route. Errors: ESRCH if there is none.
pub fn del(netns: Netns<'_>, route: &Route<'_>) -> Result<()> {
    let netlink = Netlink::route(netns)?;
    let mut message = message(index(&netlink, route)?, route)?;
    // Any protocol and scope, like ip-route(8).
    message.header.scope = RouteScope::NoWhere;
    message.header.protocol = RouteProtocol::Unspec;
    message.header.kind = RouteType::Unspec;
    netlink.ask(RouteNetlinkMessage::DelRoute(message), 0)
}

/// A route as listed by the kernel.
pub struct Listed {
    /// The destination; a prefix length of 0 is the default route.
    pub dest: Cidr,
    /// The link's name.
    pub dev: Option<String>,
    /// The gateway.
    pub via: Option<IpAddr>,
    /// The metric.
    pub metric: u32,
}

/// The main table's routes of both families.
pub fn list(netns: Netns<'_>) -> Result<Vec<Listed>> {
    let netlink = Netlink::route(netns)?;
    let found = netlink.dump(RouteNetlinkMessage::GetRoute(RouteMessage::default()), &mut parse)?;
    let links = link::all(&netlink)?;
    let name = |index| links.iter().find(|l| Some(l.index) == index).map(|l| l.name.clone());
    Ok(found.into_iter().map(|(index, route)| Listed { dev: name(index), ..route }).collect())
}

/// A listed route of the main table, and the index of its link. For a multipath route, the first next hop.
fn parse(payload: &[u8]) -> Option<(Option<u32>, Listed)> {
    const RTA_DST: u16 = 1;
    const RTA_OIF: u16 = 4;
    const RTA_GATEWAY: u16 = 5;
    const RTA_PRIORITY: u16 = 6;
    const RTA_MULTIPATH: u16 = 9;
    const RTA_TABLE: u16 = 15;
    let (header, attributes) = payload.split_at_checked(12)?;
    let table = attribute(attributes, RTA_TABLE).and_then(number).unwrap_or(u32::from(header[4]));
    let zero = match i32::from(header[0]) {
        libc::AF_INET => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        libc::AF_INET6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ => return None,
    };
    if table != u32::from(libc::RT_TABLE_MAIN) || number(&header[8..])? & libc::RTM_F_CLONED != 0 {
        return None;
    }
    // A next hop is a header of eight bytes, with the link's index in its second half, and attributes.
    let way = attribute(attributes, RTA_MULTIPATH);
    let index = attribute(attributes, RTA_OIF).or(way.and_then(|w| w.get(4..8))).and_then(number);
    let via = attribute(attributes, RTA_GATEWAY).or(way.and_then(|w| attribute(w.get(8..)?, RTA_GATEWAY)));
    let dest = attribute(attributes, RTA_DST).and_then(address).unwrap_or(zero);
    let metric = attribute(attributes, RTA_PRIORITY).and_then(number).unwrap_or(0);
    Some((index, Listed { dest: (dest, header[1]), dev: None, via: via.and_then(address), metric }))
}

fn message(index: Option<u32>, route: &Route<'_>) -> Result<RouteMessage> {
    let v6 = route.dest.map(|d| d.0).or(route.via).is_some_and(|a| a.is_ipv6());
    let mut builder = RouteMessageBuilder::<IpAddr>::new();
    builder.get_mut().header.address_family = if v6 { AddressFamily::Inet6 } else { AddressFamily::Inet };
    if let Some((addr, prefix)) = route.dest {
        builder = builder.destination_prefix(addr, prefix).map_err(|e| invalid(&e))?;
    }
    if let Some(via) = route.via {
        builder = builder.gateway(via).map_err(|e| invalid(&e))?;
    }
    if let Some(index) = index {
        builder = builder.output_interface(index);
    }
    if let Some(metric) = route.metric {
        builder = builder.priority(metric);
    }
    Ok(builder.build())
}

fn invalid(error: &dyn std::error::Error) -> Error {
    Error::new(Errno::EINVAL).with_detail(error.to_string())
}
