//! The expressions of nftables that NAT is made of, put together to rules: matches, then what to do.
//! Numbers are those of linux/netfilter/nf_tables.h.

use std::net::IpAddr;

use super::Cidr;
use super::nft::Attrs;

// Registers of the rule machine; the second one only carries the port of a translation.
const REG: u32 = 1;
const REG_PORT: u32 = 2;

/// A rule: matches, then what to do. Each step is one of the kernel's expressions.
#[derive(Default)]
pub struct Rule(Attrs);

impl Rule {
    pub fn attrs(self) -> Attrs {
        self.0
    }

    /// Only packets of this address's family. Without it the offsets below mean nothing.
    pub fn family(self, addr: IpAddr) -> Rule {
        const NFPROTO: u32 = 15;
        self.expr("meta", Attrs::default().number(1, REG).number(2, NFPROTO)).compare(EQUAL, &[family(addr)])
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
        const L4PROTO: u32 = 16;
        let meta = Attrs::default().number(1, REG).number(2, L4PROTO);
        self.expr("meta", meta).compare(EQUAL, &[proto]).load(TRANSPORT, 2, 2).compare(EQUAL, &port.to_be_bytes())
    }

    /// Only packets of connections whose destination was translated.
    pub fn redirected(self) -> Rule {
        const STATUS: u32 = 2;
        const DST_NAT: u32 = 1 << 5;
        self.expr("ct", Attrs::default().number(1, REG).number(2, STATUS))
            .mask(&DST_NAT.to_ne_bytes())
            .compare(NOT_EQUAL, &[0; 4])
    }

    /// Sends the connection to another address and port.
    pub fn dnat(self, addr: IpAddr, port: u16) -> Rule {
        const DNAT: u32 = 1;
        let nat = Attrs::default().number(1, DNAT).number(2, u32::from(family(addr)));
        self.immediate(REG, &octets(addr))
            .immediate(REG_PORT, &port.to_be_bytes())
            .expr("nat", nat.number(3, REG).number(5, REG_PORT))
    }

    /// Gives the connection the address of the link it leaves by.
    pub fn masquerade(self) -> Rule {
        self.expr("masq", Attrs::default())
    }

    fn subnet(self, offset: u32, (addr, prefix): Cidr, operator: u32) -> Rule {
        let loaded = self.load(NETWORK, offset, octets(addr).len() as u32);
        let mask = octets(mask(addr, prefix));
        let masked = if mask.iter().all(|b| *b == 0xff) { loaded } else { loaded.mask(&mask) };
        masked.compare(operator, &octets(network((addr, prefix))))
    }

    fn load(self, base: u32, offset: u32, length: u32) -> Rule {
        self.expr("payload", Attrs::default().number(1, REG).number(2, base).number(3, offset).number(4, length))
    }

    fn mask(self, mask: &[u8]) -> Rule {
        let registers = Attrs::default().number(1, REG).number(2, REG).number(3, mask.len() as u32);
        self.expr("bitwise", registers.nest(4, data(mask)).nest(5, data(&vec![0; mask.len()])))
    }

    fn compare(self, operator: u32, value: &[u8]) -> Rule {
        self.expr("cmp", Attrs::default().number(1, REG).number(2, operator).nest(3, data(value)))
    }

    fn immediate(self, register: u32, value: &[u8]) -> Rule {
        self.expr("immediate", Attrs::default().number(1, register).nest(2, data(value)))
    }

    fn expr(self, name: &str, body: Attrs) -> Rule {
        const ELEMENT: u16 = 1;
        Rule(self.0.nest(ELEMENT, Attrs::default().text(1, name).nest(2, body)))
    }
}

const EQUAL: u32 = 0;
const NOT_EQUAL: u32 = 1;
const NETWORK: u32 = 1;
const TRANSPORT: u32 = 2;

fn data(value: &[u8]) -> Attrs {
    Attrs::default().bytes(1, value)
}

fn family(addr: IpAddr) -> u8 {
    if addr.is_ipv4() { libc::NFPROTO_IPV4 as u8 } else { libc::NFPROTO_IPV6 as u8 }
}

fn octets(addr: IpAddr) -> Vec<u8> {
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

/// The first address of the subnet that this address is in.
pub fn network((addr, prefix): Cidr) -> IpAddr {
    match (addr, mask(addr, prefix)) {
        (IpAddr::V4(a), IpAddr::V4(m)) => (a & m).into(),
        (IpAddr::V6(a), IpAddr::V6(m)) => (a & m).into(),
        _ => addr,
    }
}
