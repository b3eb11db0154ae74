//! Expressions that only the rules of egress use: marks and states of connections, verdicts, logging, rejecting. Numbers
//! are those of linux/netfilter/nf_tables.h.

use std::net::IpAddr;

use super::super::nft::Attrs;
use super::super::rule::{EQUAL, IIFNAME, NETWORK, NOT_EQUAL, REG, Rule, TRANSPORT, WORD, octets};
use super::element::{Ports, goto, wide};

/// Keys of the expression ct.
const STATE: u32 = 0;
const DIRECTION: u32 = 1;
const MARK: u32 = 3;
/// The key of the expression meta.
const PACKET_MARK: u32 = 3;

/// States of a connection (NF_CT_STATE_BIT).
pub(super) const ESTABLISHED: u32 = 1 << 1;
pub(super) const RELATED: u32 = 1 << 2;

impl Rule {
    pub(super) fn state(self, states: u32) -> Rule {
        self.ct(STATE).mask(&states.to_ne_bytes()).compare(NOT_EQUAL, &[0; 4])
    }

    /// Only packets of the side that did not begin the connection.
    pub(super) fn reply(self) -> Rule {
        self.ct(DIRECTION).compare(EQUAL, &[1])
    }

    pub(super) fn marked(self, mark: u32) -> Rule {
        self.ct(MARK).compare(EQUAL, &mark.to_ne_bytes())
    }

    /// Marks the connection.
    pub(super) fn mark(self, mark: u32) -> Rule {
        self.immediate(REG, &mark.to_ne_bytes()).expr("ct", Attrs::default().number(2, MARK).number(4, REG))
    }

    fn ct(self, key: u32) -> Rule {
        self.expr("ct", Attrs::default().number(1, REG).number(2, key))
    }

    pub(super) fn goto(self, chain: &str) -> Rule {
        const VERDICT: u32 = 0;
        let verdict = Attrs::default().nest(2, goto(chain));
        self.expr("immediate", Attrs::default().number(1, VERDICT).nest(2, verdict))
    }

    /// Continues where the map leads for the link, incoming or outgoing, and the source address.
    pub(super) fn dispatch(self, like: IpAddr, map: &str) -> Rule {
        self.link_and_source(IIFNAME, like).expr("lookup", Attrs::default().text(1, map).number(2, WORD).number(3, 0))
    }

    pub(super) fn leaves_where_it_came(self, like: IpAddr, set: &str) -> Rule {
        const OIFNAME: u32 = 7;
        self.link_and_source(OIFNAME, like).within(set)
    }

    fn link_and_source(self, link: u32, like: IpAddr) -> Rule {
        let (offset, length) = if like.is_ipv4() { (12, 4) } else { (8, 16) };
        self.family(like).meta(WORD, link).load_to(WORD + 4, NETWORK, offset, length)
    }

    /// Only packets whose destination is in a set of addresses.
    pub(super) fn dest_within(self, like: IpAddr, set: &str) -> Rule {
        self.family(like).load_dest(like).within(set)
    }

    /// Only packets whose destination, protocol and port are in a set.
    pub(super) fn service_within(self, like: IpAddr, set: &str) -> Rule {
        const L4PROTO: u32 = 16;
        let at = WORD + octets(like).len() as u32 / 4;
        self.family(like).load_dest(like).meta(at, L4PROTO).load_to(at + 1, TRANSPORT, 2, 2).within(set)
    }

    /// Only packets to these ports whose destination is in a set together with the place of the ports.
    pub(super) fn wide_within(self, like: IpAddr, set: &str, (protocol, first, last): Ports, place: u8) -> Rule {
        const LESS_OR_EQUAL: u32 = 3;
        const GREATER_OR_EQUAL: u32 = 5;
        let at = WORD + octets(like).len() as u32 / 4;
        self.family(like)
            .protocol(protocol)
            .load(TRANSPORT, 2, 2)
            .compare(GREATER_OR_EQUAL, &first.to_be_bytes())
            .compare(LESS_OR_EQUAL, &last.to_be_bytes())
            .load_dest(like)
            .immediate(at, &wide(protocol, place))
            .within(set)
    }

    fn load_dest(self, like: IpAddr) -> Rule {
        let (offset, length) = if like.is_ipv4() { (16, 4) } else { (24, 16) };
        self.load_to(WORD, NETWORK, offset, length)
    }

    /// Marks the packet itself.
    pub(super) fn mark_packet(self, mark: u32) -> Rule {
        self.immediate(REG, &mark.to_ne_bytes()).expr("meta", Attrs::default().number(2, PACKET_MARK).number(3, REG))
    }

    pub(super) fn packet_not_marked(self, mark: u32) -> Rule {
        self.meta(REG, PACKET_MARK).compare(NOT_EQUAL, &mark.to_ne_bytes())
    }

    /// Only frames received on a link of a set.
    pub(super) fn comes_by_one_of(self, set: &str) -> Rule {
        self.meta(WORD, IIFNAME).within(set)
    }

    fn within(self, set: &str) -> Rule {
        self.expr("lookup", Attrs::default().text(1, set).number(2, WORD))
    }

    /// Only packets that were not sent to this machine's link address: broadcast and multicast.
    pub(super) fn multicast(self) -> Rule {
        const PKTTYPE: u32 = 19;
        self.meta(REG, PKTTYPE).compare(NOT_EQUAL, &[0])
    }

    /// At most this many packets in a second.
    pub(super) fn limit(self, rate: u64, burst: u32) -> Rule {
        let second = 1u64.to_be_bytes();
        let limit = Attrs::default().bytes(1, &rate.to_be_bytes()).bytes(2, &second).number(3, burst);
        self.expr("limit", limit.number(4, 0).number(5, 0))
    }

    /// Sends the beginning of the packet to an NFLOG group.
    pub(super) fn log(self, group: u16, length: u32) -> Rule {
        self.expr(
            "log",
            Attrs::default().bytes(1, &group.to_be_bytes()).number(3, length).bytes(4, &1u16.to_be_bytes()),
        )
    }

    /// Translates the destination to this machine, at this port.
    pub(super) fn redirect(self, port: u16) -> Rule {
        self.immediate(REG, &port.to_be_bytes()).expr("redir", Attrs::default().number(1, REG))
    }

    /// Answers with a TCP reset.
    pub(super) fn reset(self) -> Rule {
        const TCP_RST: u32 = 1;
        self.protocol(6).expr("reject", Attrs::default().number(1, TCP_RST))
    }

    /// Answers that the destination is prohibited, in the packet's family.
    pub(super) fn prohibit(self) -> Rule {
        const ICMPX_UNREACH: u32 = 2;
        const ADMIN_PROHIBITED: u8 = 3;
        self.expr("reject", Attrs::default().number(1, ICMPX_UNREACH).bytes(2, &[ADMIN_PROHIBITED]))
    }
}
