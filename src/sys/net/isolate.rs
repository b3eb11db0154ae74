//! What the machine forwards: between a bridge and its other links, and what arrives by some of those. Filter chains
//! in an nftables table of each one's own (nft(8)). Other tables are never read or changed.

use std::net::IpAddr;

use rtnetlink::packet_core::NLM_F_CREATE;

use super::Netns;
use super::nat::PREFIX;
use super::netlink::Netlink;
use super::nft::{Attrs, Batch, FORWARD, INPUT, NEW_ELEMENT, NEW_SET};
use super::rule::{Rule, data, link_name};
use crate::sys::Result;

/// What of a bridge's traffic passes all the same.
#[derive(Clone, Copy)]
pub struct Isolation<'a> {
    /// The name; the table is `tiny-NAME`.
    pub name: &'a str,
    /// The bridge; it need not be there yet.
    pub bridge: &'a str,
    /// Connections that begin on the bridge, and those that a translated destination (a published port) leads to it.
    pub outbound: bool,
    /// Whether the machine's own services are out of reach too, but for ICMP.
    pub closed: bool,
}

/// Makes the table. Errors: EEXIST for a name in use; EOPNOTSUPP, EPROTONOSUPPORT or ENOENT where the kernel
/// lacks nftables or one of its parts.
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
    // What stays on the bridge passes: it is seen here when a packet comes back by a published port, and all of
    // it where netfilter sees bridged packets (br_netfilter).
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

/// What arrives by links and is not for the machine itself.
#[derive(Clone, Copy)]
pub struct Transit<'a> {
    /// The name; the table is `tiny-NAME`.
    pub name: &'a str,
    /// The links that it arrives by.
    pub links: &'a [String],
    /// Links that it may leave by, by the beginnings of their names.
    pub except: &'a [String],
    /// An address of the family that is meant.
    pub like: IpAddr,
}

/// Drops what is forwarded from these links, but for answers, translated destinations and the exceptions. Errors: as `add`.
pub fn block_transit(netns: Netns<'_>, transit: &Transit<'_>) -> Result<()> {
    const LINKS: &str = "links";
    const IFNAME_TYPE: u32 = 41; // nft(8)'s number
    let table = format!("{PREFIX}{}", transit.name);
    let mut batch = Batch::new();
    batch.table(&table);
    let set = || Attrs::default().text(1, &table).text(2, LINKS);
    batch.add(NEW_SET, NLM_F_CREATE, set().number(3, 0).number(4, IFNAME_TYPE).number(5, 16).number(10, 1));
    for link in transit.links {
        let entry = Attrs::default().nest(1, Attrs::default().nest(1, data(&link_name(link))));
        batch.add(NEW_ELEMENT, NLM_F_CREATE, set().nest(3, entry));
    }
    batch.chain(&table, "filter", FORWARD);
    let comes = || Rule::default().family(transit.like).comes_by_any(LINKS);
    for name in transit.except {
        batch.rule(&table, FORWARD, comes().leaves_by_prefix(name).accept());
    }
    for rule in [comes().answered().accept(), comes().redirected().accept(), comes().drop()] {
        batch.rule(&table, FORWARD, rule);
    }
    batch.send(&Netlink::netfilter(netns)?).map_err(|e| e.with_path(format!("table inet {table}")))
}
