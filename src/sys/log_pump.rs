//! The way of a container's output: FIFO, spool, log. splice(2) moves bytes from the FIFO to the
//! spool file, so that each is in one of the two whenever this process is killed; the spool is then
//! written to the log, whose last entry of a stream tells up to which byte. A later supervisor goes
//! on from there: every line is in the log once and in order.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use rustix::fs::{FallocateFlags, Mode, OFlags};
use rustix::pipe::SpliceFlags;

use super::logfile::LogFile;
use super::{Context, Error, Result};

/// The most that one `move_on` takes from a FIFO, so that two streams take turns.
const TURN: usize = 1 << 20;
/// What is read from the spool and written to the log at once: little enough for a processor's cache.
const PIECE: usize = 128 * 1024;
/// Room in the spool is given back in whole pages.
const PAGE: u64 = 4096;
/// How much of the spool may be written to the log before its room is given back.
const SLACK: u64 = 1 << 20;

/// One stream's way.
pub struct Stream {
    name: String,
    fifo: OwnedFd,
    spool: File,
    /// How many bytes the spool has taken ever: its size.
    taken: u64,
    /// Up to which byte the log has it.
    logged: u64,
    /// Up to which byte the spool's room was given back.
    freed: u64,
    buffer: Vec<u8>,
    /// How much of the buffer is filled: what follows `logged`.
    held: usize,
    /// How many bytes were thrown away behind `taken` and are not yet said to be lost.
    lost: u64,
    /// What came and is not yet given to the caller, for an echo.
    kept: Vec<u8>,
}

/// What a `move_on` did.
#[derive(Default)]
pub struct Moved {
    /// The bytes that came, for an echo.
    pub bytes: Vec<u8>,
    /// Whether the FIFO may hold more.
    pub more: bool,
    /// How many bytes came.
    pub count: usize,
}

impl Stream {
    /// Opens the FIFO and its spool; `logged` is where the log ends.
    pub fn open(name: &str, fifo: &str, spool: &str, logged: u64) -> Result<Stream> {
        // For writing too: a FIFO without a writer is "ready" for ever (POLLHUP).
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let fd = rustix::fs::open(fifo, flags, Mode::empty()).at(fifo)?;
        // A larger pipe means fewer turns; the limit for it is the user's (pipe(7)).
        let _ = rustix::pipe::fcntl_setpipe_size(&fd, TURN);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file: File = rustix::fs::open(spool, flags, Mode::from_raw_mode(0o600)).at(spool)?.into();
        let mut taken = file.metadata().at(spool)?.len();
        if taken == 0 && logged > 0 {
            // A new run of the container: its bytes count on from where the log ends.
            file.set_len(logged).at(spool)?;
            taken = logged;
        }
        if logged > taken {
            return Err(Error::new(Errno::ESPIPE).with_path(spool).with_detail("the log is ahead of the spool"));
        }
        // A log that lost its end while nobody watched: what had its room given back is gone.
        let logged = logged.max(first_kept(&file, taken));
        Ok(Stream {
            name: name.into(),
            fifo: fd,
            spool: file,
            taken,
            logged,
            freed: 0,
            buffer: Vec::new(),
            held: 0,
            lost: 0,
            kept: Vec::new(),
        })
    }

    /// The stream's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The FIFO, to wait for.
    pub fn fifo(&self) -> Result<OwnedFd> {
        Ok(self.fifo.try_clone()?)
    }

    /// Takes what the FIFO holds and logs its whole lines. The bytes come back only when `keep`
    /// asks, since a copy of everything costs.
    pub fn move_on(&mut self, log: &mut LogFile, keep: bool) -> Result<Moved> {
        self.confess(log, keep)?;
        let before = self.taken;
        let more = self.take()?;
        self.write(log, keep, false)?;
        Ok(Moved { bytes: std::mem::take(&mut self.kept), more, count: (self.taken - before) as usize })
    }

