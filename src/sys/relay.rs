//! Bytes from one descriptor to another through a buffer of this process. Neither side gets a descriptor
//! or a page of the other's, as splice(2) would give it, and nothing waits but in poll(2).

use std::io::IoSlice;
use std::os::fd::BorrowedFd;

use rustix::event::PollFlags;
use rustix::fs::FileType;
use rustix::io::{Errno, ReadWriteFlags};

use super::{Result, event};

/// How much is read at once.
const PIECE: usize = 128 * 1024;
/// The most that one turn moves, so that others take theirs.
const TURN: usize = 1 << 20;
/// What a pipe or terminal that is ready for bytes takes without a wait (PIPE_BUF).
const SURE: usize = 4096;

/// What has to happen before a relay can go on.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Bytes come.
    Bytes,
    /// The far side takes bytes.
    Room,
    /// Nothing: all is moved, and no more comes.
    End,
}

/// Which side a relay failed at.
#[derive(Debug, PartialEq, Eq)]
pub enum Side {
    /// Where the bytes come from.
    From,
    /// Where they go.
    Into,
}

/// How a file takes bytes.
enum Sink {
    /// A file or block device: it never waits for anybody.
    Storage,
    /// A pipe or socket: asked not to wait (RWF_NOWAIT), it says what fits.
    Stream,
    /// A terminal, or a pipe where the kernel does not know RWF_NOWAIT: a little at a time.
    Careful,
}

/// Bytes under way.
pub struct Relay {
    buffer: Vec<u8>,
    /// What of the buffer is still to be written.
    held: std::ops::Range<usize>,
    sink: Sink,
    /// How many bytes are yet to be read; absent, as many as come.
    left: Option<usize>,
}

impl Relay {
    /// A relay to `into`.
    pub fn new(into: BorrowedFd<'_>) -> Result<Relay> {
        let sink = match FileType::from_raw_mode(rustix::fs::fstat(into)?.st_mode) {
            FileType::RegularFile | FileType::BlockDevice => Sink::Storage,
            FileType::Fifo | FileType::Socket => Sink::Stream,
            _ if rustix::termios::isatty(into) => Sink::Careful,
            _ => Sink::Storage,
        };
        Ok(Relay { buffer: Vec::new(), held: 0..0, sink, left: None })
    }

    /// What `from` holds now is the rest, whoever may still write to it.
    pub fn end_with_what_is_there(&mut self, from: BorrowedFd<'_>) -> Result<()> {
        if self.left.is_none() {
            self.left = Some(rustix::io::ioctl_fionread(from)? as usize);
        }
        Ok(())
    }

    /// Moves what is there and what fits, and tells what to wait for.
    pub fn turn(
        &mut self,
        from: BorrowedFd<'_>,
        into: BorrowedFd<'_>,
    ) -> std::result::Result<Next, (Side, super::Error)> {
        let mut moved = 0;
        loop {
            while !self.held.is_empty() {
                match self.write(into).map_err(|e| (Side::Into, e))? {
                    0 => return Ok(Next::Room),
                    n => {
                        self.held.start += n;
                        moved += n;
                    }
                }
            }
            if moved >= TURN && self.left.is_none() {
                return Ok(Next::Bytes);
            }
            match self.read(from).map_err(|e| (Side::From, e))? {
                // What was counted may have been taken by another reader.
                None if self.left.is_none() => return Ok(Next::Bytes),
                None | Some(0) => return Ok(Next::End),
                Some(n) => self.held = 0..n,
            }
        }
    }

    /// Reads a piece: 0 at the end, `None` when nothing is there now.
    fn read(&mut self, from: BorrowedFd<'_>) -> Result<Option<usize>> {
        let most = self.left.map_or(PIECE, |left| left.min(PIECE));
        if most == 0 {
            return Ok(Some(0));
        }
        if !event::ready(from, PollFlags::IN, Some(0.0))? {
            return Ok(None);
        }
        if self.buffer.is_empty() {
            self.buffer.resize(PIECE, 0);
        }
        loop {
            match rustix::io::read(from, &mut self.buffer[..most]) {
                Ok(n) => {
                    self.left = self.left.map(|left| left - n);
                    return Ok(Some(n));
                }
                Err(Errno::AGAIN) => return Ok(None),
                // The terminal is gone, or another session's.
                Err(Errno::IO) => return Ok(Some(0)),
                Err(Errno::INTR) => super::interrupt::check()?,
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Writes what fits now; 0 when the far side is full.
    fn write(&mut self, into: BorrowedFd<'_>) -> Result<usize> {
        let bytes = &self.buffer[self.held.clone()];
        let written = match self.sink {
            Sink::Storage => rustix::io::write(into, bytes),
            // -1: at the file's own place.
            Sink::Stream => rustix::io::pwritev2(into, &[IoSlice::new(bytes)], u64::MAX, ReadWriteFlags::NOWAIT),
            Sink::Careful if !event::ready(into, PollFlags::OUT, Some(0.0))? => return Ok(0),
            Sink::Careful => rustix::io::write(into, &bytes[..bytes.len().min(SURE)]),
        };
        match written {
            Ok(n) => Ok(n),
            Err(Errno::AGAIN) => Ok(0),
            Err(Errno::INTR) => {
                super::interrupt::check()?;
                self.write(into)
            }
            Err(Errno::OPNOTSUPP | Errno::INVAL | Errno::NOSYS) if matches!(self.sink, Sink::Stream) => {
                self.sink = Sink::Careful;
                self.write(into)
            }
            Err(e) => Err(e.into()),
        }
    }
}
