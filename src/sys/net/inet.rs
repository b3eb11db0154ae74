//! Sockets of a network namespace: reserved ports, datagrams, connections (ip(7), udp(7), tcp(7)). Each is
//! close-on-exec and stays in the namespace where it was created.

use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use rustix::event::PollFlags;
use rustix::net::sockopt;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use super::Netns;
use crate::sys::{Context, Error, Result, event, interrupt, namespace};

/// The two supported protocols with ports.
#[derive(Clone, Copy, PartialEq)]
pub enum Proto {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// A bound socket and its port: chosen by the kernel if 0 was requested.
pub struct Bound {
    /// The socket.
    pub fd: OwnedFd,
    /// Its port.
    pub port: u16,
}

/// Reserves a port without using it: TCP does not listen. No other socket can bind it while the descriptor is open,
/// whatever options it sets, since this socket does not allow sharing. Errors: EADDRINUSE, EACCES, EADDRNOTAVAIL.
pub fn reserve(netns: Netns<'_>, proto: Proto, addr: SocketAddr) -> Result<Bound> {
    bind(socket(netns, proto, addr, SocketFlags::empty())?, addr)
}

/// A bound UDP socket. With a `peer` it is connected: it receives only from there, and learns that no program listens
/// there. Errors: like `reserve`; ENETUNREACH.
pub fn udp(netns: Netns<'_>, addr: SocketAddr, peer: Option<SocketAddr>) -> Result<Bound> {
    let bound = reserve(netns, Proto::Udp, addr)?;
    if let Some(peer) = peer {
        rustix::net::connect(&bound.fd, &peer).at(peer.to_string())?;
    }
    Ok(bound)
}

/// Listens for connections, with a `link` only for those that arrive there; accepting does not block. Errors: like
/// `reserve`; ENODEV.
pub fn listen(netns: Netns<'_>, addr: SocketAddr, backlog: i32, link: Option<&str>) -> Result<Bound> {
    let fd = socket(netns, Proto::Tcp, addr, SocketFlags::NONBLOCK)?;
    if let Some(link) = link {
        bind_to_link(fd.as_fd(), link)?;
    }
    // Connections of a listener that was just closed do not block the port.
    sockopt::set_socket_reuseaddr(&fd, true)?;
    let bound = bind(fd, addr)?;
    rustix::net::listen(&bound.fd, backlog).at(addr.to_string())?;
    Ok(bound)
}

/// Accepts the next connection and returns the peer's address; `None` if none is waiting.
pub fn accept(listener: BorrowedFd<'_>) -> Result<Option<(OwnedFd, SocketAddr)>> {
    loop {
        match rustix::net::acceptfrom_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
            Ok((fd, from)) => match from.and_then(|a| SocketAddr::try_from(a).ok()) {
                Some(from) => return Ok(Some((fd, from))),
                None => return Err(Error::new(Errno::EAFNOSUPPORT)),
            },
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::CONNABORTED) => return Ok(None),
            Err(rustix::io::Errno::INTR) if !interrupt::pending() => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// Starts to connect, and returns a socket that does not block: it is writable once it is connected, and its first read
/// or write reports a failure. Errors: ENETUNREACH.
pub fn start_connecting(netns: Netns<'_>, addr: SocketAddr) -> Result<OwnedFd> {
    let fd = socket(netns, Proto::Tcp, addr, SocketFlags::NONBLOCK)?;
    match rustix::net::connect(&fd, &addr) {
        Ok(()) | Err(rustix::io::Errno::INPROGRESS | rustix::io::Errno::INTR) => Ok(fd),
        Err(e) => Err(Error::from(e).with_path(addr.to_string())),
    }
}

/// Connects, for at most `timeout` seconds; `None`: the kernel's timeout. Errors: ECONNREFUSED, ENETUNREACH,
/// EHOSTUNREACH, ETIMEDOUT.
pub fn connect(netns: Netns<'_>, addr: SocketAddr, timeout: Option<f64>, nonblock: bool) -> Result<OwnedFd> {
    let place = addr.to_string();
    let fd = socket(netns, Proto::Tcp, addr, SocketFlags::NONBLOCK)?;
    match rustix::net::connect(&fd, &addr) {
        Ok(()) => {}
        Err(rustix::io::Errno::INPROGRESS | rustix::io::Errno::INTR) => {
            if event::poll(&[(fd.as_fd(), PollFlags::OUT)], timeout, false)? != [true] {
                return Err(Error::new(Errno::ETIMEDOUT).with_path(place));
            }
            sockopt::socket_error(&fd)?.at(&place)?;
        }
        Err(e) => return Err(Error::from(e).with_path(place)),
    }
    event::set_nonblocking(fd.as_fd(), nonblock)?;
    Ok(fd)
}

/// Limits a socket to a link (SO_BINDTODEVICE). Errors: ENODEV.
fn bind_to_link(fd: BorrowedFd<'_>, link: &str) -> Result<()> {
    let length = link.len() as libc::socklen_t;
    // SAFETY: the name is `length` bytes long, which are only read.
    let done = unsafe {
        libc::setsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, libc::SO_BINDTODEVICE, link.as_ptr().cast(), length)
    };
    if done == 0 { Ok(()) } else { Err(Error::last().with_path(link)) }
}

/// The destination that a connection had before a rule of this machine redirected it (SO_ORIGINAL_DST); `None` if no rule
/// did. Errors: ENOTCONN.
pub fn original_destination(fd: BorrowedFd<'_>) -> Result<Option<SocketAddr>> {
    const SO_ORIGINAL_DST: libc::c_int = 80;
    let own = SocketAddr::try_from(rustix::net::getsockname(fd)?).map_err(|_| Error::new(Errno::EAFNOSUPPORT))?;
    rustix::net::getpeername(fd)?;
    // SAFETY: plain data, for which zeros are valid.
    let mut found: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
    let mut length = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
    let level = if own.is_ipv4() { libc::SOL_IP } else { libc::SOL_IPV6 };
    let place = (&raw mut found).cast();
    // SAFETY: the kernel writes at most `length` bytes to `found`: an address of the socket's family.
    if unsafe { libc::getsockopt(fd.as_raw_fd(), level, SO_ORIGINAL_DST, place, &raw mut length) } != 0 {
        let error = Error::last();
        // The connection is not tracked, so that it was not translated either.
        return if error.errno == Errno::ENOENT || error.errno == Errno::ENOPROTOOPT { Ok(None) } else { Err(error) };
    }
    let port = u16::from_be(found.sin6_port);
    let original = if own.is_ipv4() {
        // The port is at the same place; the address follows it.
        SocketAddr::from((u32::from_be(found.sin6_flowinfo).to_be_bytes(), port))
    } else {
        SocketAddr::from((found.sin6_addr.s6_addr, port))
    };
    let same = original.ip() == own.ip() && original.port() == own.port();
    Ok((!same).then_some(original))
}

/// Receives the next datagram and its sender; `None` if none is waiting.
pub fn receive(fd: BorrowedFd<'_>) -> Result<Option<(Vec<u8>, SocketAddr)>> {
    // No datagram is longer: its length has sixteen bits.
    let mut bytes = vec![0; 1 << 16];
    loop {
        match rustix::net::recvfrom(fd, &mut bytes[..], RecvFlags::DONTWAIT) {
            Ok((length, _, from)) => {
                bytes.truncate(length);
                let from = from.and_then(|a| SocketAddr::try_from(a).ok());
                return Ok(from.map(|from| (bytes, from)));
            }
            Err(rustix::io::Errno::AGAIN) => return Ok(None),
            Err(rustix::io::Errno::INTR) if !interrupt::pending() => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// Sends a datagram. Errors: EMSGSIZE, ENETUNREACH, EPERM if a filter rejects it.
pub fn send(fd: BorrowedFd<'_>, bytes: &[u8], to: SocketAddr) -> Result<()> {
    loop {
        match rustix::net::sendto(fd, bytes, SendFlags::NOSIGNAL, &to) {
            Err(rustix::io::Errno::INTR) if !interrupt::pending() => {}
            sent => return sent.map(drop).at(to.to_string()),
        }
    }
}

fn socket(netns: Netns<'_>, proto: Proto, addr: SocketAddr, flags: SocketFlags) -> Result<OwnedFd> {
    let family = if addr.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let kind = if proto == Proto::Tcp { SocketType::STREAM } else { SocketType::DGRAM };
    namespace::in_netns(netns, || Ok(rustix::net::socket_with(family, kind, flags | SocketFlags::CLOEXEC, None)?))
}

fn bind(fd: OwnedFd, addr: SocketAddr) -> Result<Bound> {
    if addr.is_ipv6() {
        // Otherwise [::] would also bind the IPv4 port.
        sockopt::set_ipv6_v6only(&fd, true)?;
    }
    rustix::net::bind(&fd, &addr).at(addr.to_string())?;
    let own = rustix::net::getsockname(&fd)?;
    let port = SocketAddr::try_from(own).map_or(addr.port(), |own| own.port());
    Ok(Bound { fd, port })
}
