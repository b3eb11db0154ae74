//! The sockets of HTTP connections. They do not block: each wait has a time limit, and a signal that ends the recipe
//! interrupts it. Addresses are tried at intervals and in parallel (RFC 8305).

use std::cell::Cell;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use rustix::event::PollFlags;
use rustix::net::{RecvFlags, SendFlags, sockopt};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
};

use super::resolver;
use crate::sys::net::inet;
use crate::sys::{Error, Result, event};

/// RFC 8305, section 5: the delay after which the next address is tried too.
const NEXT: Duration = Duration::from_millis(250);

/// Why there is no more to read.
pub(super) const CLOSED: &str = "the server closed the connection before the end";
/// How many addresses the library's list can have.
const MOST: usize = 16;

thread_local! {
    static LAST: Cell<RawFd> = const { Cell::new(-1) };
}

/// The socket on which this thread has sent last: after a request, that of its response.
pub(super) fn last() -> RawFd {
    LAST.get()
}

/// An error of this layer inside one of the library.
pub(super) fn wrap(error: Error) -> ureq::Error {
    ureq::Error::Other(Box::new(error))
}

/// The library's "never" is a number of seconds that no clock reaches.
fn limit(timeout: NextTimeout) -> Option<Duration> {
    (!timeout.after.is_not_happening()).then_some(*timeout.after)
}

/// Resolves names by our stub resolver.
#[derive(Debug)]
pub struct Names;

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &ureq::http::Uri,
        _: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> std::result::Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let found = resolver::resolve(host, limit(timeout)).map_err(wrap)?;
        let mut addrs = self.empty();
        for addr in found.into_iter().take(MOST) {
            addrs.push((addr, port).into());
        }
        Ok(addrs)
    }
}

/// Connects to the first address that accepts.
#[derive(Debug)]
pub struct Dialer;

impl<In: Transport> Connector<In> for Dialer {
    type Out = Either<In, Tcp>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> std::result::Result<Option<Self::Out>, ureq::Error> {
        // The connection of a proxy.
        if let Some(transport) = chained {
            return Ok(Some(Either::A(transport)));
        }
        let fd = dial(&details.addrs, limit(details.timeout)).map_err(wrap)?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(Tcp { fd, buffers })))
    }
}

/// The first connection to be established; the others are closed.
fn dial(addrs: &[std::net::SocketAddr], timeout: Option<Duration>) -> Result<OwnedFd> {
    let deadline = timeout.map(|timeout| Instant::now() + timeout);
    let mut waiting = addrs.iter();
    let mut started: Vec<(OwnedFd, std::net::SocketAddr)> = Vec::new();
    let mut failure = Error::new(Errno::EHOSTUNREACH);
    loop {
        if let Some(addr) = waiting.next() {
            match inet::start_connecting(None, *addr) {
                Ok(fd) => started.push((fd, *addr)),
                Err(e) => failure = e,
            }
        }
        if started.is_empty() {
            if waiting.len() == 0 {
                return Err(failure);
            }
            continue;
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let wait = if waiting.len() == 0 { left } else { Some(left.map_or(NEXT, |left| left.min(NEXT))) };
        let fds: Vec<_> = started.iter().map(|(fd, _)| (fd.as_fd(), PollFlags::OUT)).collect();
        let ready = event::poll(&fds, wait.map(|wait| wait.as_secs_f64()), false)?;
        let mut ready = ready.iter();
        let mut connected = None;
        started.retain(|(fd, addr)| {
            if connected.is_some() || ready.next() != Some(&true) {
                return true;
            }
            match sockopt::socket_error(fd) {
                Ok(Ok(())) => connected = Some(*addr),
                Ok(Err(e)) | Err(e) => failure = Error::from(e).with_path(addr.to_string()),
            }
            connected.is_some()
        });
        if let Some(at) = started.iter().position(|(_, addr)| Some(*addr) == connected) {
            let fd = started.swap_remove(at).0;
            sockopt::set_tcp_nodelay(&fd, true)?;
            return Ok(fd);
        }
        if left.is_some_and(|left| left.is_zero()) {
            let addr = started.first().map_or_else(String::new, |(_, addr)| addr.to_string());
            return Err(Error::new(Errno::ETIMEDOUT).with_path(addr).with_detail("it does not accept the connection"));
        }
    }
}

/// A connection.
#[derive(Debug)]
pub struct Tcp {
    fd: OwnedFd,
    buffers: LazyBuffers,
}

impl Tcp {
    fn wait(&self, what: PollFlags, timeout: NextTimeout) -> std::result::Result<(), ureq::Error> {
        match event::ready(self.fd.as_fd(), what, limit(timeout).map(|left| left.as_secs_f64())) {
            Ok(true) => Ok(()),
            Ok(false) => Err(ureq::Error::Timeout(timeout.reason)),
            Err(e) => Err(wrap(e)),
        }
    }
}

/// The error of a connection that was established.
fn broken(errno: rustix::io::Errno) -> Error {
    let error = Error::from(errno);
    match error.errno {
        Errno::ECONNRESET | Errno::EPIPE => Error::new(Errno::ECONNRESET).with_detail(CLOSED),
        _ => error,
    }
}

impl Transport for Tcp {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> std::result::Result<(), ureq::Error> {
        LAST.set(self.fd.as_raw_fd());
        let mut sent = 0;
        while sent < amount {
            match rustix::net::send(&self.fd, &self.buffers.output()[sent..amount], SendFlags::NOSIGNAL) {
                Ok(n) => sent += n,
                Err(rustix::io::Errno::AGAIN) => self.wait(PollFlags::OUT, timeout.for_write())?,
                Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(wrap(broken(e))),
            }
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> std::result::Result<bool, ureq::Error> {
        loop {
            let input = self.buffers.input_append_buf();
            match rustix::net::recv(&self.fd, input, RecvFlags::empty()) {
                Ok((_, n)) => {
                    self.buffers.input_appended(n);
                    return Ok(n > 0);
                }
                Err(rustix::io::Errno::AGAIN) => self.wait(PollFlags::IN, timeout.for_read())?,
                Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(wrap(broken(e))),
            }
        }
    }

    /// Nothing may be readable on an idle connection, not even its end.
    fn is_open(&mut self) -> bool {
        let mut byte = [0];
        rustix::net::recv(&self.fd, &mut byte[..], RecvFlags::PEEK).err() == Some(rustix::io::Errno::AGAIN)
    }
}
