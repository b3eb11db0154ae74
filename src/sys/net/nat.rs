//! Network address translation in a separate nftables table (nft(8)). Other tables are never read or changed.
//! Forwarding itself is a sysctl, which is not set here.

use std::net::{IpAddr, Ipv4Addr};

use nix::errno::Errno;

use super::netlink::Netlink;
use super::nft::{Attrs, Batch, DEL_TABLE, INET, INPUT, OUTPUT, POSTROUTING, PREROUTING, has_table};
use super::port::{Publish, TABLE};
use super::rule::{Rule, network};
use super::{Cidr, Netns};
use crate::sys::{Error, Result};

/// Marks the tables as this program's: `del` cannot remove others.
pub(super) const PREFIX: &str = "tiny-";

/// A masqueraded subnet and its published ports.
pub struct Nat<'a> {
    /// The name; the table is `tiny-NAME`.
    pub name: &'a str,
    /// The subnet whose outgoing traffic is masqueraded.
    pub from: Cidr,
    /// Ports of the machine that are published from the subnet.
    pub publish: &'a [Publish],
    /// Whether members of the subnet can use its published ports.
    pub hairpin: bool,
    /// Whether the machine ignores packets to itself that fit no connection.
    pub drop_invalid: bool,
}

/// A published port.
pub fn bad_name(name: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if format!("{PREFIX}{name}") == TABLE {
        return Some(format!("{name:?} is the table of published ports, which is managed by `publish`"));
    }
    if !name.is_empty() && name.len() <= 100 && name.chars().all(fits) {
        return None;
    }
    Some(format!("{name:?} is not a nat name: 1 to 100 letters, digits, \".\", \"_\" or \"-\""))
}

/// The default name for a subnet: "10.10.0.0-24".
pub fn name_of(from: Cidr) -> String {
    format!("{}-{}", network(from), from.1).replace(':', "-")
}

/// Creates the table as a whole or not at all. Errors: EEXIST for a name in use; EOPNOTSUPP, EPROTONOSUPPORT or ENOENT
/// if the kernel lacks nftables or a part of it.
pub fn add(netns: Netns<'_>, nat: &Nat<'_>) -> Result<()> {
    let table = format!("{PREFIX}{}", nat.name);
    let mut batch = Batch::new();
    batch.table(&table);
    batch.chain(&table, "nat", POSTROUTING);
    for rule in leaving(nat) {
        batch.rule(&table, POSTROUTING, rule);
    }
    if !nat.publish.is_empty() {
        // Connections of others arrive in prerouting; the machine's own start in output.
        for hook in [PREROUTING, OUTPUT] {
            batch.chain(&table, "nat", hook);
            for publish in nat.publish {
                batch.rule(&table, hook, arriving(publish));
            }
        }
    }
    if nat.drop_invalid {
        batch.chain(&table, "filter", INPUT);
        batch.rule(&table, INPUT, Rule::default().invalid().drop());
    }
    batch.send(&Netlink::netfilter(netns)?).map_err(|e| e.with_path(format!("table inet {table}")))
}

/// Removes the table of this name. Errors: ENOENT if there is none.
pub fn del(netns: Netns<'_>, name: &str) -> Result<()> {
    let table = format!("{PREFIX}{name}");
    let netlink = Netlink::netfilter(netns)?;
    if !has_table(&netlink, INET, &table)? {
        return Err(Error::new(Errno::ENOENT).with_path(format!("table inet {table}")));
    }
    let mut batch = Batch::new();
    batch.add(DEL_TABLE, 0, Attrs::default().text(1, &table));
    let done = batch.send(&netlink).map_err(|e| e.with_path(format!("table inet {table}")));
    netlink.park();
    done
}

/// The traffic to masquerade.
fn leaving(nat: &Nat<'_>) -> Vec<Rule> {
    let family = || Rule::default().family(nat.from.0);
    let mut rules = vec![family().source_in(nat.from).dest_not_in(nat.from).masquerade()];
    if nat.hairpin {
        // A member of the subnet that used the published port must get the reply by the same path. Otherwise it would
        // come from an address that the member did not contact.
        rules.push(family().source_in(nat.from).redirected().masquerade());
    }
    if nat.publish.iter().any(|p| p.to.is_ipv4()) {
        // The same for the machine itself over its loopback address (needs route_localnet).
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        rules.push(Rule::default().family(loopback).source_in((loopback, 8)).redirected().masquerade());
    }
    rules
}

/// The translation of a published port.
fn arriving(publish: &Publish) -> Rule {
    let rule = Rule::default().family(publish.to.ip());
    let rule = match publish.host {
        Some(host) => rule.dest(host),
        None => rule.dest_is_local(),
    };
    rule.port(publish.proto, publish.port).dnat(publish.to.ip(), publish.to.port())
}
