//! The base chains of all nftables tables (nft(8)): hooks and policies. Read-only: tables of other programs are never
//! changed.

use rtnetlink::packet_core::NLM_F_DUMP;

use super::Netns;
use super::netlink::{Netlink, attribute, string};
use super::nft::{GET_CHAIN, frame};
use crate::sys::Result;

/// A chain at a hook.
pub struct Chain {
    /// Its table.
    pub table: String,
    /// The table's family as named by nft(8); "other" for an unknown one.
    pub family: &'static str,
    /// Its name.
    pub name: String,
    /// "filter", "nat", "route".
    pub kind: String,
    /// The hook as named by nft(8).
    pub hook: &'static str,
    /// Its priority among the chains of the hook: the lowest comes first.
    pub priority: i32,
    /// Whether its policy is to drop packets.
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

/// A listed chain; `None` if it has no hook.
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

/// nftables uses network byte order.
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

/// The name of a hook's number, which depends on the family.
fn hook(family: &str, number: u32) -> &'static str {
    let names: &[&str] = match family {
        "arp" => &["input", "output", "forward"],
        "netdev" => &["ingress", "egress"],
        _ => &["prerouting", "input", "forward", "output", "postrouting", "ingress"],
    };
    names.get(number as usize).copied().unwrap_or("other")
}
