//! Matches for frames received by a bridge port, for rules of the bridge family. Numbers are those of
//! linux/netfilter/nf_tables.h.

use super::nft::Attrs;
use super::rule::{EQUAL, IIFGROUP, IIFNAME, LINK, NETWORK, NOT_EQUAL, REG, Rule, TRANSPORT, WORD};

/// A field of a packet: its header, and the offset in it.
pub type Field = (u32, u32);
pub const MAC_SOURCE: Field = (LINK, 6);
pub const IP4_SOURCE: Field = (NETWORK, 12);
pub const IP6_SOURCE: Field = (NETWORK, 8);
/// The sender addresses of an ARP message (RFC 826, with Ethernet and IPv4).
pub const ARP_SENDER_MAC: Field = (NETWORK, 8);
pub const ARP_SENDER: Field = (NETWORK, 14);
/// The target address of a neighbour discovery message (RFC 4861).
pub const ND_TARGET: Field = (TRANSPORT, 8);

/// The address to match: a field, or zeros; with its length.
#[derive(Clone, Copy)]
pub enum Addr {
    At(Field, u32),
    Zero(usize),
}

impl Rule {
    /// Only frames of this ethertype. A VLAN-tagged frame has the tag's.
    pub fn ethertype(self, kind: u16) -> Rule {
        self.load(LINK, 12, 2).compare(EQUAL, &kind.to_be_bytes())
    }

    /// Only frames to the addresses 01:80:c2:00:00:00 to 0f, which address the bridge itself (802.1D).
    pub fn dest_bridge_group(self) -> Rule {
        self.load(LINK, 0, 6).mask(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xf0]).compare(EQUAL, &[1, 0x80, 0xc2, 0, 0, 0])
    }

    /// Only frames received on a link of this group (`ip link set … group N`).
    pub fn comes_by_group(self, group: u32) -> Rule {
        self.meta(REG, IIFGROUP).compare(EQUAL, &group.to_ne_bytes())
    }

    pub fn comes_not_by_group(self, group: u32) -> Rule {
        self.meta(REG, IIFGROUP).compare(NOT_EQUAL, &group.to_ne_bytes())
    }

    /// Only packets from the unspecified address of IPv6.
    pub fn source_unspecified(self) -> Rule {
        self.load(NETWORK, 8, 16).compare(EQUAL, &[0; 16])
    }

    /// Only frames whose port, MAC address and address are together in a set; with `inside` false, those that are not.
    pub fn pinned(self, set: &str, mac: Field, addr: Addr, inside: bool) -> Rule {
        const INVERTED: u32 = 1;
        let rule = self.meta(WORD, IIFNAME).load_to(WORD + 4, mac.0, mac.1, 6);
        let rule = match addr {
            Addr::At((base, offset), length) => rule.load_to(WORD + 6, base, offset, length),
            Addr::Zero(length) => rule.immediate(WORD + 6, &vec![0; length]),
        };
        let lookup = Attrs::default().text(1, set).number(2, WORD);
        rule.expr("lookup", if inside { lookup } else { lookup.number(5, INVERTED) })
    }
}
