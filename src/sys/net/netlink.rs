//! The transport: one blocking netlink socket, a request and the kernel's replies (netlink(7)). It is synchronous
//! because the kernel is: when `send` returns, the reply is in the socket. An asynchronous client would cost three
//! times as much per request, and need a runtime in a process that forks.

use std::cell::Cell;
use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};

use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkMessage};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::sys::{Socket, SocketAddr, constants};

use super::Netns;
use super::answer::{self, Answer, ROOM};
pub use super::answer::{all, attribute, number, string};
use crate::sys::{Context, Result, namespace};

/// Room for an acknowledgement without the request, and for the kernel's error message.
const LITTLE: usize = 4096;

/// An open netlink socket; it belongs to the namespace it was opened in.
pub struct Netlink {
    socket: Socket,
    /// The sequence number of the next message. The kernel's own announcements have 0.
    next: Cell<u32>,
}

thread_local! {
    static PARKED: Cell<Vec<Netlink>> = const { Cell::new(Vec::new()) };
}

/// A message that changes an object, and its flags.
pub type Change = (RouteNetlinkMessage, u16);

impl Netlink {
    /// A socket for links, addresses and routes.
    pub fn route(netns: Netns<'_>) -> Result<Netlink> {
        Netlink::open(netns, constants::NETLINK_ROUTE)
    }

    /// A socket for nftables.
    pub fn netfilter(netns: Netns<'_>) -> Result<Netlink> {
        Netlink::open(netns, constants::NETLINK_NETFILTER)
    }

    fn open(netns: Netns<'_>, protocol: isize) -> Result<Netlink> {
        namespace::in_netns(netns, || {
            let socket = Socket::new(protocol).detail("opening a netlink socket")?;
            // With these the kernel adds an error message, and does not send the request back.
            socket.set_ext_ack(true)?;
            socket.set_cap_ack(true)?;
            Ok(Netlink { socket, next: Cell::new(1) })
        })
    }

    /// Keeps the socket open until some more are parked, or this process ends. Closing a socket that removed nftables
    /// objects waits for all processors, about 10 ms. The next operation, such as the deletion of a link, waits for the
    /// same at the same time.
    pub fn park(self) {
        const MOST: usize = 4; // the number of sockets used when a container and a network end
        let mut parked = PARKED.take();
        parked.push(self);
        if parked.len() > MOST {
            parked.remove(0);
        }
        PARKED.set(parked);
    }

    /// Gives the socket a number. A socket without one gets no announcements: 0 is the kernel's own number.
    pub fn numbered(mut self) -> Result<Netlink> {
        self.socket.bind_auto()?;
        Ok(self)
    }

    /// The socket itself, for messages that the kernel sends without a request.
    pub fn into_fd(self) -> Result<OwnedFd> {
        Ok(self.socket.as_fd().try_clone_to_owned()?)
    }

    /// Sends one change and reads its acknowledgement.
    pub fn ask(&self, message: RouteNetlinkMessage, flags: u16) -> Result<()> {
        self.settle(&encode(message, flags | NLM_F_ACK), LITTLE, &mut |_| {})
    }

    /// Sends changes, each with its flags, in one datagram: the kernel executes them in this order, and does not stop
    /// at an error. Fails with the first error.
    pub fn ask_all(&self, changes: Vec<Change>) -> Result<()> {
        let last = changes.len().saturating_sub(1);
        let mut request = Vec::new();
        for (at, (message, flags)) in changes.into_iter().enumerate() {
            // Errors are always reported; success is acknowledged once.
            request.extend(encode(message, if at == last { flags | NLM_F_ACK } else { flags }));
            request.resize(request.len().next_multiple_of(4), 0);
        }
        if request.is_empty() { Ok(()) } else { self.settle(&request, LITTLE, &mut |_| {}) }
    }

    /// Sends one query about one object; `each` gets the payload of the reply.
    pub fn get(&self, message: RouteNetlinkMessage, each: &mut dyn FnMut(&[u8])) -> Result<()> {
        self.exchange(&encode(message, NLM_F_ACK), each)
    }

    /// Lists all objects; `each` gets their payloads.
    pub fn dump<T>(&self, message: RouteNetlinkMessage, each: &mut dyn FnMut(&[u8]) -> Option<T>) -> Result<Vec<T>> {
        self.list(&encode(message, NLM_F_DUMP), each)
    }

    /// Like `dump`, with an encoded request.
    pub fn list<T>(&self, request: &[u8], each: &mut dyn FnMut(&[u8]) -> Option<T>) -> Result<Vec<T>> {
        answer::whole(|room, each| self.send(request).and_then(|answer| self.read(answer, room, each)), each)
    }

