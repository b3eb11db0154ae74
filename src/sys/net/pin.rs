//! Pinned bridge ports: a frame passes only if its source is the port's own MAC address and it claims only the port's
//! own addresses, by IPv4, IPv6, ARP or neighbour discovery. One nftables table of the bridge family contains all pins
//! as elements of two sets, so a frame costs one or two lookups however many there are. The rules apply to a link by
//! its group, from its creation on: a link without an element sends nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nix::errno::Errno;
use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_CREATE};

use super::Netns;
use super::netlink::Netlink;
use super::nft::{
    Attrs, BRIDGE, BRIDGE_INPUT, BRIDGE_PREROUTING, Batch, DEL_ELEMENT, DEL_RULE, DEL_SET, DEL_TABLE, GET_ELEMENT,
    NEW_ELEMENT, has_table, question,
};
pub use super::pin_table::GROUP;
use super::pin_table::{TABLE, V4, V6, make};
use super::rule::{data, link_name, octets};
use crate::sys::{Error, Result};

/// How often a step is repeated after a conflict with another process.
const TRIES: usize = 10;

/// What a port may send from.
pub struct Pin<'a> {
    /// The name of the port.
    pub link: &'a str,
    /// The MAC address of its peer.
    pub mac: [u8; 6],
    /// The addresses.
    pub addrs: &'a [IpAddr],
    /// Whether it may also send packets from other addresses, as a router does. This does not include ARP and neighbour
    /// discovery.
    pub router: bool,
}

impl Pin<'_> {
    /// The elements: the set, and the key in it. A router's has zeros as address, which no host uses.
    fn elements(&self) -> Vec<(&'static str, Vec<u8>)> {
        let any = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
        let router = if self.router { &any[..] } else { &[] };
        let key = |addr: &IpAddr| [link_name(self.link), self.mac.to_vec(), vec![0; 2], octets(*addr)].concat();
        self.addrs.iter().chain(router).map(|addr| (if addr.is_ipv4() { V4 } else { V6 }, key(addr))).collect()
    }
}

/// Pins a port; the table is created if it is missing. Errors: ENOENT, EOPNOTSUPP, EPROTONOSUPPORT, EAFNOSUPPORT if the
/// kernel lacks nftables for bridges.
pub fn add(netns: Netns<'_>, pin: &Pin<'_>) -> Result<()> {
    let netlink = Netlink::netfilter(netns)?;
    let mut done = Ok(());
    for _ in 0..TRIES {
        let fresh = !has_table(&netlink, BRIDGE, TABLE)?;
        let mut batch = Batch::of(BRIDGE);
        if fresh {
            make(&mut batch);
        }
        for element in pin.elements() {
            batch.add(NEW_ELEMENT, NLM_F_CREATE, named(&element));
        }
        done = batch.send(&netlink);
        // Another process created the table, or removed the empty one, since the check.
        let again = if fresh { Errno::EEXIST } else { Errno::ENOENT };
        if !matches!(&done, Err(e) if e.errno == again) {
            break;
        }
    }
    done.map_err(|e| e.with_path(format!("table bridge {TABLE}")))
}

/// Removes a port's elements. Errors: ENOENT if none existed.
pub fn del(netns: Netns<'_>, pin: &Pin<'_>) -> Result<()> {
    let netlink = Netlink::netfilter(netns)?;
    let mut batch = Batch::of(BRIDGE);
    for element in pin.elements() {
        let request = question(BRIDGE, GET_ELEMENT, NLM_F_ACK, &named(&element));
        match netlink.exchange(&request, &mut |_| {}) {
            Ok(()) => batch.add(DEL_ELEMENT, 0, named(&element)),
            Err(e) if e.errno == Errno::ENOENT => {}
            Err(e) => return Err(e),
        }
    }
    if batch.is_empty() {
        return Err(Error::new(Errno::ENOENT).with_path(pin.link));
    }
    let done = batch.send(&netlink);
    netlink.park();
    done
}

/// Removes the table. Errors: ENOENT if there is none, EBUSY while a port is pinned.
pub fn clear(netns: Netns<'_>) -> Result<()> {
    const NLM_F_NONREC: u16 = 0x100; // a set only if it is empty
    let netlink = Netlink::netfilter(netns)?;
    if !has_table(&netlink, BRIDGE, TABLE)? {
        return Err(Error::new(Errno::ENOENT).with_path(format!("table bridge {TABLE}")));
    }
    let mut batch = Batch::of(BRIDGE);
    for hook in [BRIDGE_PREROUTING, BRIDGE_INPUT] {
        batch.add(DEL_RULE, 0, Attrs::default().text(1, TABLE).text(2, hook.0));
    }
    for set in [V4, V6] {
        batch.add(DEL_SET, NLM_F_NONREC, Attrs::default().text(1, TABLE).text(2, set));
    }
    batch.add(DEL_TABLE, 0, Attrs::default().text(1, TABLE));
    let done = batch.send(&netlink).map_err(|e| e.with_path(format!("table bridge {TABLE}")));
    netlink.park();
    done
}

/// The attributes of a message about one element.
fn named((set, key): &(&str, Vec<u8>)) -> Attrs {
    let entry = Attrs::default().nest(1, Attrs::default().nest(1, data(key)));
    Attrs::default().text(1, TABLE).text(2, set).nest(3, entry)
}
