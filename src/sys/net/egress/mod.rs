//! Egress fences: what a container may connect to, in one nftables table of the namespace that forwards for it, which is
//! never the container's own. A packet finds its container's chains by its link and source address, and its
//! destination in that container's sets: two lookups for any number of containers and names. Other tables are never
//! read or changed.

mod element;
mod expr;
mod layout;
mod pin;

use nix::errno::Errno;
use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP};
use std::net::IpAddr;

pub use layout::MEMBER;
pub use pin::{Listed, Pin, Port, pin, pins, unpin};

use super::netlink::Netlink;
use super::nft::{
    Attrs, BRIDGE, Batch, DEL_CHAIN, DEL_ELEMENT, DEL_RULE, DEL_SET, DEL_TABLE, GET_CHAIN, GET_ELEMENT, INET,
    NEW_CHAIN, NEW_ELEMENT, has_table, question,
};
use super::{Cidr, Netns};
use crate::sys::{Error, Result};
use element::{Key, add_elements, del_elements, flush_set};
use layout::{CHAINS, SETS, TABLE};

/// How often a step is repeated after a conflict with another process.
const TRIES: usize = 10;

/// Ports of one protocol: its number (6 TCP, 17 UDP), the first and the last port.
pub type Ports = (u8, u16, u16);

/// What a container may connect to, besides its pins.
pub struct Fence<'a> {
    /// The container: the suffix of its chains and sets.
    pub id: &'a str,
    /// The NFLOG group that gets its denied packets.
    pub group: u16,
    /// The mark of its connections. After a change, earlier connections are matched against the pins again.
    pub mark: u32,
    /// The ranges of ports that a pin can allow by their place in this list.
    pub wide: &'a [Ports],
    /// The ranges of addresses that are always allowed.
    pub ranges: &'a [(Cidr, Ports)],
    /// Whether existing pins stay.
    pub keep_pins: bool,
}

/// Creates a container's chains and sets, or replaces their content in one step. Errors: EOPNOTSUPP, EPROTONOSUPPORT,
/// ENOENT if the kernel lacks a part.
pub fn fence(netns: Netns<'_>, fence: &Fence<'_>) -> Result<()> {
    let netlink = Netlink::netfilter(netns)?;
    let done = repeat(|| {
        let bare = !has_table(&netlink, INET, TABLE)?;
        let fresh = bare || !has_chain(&netlink, &layout::named(CHAINS[0], fence.id))?;
        let mut batch = Batch::new();
        if bare {
            layout::table(&mut batch);
        }
        if fresh {
            layout::create(&mut batch, fence.id)
        } else {
            empty(&mut batch, fence)
        }
        layout::fill(&mut batch, fence);
        Ok((batch.send(&netlink), fresh))
    });
    // Closing a socket that removed rules waits for all processors.
    netlink.park();
    done.map_err(|e| e.with_path(format!("table inet {TABLE}")))
}

/// Repeats a step that another process has made out of date. `step` returns whether it has created something.
fn repeat(mut step: impl FnMut() -> Result<(Result<()>, bool)>) -> Result<()> {
    let mut done = Ok(());
    for _ in 0..TRIES {
        let fresh;
        (done, fresh) = step()?;
        let again = if fresh { Errno::EEXIST } else { Errno::ENOENT };
        if !matches!(&done, Err(e) if e.errno == again) {
            break;
        }
    }
    done
}

/// Removes the rules of a container's chains, and the elements of its sets.
fn empty(batch: &mut Batch, fence: &Fence<'_>) {
    for chain in CHAINS {
        batch.add(DEL_RULE, 0, Attrs::default().text(1, TABLE).text(2, &layout::named(chain, fence.id)));
    }
    for set in SETS.iter().filter(|set| !(set.timed && fence.keep_pins)) {
        flush_set(batch, TABLE, &layout::named(set.name, fence.id));
    }
}