    /// Sends encoded messages in one datagram; fails with the first error.
    pub fn exchange(&self, request: &[u8], each: &mut dyn FnMut(&[u8])) -> Result<()> {
        self.settle(request, ROOM, each)
    }

    fn settle(&self, request: &[u8], room: usize, each: &mut dyn FnMut(&[u8])) -> Result<()> {
        let done = self.read(self.send(request)?, room, each)?.settled();
        if let Err(error) = &done {
            tracing::trace!(target: "netlink", %error, "refused");
        }
        done
    }

    /// Gives the messages their numbers and sends them; returns the answer to be read.
    fn send(&self, request: &[u8]) -> Result<Answer> {
        let mut request = request.to_vec();
        let first = self.next.get();
        let answer = Answer::to(&mut request, first);
        self.next.set(first.wrapping_add(answer.count()));
        let kind = request.get(4..6).map_or(0, |kind| u16::from_ne_bytes([kind[0], kind[1]]));
        tracing::trace!(target: "netlink", kind, messages = answer.count(), bytes = request.len(), "request");
        self.socket.send_to(&request, &SocketAddr::new(0, 0), 0)?;
        Ok(answer)
    }

    /// Reads until the socket is empty. It need not wait: see the start of this file.
    fn read(&self, mut answer: Answer, room: usize, each: &mut dyn FnMut(&[u8])) -> Result<Answer> {
        let mut datagram = Vec::with_capacity(room);
        loop {
            datagram.clear();
            // With MSG_TRUNC the length is the datagram's, even if that is longer than the buffer (recv(2)).
            match self.socket.recv_from(&mut datagram, libc::MSG_DONTWAIT | libc::MSG_TRUNC) {
                // Any process with CAP_NET_ADMIN may write to this socket. The kernel's port is 0.
                Ok((_, from)) if from.port_number() != 0 => {}
                Ok((length, _)) if length > datagram.len() => answer.cut(length),
                Ok(_) => answer.take(&datagram, each),
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return Ok(answer),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }
}

fn encode(message: RouteNetlinkMessage, flags: u16) -> Vec<u8> {
    let mut message = NetlinkMessage::from(message);
    message.header.flags = flags | NLM_F_REQUEST;
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

/// The error in an NLMSG_ERROR; `None` for an acknowledgement. The kernel's message (NLMSGERR_ATTR_MSG) follows the
/// request's header, or the whole request if that is not capped.
pub fn address(value: &[u8]) -> Option<IpAddr> {
    match value.len() {
        4 => Some(<[u8; 4]>::try_from(value).ok()?.into()),
        _ => Some(<[u8; 16]>::try_from(value).ok()?.into()),
    }
}

#[cfg(test)]
mod tests {
    use rtnetlink::packet_route::link::LinkMessage;

    use super::*;
    use crate::sys::net::nft::{Attrs, frame};
    use nix::errno::Errno;

    const GET_LINK: u16 = 18;

    fn links(netlink: &Netlink, attrs: Attrs) -> Result<Vec<u32>> {
        let request = frame(GET_LINK, NLM_F_DUMP, &attrs.after(&[0; 16]));
        netlink.list(&request, &mut |payload| payload.get(4..8).and_then(number))
    }

    /// The kernel accepts this dump, and then finds no namespace of this number: its error is in the NLMSG_DONE.
    #[test]
    fn the_error_at_the_end_of_a_dump_is_one() {
        const TARGET_NETNSID: u16 = 46;
        let netlink = Netlink::route(None).expect("a socket");
        let none = Attrs::default().bytes(TARGET_NETNSID, &12345u32.to_ne_bytes());
        assert_eq!(links(&netlink, none).expect_err("no such namespace").errno, Errno::EINVAL);
        assert!(links(&netlink, Attrs::default()).expect("the same socket still works").contains(&1));
    }

    /// A datagram that does not fit is noticed. The loopback link always exists.
    #[test]
    fn a_datagram_longer_than_the_buffer_is_noticed() {
        let netlink = Netlink::route(None).expect("a socket");
        let request = encode(RouteNetlinkMessage::GetLink(LinkMessage::default()), NLM_F_DUMP);
        let answer = netlink.read(netlink.send(&request).expect("sent"), 128, &mut |_| {}).expect("read");
        assert_eq!(answer.settled().expect_err("cut").errno, Errno::EMSGSIZE);
    }

    /// Data left in the socket by an earlier request is not an answer to the next one.
    #[test]
    fn the_rest_of_an_earlier_answer_is_passed_over() {
        let netlink = Netlink::route(None).expect("a socket");
        let request = frame(GET_LINK, NLM_F_ACK, &Attrs::default().text(3, "lo").after(&[0; 16]));
        netlink.send(&request).expect("sent");
        let mut heard = 0;
        netlink.exchange(&request, &mut |_| heard += 1).expect("answered");
        assert_eq!(heard, 1);
    }
}
