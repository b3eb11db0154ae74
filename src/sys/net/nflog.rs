//! Packets that rules with `log group N` report (linux/netfilter/nfnetlink_log.h): a netlink socket bound to the group.
//! Their bytes come from whoever sent them, so that nothing in them is trusted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{BorrowedFd, OwnedFd};

use nix::errno::Errno;
use rtnetlink::packet_core::{NLM_F_ACK, NetlinkBuffer};
use rustix::net::RecvFlags;
use rustix::net::netlink::SocketAddrNetlink;

use super::Netns;
use super::netlink::{Netlink, attribute, string};
use super::nft::{self, Attrs, frame};
use crate::sys::{Error, Result, interrupt};

/// The subsystem's messages.
const PACKET: u16 = 4 << 8;
const CONFIG: u16 = 4 << 8 | 1;

/// How many bytes of a packet are copied: the headers of IPv6 with some extensions, and of TCP.
const COPIED: u32 = 128;
/// The size of the largest message: the kernel's buffer for one (NFULNL_NLBUFSIZ_DEFAULT is smaller than a page).
const ROOM: usize = 16 * 1024;

/// A reported packet.
#[derive(Debug, Default, PartialEq)]
pub struct Packet {
    /// The rule's prefix.
    pub prefix: String,
    /// Source and destination; `None` if the packet is no complete IP packet.
    pub ends: Option<(IpAddr, IpAddr)>,
    /// The number of the protocol above IP.
    pub protocol: Option<u8>,
    /// Source and destination port, if the protocol has some and the packet includes them.
    pub ports: Option<(u16, u16)>,
    /// The index of the link that it arrived on.
    pub link: Option<u32>,
    /// The user of the socket that sent it, if it is of this namespace.
    pub uid: Option<u32>,
}

/// What was in the socket.
#[derive(Debug, Default)]
pub struct Received {
    /// Whether the kernel has dropped reports since the last call: the socket was full.
    pub lost: bool,
    /// The reported packets.
    pub packets: Vec<Packet>,
}

/// Binds a group in a network namespace: this one, or else the first free one. Returns the socket and the group. Errors:
/// EBUSY if another socket has it, EPERM without CAP_NET_ADMIN over the namespace.
pub fn open(netns: Netns<'_>, group: Option<u16>) -> Result<(OwnedFd, u16)> {
    let netlink = Netlink::netfilter(netns)?;
    if let Some(group) = group {
        bind(&netlink, group)?;
        return Ok((netlink.into_fd()?, group));
    }
    // Group 0 is the default of other programs.
    for group in 1..u16::MAX {
        match bind(&netlink, group) {
            Err(e) if e.errno == Errno::EBUSY => {}
            done => return done.and_then(|()| Ok((netlink.into_fd()?, group))),
        }
    }
    Err(Error::new(Errno::EBUSY))
}

fn bind(netlink: &Netlink, group: u16) -> Result<()> {
    const BIND: u8 = 1;
    const COPY_PACKET: u8 = 2;
    let mode = [&COPIED.to_be_bytes()[..], &[COPY_PACKET, 0]].concat();
    let [high, low] = group.to_be_bytes();
    // Each packet is reported at once: by default, the kernel collects a hundred or waits for a second.
    let attrs = Attrs::default().bytes(1, &[BIND]).bytes(2, &mode).number(5, 1);
    match netlink.exchange(&frame(CONFIG, NLM_F_ACK, &attrs.after(&[0, 0, high, low])), &mut |_| {}) {
        // The kernel refuses a group of another socket with the same error as a caller without the capability, for whom
        // every request fails.
        Err(e) if e.errno == Errno::EPERM && nft::generation(netlink).is_ok() => Err(Error::new(Errno::EBUSY)),
        done => done,
    }
}