    /// Logs what is left, the last line marked partial: the stream has ended.
    pub fn finish(&mut self, log: &mut LogFile, keep: bool) -> Result<Moved> {
        self.confess(log, keep)?;
        let before = self.taken;
        while self.take()? {
            self.write(log, keep, false)?;
        }
        self.write(log, keep, true)?;
        Ok(Moved { bytes: std::mem::take(&mut self.kept), more: false, count: (self.taken - before) as usize })
    }

    /// Throws away what the FIFO holds; the log says how much once it can be written. What the spool
    /// has is kept.
    pub fn drop_on(&mut self, keep: bool) -> Result<Moved> {
        let mut piece = vec![0; PIECE];
        let mut dropped = 0;
        while dropped < TURN {
            match rustix::io::read(&self.fifo, &mut piece) {
                Ok(0) | Err(rustix::io::Errno::AGAIN) => break,
                Ok(n) => {
                    dropped += n;
                    if keep {
                        self.kept.extend_from_slice(&piece[..n]);
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e).detail("throwing output away"),
            }
        }
        self.lost += dropped as u64;
        Ok(Moved { bytes: std::mem::take(&mut self.kept), more: dropped >= TURN, count: dropped })
    }

    /// Says in the log what is lost, behind what came before it.
    fn confess(&mut self, log: &mut LogFile, keep: bool) -> Result<()> {
        if self.lost == 0 {
            return Ok(());
        }
        self.write(log, keep, true)?;
        log.lost(&self.name, self.logged, self.lost)?;
        self.lost = 0;
        Ok(())
    }

    /// FIFO to spool; whether there may be more. While the log cannot be written the spool grows no
    /// further than one turn.
    fn take(&mut self) -> Result<bool> {
        let mut turn = TURN.saturating_sub((self.taken - self.logged) as usize);
        while turn > 0 {
            let mut offset = self.taken;
            let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
            match rustix::pipe::splice(&self.fifo, None, self.spool.as_fd(), Some(&mut offset), turn, flags) {
                Ok(0) | Err(rustix::io::Errno::AGAIN) => return Ok(false),
                Ok(n) => {
                    self.taken += n as u64;
                    turn -= n.min(turn);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e).detail("moving output to the spool"),
            }
        }
        Ok(true)
    }

    /// Spool to log.
    fn write(&mut self, log: &mut LogFile, keep: bool, end: bool) -> Result<()> {
        loop {
            let from = self.logged + self.held as u64;
            let length = (self.taken - from).min(log.piece(PIECE) as u64) as usize;
            let filled = self.held + length;
            if self.buffer.len() < filled {
                self.buffer.resize(filled, 0);
            }
            self.spool.read_exact_at(&mut self.buffer[self.held..filled], from)?;
            if keep {
                self.kept.extend_from_slice(&self.buffer[self.held..filled]);
            }
            self.held = filled;
            let all = from + length as u64 == self.taken;
            let done = log.append(&self.name, &self.buffer[..filled], self.logged, end && all)?;
            self.logged += done as u64;
            self.buffer.copy_within(done..filled, 0);
            self.held -= done;
            self.free();
            if all {
                return Ok(());
            }
        }
    }

    /// Gives the room of what is in the log back; the file keeps its size, which counts the bytes.
    fn free(&mut self) {
        if self.logged - self.freed < SLACK {
            return;
        }
        // Whole pages only: a part of one would be filled with zeroes and look like output.
        let upto = self.logged - self.logged % PAGE;
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        // A file system without holes only keeps the room until the container ends.
        let _ = rustix::fs::fallocate(&self.spool, flags, self.freed, upto - self.freed);
        self.freed = upto;
    }
}

/// Up to which byte the spool's room was given back.
fn first_kept(spool: &File, taken: u64) -> u64 {
    match rustix::fs::seek(spool, rustix::fs::SeekFrom::Data(0)) {
        Ok(offset) => offset,
        Err(rustix::io::Errno::NXIO) => taken,
        Err(_) => 0,
    }
}
