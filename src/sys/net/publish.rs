//! Published ports as elements of maps in one nftables table (nft(8)): a packet needs one lookup per map for any number
//! of ports, and adding a port is one message. The table contains nothing else; other tables are never read or changed.

use std::net::{IpAddr, Ipv4Addr};

use nix::errno::Errno;
use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_ECHO, NLM_F_EXCL};

pub use super::element::slot;
use super::element::{Element, MAPS, V4, declare, elements, named, whole};
use super::netlink::Netlink;
use super::nft::{
    Attrs, Batch, DEL_ELEMENT, DEL_RULE, DEL_SET, DEL_TABLE, GET_ELEMENT, INET, NEW_ELEMENT, OUTPUT, POSTROUTING,
    PREROUTING, RAW, has_table, question,
};
use super::port::{Publish, TABLE};
use super::rule::Rule;
use super::{Netns, conntrack};
use crate::sys::{Error, Result};

/// The table, of the inet family.
const TRIES: usize = 10;

/// The number of ports in one batch: the kernel's replies to all of them must fit into the socket.
const MOST: usize = 128;

/// Publishes ports, all or none; the table is created if it is missing. Errors: EEXIST if one is already published;
/// ENOENT, EOPNOTSUPP, EPROTONOSUPPORT if the kernel lacks a part.
pub fn add(netns: Netns<'_>, ports: &[Publish]) -> Result<()> {
    let netlink = Netlink::netfilter(netns)?;
    for (done, chunk) in ports.chunks(MOST).enumerate() {
        if let Err(error) = insert(&netlink, chunk) {
            let _ = take(&netlink, &ports[..done * MOST]);
            return Err(error);
        }
    }
    Ok(())
}

/// One batch, with the table if it is missing.
fn insert(netlink: &Netlink, ports: &[Publish]) -> Result<()> {
    let mut done = Ok(());
    for _ in 0..TRIES {
        let fresh = !has_table(netlink, INET, TABLE)?;
        let mut batch = Batch::new();
        if fresh {
            make(&mut batch);
        }
        for port in ports {
            batch.add(NEW_ELEMENT, NLM_F_CREATE | NLM_F_EXCL, whole(port));
        }
        done = batch.send(netlink);
        // Another process created the table, or removed the empty one, since the check.
        let again = if fresh { Errno::EEXIST } else { Errno::ENOENT };
        match &done {
            Err(e) if e.errno == again => {}
            Err(_) if fresh => return done.map_err(|e| e.with_path(format!("table inet {TABLE}"))),
            _ => break,
        }
    }
    done.map_err(|e| taken(netlink, ports, e))
}

/// EEXIST does not identify the port.
fn taken(netlink: &Netlink, ports: &[Publish], error: Error) -> Error {
    let leads =
        |port: &Publish| find(netlink, port).ok()?.map(|e| format!("port {} leads to {}", port.port, e.port.to));
    match ports.iter().find_map(leads) {
        Some(text) if error.errno == Errno::EEXIST => error.with_detail(text),
        _ => error,
    }
}

/// Unpublishes the ports that lead to the given destination, and ends their connections, which the kernel would
/// otherwise continue to translate. Errors: ENOENT if one was not published, or leads elsewhere and so belongs to
/// another; the rest are removed.
pub fn del(netns: Netns<'_>, ports: &[Publish]) -> Result<()> {
    let netlink = Netlink::netfilter(netns)?;
    let done = take(&netlink, ports);
    netlink.park();
    done
}

fn take(netlink: &Netlink, ports: &[Publish]) -> Result<()> {
    let mut done = Ok(());
    let mut used = Vec::new();
    for chunk in ports.chunks(MOST) {
        done = done.and(remove(netlink, chunk, &mut used));
    }
    // Finding connections scans the kernel's whole table, 9 ms even when it is empty.
    let cut = if used.is_empty() { Ok(()) } else { conntrack::cut(netlink, &used) };
    done.and(cut)
}

/// Removes elements; those that were used are added to `used`.
fn remove(netlink: &Netlink, ports: &[Publish], used: &mut Vec<Publish>) -> Result<()> {
    let mut done = Ok(());
    for _ in 0..TRIES {
        let mut missing = Ok(());
        let mut batch = Batch::new();
        for port in ports {
            match absent(netlink, port)? {
                // The echo has the final count: no packet finds the element any more.
                None => batch.add(DEL_ELEMENT, NLM_F_ECHO, named(port)),
                Some(why) => missing = missing.and(Err(Error::new(Errno::ENOENT).with_detail(why))),
            }
        }
        if batch.is_empty() {
            return missing;
        }
        let used = &mut *used;
        done = batch.send_each(netlink, &mut |payload| {
            used.extend(elements(payload).into_iter().filter(|e| e.used).map(|e| e.port));
        });
        // Another process may have removed one between the check and the batch.
        if !matches!(&done, Err(e) if e.errno == Errno::ENOENT) {
            return done.and(missing);
        }
    }
    done
}

