//! The nftables expressions for NAT, combined to rules: matches, then an action. Numbers are those of
//! linux/netfilter/nf_tables.h.

use std::net::IpAddr;

use super::Cidr;
use super::attrs::Attrs;

// Registers of the rule machine; the second is only used for the port of a translation.
pub(super) const REG: u32 = 1;
const REG_PORT: u32 = 2;

// The same registers as 32-bit words: this is the first; REG is the first four of them.
pub(super) const WORD: u32 = 8;

/// A rule: matches, then an action. Each step is one of the kernel's expressions.
#[derive(Default)]
pub struct Rule(Attrs);

impl Rule {
    pub fn attrs(self) -> Attrs {
        self.0
    }

    /// Only packets of this address's family. The offsets below depend on it.
    pub fn family(self, addr: IpAddr) -> Rule {
        const NFPROTO: u32 = 15;
        self.meta(REG, NFPROTO).compare(EQUAL, &[family(addr)])
    }

    pub fn source_in(self, subnet: Cidr) -> Rule {
        self.subnet(if subnet.0.is_ipv4() { 12 } else { 8 }, subnet, EQUAL)
    }

    pub fn dest_not_in(self, subnet: Cidr) -> Rule {
        self.subnet(if subnet.0.is_ipv4() { 16 } else { 24 }, subnet, NOT_EQUAL)
    }

    pub fn dest(self, addr: IpAddr) -> Rule {
        let (offset, prefix) = if addr.is_ipv4() { (16, 32) } else { (24, 128) };
        self.subnet(offset, (addr, prefix), EQUAL)
    }

    /// Only packets to one of the machine's own addresses.
    pub fn dest_is_local(self) -> Rule {
        const ADDRTYPE: u32 = 3;
        const DADDR: u32 = 2;
        const RTN_LOCAL: u32 = 2;
        let fib = Attrs::default().number(1, REG).number(2, ADDRTYPE).number(3, DADDR);
        self.expr("fib", fib).compare(EQUAL, &RTN_LOCAL.to_ne_bytes())
    }

    /// Only packets of this protocol (6 TCP, 17 UDP) to this port.
    pub fn port(self, proto: u8, port: u16) -> Rule {
        self.protocol(proto).load(TRANSPORT, 2, 2).compare(EQUAL, &port.to_be_bytes())
    }

    /// Only packets of established connections and related ones, such as ICMP errors.
    pub fn answered(self) -> Rule {
        const ESTABLISHED: u32 = 1 << 1;
        const RELATED: u32 = 1 << 2;
        self.tracked(ESTABLISHED | RELATED)
    }

    /// Only packets that fit no connection (NF_CT_STATE_INVALID_BIT).
    pub fn invalid(self) -> Rule {
        const INVALID: u32 = 1;
        self.tracked(INVALID)
    }

    fn tracked(self, states: u32) -> Rule {
        const STATE: u32 = 0;
        self.expr("ct", Attrs::default().number(1, REG).number(2, STATE))
            .mask(&states.to_ne_bytes())
            .compare(NOT_EQUAL, &[0; 4])
    }

    /// Only packets of connections whose destination was translated.
    pub fn redirected(self) -> Rule {
        const STATUS: u32 = 2;
        const DST_NAT: u32 = 1 << 5;
        self.expr("ct", Attrs::default().number(1, REG).number(2, STATUS))
            .mask(&DST_NAT.to_ne_bytes())
            .compare(NOT_EQUAL, &[0; 4])
    }

    /// Translates the destination to another address and port.
    pub fn dnat(self, addr: IpAddr, port: u16) -> Rule {
        self.immediate(REG, &octets(addr)).immediate(REG_PORT, &port.to_be_bytes()).translate(addr, REG, REG_PORT)
    }

    /// Masquerades the connection with the address of the outgoing link.
    pub fn masquerade(self) -> Rule {
        self.expr("masq", Attrs::default())
    }

    /// Only packets received on this link.
    pub fn comes_by(self, link: &str) -> Rule {
        self.meta(REG, IIFNAME).compare(EQUAL, &link_name(link))
    }

    pub fn comes_not_by(self, link: &str) -> Rule {
        self.meta(REG, IIFNAME).compare(NOT_EQUAL, &link_name(link))
    }

    /// Only packets leaving by this link.
    pub fn leaves_by(self, link: &str) -> Rule {
        self.meta(REG, OIFNAME).compare(EQUAL, &link_name(link))
    }

    pub fn leaves_not_by(self, link: &str) -> Rule {
        self.meta(REG, OIFNAME).compare(NOT_EQUAL, &link_name(link))
    }

    /// Only packets leaving by a link whose name has this prefix.
    pub fn leaves_by_prefix(self, beginning: &str) -> Rule {
        self.meta(REG, OIFNAME).compare(EQUAL, beginning.as_bytes())
    }

    /// Only packets received on a link whose name has this prefix.
    pub fn comes_by_prefix(self, beginning: &str) -> Rule {
        self.meta(REG, IIFNAME).compare(EQUAL, beginning.as_bytes())
    }

    pub fn dest_in(self, subnet: Cidr) -> Rule {
        self.subnet(if subnet.0.is_ipv4() { 16 } else { 24 }, subnet, EQUAL)
    }

