//! The base chains of all nftables tables (nft(8)): where packets pass, and what becomes of those that no
//! rule decides on. Only read: other tables than this program's are never changed.

use rtnetlink::packet_core::NLM_F_DUMP;

use super::Netns;
use super::netlink::{Netlink, attribute, string};
use super::nft::{GET_CHAIN, frame};
use crate::sys::Result;

/// A chain at a hook.
pub struct Chain {
    /// The table that it is in.
    pub table: String,
    /// The table's family in the words of nft(8); "other" for one that it does not know.
    pub family: &'static str,
    /// Its name.
    pub name: String,
    /// "filter", "nat", "route".
    pub kind: String,
    /// The hook in the words of nft(8).
    pub hook: &'static str,
    /// Its place among the chains of the hook: the smallest comes first.
    pub priority: i32,
    /// Whether a packet that no rule decides on is dropped.
    pub drops: bool,
}

/// The base chains of a namespace. Errors: EPERM without CAP_NET_ADMIN over it; EOPNOTSUPP,
/// EPROTONOSUPPORT without nftables.
pub fn list(netns: Netns<'_>) -> Result<Vec<Chain>> {
    const NFTABLES: u16 = 10;
    let all_families = [0; 4];
    let request = frame(NFTABLES << 8 | u16::from(GET_CHAIN), NLM_F_DUMP, &all_families);
    Netlink::netfilter(netns)?.list(&request, &mut parse)
}

/// A listed chain; `None` for one that is at no hook.
fn parse(payload: &[u8]) -> Option<Chain> {
    const TABLE: u16 = 1;
    const NAME: u16 = 3;
    const HOOK: u16 = 4;
    const POLICY: u16 = 5;
    const TYPE: u16 = 7;
    const HOOK_NUMBER: u16 = 1;
    const HOOK_PRIORITY: u16 = 2;
    const NF_DROP: u32 = 0;
    let (header, attributes) = payload.split_at_checked(4)?;
    let text = |kind| attribute(attributes, kind).map(string);
    let place = attribute(attributes, HOOK)?;
    let family = family(header[0]);
    Some(Chain {
        table: text(TABLE)?,
        family,
        name: text(NAME)?,
        kind: text(TYPE).unwrap_or_default(),
        hook: hook(family, number(attribute(place, HOOK_NUMBER)?)?),
        priority: number(attribute(place, HOOK_PRIORITY)?)? as i32,
        drops: attribute(attributes, POLICY).and_then(number) == Some(NF_DROP),
    })
}

/// nftables keeps its numbers in network order.
fn number(value: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(value.get(..4)?.try_into().ok()?))
}

/// NFPROTO_* by its name.
fn family(number: u8) -> &'static str {
    match number {
        1 => "inet",
        2 => "ip",
        3 => "arp",
        5 => "netdev",
        7 => "bridge",
        10 => "ip6",
        _ => "other",
    }
}

/// A hook's number by its name: each kind of families has its own.
fn hook(family: &str, number: u32) -> &'static str {
    let names: &[&str] = match family {
        "arp" => &["input", "output", "forward"],
        "netdev" => &["ingress", "egress"],
        _ => &["prerouting", "input", "forward", "output", "postrouting", "ingress"],
    };
    names.get(number as usize).copied().unwrap_or("other")
}
