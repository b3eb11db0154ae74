//! Published ports as elements of maps in one nftables table (nft(8)): any number of them costs a
//! packet one lookup for each map, and one more port is one message. The table holds nothing else;
//! other tables are never read or changed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use nix::errno::Errno;
use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL};

use super::Netns;
use super::nat::Publish;
use super::netlink::{Netlink, address, all, attribute};
use super::nft::{
    Attrs, Batch, DEL_ELEMENT, DEL_RULE, DEL_SET, DEL_TABLE, GET_ELEMENT, NEW_ELEMENT, NEW_SET, OUTPUT, POSTROUTING,
    PREROUTING, RAW, question,
};
use super::rule::{Rule, data, octets};
use crate::sys::{Error, Result};

/// The table, of the inet family.
pub const TABLE: &str = "tiny-publish";

/// How often the table is made that others remove.
const TRIES: usize = 10;

const V4: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// A map: its name, its family, and whether its keys begin with an address of the machine. The
/// first that has a port wins: one address before all.
type Map = (&'static str, IpAddr, bool);
const MAPS: [Map; 4] = [("addr_v4", V4, true), ("addr_v6", V6, true), ("any_v4", V4, false), ("any_v6", V6, false)];

/// Publishes a port; the table is made when it is not there. Errors: EEXIST when the port is
/// published already; ENOENT, EOPNOTSUPP, EPROTONOSUPPORT where the kernel lacks a part.
pub fn add(netns: Netns<'_>, port: &Publish) -> Result<()> {
    let netlink = Netlink::netfilter(netns)?;
    let entry = Attrs::default().nest(1, data(&key(port))).nest(2, data(&value(port)));
    let insert = || {
        let mut batch = Batch::new();
        batch.add(NEW_ELEMENT, NLM_F_CREATE | NLM_F_EXCL, element(port, entry.clone()));
        batch.send(&netlink)
    };
    let mut done = insert();
    // Whoever removes the empty table may do it between the two steps.
    for _ in 0..TRIES {
        if !matches!(&done, Err(e) if e.errno == Errno::ENOENT) {
            break;
        }
        make(&netlink)?;
        done = insert();
    }
    done.map_err(|e| match find(&netlink, port) {
        Ok(Some(to)) if e.errno == Errno::EEXIST => e.with_detail(format!("it leads to {to}")),
        _ => e,
    })
}

/// Takes those ports away that lead where they say, in one batch: the kernel lets go of a socket that
/// removed something only when all processors have looked away, 7 to 15 ms later. Errors: ENOENT when
/// one was not there, or leads elsewhere and so is another's; the rest are gone.
pub fn del(netns: Netns<'_>, ports: &[Publish]) -> Result<()> {
    let netlink = Netlink::netfilter(netns)?;
    let mut done = Ok(());
    for _ in 0..TRIES {
        let mut missing = Ok(());
        let mut batch = Batch::new();
        for port in ports {
            match absent(&netlink, port)? {
                None => batch.add(DEL_ELEMENT, 0, element(port, Attrs::default().nest(1, data(&key(port))))),
                Some(why) => missing = missing.and(Err(Error::new(Errno::ENOENT).with_detail(why))),
            }
        }
        done = if batch.is_empty() { Ok(()) } else { batch.send(&netlink) };
        // Another may have taken one away between the look and the batch.
        if !matches!(&done, Err(e) if e.errno == Errno::ENOENT) {
            return done.and(missing);
        }
    }
    done
}

/// Why the port cannot be taken away; `None` when it can.
fn absent(netlink: &Netlink, port: &Publish) -> Result<Option<String>> {
    Ok(match find(netlink, port)? {
        Some(to) if to == port.to => None,
        Some(to) => Some(format!("port {} leads to {to}", port.port)),
        None => Some(format!("port {} is not published", port.port)),
    })
}

/// The published ports; none when there is no table.
pub fn list(netns: Netns<'_>) -> Result<Vec<Publish>> {
    let netlink = Netlink::netfilter(netns)?;
    let mut ports = Vec::new();
    for map in MAPS {
        let request = question(GET_ELEMENT, NLM_F_DUMP, &Attrs::default().text(1, TABLE).text(2, map.0));
        match netlink.list(&request, &mut |payload| Some(elements(map, payload))) {
            Ok(found) => ports.extend(found.into_iter().flatten()),
            Err(e) if e.errno == Errno::ENOENT => return Ok(ports),
            Err(e) => return Err(e),
        }
    }
    Ok(ports)
}

/// Removes the table. Errors: ENOENT when there is none, EBUSY while a port is published.
pub fn clear(netns: Netns<'_>) -> Result<()> {
    // Removes a map only when nothing is in it; a map in use by a rule never goes, so those go
    // first. One batch: nobody can publish between the look and the removal.
    const NLM_F_NONREC: u16 = 0x100;
    let mut batch = Batch::new();
    for hook in [PREROUTING, OUTPUT] {
        batch.add(DEL_RULE, 0, Attrs::default().text(1, TABLE).text(2, hook.0));
    }
    for (name, ..) in MAPS {
        batch.add(DEL_SET, NLM_F_NONREC, Attrs::default().text(1, TABLE).text(2, name));
    }
    batch.add(DEL_TABLE, 0, Attrs::default().text(1, TABLE));
    batch.send(&Netlink::netfilter(netns)?).map_err(|e| e.with_path(format!("table inet {TABLE}")))
}

/// Makes the table, or finds that another has made it.
fn make(netlink: &Netlink) -> Result<()> {
    let mut batch = Batch::new();
    batch.table(TABLE);
    for (at, map) in MAPS.into_iter().enumerate() {
        declare(&mut batch, map, at as u32 + 1);
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
    // The machine itself calls by its loopback address (route_localnet must be on): that address
    // means nothing where the port leads.
    batch.chain(TABLE, "nat", POSTROUTING);
    batch.rule(TABLE, POSTROUTING, Rule::default().family(V4).source_in(loopback).redirected().masquerade());
    // With route_localnet on, whoever is on the link could reach what listens on the machine's
    // loopback address (CVE-2020-8558). Packets to that only ever come by lo.
    batch.chain(TABLE, "filter", RAW);
    batch.rule(TABLE, RAW, Rule::default().comes_not_by("lo").family(V4).dest_in(loopback).drop());
    match batch.send(netlink) {
        Err(e) if e.errno == Errno::EEXIST => Ok(()),
        done => done.map_err(|e| e.with_path(format!("table inet {TABLE}"))),
    }
}

fn declare(batch: &mut Batch, (name, like, by_addr): Map, id: u32) {
    const MAP: u32 = 8;
    // nft(8) numbers its types; a concatenation's number has six bits for each part. The kernel
    // only keeps it, for nft to print the table.
    let addr_type = if like.is_ipv4() { 7 } else { 8 };
    const PROTO_TYPE: u32 = 12;
    const PORT_TYPE: u32 = 13;
    let addr_length = octets(like).len() as u32;
    let (first, length) = if by_addr { (addr_type << 12, addr_length + 8) } else { (0, 8) };
    let attrs = Attrs::default().text(1, TABLE).text(2, name).number(3, MAP);
    let attrs = attrs.number(4, first | PROTO_TYPE << 6 | PORT_TYPE).number(5, length);
    let attrs = attrs.number(6, addr_type << 6 | PORT_TYPE).number(7, addr_length + 4);
    batch.add(NEW_SET, NLM_F_CREATE, attrs.number(10, id));
}

/// Where the port leads, when it is published.
fn find(netlink: &Netlink, port: &Publish) -> Result<Option<SocketAddr>> {
    let wanted = Attrs::default().nest(1, data(&key(port)));
    let request = question(GET_ELEMENT, NLM_F_ACK, &element(port, wanted));
    let mut found = Vec::new();
    match netlink.exchange(&request, &mut |payload| found.extend(elements(map_of(port), payload))) {
        Err(e) if e.errno == Errno::ENOENT => Ok(None),
        done => done.map(|()| found.first().map(|p| p.to)),
    }
}

fn element(port: &Publish, entry: Attrs) -> Attrs {
    Attrs::default().text(1, TABLE).text(2, map_of(port).0).nest(3, Attrs::default().nest(1, entry))
}

fn map_of(port: &Publish) -> Map {
    let fits = |(_, like, by_addr): &Map| like.is_ipv4() == port.to.is_ipv4() && *by_addr == port.host.is_some();
    MAPS[MAPS.iter().position(fits).unwrap_or_default()]
}

// Each part of a key and of a value begins at a new word.

fn key(port: &Publish) -> Vec<u8> {
    let [high, low] = port.port.to_be_bytes();
    [port.host.map(octets).unwrap_or_default(), vec![port.proto, 0, 0, 0, high, low, 0, 0]].concat()
}

fn value(port: &Publish) -> Vec<u8> {
    let [high, low] = port.to.port().to_be_bytes();
    [octets(port.to.ip()), vec![high, low, 0, 0]].concat()
}

/// The published ports in a message that lists elements of this map.
fn elements((_, _, by_addr): Map, payload: &[u8]) -> Vec<Publish> {
    const HEADER: usize = 4;
    let list = attribute(payload.get(HEADER..).unwrap_or_default(), 3).unwrap_or_default();
    all(list, 1).filter_map(|entry| parse(by_addr, entry)).collect()
}

fn parse(by_addr: bool, entry: &[u8]) -> Option<Publish> {
    let part = |kind| attribute(attribute(entry, kind)?, 1);
    let (mut key, value) = (part(1)?, part(2)?);
    let mut host = None;
    if by_addr {
        let addr;
        (addr, key) = key.split_at_checked(key.len().checked_sub(8)?)?;
        host = Some(address(addr)?);
    }
    let (to, port) = value.split_at_checked(value.len().checked_sub(4)?)?;
    let number = |bytes: &[u8]| Some(u16::from_be_bytes(bytes.get(..2)?.try_into().ok()?));
    let to = SocketAddr::new(address(to)?, number(port)?);
    Some(Publish { proto: *key.first()?, host, port: number(key.get(4..)?)?, to })
}