/// Reads the next message without blocking; `None` if there is none.
pub fn receive(socket: BorrowedFd<'_>) -> Result<Option<Received>> {
    let mut buffer = vec![0; ROOM];
    loop {
        match rustix::net::recvfrom(socket, &mut buffer[..], RecvFlags::DONTWAIT) {
            Ok((length, _, from)) => {
                // Other processes may write to this socket; the kernel's port is 0.
                let kernel = from.and_then(|from| SocketAddrNetlink::try_from(from).ok()).is_some_and(|a| a.pid() == 0);
                if kernel {
                    return Ok(Some(Received { lost: false, packets: packets(&buffer[..length]) }));
                }
            }
            Err(rustix::io::Errno::NOBUFS) => return Ok(Some(Received { lost: true, packets: Vec::new() })),
            Err(rustix::io::Errno::AGAIN) => return Ok(None),
            Err(rustix::io::Errno::INTR) if !interrupt::pending() => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// The packets in a datagram of the socket.
pub fn packets(mut datagram: &[u8]) -> Vec<Packet> {
    let mut found = Vec::new();
    while let Ok(message) = NetlinkBuffer::new_checked(datagram) {
        // nfgenmsg: family, version, group.
        let attributes = message.payload().get(4..).filter(|_| message.message_type() == PACKET);
        found.extend(attributes.map(packet));
        let length = (message.length() as usize).max(16).next_multiple_of(4);
        datagram = datagram.get(length..).unwrap_or_default();
    }
    found
}

fn packet(attributes: &[u8]) -> Packet {
    let number = |kind| Some(u32::from_be_bytes(attribute(attributes, kind)?.get(..4)?.try_into().ok()?));
    let mut packet = Packet {
        prefix: attribute(attributes, 10).map(string).unwrap_or_default(),
        link: number(4),
        uid: number(11),
        ..Packet::default()
    };
    let payload = attribute(attributes, 9).unwrap_or_default();
    match payload.first().map(|first| first >> 4) {
        Some(4) => four(payload, &mut packet),
        Some(6) => six(payload, &mut packet),
        _ => None,
    };
    packet
}

fn at<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..offset.checked_add(N)?)?.try_into().ok()
}

fn four(bytes: &[u8], packet: &mut Packet) -> Option<()> {
    let (from, to) = (Ipv4Addr::from(at::<4>(bytes, 12)?), Ipv4Addr::from(at::<4>(bytes, 16)?));
    packet.ends = Some((from.into(), to.into()));
    let [protocol] = at(bytes, 9)?;
    packet.protocol = Some(protocol);
    let first = u16::from_be_bytes(at(bytes, 6)?) & 0x1fff == 0;
    let header = usize::from(bytes[0] & 0xf) * 4;
    packet.ports = first.then(|| ports(protocol, bytes, header)).flatten();
    Some(())
}

/// The extension headers that may precede the protocol (RFC 8200); more than these few are not followed.
fn six(bytes: &[u8], packet: &mut Packet) -> Option<()> {
    const HOP_BY_HOP: u8 = 0;
    const ROUTING: u8 = 43;
    const FRAGMENT: u8 = 44;
    const AUTHENTICATION: u8 = 51;
    const DESTINATION: u8 = 60;
    let (from, to) = (Ipv6Addr::from(at::<16>(bytes, 8)?), Ipv6Addr::from(at::<16>(bytes, 24)?));
    packet.ends = Some((from.into(), to.into()));
    let ([mut protocol], mut offset, mut first) = (at(bytes, 6)?, 40, true);
    for _ in 0..8 {
        let Some([next, length]) = at(bytes, offset) else { break };
        offset += match protocol {
            HOP_BY_HOP | ROUTING | DESTINATION => (usize::from(length) + 1) * 8,
            AUTHENTICATION => (usize::from(length) + 2) * 4,
            FRAGMENT => {
                first &= at(bytes, offset + 2).is_some_and(|field| u16::from_be_bytes(field) >> 3 == 0);
                8
            }
            _ => break,
        };
        protocol = next;
    }
    packet.protocol = Some(protocol);
    packet.ports = first.then(|| ports(protocol, bytes, offset)).flatten();
    Some(())
}

fn ports(protocol: u8, bytes: &[u8], offset: usize) -> Option<(u16, u16)> {
    // TCP, UDP, DCCP, SCTP, UDP-Lite.
    if ![6, 17, 33, 132, 136].contains(&protocol) {
        return None;
    }
    Some((u16::from_be_bytes(at(bytes, offset)?), u16::from_be_bytes(at(bytes, offset + 2)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(payload: &[u8]) -> Vec<u8> {
        let attrs = Attrs::default().text(10, "why").number(4, 3).bytes(9, payload);
        frame(PACKET, 0, &attrs.after(&[2, 0, 0, 1]))
    }

    fn one(payload: &[u8]) -> Packet {
        packets(&report(payload)).pop().expect("one packet")
    }

    fn ends(packet: &Packet) -> String {
        packet.ends.map(|(from, to)| format!("{from} {to}")).unwrap_or_default()
    }

    /// An IPv4 header of 24 bytes, with an option; then ports.
    fn with_options(fragment: u16) -> Vec<u8> {
        let mut bytes = vec![0x46, 0, 0, 28, 0, 0];
        bytes.extend(fragment.to_be_bytes());
        bytes.extend([64, 6, 0, 0, 10, 0, 0, 2, 198, 51, 100, 7, 1, 1, 1, 0]);
        bytes.extend([0x9c, 0x40, 0x01, 0xbb]);
        bytes
    }

    #[test]
    fn ipv4_with_options_and_fragments() {
        let found = one(&with_options(0x4000));
        assert_eq!((found.prefix.as_str(), found.link, found.protocol), ("why", Some(3), Some(6)));
        assert_eq!((ends(&found).as_str(), found.ports), ("10.0.0.2 198.51.100.7", Some((40000, 443))));
        assert_eq!(one(&with_options(0x2000)).ports, Some((40000, 443)), "the first fragment has the ports");
        assert_eq!(one(&with_options(0x2001)).ports, None, "a later one has data there");
    }

    #[test]
    fn ipv6_with_extension_headers() {
        let mut bytes = vec![0x60, 0, 0, 0, 0, 20, 0, 64];
        bytes.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
        bytes.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        let mut fragment = bytes.clone();
        bytes.extend([60, 0, 1, 4, 0, 0, 0, 0]); // hop by hop
        bytes.extend([17, 0, 1, 4, 0, 0, 0, 0]); // destination options
        bytes.extend([0, 53, 0, 54]);
        let found = one(&bytes);
        assert_eq!((ends(&found).as_str(), found.protocol), ("fd00::2 2001:db8::1", Some(17)));
        assert_eq!(found.ports, Some((53, 54)));
        fragment[6] = 44;
        fragment.extend([6, 0, 0, 8, 0, 0, 0, 0, 0, 53, 0, 54]);
        assert_eq!((one(&fragment).protocol, one(&fragment).ports), (Some(6), None));
    }

    /// Cut at every length, and with every length in the headers: nothing panics or is read past the end.
    #[test]
    fn cut_packets() {
        let whole = with_options(0);
        for length in 0..whole.len() {
            let found = one(&whole[..length]);
            assert_eq!(found.ports, None);
            assert_eq!(found.ends.is_some(), length >= 20);
        }
        let report = report(&whole);
        (0..report.len()).for_each(|length| drop(packets(&report[..length])));
        assert_eq!(packets(&[report.clone(), report].concat()).len(), 2);
    }
}
