//! Questions about elements and chains in the tables of egress fences.

use nix::errno::Errno;
use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_DUMP};

use super::super::netlink::Netlink;
use super::super::nft::{Attrs, GET_CHAIN, GET_ELEMENT, INET, question};
use super::element::{self, Key};
use super::layout::TABLE;
use crate::sys::Result;

/// The elements of a set that `each` selects.
pub(super) fn elements<T>(netlink: &Netlink, set: &str, each: &mut dyn FnMut(&[u8]) -> Option<T>) -> Result<Vec<T>> {
    let request = question(INET, GET_ELEMENT, NLM_F_DUMP, &Attrs::default().text(1, TABLE).text(2, set));
    let found = netlink
        .list(&request, &mut |payload| Some(element::listed(payload).filter_map(&mut *each).collect::<Vec<_>>()))?;
    Ok(found.into_iter().flatten().collect())
}

/// Whether a chain exists.
pub(super) fn has_chain(netlink: &Netlink, chain: &str) -> Result<bool> {
    there(netlink, INET, GET_CHAIN, &Attrs::default().text(1, TABLE).text(3, chain))
}

/// Whether an element exists.
pub(super) fn has_element(netlink: &Netlink, family: u8, set: &str, key: &Key) -> Result<bool> {
    there(netlink, family, GET_ELEMENT, &element::message(TABLE, set, std::slice::from_ref(key)))
}

fn there(netlink: &Netlink, family: u8, message: u8, attrs: &Attrs) -> Result<bool> {
    match netlink.exchange(&question(family, message, NLM_F_ACK, attrs), &mut |_| {}) {
        Err(e) if e.errno == Errno::ENOENT => Ok(false),
        done => done.map(|()| true),
    }
}
