//! A connection that is being moved: its two sockets, its two directions, its watch, and what it waits for.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::net::sockopt;

use super::flow::{Filled, Flow, Pool};
use super::watch::{Check, Next, Watch};
use crate::sys::Result;

/// The most bytes that a turn moves in one direction, so that other connections take their turns.
const TURN: u64 = 4 << 20;

/// A connection that has ended.
pub struct Ended {
    /// The number that `add` returned.
    pub number: u64,
    /// The bytes that went to the server, and to the client.
    pub moved: (u64, u64),
    /// Why its watch reset it.
    pub refused: Option<&'static str>,
    /// Whether one side, or the watch, reset it.
    pub reset: bool,
}

/// Why a connection is over before both sides have ended.
pub enum Broken {
    /// A socket failed.
    Failed,
    /// The watch refused what it read.
    Refused(&'static str),
}

impl From<rustix::io::Errno> for Broken {
    fn from(_: rustix::io::Errno) -> Broken {
        Broken::Failed
    }
}

impl From<&'static str> for Broken {
    fn from(why: &'static str) -> Broken {
        Broken::Refused(why)
    }
}

struct Side {
    socket: OwnedFd,
    /// The events that epoll waits for; `None`: it does not have the socket.
    wanted: Option<EventFlags>,
}

pub struct Connection {
    number: u64,
    client: Side,
    server: Side,
    /// From the client to the server, and back.
    up: Flow,
    down: Flow,
    watch: Option<Watch>,
    /// Whether the client is not read before the server answers.
    waits: bool,
    /// Whether the server's socket has failed.
    failed: bool,
}

impl Connection {
    pub fn new(number: u64, client: OwnedFd, server: OwnedFd, check: Option<Check>) -> Connection {
        let side = |socket| Side { socket, wanted: None };
        let (client, server) = (side(client), side(server));
        let watch = check.map(Watch::new);
        Connection {
            number,
            client,
            server,
            up: Flow::default(),
            down: Flow::default(),
            watch,
            waits: false,
            failed: false,
        }
    }

    /// Takes bytes of the client.
    pub fn take(&mut self, bytes: &[u8]) -> std::result::Result<(), &'static str> {
        let Some(watch) = &mut self.watch else {
            self.up.first.extend_from_slice(bytes);
            return Ok(());
        };
        let next = watch.client(bytes, &mut self.up.first)?;
        self.waits = next == Next::Wait;
        if next == Next::Free {
            self.watch = None;
        }
        Ok(())
    }

    /// Sends what was taken if the server is connected already, which saves a turn.
    pub fn begin(&mut self, pool: &mut Pool) {
        // The kernel reports an error once, and then a hang-up, which leads to the next turn.
        self.failed = self.up.flush(self.server.socket.as_fd(), pool).is_err();
    }

    /// Moves what can be moved now; true when both sides have ended.
    pub fn turn(&mut self, pool: &mut Pool, buffer: &mut [u8]) -> std::result::Result<bool, Broken> {
        if self.failed {
            return Err(Broken::Failed);
        }
        self.turn_down(pool, buffer)?;
        self.turn_up(pool, buffer)?;
        Ok(self.up.shut && self.down.shut)
    }

    fn turn_up(&mut self, pool: &mut Pool, buffer: &mut [u8]) -> std::result::Result<(), Broken> {
        let until = self.up.moved + TURN;
        while self.up.flush(self.server.socket.as_fd(), pool)? {
            if self.up.ended {
                return Ok(self.up.pass_end(self.server.socket.as_fd())?);
            }
            if self.up.moved >= until || self.waits {
                break;
            }
            let from = self.client.socket.as_fd();
            if self.watch.is_none() {
                match self.up.fill(from, pool, buffer)? {
                    Filled::Nothing => break,
                    Filled::Some | Filled::End => continue,
                }
            }
            match self.up.read(from, buffer)? {
                Some(count) => self.take(&buffer[..count])?,
                None if self.up.ended => {}
                None => break,
            }
        }
        Ok(())
    }

    fn turn_down(&mut self, pool: &mut Pool, buffer: &mut [u8]) -> std::result::Result<(), Broken> {
        let until = self.down.moved + TURN;
        while self.down.flush(self.client.socket.as_fd(), pool)? {
            if self.down.ended {
                return Ok(self.down.pass_end(self.client.socket.as_fd())?);
            }
            if self.down.moved >= until {
                break;
            }
            let from = self.server.socket.as_fd();
            let Some(watch) = self.watch.as_mut().filter(|watch| watch.reads_server()) else {
                match self.down.fill(from, pool, buffer)? {
                    Filled::Nothing => break,
                    Filled::Some | Filled::End => continue,
                }
            };
            match self.down.read(from, buffer)? {
                Some(count) => {
                    watch.server(&buffer[..count])?;
                    self.down.first.extend_from_slice(&buffer[..count]);
                    // It may let bytes of the client pass that were held.
                    self.take(&[])?;
                }
                None if self.down.ended => {}
                None => break,
            }
        }
        Ok(())
    }

    /// Tells epoll what it waits for.
    pub fn wait(&mut self, epoll: BorrowedFd<'_>, at: usize) -> Result<()> {
        let number = at as u64 * 2;
        let reads_client = !self.up.ended && self.up.empty() && !self.waits;
        let reads_server = !self.down.ended && self.down.empty();
        self.client.wait(epoll, number, [reads_client, !self.down.empty(), self.down.shut])?;
        self.server.wait(epoll, number + 1, [reads_server, !self.up.empty(), self.up.shut])
    }

    /// Ends it. If it is broken, both sides get RST.
    pub fn end(self, broken: Option<Broken>) -> Ended {
        if broken.is_some() {
            for side in [&self.client, &self.server] {
                // A socket that failed has nothing to reset.
                let _ = reset_on_close(side.socket.as_fd());
            }
        }
        Ended {
            number: self.number,
            moved: (self.up.moved, self.down.moved),
            reset: broken.is_some(),
            refused: match broken {
                Some(Broken::Refused(why)) => Some(why),
                _ => None,
            },
        }
    }
}

impl Side {
    /// `shut`: our end of it is closed. Once nothing is awaited either, its hang-up would be reported for ever.
    fn wait(&mut self, epoll: BorrowedFd<'_>, number: u64, [read, write, shut]: [bool; 3]) -> Result<()> {
        let mut events = EventFlags::empty();
        events.set(EventFlags::IN, read);
        events.set(EventFlags::OUT, write);
        let wanted = if events.is_empty() && shut { None } else { Some(events) };
        if wanted == self.wanted {
            return Ok(());
        }
        let data = EventData::new_u64(number);
        match (self.wanted, wanted) {
            (None, Some(events)) => epoll::add(epoll, &self.socket, data, events)?,
            (_, Some(events)) => epoll::modify(epoll, &self.socket, data, events)?,
            (_, None) => epoll::delete(epoll, &self.socket)?,
        }
        self.wanted = wanted;
        Ok(())
    }
}

/// Ends a TCP connection with RST, when its last descriptor is closed.
pub fn reset_on_close(socket: BorrowedFd<'_>) -> Result<()> {
    Ok(sockopt::set_socket_linger(socket, Some(Duration::ZERO))?)
}