    /// Translates the destination by a map of (protocol, port) or, with `by_addr`, of (address, protocol, port); if the
    /// map has no entry, the next rule applies. The parts of a key or value are in consecutive registers, each aligned
    /// to a word.
    pub fn dnat_by(self, map: &str, like: IpAddr, by_addr: bool) -> Rule {
        let words = octets(like).len() as u32 / 4;
        let skip = if by_addr { words } else { 0 };
        let (offset, length) = if like.is_ipv4() { (16, 4) } else { (24, 16) };
        let keyed = if by_addr { self.load_to(WORD, NETWORK, offset, length) } else { self };
        keyed
            .meta(WORD + skip, L4PROTO)
            .load_to(WORD + skip + 1, TRANSPORT, 2, 2)
            .expr("lookup", Attrs::default().text(1, map).number(2, WORD).number(3, WORD))
            .translate(like, WORD, WORD + words)
    }

    /// Only packets of this protocol: 1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6, also behind IPv6 extension headers.
    pub fn protocol(self, proto: u8) -> Rule {
        self.meta(REG, L4PROTO).compare(EQUAL, &[proto])
    }

    /// Only ICMPv6 messages of this type.
    pub fn icmp6(self, kind: u8) -> Rule {
        self.protocol(58).load(TRANSPORT, 0, 1).compare(EQUAL, &[kind])
    }

    /// Accepts the packet: it continues to the next table.
    pub fn accept(self) -> Rule {
        const ACCEPT: u32 = 1;
        self.verdict(ACCEPT)
    }

    /// Drops the packet.
    pub fn drop(self) -> Rule {
        const DROP: u32 = 0;
        self.verdict(DROP)
    }

    fn verdict(self, code: u32) -> Rule {
        const VERDICT: u32 = 0;
        let verdict = Attrs::default().nest(2, Attrs::default().number(1, code));
        self.expr("immediate", Attrs::default().number(1, VERDICT).nest(2, verdict))
    }

    fn translate(self, like: IpAddr, addr: u32, port: u32) -> Rule {
        const DNAT: u32 = 1;
        let nat = Attrs::default().number(1, DNAT).number(2, u32::from(family(like)));
        self.expr("nat", nat.number(3, addr).number(5, port))
    }

    pub(super) fn meta(self, register: u32, key: u32) -> Rule {
        self.expr("meta", Attrs::default().number(1, register).number(2, key))
    }

    fn subnet(self, offset: u32, (addr, prefix): Cidr, operator: u32) -> Rule {
        let loaded = self.load(NETWORK, offset, octets(addr).len() as u32);
        let mask = octets(mask(addr, prefix));
        let masked = if mask.iter().all(|b| *b == 0xff) { loaded } else { loaded.mask(&mask) };
        masked.compare(operator, &octets(network((addr, prefix))))
    }

    pub(super) fn load(self, base: u32, offset: u32, length: u32) -> Rule {
        self.load_to(REG, base, offset, length)
    }

    pub(super) fn load_to(self, register: u32, base: u32, offset: u32, length: u32) -> Rule {
        self.expr("payload", Attrs::default().number(1, register).number(2, base).number(3, offset).number(4, length))
    }

    pub(super) fn mask(self, mask: &[u8]) -> Rule {
        let registers = Attrs::default().number(1, REG).number(2, REG).number(3, mask.len() as u32);
        self.expr("bitwise", registers.nest(4, data(mask)).nest(5, data(&vec![0; mask.len()])))
    }

    pub(super) fn compare(self, operator: u32, value: &[u8]) -> Rule {
        self.expr("cmp", Attrs::default().number(1, REG).number(2, operator).nest(3, data(value)))
    }

    pub(super) fn immediate(self, register: u32, value: &[u8]) -> Rule {
        self.expr("immediate", Attrs::default().number(1, register).nest(2, data(value)))
    }

    pub(super) fn expr(self, name: &str, body: Attrs) -> Rule {
        const ELEMENT: u16 = 1;
        Rule(self.0.nest(ELEMENT, Attrs::default().text(1, name).nest(2, body)))
    }
}

pub(super) const EQUAL: u32 = 0;
pub(super) const NOT_EQUAL: u32 = 1;
pub(super) const IIFNAME: u32 = 6;
const OIFNAME: u32 = 7;
const L4PROTO: u32 = 16;
pub(super) const IIFGROUP: u32 = 21;
pub(super) const LINK: u32 = 0;
pub(super) const NETWORK: u32 = 1;
pub(super) const TRANSPORT: u32 = 2;

/// A link's name in a register: sixteen bytes.
pub(super) fn link_name(name: &str) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    bytes.resize(16, 0);
    bytes
}

pub(super) fn data(value: &[u8]) -> Attrs {
    Attrs::default().bytes(1, value)
}

fn family(addr: IpAddr) -> u8 {
    if addr.is_ipv4() { libc::NFPROTO_IPV4 as u8 } else { libc::NFPROTO_IPV6 as u8 }
}

pub(super) fn octets(addr: IpAddr) -> Vec<u8> {
    match addr {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

/// The mask of this prefix length, in the family of `addr`.
fn mask(addr: IpAddr, prefix: u8) -> IpAddr {
    match addr {
        IpAddr::V4(_) => IpAddr::from(u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0).to_be_bytes()),
        IpAddr::V6(_) => IpAddr::from(u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0).to_be_bytes()),
    }
}

/// The first address of this address's subnet.
pub fn network((addr, prefix): Cidr) -> IpAddr {
    match (addr, mask(addr, prefix)) {
        (IpAddr::V4(a), IpAddr::V4(m)) => (a & m).into(),
        (IpAddr::V6(a), IpAddr::V6(m)) => (a & m).into(),
        _ => addr,
    }
}
