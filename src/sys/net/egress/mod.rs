//! Egress fences: what a container may connect to, in one nftables table of the namespace that forwards for it, which is
//! never the container's own. A packet finds its container's chains by its link and source address, and its
//! destination in that container's sets: two lookups for any number of containers and names. Other tables are never
//! read or changed.

mod element;
mod expr;
mod layout;
mod pin;
mod query;

use nix::errno::Errno;
use std::net::IpAddr;

pub use element::Ports;
pub use layout::{Fence, MEMBER};
pub use pin::{Listed, Pin, Port, pin, pins, unpin};

use super::Netns;
use super::netlink::Netlink;
use super::nft::{Attrs, BRIDGE, Batch, DEL_CHAIN, DEL_RULE, DEL_SET, DEL_TABLE, INET, has_table};
use crate::sys::{Error, Result};
use element::{Key, add_elements, del_elements, flush_set};
use layout::{CHAINS, SETS, TABLE};
use query::{elements, has_chain, has_element};

/// How often a step is repeated after a conflict with another process.
const TRIES: usize = 10;

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
