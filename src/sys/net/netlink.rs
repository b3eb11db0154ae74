//! The transport: one blocking netlink socket, a request and the kernel's replies (netlink(7)). It is synchronous
//! because the kernel is: when `send` returns, the reply is in the socket. An asynchronous client would cost three
//! times as much per request, and need a runtime in a process that forks.

use std::cell::Cell;
use std::net::IpAddr;

use nix::errno::Errno;
use rtnetlink::packet_core::{
    NLM_F_ACK, NLM_F_ACK_TLVS, NLM_F_CAPPED, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR,
    NetlinkBuffer, NetlinkMessage, NlasIterator,
};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::sys::{Socket, SocketAddr, constants};

use super::Netns;
use crate::sys::{Context, Error, Result, namespace};

/// The kernel fills a dump's datagrams up to 32 KiB if the reader's buffer is large enough.
const ROOM: usize = 32 * 1024;

/// Room for an acknowledgement without the request, and for the kernel's error message.
const LITTLE: usize = 4096;

/// How often an inconsistent dump is repeated.
const DUMPS: usize = 10;

/// An open netlink socket; it belongs to the namespace it was opened in.
pub struct Netlink(Socket);

thread_local! {
    static PARKED: Cell<Vec<Netlink>> = const { Cell::new(Vec::new()) };
}

/// A message that changes an object, and its flags.
pub type Change = (RouteNetlinkMessage, u16);

/// The kernel's reply to one request.
#[derive(Default)]
struct Answers {
    failure: Option<Error>,
    settled: bool,
    interrupted: bool,
}

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
            Ok(Netlink(socket))
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
        for _ in 0..DUMPS {
            let mut found = Vec::new();
            self.send(request)?;
            let answers = self.read(ROOM, &mut |payload| found.extend(each(payload)))?;
            match answers.failure {
                Some(error) => return Err(error),
                None if answers.interrupted => {}
                None => return Ok(found),
            }
        }
        Err(Error::new(Errno::EAGAIN).with_detail("the list changed each time it was read"))
    }

    /// Sends encoded messages in one datagram; fails with the first error.
    pub fn exchange(&self, request: &[u8], each: &mut dyn FnMut(&[u8])) -> Result<()> {
        self.settle(request, ROOM, each)
    }

    fn settle(&self, request: &[u8], room: usize, each: &mut dyn FnMut(&[u8])) -> Result<()> {
        self.send(request)?;
        let answers = self.read(room, each)?;
        match answers.failure {
            Some(error) => Err(error),
            None if answers.settled => Ok(()),
            None => Err(Error::new(Errno::EPROTO).with_detail("the kernel sent no acknowledgement")),
        }
    }

    fn send(&self, request: &[u8]) -> Result<()> {
        self.0.send_to(request, &SocketAddr::new(0, 0), 0)?;
        Ok(())
    }

    /// Reads until the socket is empty. It need not wait: see the start of this file.
    fn read(&self, room: usize, each: &mut dyn FnMut(&[u8])) -> Result<Answers> {
        let mut answers = Answers::default();
        let mut datagram = Vec::with_capacity(room);
        loop {
            datagram.clear();
            match self.0.recv(&mut datagram, libc::MSG_DONTWAIT) {
                Ok(0) => return Ok(answers),
                Ok(_) => answers.take(&datagram, each),
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return Ok(answers),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }
}

impl Answers {
    fn take(&mut self, mut datagram: &[u8], each: &mut dyn FnMut(&[u8])) {
        while let Ok(message) = NetlinkBuffer::new_checked(datagram) {
            self.interrupted |= message.flags() & NLM_F_DUMP_INTR != 0;
            match message.message_type() {
                NLMSG_ERROR => {
                    self.settled = true;
                    if let Some(error) = refusal(message.flags(), message.payload()) {
                        self.failure.get_or_insert(error);
                    }
                }
                NLMSG_DONE => self.settled = true,
                _ => each(message.payload()),
            }
            let length = (message.length() as usize).next_multiple_of(4);
            datagram = datagram.get(length..).unwrap_or_default();
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
fn refusal(flags: u16, payload: &[u8]) -> Option<Error> {
    const MESSAGE: u16 = 1;
    let code = i32::from_ne_bytes(payload.get(..4)?.try_into().ok()?);
    if code == 0 {
        return None;
    }
    let error = Error::new(Errno::from_raw(-code));
    if flags & NLM_F_ACK_TLVS == 0 {
        return Some(error);
    }
    let request = u32::from_ne_bytes(payload.get(4..8)?.try_into().ok()?) as usize;
    let skip = 4 + if flags & NLM_F_CAPPED != 0 { 16 } else { request.next_multiple_of(4) };
    match attribute(payload.get(skip..).unwrap_or_default(), MESSAGE) {
        Some(text) => Some(error.with_detail(string(text))),
        None => Some(error),
    }
}

/// The value of the attribute of this kind; `None` if it is absent.
pub fn attribute(attributes: &[u8], kind: u16) -> Option<&[u8]> {
    all(attributes, kind).next()
}

/// The values of all attributes of this kind.
pub fn all(attributes: &[u8], kind: u16) -> impl Iterator<Item = &[u8]> {
    NlasIterator::new(attributes).flatten().filter(move |a| a.kind() == kind).filter_map(|found| {
        // The iterator's items live shorter than the buffer: take the bytes from the slice.
        let start = found.value().as_ptr() as usize - attributes.as_ptr() as usize;
        attributes.get(start..start + found.value_length())
    })
}

/// A string attribute without its NUL.
pub fn string(value: &[u8]) -> String {
    String::from_utf8_lossy(value.split(|b| *b == 0).next().unwrap_or_default()).into_owned()
}

/// An address from four or sixteen bytes.
pub fn address(value: &[u8]) -> Option<IpAddr> {
    match value.len() {
        4 => Some(<[u8; 4]>::try_from(value).ok()?.into()),
        _ => Some(<[u8; 16]>::try_from(value).ok()?.into()),
    }
}

/// A 32-bit attribute in host byte order.
pub fn number(value: &[u8]) -> Option<u32> {
    Some(u32::from_ne_bytes(value.get(..4)?.try_into().ok()?))
}
