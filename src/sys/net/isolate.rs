//! Forwarding rules of the machine: between a bridge and other links, and between other links. Each is a filter chain
//! in a separate nftables table (nft(8)). Other tables are never read or changed.

use std::net::IpAddr;

use super::Netns;
use super::nat::PREFIX;
use super::netlink::Netlink;
use super::nft::{Batch, FORWARD, INPUT};
use super::rule::Rule;
use crate::sys::Result;

/// Exceptions for a bridge's traffic.
#[derive(Clone, Copy)]
pub struct Isolation<'a> {
    /// The name; the table is `tiny-NAME`.
    pub name: &'a str,
    /// The bridge; it need not exist yet.
    pub bridge: &'a str,
    /// Connections that start on the bridge, and those whose destination was translated (published ports).
    pub outbound: bool,
    /// Whether to block the machine's own services too, except ICMP.
    pub closed: bool,
}

/// Creates the table. Errors: EEXIST for a name in use; EOPNOTSUPP, EPROTONOSUPPORT or ENOENT if the kernel lacks
/// nftables or a part of it.
pub fn add(netns: Netns<'_>, isolation: &Isolation<'_>) -> Result<()> {
    let table = format!("{PREFIX}{}", isolation.name);
    let mut batch = Batch::new();
    batch.table(&table);
    batch.chain(&table, "filter", FORWARD);
    for rule in forwarded(isolation) {
        batch.rule(&table, FORWARD, rule);
    }
    if isolation.closed {
        batch.chain(&table, "filter", INPUT);
        for rule in received(isolation.bridge) {
            batch.rule(&table, INPUT, rule);
        }
    }
    batch.send(&Netlink::netfilter(netns)?).map_err(|e| e.with_path(format!("table inet {table}")))
}

fn forwarded(isolation: &Isolation<'_>) -> Vec<Rule> {
    let bridge = isolation.bridge;
    let leaves = || Rule::default().comes_not_by(bridge).leaves_by(bridge);
    // Traffic within the bridge passes: it appears here when a packet returns through a published port, and always if
    // netfilter sees bridged packets (br_netfilter).
    if isolation.outbound {
        vec![leaves().answered().accept(), leaves().redirected().accept(), leaves().drop()]
    } else {
        vec![Rule::default().comes_by(bridge).leaves_not_by(bridge).drop(), leaves().drop()]
    }
}

fn received(bridge: &str) -> Vec<Rule> {
    const ICMP: u8 = 1;
    const ICMP6: u8 = 58;
    let comes = || Rule::default().comes_by(bridge);
    vec![comes().answered().accept(), comes().protocol(ICMP).accept(), comes().protocol(ICMP6).accept(), comes().drop()]
}

/// The traffic that a machine forwards for itself.
#[derive(Clone, Copy)]
pub struct Transit<'a> {
    /// The name; the table is `tiny-NAME`.
    pub name: &'a str,
    /// Name prefixes of the links that the machine forwards for.
    pub own: &'a [String],
    /// An address of the family to filter.
    pub like: IpAddr,
}

/// Drops packets that are forwarded neither from nor to one of these links, except replies and translated destinations.
/// Errors: like `add`.
pub fn block_transit(netns: Netns<'_>, transit: &Transit<'_>) -> Result<()> {
    let table = format!("{PREFIX}{}", transit.name);
    let mut batch = Batch::new();
    batch.table(&table);
    batch.chain(&table, "filter", FORWARD);
    let all = || Rule::default().family(transit.like);
    for name in transit.own {
        batch.rule(&table, FORWARD, all().comes_by_prefix(name).accept());
        batch.rule(&table, FORWARD, all().leaves_by_prefix(name).accept());
    }
    for rule in [all().answered().accept(), all().redirected().accept(), all().drop()] {
        batch.rule(&table, FORWARD, rule);
    }
    batch.send(&Netlink::netfilter(netns)?).map_err(|e| e.with_path(format!("table inet {table}")))
}
