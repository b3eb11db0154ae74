//! Routes of the main table (rtnetlink(7), RTM_*ROUTE).

use std::net::IpAddr;

use nix::errno::Errno;
use rtnetlink::RouteMessageBuilder;
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::route::{RouteMessage, RouteProtocol, RouteScope, RouteType};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage};

use super::netlink::Netlink;
use super::{Cidr, Netns, link};
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
    /// The metric: of two routes to one destination the smaller one wins.
    pub metric: Option<u32>,
}

/// Adds a route. Errors: EEXIST, ENODEV, ENETUNREACH when no route leads to the gateway, EINVAL
/// for a destination with host bits.
pub fn add(netns: Netns<'_>, route: &Route<'_>) -> Result<()> {
    add_to(&Netlink::route(netns)?, route)
}

pub(super) fn add_to(netlink: &Netlink, route: &Route<'_>) -> Result<()> {
    // A destination without a gateway is on the link itself.
    let scope = if route.via.is_some() { RouteScope::Universe } else { RouteScope::Link };
    let mut message = message(netlink, route)?;
    message.header.scope = scope;
    netlink.ask(RouteNetlinkMessage::NewRoute(message), NLM_F_CREATE | NLM_F_EXCL)
}

/// Removes the first route that fits. Errors: ESRCH when there is none.
pub fn del(netns: Netns<'_>, route: &Route<'_>) -> Result<()> {
    let netlink = Netlink::route(netns)?;
    let mut message = message(&netlink, route)?;
    // "Any", in the words of ip-route(8): whoever made it, however far it reaches.
    message.header.scope = RouteScope::NoWhere;
    message.header.protocol = RouteProtocol::Unspec;
    message.header.kind = RouteType::Unspec;
    netlink.ask(RouteNetlinkMessage::DelRoute(message), 0)
}

fn message(netlink: &Netlink, route: &Route<'_>) -> Result<RouteMessage> {
    let v6 = route.dest.map(|d| d.0).or(route.via).is_some_and(|a| a.is_ipv6());
    let mut builder = RouteMessageBuilder::<IpAddr>::new();
    builder.get_mut().header.address_family = if v6 { AddressFamily::Inet6 } else { AddressFamily::Inet };
    if let Some((addr, prefix)) = route.dest {
        builder = builder.destination_prefix(addr, prefix).map_err(|e| invalid(&e))?;
    }
    if let Some(via) = route.via {
        builder = builder.gateway(via).map_err(|e| invalid(&e))?;
    }
    if let Some(dev) = route.dev {
        builder = builder.output_interface(link::index(netlink, dev)?);
    }
    if let Some(metric) = route.metric {
        builder = builder.priority(metric);
    }
    Ok(builder.build())
}

fn invalid(error: &dyn std::error::Error) -> Error {
    Error::new(Errno::EINVAL).with_detail(error.to_string())
}
