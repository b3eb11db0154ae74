//! One direction of a connection that is being moved: bytes go from a socket to the other through a pipe, without a copy
//! (splice(2)). Bytes of this process go before them.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{SendFlags, Shutdown};
use rustix::pipe::SpliceFlags;

use crate::sys::descriptor;

/// The capacity that pipes should have, and the most that one splice moves.
const CAPACITY: usize = 1 << 20;
/// How many unused pipes are kept.
const SPARE: usize = 16;

type Io<T> = rustix::io::Result<T>;

struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
}

/// Pipes without content.
#[derive(Default)]
pub struct Pool(Vec<Pipe>);

impl Pool {
    fn take(&mut self) -> Option<Pipe> {
        self.0.pop().or_else(|| {
            let (read, write) = descriptor::pipe().ok()?;
            // A smaller one works as well.
            let _ = rustix::pipe::fcntl_setpipe_size(&write, CAPACITY);
            Some(Pipe { read, write })
        })
    }

    fn give(&mut self, pipe: Pipe) {
        if self.0.len() < SPARE {
            self.0.push(pipe);
        }
    }
}

/// The result of reading from a socket.
pub enum Filled {
    /// There were bytes.
    Some,
    /// There are none now.
    Nothing,
    /// There are no more.
    End,
}

/// A direction.
#[derive(Default)]
pub struct Flow {
    /// Bytes that go first, and how many of them are sent.
    pub first: Vec<u8>,
    sent: usize,
    /// The pipe while it has bytes, and how many.
    pipe: Option<Pipe>,
    held: usize,
    /// Whether the source has ended.
    pub ended: bool,
    /// Whether the other side knows.
    pub shut: bool,
    /// How many bytes were moved.
    pub moved: u64,
}

impl Flow {
    /// Whether nothing waits for space in the other socket.
    pub fn empty(&self) -> bool {
        self.first.is_empty() && self.held == 0
    }

    /// Writes what waits; false if the socket is full.
    pub fn flush(&mut self, into: BorrowedFd<'_>, pool: &mut Pool) -> Io<bool> {
        while !self.first.is_empty() {
            let Some(count) = unless_full(rustix::net::send(into, &self.first[self.sent..], flags()))? else {
                return Ok(false);
            };
            self.moved += count as u64;
            self.sent += count;
            if self.sent == self.first.len() {
                (self.first, self.sent) = (Vec::new(), 0);
            }
        }
        while let Some(pipe) = &self.pipe {
            let moving = rustix::pipe::splice(&pipe.read, None, into, None, self.held, move_flags());
            let Some(count) = unless_full(moving)? else { return Ok(false) };
            self.moved += count as u64;
            self.held -= count;
            if self.held == 0 {
                self.pipe.take().into_iter().for_each(|pipe| pool.give(pipe));
            }
        }
        Ok(true)
    }

    /// Takes bytes from the socket; nothing must wait.
    pub fn fill(&mut self, from: BorrowedFd<'_>, pool: &mut Pool, buffer: &mut [u8]) -> Io<Filled> {
        // Without a pipe, in a process that has too many open files, they are copied.
        let Some(pipe) = pool.take() else {
            let filled = read(from, buffer)?;
            if let Ok(count) = filled {
                self.first.extend_from_slice(&buffer[..count]);
            }
            return Ok(self.note(filled));
        };
        let taken = unless_full(rustix::pipe::splice(from, None, &pipe.write, None, CAPACITY, move_flags()));
        self.held = taken.as_ref().map_or(0, |count| count.unwrap_or(0));
        if self.held > 0 {
            self.pipe = Some(pipe);
        } else {
            pool.give(pipe);
        }
        let filled =
            taken?.ok_or(Filled::Nothing).and_then(|count| if count == 0 { Err(Filled::End) } else { Ok(count) });
        Ok(self.note(filled))
    }

    /// Takes bytes from the socket into a buffer: how many.
    pub fn read(&mut self, from: BorrowedFd<'_>, buffer: &mut [u8]) -> Io<Option<usize>> {
        let filled = read(from, buffer)?;
        let count = filled.as_ref().ok().copied();
        self.note(filled);
        Ok(count)
    }

    fn note(&mut self, filled: Result<usize, Filled>) -> Filled {
        match filled {
            Ok(_) => Filled::Some,
            Err(why) => {
                self.ended |= matches!(why, Filled::End);
                why
            }
        }
    }

    /// Passes the end of the source on, once.
    pub fn pass_end(&mut self, into: BorrowedFd<'_>) -> Io<()> {
        if std::mem::replace(&mut self.shut, true) { Ok(()) } else { rustix::net::shutdown(into, Shutdown::Write) }
    }
}

fn flags() -> SendFlags {
    SendFlags::NOSIGNAL | SendFlags::DONTWAIT
}

fn move_flags() -> SpliceFlags {
    SpliceFlags::MOVE | SpliceFlags::NONBLOCK
}

/// `None` if a socket has no space or no bytes.
fn unless_full(done: Io<usize>) -> Io<Option<usize>> {
    match done {
        Ok(count) => Ok(Some(count)),
        Err(Errno::AGAIN | Errno::INTR) => Ok(None),
        Err(e) => Err(e),
    }
}

fn read(from: BorrowedFd<'_>, buffer: &mut [u8]) -> Io<Result<usize, Filled>> {
    Ok(match unless_full(rustix::io::read(from, buffer))? {
        None => Err(Filled::Nothing),
        Some(0) => Err(Filled::End),
        Some(count) => Ok(count),
    })
}
