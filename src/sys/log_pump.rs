//! The path of a container's output: FIFO, spool, log. splice(2) moves bytes from the FIFO to the spool file, so that
//! each byte is in one of the two whenever this process is killed. The spool is then written to the log, whose last
//! entry of a stream records the position. A later supervisor continues from there: every line is logged once and in
//! order.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use rustix::fs::{FallocateFlags, Mode, OFlags};
use rustix::pipe::SpliceFlags;

use super::logfile::{LogFile, Loss};
use super::{Context, Error, Result};

/// The most that one `move_on` takes from a FIFO, so that two streams take turns.
const TURN: usize = 1 << 20;
/// How much is read from the spool and written to the log at once: small enough for a processor's cache.
const PIECE: usize = 128 * 1024;
/// Space in the spool is released in whole pages.
const PAGE: u64 = 4096;
/// How much of the spool may be logged before its space is released.
const SLACK: u64 = 1 << 20;

/// The output path of one stream.
pub struct Stream {
    name: String,
    fifo: OwnedFd,
    spool: File,
    /// The total number of bytes written to the spool: its size.
    taken: u64,
    /// The position that the log has reached.
    logged: u64,
    /// The position up to which the spool's space was released.
    freed: u64,
    buffer: Vec<u8>,
    /// How much of the buffer is filled: the bytes after `logged`.
    held: usize,
    /// How many bytes after `taken` were discarded and are not yet recorded as lost.
    lost: u64,
    /// Why they were discarded.
    why: Loss,
    /// How many bytes before `logged` are neither in the log nor in the spool, and not yet recorded as lost.
    gap: u64,
    /// Bytes that have not yet been returned to the caller, for an echo.
    kept: Vec<u8>,
}

/// The result of a `move_on`.
#[derive(Default)]
pub struct Moved {
    /// The bytes moved, for an echo.
    pub bytes: Vec<u8>,
    /// Whether the FIFO may hold more.
    pub more: bool,
    /// The number of bytes moved.
    pub count: usize,
}

impl Stream {
    /// Opens the FIFO and its spool; `logged` is the position that the log has reached.
    pub fn open(name: &str, fifo: &str, spool: &str, logged: u64) -> Result<Stream> {
        // Also for writing: a FIFO without a writer would always be ready (POLLHUP).
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let fd = rustix::fs::open(fifo, flags, Mode::empty()).at(fifo)?;
        // A larger pipe needs fewer turns; the limit is per user (pipe(7)).
        let _ = rustix::pipe::fcntl_setpipe_size(&fd, TURN);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file: File = rustix::fs::open(spool, flags, Mode::from_raw_mode(0o600)).at(spool)?.into();
        let mut taken = file.metadata().at(spool)?.len();
        if taken == 0 && logged > 0 {
            // A new run of the container: its byte count continues from the end of the log.
            file.set_len(logged).at(spool)?;
            taken = logged;
        }
        if logged > taken {
            return Err(Error::new(Errno::ESPIPE).with_path(spool).with_detail("the log is ahead of the spool"));
        }
        // A log that lost its end while no supervisor ran: bytes whose spool space was released are lost.
        let before = logged;
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
            why: Loss::Dropped,
            gap: logged - before,
            kept: Vec::new(),
        })
    }

    /// The stream's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The FIFO, for `poll`.
    pub fn fifo(&self) -> Result<OwnedFd> {
        Ok(self.fifo.try_clone()?)
    }

    /// The number of bytes that the stream has taken so far, those of earlier runs included.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Reads the FIFO, at most `most` bytes, and logs its whole lines. The bytes are returned only if `keep` is set, since
    /// a copy of everything costs time.
    pub fn move_on(&mut self, log: &mut LogFile, keep: bool, most: Option<u64>) -> Result<Moved> {
        self.confess(log, keep)?;
        let before = self.taken;
        let more = self.take(log, most);
        self.write(log, keep, false)?;
        let more = more?;
        Ok(Moved { bytes: std::mem::take(&mut self.kept), more, count: (self.taken - before) as usize })
    }

    /// Logs the rest, with the last line marked partial: the stream has ended.
    pub fn finish(&mut self, log: &mut LogFile, keep: bool) -> Result<Moved> {
        log.use_all_space();
        self.confess(log, keep)?;
        let before = self.taken;
        while self.take(log, None)? {
            self.write(log, keep, false)?;
        }
        self.write(log, keep, true)?;
        Ok(Moved { bytes: std::mem::take(&mut self.kept), more: false, count: (self.taken - before) as usize })
    }

    /// Discards the content of the FIFO, for this reason; the number of bytes is logged once the log can be written. The content of the
    /// spool is kept.
    pub fn drop_on(&mut self, keep: bool, why: Loss) -> Result<Moved> {
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
                Err(e) => return Err(e).detail("discarding output"),
            }
        }
        self.lost += dropped as u64;
        self.why = why;
        Ok(Moved { bytes: std::mem::take(&mut self.kept), more: dropped >= TURN, count: dropped })
    }

    /// Records lost bytes in the log, after the bytes before them.
    fn confess(&mut self, log: &mut LogFile, keep: bool) -> Result<()> {
        if self.gap > 0 {
            log.lost(&self.name, self.logged, self.gap, Loss::Removed)?;
            self.gap = 0;
        }
        if self.lost == 0 {
            return Ok(());
        }
        self.write(log, keep, true)?;
        log.lost(&self.name, self.logged, self.lost, self.why)?;
        self.lost = 0;
        Ok(())
    }

    /// FIFO to spool, at most `most` bytes; returns whether there may be more. While the log cannot be written, the spool grows by one turn
    /// at most. Its disk, which may be the log's, keeps the same free space.
    fn take(&mut self, log: &LogFile, most: Option<u64>) -> Result<bool> {
        let mut turn = TURN.saturating_sub((self.taken - self.logged) as usize);
        turn = most.and_then(|most| usize::try_from(most).ok()).map_or(turn, |most| turn.min(most));
        let mut spare = log.spare(self.spool.as_fd(), 0)?;
        if spare < turn as u64 {
            self.free(PAGE);
            spare = log.spare(self.spool.as_fd(), PAGE)?;
        }
        turn = turn.min(usize::try_from(spare).unwrap_or(turn));
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
            self.free(SLACK);
            if all {
                return Ok(());
            }
        }
    }

    /// Releases the space of logged bytes if they are at least this many; the file keeps its size, which counts the bytes.
    fn free(&mut self, least: u64) {
        if self.logged - self.freed < least {
            return;
        }
        // Whole pages only: a part of one would be filled with zeros and look like output.
        let upto = self.logged - self.logged % PAGE;
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        // A file system without holes only keeps the space until the container ends.
        let _ = rustix::fs::fallocate(&self.spool, flags, self.freed, upto - self.freed);
        self.freed = upto;
    }
}

/// The position up to which the spool's space was released.
fn first_kept(spool: &File, taken: u64) -> u64 {
    match rustix::fs::seek(spool, rustix::fs::SeekFrom::Data(0)) {
        Ok(offset) => offset,
        Err(rustix::io::Errno::NXIO) => taken,
        Err(_) => 0,
    }
}