/// A link of a container, on the side of the forwarding namespace.
pub struct Link<'a> {
    /// The link that its packets arrive on: a bridge, or the link itself.
    pub name: &'a str,
    /// The container's addresses there.
    pub addrs: &'a [IpAddr],
    /// Whether its packets with other source addresses are dropped.
    pub only: bool,
    /// Addresses that no fence of this namespace allows from now on.
    pub never: &'a [IpAddr],
}

/// Leads the packets of a link to the container's chains. Errors: ENOENT without a fence of this container.
pub fn link(netns: Netns<'_>, id: &str, link: &Link<'_>) -> Result<()> {
    let netlink = Netlink::netfilter(netns)?;
    let mut batch = Batch::new();
    if link.only {
        add_elements(&mut batch, TABLE, layout::ONLY, &[Key::plain(super::rule::link_name(link.name))]);
    }
    layout::add_never(&mut batch, link.never);
    for addr in link.addrs {
        for (map, chain) in layout::MAPS {
            let to = layout::named(chain, id);
            let key = Key::plain(layout::link_key(link.name, *addr)).leading_to(&to);
            add_elements(&mut batch, TABLE, layout::of_family(map, *addr), &[key]);
        }
        let key = Key::plain(layout::link_key(link.name, *addr));
        add_elements(&mut batch, TABLE, layout::of_family(layout::BACK, *addr), &[key]);
    }
    batch.send(&netlink).map_err(|e| e.with_path(format!("table inet {TABLE}")))
}

/// Drops what a port of a bridge sends to other ports. Errors: ENOENT, EOPNOTSUPP, EPROTONOSUPPORT, EAFNOSUPPORT if the
/// kernel lacks nftables for bridges.
pub fn close_port(netns: Netns<'_>, port: &str) -> Result<()> {
    let netlink = Netlink::netfilter(netns)?;
    let done = repeat(|| {
        let fresh = !has_table(&netlink, BRIDGE, TABLE)?;
        let mut batch = Batch::of(BRIDGE);
        if fresh {
            layout::bridge_table(&mut batch);
        }
        add_elements(&mut batch, TABLE, layout::PORTS, &[Key::plain(super::rule::link_name(port))]);
        Ok((batch.send(&netlink), fresh))
    });
    done.map_err(|e| e.with_path(format!("table bridge {TABLE}")))
}

/// Removes a container's fence; the table goes with the last one. Errors: ENOENT if there is none.
pub fn remove(netns: Netns<'_>, id: &str) -> Result<()> {
    let netlink = Netlink::netfilter(netns)?;
    if !has_table(&netlink, INET, TABLE)? || !has_chain(&netlink, &layout::named(CHAINS[0], id))? {
        return Err(Error::new(Errno::ENOENT).with_path(format!("table inet {TABLE}")));
    }
    let mut batch = Batch::new();
    for (map, chain) in layout::MAPS {
        for name in layout::both(map) {
            let own = leading_to(&netlink, name, &layout::named(chain, id))?;
            del_elements(&mut batch, TABLE, name, &own);
            if map == layout::MAPS[0].0 {
                del_elements(&mut batch, TABLE, layout::back_of(name), &own);
            }
        }
    }
    for chain in CHAINS {
        batch.add(DEL_RULE, 0, Attrs::default().text(1, TABLE).text(2, &layout::named(chain, id)));
    }
    for chain in CHAINS {
        batch.add(DEL_CHAIN, 0, Attrs::default().text(1, TABLE).text(3, &layout::named(chain, id)));
    }
    for set in SETS {
        batch.add(DEL_SET, 0, Attrs::default().text(1, TABLE).text(2, &layout::named(set.name, id)));
    }
    del_elements(&mut batch, TABLE, layout::MEMBERS, &[Key::plain(layout::member(id))]);
    let done = batch.send(&netlink).and_then(|()| clear(&netlink));
    netlink.park();
    done.map_err(|e| e.with_path(format!("table inet {TABLE}")))
}

