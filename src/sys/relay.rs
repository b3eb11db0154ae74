//! Copies bytes from one descriptor to another through a buffer of this process. Neither side gets a descriptor or a
//! page of the other, as with splice(2), and only poll(2) blocks.

use std::io::IoSlice;
use std::os::fd::BorrowedFd;

use rustix::event::PollFlags;
use rustix::fs::FileType;
use rustix::io::{Errno, ReadWriteFlags};

use super::{Result, event};

/// The size of one read.
const PIECE: usize = 128 * 1024;
/// The most that one turn moves, so that others take their turns.
const TURN: usize = 1 << 20;
/// How much a pipe or terminal that is ready accepts without blocking (PIPE_BUF).
const SURE: usize = 4096;

/// What a relay waits for.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Bytes to read.
    Bytes,
    /// Space to write.
    Room,
    /// Nothing: all is moved, and the input has ended.
    End,
}

/// The side on which a relay failed.
#[derive(Debug, PartialEq, Eq)]
pub enum Side {
    /// The input.
    From,
    /// The output.
    Into,
}

/// How to write to a file.
enum Sink {
    /// A file or block device: it never blocks.
    Storage,
    /// A pipe or socket: with RWF_NOWAIT it accepts as much as fits.
    Stream,
    /// A terminal, or a pipe if the kernel does not support RWF_NOWAIT: in small pieces.
    Careful,
}

/// A relay and its buffer.
pub struct Relay {
    buffer: Vec<u8>,
    /// The part of the buffer that has not been written.
    held: std::ops::Range<usize>,
    sink: Sink,
    /// How many bytes are left to read; `None`: no limit.
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

    /// Treats the current content of `from` as the rest, even if it is still open for writing.
    pub fn end_with_what_is_there(&mut self, from: BorrowedFd<'_>) -> Result<()> {
        if self.left.is_none() {
            self.left = Some(rustix::io::ioctl_fionread(from)? as usize);
        }
        Ok(())
    }

    /// Moves the available bytes that fit, and returns what to wait for.
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
                // Another reader may have taken the counted bytes.
                None if self.left.is_none() => return Ok(Next::Bytes),
                None | Some(0) => return Ok(Next::End),
                Some(n) => self.held = 0..n,
            }
        }
    }

    /// Reads a piece: 0 at the end, `None` if nothing is available now.
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
                // The terminal was closed, or belongs to another session.
                Err(Errno::IO) => return Ok(Some(0)),
                Err(Errno::INTR) => super::interrupt::check()?,
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Writes as much as fits now; 0 if the other end is full.
    fn write(&mut self, into: BorrowedFd<'_>) -> Result<usize> {
        let bytes = &self.buffer[self.held.clone()];
        let written = match self.sink {
            Sink::Storage => rustix::io::write(into, bytes),
            // -1: at the current file offset.
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