/// Why the port cannot be unpublished; `None` if it can.
fn absent(netlink: &Netlink, port: &Publish) -> Result<Option<String>> {
    Ok(match find(netlink, port)? {
        Some(found) if found.port.to == port.to => None,
        Some(found) => Some(format!("port {} leads to {}", port.port, found.port.to)),
        None => Some(format!("port {} is not published", port.port)),
    })
}

/// The published ports; none if there is no table.
pub fn list(netns: Netns<'_>) -> Result<Vec<Publish>> {
    let netlink = Netlink::netfilter(netns)?;
    let mut ports = Vec::new();
    for map in MAPS {
        let request = question(INET, GET_ELEMENT, NLM_F_DUMP, &Attrs::default().text(1, TABLE).text(2, map.0));
        match netlink.list(&request, &mut |payload| Some(elements(payload))) {
            Ok(found) => ports.extend(found.into_iter().flatten().map(|e| e.port)),
            Err(e) if e.errno == Errno::ENOENT => return Ok(ports),
            Err(e) => return Err(e),
        }
    }
    Ok(ports)
}

/// Removes the table. Errors: ENOENT if there is none, EBUSY while a port is published.
pub fn clear(netns: Netns<'_>) -> Result<()> {
    // Removes a map only if it is empty. A map that is used by a rule cannot be removed, so the rules are removed
    // first. One batch: no process can publish between the check and the removal.
    const NLM_F_NONREC: u16 = 0x100;
    let netlink = Netlink::netfilter(netns)?;
    if !has_table(&netlink, INET, TABLE)? {
        return Err(Error::new(Errno::ENOENT).with_path(format!("table inet {TABLE}")));
    }
    let mut batch = Batch::new();
    for hook in [PREROUTING, OUTPUT] {
        batch.add(DEL_RULE, 0, Attrs::default().text(1, TABLE).text(2, hook.0));
    }
    for (name, ..) in MAPS {
        batch.add(DEL_SET, NLM_F_NONREC, Attrs::default().text(1, TABLE).text(2, name));
    }
    batch.add(DEL_TABLE, 0, Attrs::default().text(1, TABLE));
    let done = batch.send(&netlink).map_err(|e| e.with_path(format!("table inet {TABLE}")));
    netlink.park();
    done
}

/// Adds the table with its maps, chains and rules.
fn make(batch: &mut Batch) {
    batch.table(TABLE);
    for (at, map) in MAPS.into_iter().enumerate() {
        declare(batch, map, at as u32 + 1);
    }
    // Connections of others arrive in prerouting; the machine's own start in output.
    for hook in [PREROUTING, OUTPUT] {
        batch.chain(TABLE, "nat", hook);
        for (name, like, by_addr) in MAPS {
            let rule = Rule::default().family(like);
            let rule = if by_addr { rule } else { rule.dest_is_local() };
            batch.rule(TABLE, hook, rule.dnat_by(name, like, by_addr));
        }
    }
    let loopback = (IpAddr::V4(Ipv4Addr::LOCALHOST), 8);
    // The machine itself connects from its loopback address (needs route_localnet), which is not valid at the
    // destination.
    batch.chain(TABLE, "nat", POSTROUTING);
    batch.rule(TABLE, POSTROUTING, Rule::default().family(V4).source_in(loopback).redirected().masquerade());
    // With route_localnet on, hosts on the link could reach services on the machine's loopback address (CVE-2020-8558).
    // Packets to that address are only legitimate on lo.
    batch.chain(TABLE, "filter", RAW);
    batch.rule(TABLE, RAW, Rule::default().comes_not_by("lo").family(V4).dest_in(loopback).drop());
}

/// The element of a port, if it is published.
fn find(netlink: &Netlink, port: &Publish) -> Result<Option<Element>> {
    let request = question(INET, GET_ELEMENT, NLM_F_ACK, &named(port));
    let mut found = Vec::new();
    match netlink.exchange(&request, &mut |payload| found.extend(elements(payload))) {
        Err(e) if e.errno == Errno::ENOENT => Ok(None),
        done => done.map(|()| found.pop()),
    }
}