/// Opens a port of a bridge again; the table goes with the last one. Errors: ENOENT if it was not closed.
pub fn open_port(netns: Netns<'_>, port: &str) -> Result<()> {
    let netlink = Netlink::netfilter(netns)?;
    let key = Key::plain(super::rule::link_name(port));
    if !has_table(&netlink, BRIDGE, TABLE)? || !has_element(&netlink, BRIDGE, layout::PORTS, &key)? {
        return Err(Error::new(Errno::ENOENT).with_path(port));
    }
    let mut batch = Batch::of(BRIDGE);
    del_elements(&mut batch, TABLE, layout::PORTS, &[key]);
    let done = batch.send(&netlink);
    let mut batch = Batch::of(BRIDGE);
    batch.add(DEL_RULE, 0, Attrs::default().text(1, TABLE).text(2, layout::BRIDGE_FORWARD.0));
    drop_if_empty(&mut batch, layout::PORTS);
    let done = done.and_then(|()| in_use(batch.send(&netlink)));
    netlink.park();
    done
}

/// Removes the table if no container has a fence.
fn clear(netlink: &Netlink) -> Result<()> {
    if !elements(netlink, layout::MEMBERS, &mut |_| Some(()))?.is_empty() {
        return Ok(());
    }
    let mut batch = Batch::new();
    drop_if_empty(&mut batch, layout::MEMBERS);
    in_use(batch.send(netlink))
}

/// Removes the table, if this set, which no rule uses, is empty.
fn drop_if_empty(batch: &mut Batch, set: &str) {
    const NLM_F_NONREC: u16 = 0x100;
    batch.add(DEL_SET, NLM_F_NONREC, Attrs::default().text(1, TABLE).text(2, set));
    batch.add(DEL_TABLE, 0, Attrs::default().text(1, TABLE));
}

/// A table that is in use, or was removed by another process, is no failure.
fn in_use(done: Result<()>) -> Result<()> {
    match done {
        Err(e) if [Errno::EBUSY, Errno::ENOENT].contains(&e.errno) => Ok(()),
        done => done,
    }
}

/// The keys of a map's elements that lead to a chain.
fn leading_to(netlink: &Netlink, map: &str, chain: &str) -> Result<Vec<Key>> {
    elements(netlink, map, &mut |entry| element::leads_to(entry, chain))
}

/// The elements of a set that `each` selects.
fn elements<T>(netlink: &Netlink, set: &str, each: &mut dyn FnMut(&[u8]) -> Option<T>) -> Result<Vec<T>> {
    let request = question(INET, GET_ELEMENT, NLM_F_DUMP, &Attrs::default().text(1, TABLE).text(2, set));
    let found = netlink
        .list(&request, &mut |payload| Some(element::listed(payload).filter_map(&mut *each).collect::<Vec<_>>()))?;
    Ok(found.into_iter().flatten().collect())
}

fn has_chain(netlink: &Netlink, chain: &str) -> Result<bool> {
    there(netlink, INET, GET_CHAIN, &Attrs::default().text(1, TABLE).text(3, chain))
}

fn has_element(netlink: &Netlink, family: u8, set: &str, key: &Key) -> Result<bool> {
    there(netlink, family, GET_ELEMENT, &element::message(TABLE, set, std::slice::from_ref(key)))
}

fn there(netlink: &Netlink, family: u8, message: u8, attrs: &Attrs) -> Result<bool> {
    match netlink.exchange(&question(family, message, NLM_F_ACK, attrs), &mut |_| {}) {
        Err(e) if e.errno == Errno::ENOENT => Ok(false),
        done => done.map(|()| true),
    }
}

/// A chain without a hook.
fn plain_chain(batch: &mut Batch, chain: &str) {
    batch.add(NEW_CHAIN, NLM_F_CREATE, Attrs::default().text(1, TABLE).text(3, chain));
}

/// A message about elements, for the other files of this folder.
fn change(batch: &mut Batch, add: bool, attrs: Attrs) {
    if add { batch.add(NEW_ELEMENT, NLM_F_CREATE, attrs) } else { batch.add(DEL_ELEMENT, 0, attrs) }
}
