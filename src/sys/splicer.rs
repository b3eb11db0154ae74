//! Moves the bytes of many TCP connections between pairs of sockets without blocking: the end of one side is passed to the
//! other, a failure of one resets both, and what one does not accept is not read from the other. What a watch reads of a
//! connection is checked before it passes.

mod connection;
mod flow;
mod watch;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, EventFlags};
use rustix::net::sockopt;

use super::Result;
use connection::{Broken, Connection};
pub use connection::{Ended, reset_on_close};
use flow::Pool;
pub use watch::Check;

/// How many events a turn takes.
const EVENTS: usize = 128;
/// The size of one read of what is watched.
const PIECE: usize = 16 << 10;

/// Seconds of silence after which a peer is probed, between probes, and how many may be lost: a peer that vanished does not
/// keep its connection for ever.
const SILENCE: Duration = Duration::from_secs(120);
const PROBES: (Duration, u32) = (Duration::from_secs(30), 5);

/// The connections.
pub struct Splicer {
    epoll: OwnedFd,
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    next: u64,
    pool: Pool,
    buffer: Vec<u8>,
}

impl Splicer {
    /// Creates one without connections.
    pub fn new() -> Result<Splicer> {
        Ok(Splicer {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            connections: Vec::new(),
            free: Vec::new(),
            next: 0,
            pool: Pool::default(),
            buffer: vec![0; PIECE],
        })
    }

    /// A descriptor that is readable when `turn` has something to do.
    pub fn ready(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    /// How many connections it moves.
    pub fn count(&self) -> usize {
        self.connections.len() - self.free.len()
    }

    /// Adds a connection. The server's socket may still be connecting. `first` was already received from the client. Returns
    /// its number, or why the watch refuses it; it is then reset.
    pub fn add(
        &mut self,
        client: OwnedFd,
        server: OwnedFd,
        first: &[u8],
        check: Option<Check>,
    ) -> Result<std::result::Result<u64, &'static str>> {
        for socket in [&client, &server] {
            super::event::set_nonblocking(socket.as_fd(), true)?;
            sockopt::set_tcp_nodelay(socket, true)?;
            sockopt::set_socket_keepalive(socket, true)?;
            sockopt::set_tcp_keepidle(socket, SILENCE)?;
            sockopt::set_tcp_keepintvl(socket, PROBES.0)?;
            sockopt::set_tcp_keepcnt(socket, PROBES.1)?;
        }
        let number = self.next;
        self.next += 1;
        let mut connection = Connection::new(number, client, server, check);
        if let Err(why) = connection.take(first) {
            connection.end(Some(Broken::Refused(why)));
            return Ok(Err(why));
        }
        connection.begin(&mut self.pool);
        let at = self.free.pop().unwrap_or_else(|| {
            self.connections.push(None);
            self.connections.len() - 1
        });
        let waits = connection.wait(self.epoll.as_fd(), at);
        self.connections[at] = Some(connection);
        waits?;
        Ok(Ok(number))
    }

    /// Moves what can be moved now, and returns the connections that have ended.
    pub fn turn(&mut self) -> Result<Vec<Ended>> {
        let mut events = Vec::with_capacity(EVENTS);
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&NOW)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(Vec::new()),
            Err(e) => return Err(e.into()),
        }
        let mut ended = Vec::new();
        for event in events {
            let at = (event.data.u64() / 2) as usize;
            let Some(connection) = &mut self.connections[at] else { continue };
            let flags = event.flags;
            // A hang-up alone is of a socket that nothing is awaited of, and that is closed both ways.
            let failed = flags.contains(EventFlags::ERR) || flags == EventFlags::HUP;
            let done = if failed { Err(Broken::Failed) } else { connection.turn(&mut self.pool, &mut self.buffer) };
            if matches!(done, Ok(false)) {
                connection.wait(self.epoll.as_fd(), at)?;
                continue;
            }
            ended.extend(self.connections[at].take().map(|connection| connection.end(done.err())));
            self.free.push(at);
        }
        Ok(ended)
    }

    /// Resets all connections.
    pub fn reset(&mut self) -> Vec<Ended> {
        let all = std::mem::take(&mut self.connections);
        self.free.clear();
        all.into_iter().flatten().map(|connection| connection.end(Some(Broken::Failed))).collect()
    }
}

const NOW: rustix::event::Timespec = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
