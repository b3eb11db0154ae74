//! Pins: destinations that a container may connect to for a limited time.

use std::cell::Cell;
use std::net::IpAddr;

use super::super::Netns;
use super::super::netlink::{Netlink, address};
use super::super::nft::{Batch, INET};
use super::super::rule::octets;
use super::element::{Key, add_elements, del_elements, key_of, left, wide};
use super::layout::{SETS, TABLE, named};
use super::query::{elements, has_element};
use crate::sys::Result;

/// A destination.
#[derive(Clone, Copy)]
pub struct Pin {
    /// The address.
    pub addr: IpAddr,
    /// The protocol's number.
    pub protocol: u8,
    /// The port.
    pub port: Port,
    /// Whether its connections are redirected to the check.
    pub verify: bool,
}

/// One port, or the range at this place of `Fence::wide`.
#[derive(Clone, Copy)]
pub enum Port {
    /// A port.
    One(u16),
    /// The place of a range.
    Wide(u8),
}

/// A pin as listed by the kernel.
pub struct Listed {
    /// The pin.
    pub pin: Pin,
    /// The seconds that it still lives.
    pub seconds: f64,
}

impl Pin {
    fn key(&self) -> Key {
        let service = match self.port {
            Port::One(port) => {
                let [high, low] = port.to_be_bytes();
                [self.protocol, 0, 0, 0, high, low, 0, 0]
            }
            Port::Wide(place) => wide(self.protocol, place),
        };
        Key::plain([octets(self.addr), service.to_vec()].concat())
    }

    fn parse(key: &[u8], verify: bool) -> Option<Pin> {
        let (addr, service) = key.split_at_checked(key.len().checked_sub(8)?)?;
        let port = match service[1] {
            0 => Port::One(u16::from_be_bytes([service[4], service[5]])),
            place => Port::Wide(place - 1),
        };
        Some(Pin { addr: address(addr)?, protocol: service[0], port, verify })
    }
}

/// The pins of each family and kind, and their set.
fn by_family<'a>(id: &'a str, pins: &'a [Pin]) -> impl Iterator<Item = (String, Vec<Key>)> + 'a {
    SETS.into_iter().filter(|set| set.timed).filter_map(move |set| {
        let fits = |pin: &&Pin| pin.addr.is_ipv4() == set.like.is_ipv4() && pin.verify == set.verify;
        let keys: Vec<Key> = pins.iter().filter(fits).map(Pin::key).collect();
        (!keys.is_empty()).then(|| (named(set.name, id), keys))
    })
}

/// The most pins in one message: the kernel takes about 200 KB at once.
const MOST: usize = 1000;

/// Adds pins for this long, or extends them: up to `MOST` as a whole or not at all. Errors: ENOENT without a fence of this
/// container, ENFILE if it has too many.
pub fn pin(netns: Netns<'_>, id: &str, pins: &[Pin], seconds: f64) -> Result<()> {
    let netlink = kept(netns)?;
    for part in pins.chunks(MOST) {
        let mut batch = Batch::new();
        for (set, keys) in by_family(id, part) {
            let keys: Vec<Key> = keys.into_iter().map(|key| key.living((seconds * 1000.0) as u64)).collect();
            // An element that exists keeps its time before Linux 6.12, unless it is removed and added again.
            add_elements(&mut batch, TABLE, &set, &keys);
            del_elements(&mut batch, TABLE, &set, &keys);
            add_elements(&mut batch, TABLE, &set, &keys);
        }
        batch.send(&netlink).map_err(|e| e.with_path(format!("table inet {TABLE}")))?;
    }
    keep(netns, netlink);
    Ok(())
}

/// The process and the network namespace of a socket.
type Owner = (u32, u64);

thread_local! {
    static KEPT: Cell<Option<(Owner, Netlink)>> = const { Cell::new(None) };
}

/// This process and its namespace; `None` for another namespace.
fn owner(netns: Netns<'_>) -> Option<Owner> {
    let file = if netns.is_none() { rustix::fs::stat("/proc/self/ns/net").ok()? } else { return None };
    Some((std::process::id(), file.st_ino))
}

/// The socket of the last call: closing one after a pin was replaced takes 10 ms, and a pin 30 µs.
fn kept(netns: Netns<'_>) -> Result<Netlink> {
    match (KEPT.take(), owner(netns)) {
        (Some((of, netlink)), Some(own)) if of == own => Ok(netlink),
        _ => Netlink::netfilter(netns),
    }
}

fn keep(netns: Netns<'_>, netlink: Netlink) {
    match owner(netns) {
        Some(own) => KEPT.set(Some((own, netlink))),
        None => netlink.park(),
    }
}

/// Removes pins; those that do not exist are skipped. Established connections continue.
pub fn unpin(netns: Netns<'_>, id: &str, pins: &[Pin]) -> Result<()> {
    let netlink = Netlink::netfilter(netns)?;
    let mut batch = Batch::new();
    for (set, keys) in by_family(id, pins) {
        for key in keys {
            if has_element(&netlink, INET, &set, &key)? {
                del_elements(&mut batch, TABLE, &set, &[key]);
            }
        }
    }
    if batch.is_empty() { Ok(()) } else { batch.send(&netlink) }
}

/// The pins of a container. Errors: ENOENT without a fence of this container.
pub fn pins(netns: Netns<'_>, id: &str) -> Result<Vec<Listed>> {
    let netlink = Netlink::netfilter(netns)?;
    let mut list = Vec::new();
    for set in SETS.iter().filter(|set| set.timed) {
        list.extend(elements(&netlink, &named(set.name, id), &mut |entry| {
            Some(Listed { pin: Pin::parse(key_of(entry)?, set.verify)?, seconds: left(entry)? as f64 / 1000.0 })
        })?);
    }
    Ok(list)
}
