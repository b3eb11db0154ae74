//! The table of `pin`: its sets, chains and rules.

use rtnetlink::packet_core::NLM_F_CREATE;

use super::frame::{ARP_SENDER, ARP_SENDER_MAC, Addr, IP4_SOURCE, IP6_SOURCE, MAC_SOURCE, ND_TARGET};
use super::nft::{Attrs, BRIDGE_INPUT, BRIDGE_PREROUTING, Batch, NEW_SET};
use super::rule::Rule;

/// The table, of the bridge family.
pub(super) const TABLE: &str = "tiny-pins";

/// The sets: port, MAC address, address.
pub(super) const V4: &str = "v4";
pub(super) const V6: &str = "v6";

/// The group of pinned links: "tiny".
pub const GROUP: u32 = u32::from_be_bytes(*b"tiny");

/// Adds the table with its sets, chains and rules.
pub(super) fn make(batch: &mut Batch) {
    // nft(8) numbers its types (ifname, ether_addr, ipv4_addr, ipv6_addr), with six bits for each part of a key.
    const KEYS: [(&str, u32, u32); 2] = [(V4, 41 << 12 | 9 << 6 | 7, 28), (V6, 41 << 12 | 9 << 6 | 8, 40)];
    batch.table(TABLE);
    for (id, (set, kind, length)) in KEYS.into_iter().enumerate() {
        let attrs = Attrs::default().text(1, TABLE).text(2, set).number(3, 0).number(4, kind).number(5, length);
        batch.add(NEW_SET, NLM_F_CREATE, attrs.number(10, id as u32 + 1));
    }
    batch.chain(TABLE, "filter", BRIDGE_PREROUTING);
    for rule in sent() {
        batch.rule(TABLE, BRIDGE_PREROUTING, rule);
    }
    // Frames for the bridge itself (802.1D) take another path: they reach the machine through the port, bypass the
    // rules on the bridge, and teach the bridge their source address.
    batch.chain(TABLE, "filter", BRIDGE_INPUT);
    batch.rule(TABLE, BRIDGE_INPUT, Rule::default().comes_by_group(GROUP).dest_bridge_group().drop());
}

/// The traffic that a pinned port may send. Everything else is dropped: other protocols, VLAN tags, spanning tree.
fn sent() -> Vec<Rule> {
    const IP4: u16 = 0x0800;
    const ARP: u16 = 0x0806;
    const IP6: u16 = 0x86dd;
    const ROUTER_ADVERTISEMENT: u8 = 134;
    const SOLICITATION: u8 = 135;
    const ADVERTISEMENT: u8 = 136;
    const REDIRECT: u8 = 137;
    let of = |kind| Rule::default().ethertype(kind);
    let (source4, source6) = (Addr::At(IP4_SOURCE, 4), Addr::At(IP6_SOURCE, 16));
    let (sender, target) = (Addr::At(ARP_SENDER, 4), Addr::At(ND_TARGET, 16));
    vec![
        Rule::default().comes_not_by_group(GROUP).accept(),
        of(IP4).pinned(V4, MAC_SOURCE, source4, true).accept(),
        // Both the frame and the message in it contain the sender.
        of(ARP).pinned(V4, MAC_SOURCE, sender, true).pinned(V4, ARP_SENDER_MAC, sender, true).accept(),
        of(IP6).icmp6(ROUTER_ADVERTISEMENT).drop(),
        of(IP6).icmp6(REDIRECT).drop(),
        of(IP6).icmp6(ADVERTISEMENT).pinned(V6, MAC_SOURCE, target, false).drop(),
        of(IP6).pinned(V6, MAC_SOURCE, source6, true).accept(),
        // Duplicate address detection: a port asks for its address before it uses it.
        of(IP6).source_unspecified().icmp6(SOLICITATION).pinned(V6, MAC_SOURCE, target, true).accept(),
        of(IP4).pinned(V4, MAC_SOURCE, Addr::Zero(4), true).accept(),
        of(IP6).pinned(V6, MAC_SOURCE, Addr::Zero(16), true).accept(),
        Rule::default().drop(),
    ]
}
