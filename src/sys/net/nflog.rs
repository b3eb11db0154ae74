//! Packets that rules log to a group, as the kernel copies them (linux/netfilter/nfnetlink_log.h).

use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

use super::Netns;
use super::netlink::attribute;
use super::nft::{Attrs, frame};
use crate::sys::{Context, Error, Result, namespace};

/// Messages, with the number of their subsystem.
const PACKET: u16 = 4 << 8;
const CONFIG: u16 = 4 << 8 | 1;
const ACK: u16 = 4;

/// A logged packet.
#[derive(Debug, PartialEq)]
pub struct Packet {
    /// The sender.
    pub from: IpAddr,
    /// The receiver.
    pub to: IpAddr,
    /// The protocol's number, after the extension headers of IPv6.
    pub protocol: u8,
    /// The ports of TCP, UDP, SCTP and similar protocols.
    pub ports: Option<(u16, u16)>,
    /// The name of the link that it arrived on.
    pub link: Option<u32>,
}

/// Joins a group: reads do not block. Errors: EBUSY if another process has joined it, EPERM.
pub fn open(netns: Netns<'_>, group: u16, length: u32) -> Result<OwnedFd> {
    const BIND: u8 = 1;
    const FAMILY_BIND: u8 = 3; // does nothing, and needs the same right
    const COPY_PACKET: u8 = 2;
    let flags = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    let fd = namespace::in_netns(netns, || {
        // SAFETY: it only creates a descriptor, which is owned at once.
        let fd = unsafe { libc::socket(libc::AF_NETLINK, flags, libc::NETLINK_NETFILTER) };
        // SAFETY: as above; a failure is -1.
        if fd < 0 { Err(Error::last()) } else { Ok(unsafe { OwnedFd::from_raw_fd(fd) }) }
    })
    .detail("opening a netlink socket")?;
    let mode = [&length.to_be_bytes()[..], &[COPY_PACKET, 0]].concat();
    let [high, low] = group.to_be_bytes();
    let ask = |attrs: Attrs| configure(&fd, &frame(CONFIG, ACK, &attrs.after(&[0, 0, high, low])));
    match ask(Attrs::default().bytes(1, &[BIND])) {
        // The kernel refuses the group of another process in the same way as a caller without the right.
        Err(e) if e.errno == Errno::EPERM && ask(Attrs::default().bytes(1, &[FAMILY_BIND])).is_ok() => {
            return Err(Error::new(Errno::EBUSY));
        }
        done => done?,
    }
    ask(Attrs::default().bytes(2, &mode))?;
    Ok(fd)
}

/// Sends a request and reads its acknowledgement, which is there when the kernel returns.
fn configure(fd: &OwnedFd, request: &[u8]) -> Result<()> {
    const ERROR: u16 = 2;
    rustix::net::send(fd, request, rustix::net::SendFlags::empty())?;
    for message in split(&read(fd.as_fd())?.unwrap_or_default()) {
        if let (ERROR, payload) = message {
            let code = payload.get(..4).and_then(|c| c.try_into().ok()).map_or(0, i32::from_ne_bytes);
            return if code == 0 { Ok(()) } else { Err(Error::new(Errno::from_raw(-code))) };
        }
    }
    Err(Error::new(Errno::EPROTO))
}

/// The packets in the next datagram; `None` if none is waiting. A full socket loses packets, which is no error.
pub fn receive(fd: BorrowedFd<'_>) -> Result<Option<Vec<Packet>>> {
    let Some(bytes) = read(fd)? else { return Ok(None) };
    let packets = split(&bytes).into_iter().filter(|(kind, _)| *kind == PACKET);
    Ok(Some(packets.filter_map(|(_, payload)| packet(payload)).collect()))
}

fn read(fd: BorrowedFd<'_>) -> Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; 1 << 16];
    loop {
        // SAFETY: the buffer is as long as stated.
        let length = unsafe { libc::recv(fd.as_raw_fd(), bytes.as_mut_ptr().cast(), bytes.len(), libc::MSG_DONTWAIT) };
        match Errno::last() {
            _ if length >= 0 => {
                bytes.truncate(length as usize);
                return Ok(Some(bytes));
            }
            Errno::EAGAIN => return Ok(None),
            Errno::EINTR | Errno::ENOBUFS => {}
            error => return Err(Error::new(error)),
        }
    }
}

/// The messages of a datagram: type and payload.
fn split(mut bytes: &[u8]) -> Vec<(u16, &[u8])> {
    const HEADER: usize = 16;
    let mut list = Vec::new();
    while let Some(head) = bytes.get(..HEADER) {
        let length = u32::from_ne_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let Some(payload) = bytes.get(HEADER..length) else { break };
        list.push((u16::from_ne_bytes([head[4], head[5]]), payload));
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    list
}

/// A message about a packet.
fn packet(payload: &[u8]) -> Option<Packet> {
    const LINK: u16 = 4;
    const BYTES: u16 = 9;
    let attributes = payload.get(4..)?;
    let mut packet = parse(attribute(attributes, BYTES)?)?;
    packet.link = attribute(attributes, LINK).and_then(|n| Some(u32::from_be_bytes(n.try_into().ok()?)));
    Some(packet)
}

/// The beginning of an IP packet, which the container has written.
fn parse(bytes: &[u8]) -> Option<Packet> {
    let addr = |at: usize, length: usize| super::netlink::address(bytes.get(at..at + length)?);
    let (from, to, protocol, at) = match bytes.first()? >> 4 {
        4 => (addr(12, 4)?, addr(16, 4)?, *bytes.get(9)?, usize::from(bytes[0] & 15) * 4),
        6 => {
            let (protocol, at) = behind_extensions(bytes)?;
            (addr(8, 16)?, addr(24, 16)?, protocol, at)
        }
        _ => return None,
    };
    let port = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    // TCP, UDP, DCCP, SCTP, UDP-Lite
    let ports = [6, 17, 33, 132, 136].contains(&protocol).then(|| Some((port(at)?, port(at + 2)?))).flatten();
    Some(Packet { from, to, protocol, ports, link: None })
}

/// The protocol behind the extension headers of IPv6, and its offset.
fn behind_extensions(bytes: &[u8]) -> Option<(u8, usize)> {
    let (mut kind, mut at) = (*bytes.get(6)?, 40);
    // Hop-by-hop options, routing, destination options; each has its length in units of eight bytes, after the first.
    while [0, 43, 60].contains(&kind) {
        let Some(head) = bytes.get(at..at + 2) else { break };
        (kind, at) = (head[0], at + 8 + usize::from(head[1]) * 8);
    }
    Some((kind, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_packet_is_read() {
        let mut v4 = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 2, 198, 51, 100, 7];
        v4.extend([0x12, 0x34, 1, 0xbb]);
        let packet = parse(&v4).expect("a packet");
        assert_eq!((packet.protocol, packet.ports), (6, Some((0x1234, 443))));
        assert_eq!(packet.to, IpAddr::from([198, 51, 100, 7]));
        v4.truncate(21);
        assert_eq!(parse(&v4).expect("a packet").ports, None);
        let mut v6 = vec![0x60, 0, 0, 0, 0, 0, 0, 64];
        v6.extend([0; 32]);
        v6.extend([17, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 53]);
        assert_eq!(parse(&v6).expect("a packet").ports, Some((9, 53)));
        for length in 0..v6.len() {
            parse(&v6[..length]);
        }
    }
}
