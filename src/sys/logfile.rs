//! The container log: one JSON object per line with time, stream, the stream's byte count at the end of the line, and
//! the text. Many lines are written at once, and lines that arrive in a burst are one object with newlines in the text.
//! A line without a newline is marked partial. A text that is not UTF-8 is marked raw, and each byte is encoded as the
//! character with that number.

use std::io::{Read, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use rustix::fs::{Mode, OFlags};

use super::{Context, Error, Result, fs};

mod entry;
#[cfg(test)]
mod tests;

pub use entry::Loss;

/// When a log is rotated.
#[derive(Clone, Copy, Default)]
pub struct Rotation {
    /// The size limit of one file in bytes; 0: none.
    pub max_size: u64,
    /// The number of files to keep, including the current one.
    pub max_files: u32,
    /// How many bytes of the file system stay free; at most 1/64 of its size.
    pub keep_free: u64,
}

/// A log open for appending.
pub struct LogFile {
    path: String,
    fd: OwnedFd,
    /// The identity of the open file, and its size.
    place: Place,
    /// How many of its bytes only record the positions of the streams.
    begun: u64,
    rotation: Rotation,
    /// The position of each stream that the log has reached.
    ends: Vec<(String, u64)>,
    out: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Place {
    dev: u64,
    ino: u64,
    size: u64,
}

impl LogFile {
    /// Opens the log, and creates it with mode 0640 if it is missing. An incomplete last line is removed: SIGKILL may
    /// interrupt a write, and the spool still has the data.
    pub fn open(path: &str, rotation: Rotation) -> Result<LogFile> {
        let (fd, mut place) = open(path)?;
        let whole = whole_lines(path, place.size)?;
        if whole < place.size {
            rustix::fs::ftruncate(&fd, whole).at(path)?;
            place.size = whole;
        }
        Ok(LogFile { path: path.into(), fd, place, begun: 0, rotation, ends: Vec::new(), out: Vec::new() })
    }

    /// The position of a stream that the log has reached: the `end` of its last entry, in this file or an older one; 0
    /// if there is none.
    pub fn logged(&mut self, stream: &str) -> Result<u64> {
        let end = self.surviving(stream)?;
        if end > 0 {
            self.reached(stream, end);
        }
        Ok(end)
    }

    /// The last position of a stream in the files that exist now; the current one may be missing.
    fn surviving(&self, stream: &str) -> Result<u64> {
        let mark = format!("\"stream\":\"{stream}\",\"end\":");
        for older in 0.. {
            let path = if older == 0 { self.path.clone() } else { rotated(&self.path, older) };
            match open_to_read(&path) {
                Ok(file) => {
                    if let Some(end) = last_end(file, &path, mark.as_bytes())? {
                        return Ok(end);
                    }
                }
                Err(_) if older == 0 => {}
                Err(_) => break,
            }
        }
        Ok(0)
    }

    /// Appends the whole lines of `bytes`, which start at byte `start` of the stream; with `end` also the rest. Returns
    /// how many bytes were logged.
    pub fn append(&mut self, stream: &str, bytes: &[u8], start: u64, end: bool) -> Result<usize> {
        let done = entry::lines(&mut self.out, stream, bytes, start, end);
        self.put()?;
        if done > 0 {
            self.reached(stream, start + done as u64);
        }
        Ok(done)
    }

    /// How many bytes to append at once, at most `most`: they go into one file, which must not exceed its size limit,
    /// however much is waiting.
    pub fn piece(&self, most: usize) -> usize {
        const LEAST: usize = 16 * 1024;
        match self.rotation.max_size {
            0 => most,
            limit => most.min(usize::try_from(limit / 8).unwrap_or(most)).max(LEAST),
        }
    }

    /// Records in the log that bytes of a stream at position `at` are lost.
    pub fn lost(&mut self, stream: &str, at: u64, count: u64, why: Loss) -> Result<()> {
        entry::lost(&mut self.out, stream, at, count, why);
        self.put()
    }

    /// From now on the log may use all of the disk: the last output of a container is small.
    pub fn use_all_space(&mut self) {
        self.rotation.keep_free = 0;
    }

    fn reached(&mut self, stream: &str, end: u64) {
        match self.ends.iter_mut().find(|(name, _)| name == stream) {
            Some(known) => known.1 = end,
            None => self.ends.push((stream.into(), end)),
        }
    }

    /// Writes the content of `out`: all of it or, on failure, nothing.
    fn put(&mut self) -> Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let out = std::mem::take(&mut self.out);
        let sent = self.ready(out.len() as u64).and_then(|()| self.send(&out));
        self.out = out;
        self.out.clear();
        sent
    }

    fn send(&mut self, out: &[u8]) -> Result<()> {
        let sent = fs::write_all(self.fd.as_fd(), out).at(&self.path);
        if sent.is_err() {
            // A full disk accepted a part of it; the caller will pass all of it again.
            rustix::fs::ftruncate(&self.fd, self.place.size).at(&self.path)?;
        }
        sent?;
        self.place.size += out.len() as u64;
        Ok(())
    }

    /// Makes `fd` the file of this name with room for `more` bytes. The log may have been removed, moved or truncated
    /// by others.
    fn ready(&mut self, more: u64) -> Result<()> {
        match rustix::fs::lstat(&self.path) {
            Ok(s) if (s.st_dev, s.st_ino) != (self.place.dev, self.place.ino) => self.begin(true)?,
            Ok(s) if (s.st_size as u64) < self.place.size => self.truncated(s.st_size as u64)?,
            Ok(s) => self.place.size = s.st_size as u64,
            Err(rustix::io::Errno::NOENT) => self.begin(true)?,
            Err(e) => return Err(e).at(&self.path),
        }
        let full = self.rotation.max_size > 0 && self.place.size + more > self.rotation.max_size;
        if full && self.place.size > self.begun {
            let older = self.rotation.max_files.max(1) - 1;
            for n in (1..older).rev() {
                let _ = std::fs::rename(rotated(&self.path, n), rotated(&self.path, n + 1));
            }
            if older > 0 {
                std::fs::rename(&self.path, rotated(&self.path, 1)).at(&self.path)?;
            } else {
                std::fs::remove_file(&self.path).at(&self.path)?;
            }
            self.begin(false)?;
        }
        self.spare(self.fd.as_fd(), more).map(drop)
    }

    /// How many bytes may be written to this file's disk, so that it keeps the free space that the log leaves; fails if
    /// they are fewer than `least`.
    pub fn spare(&self, file: BorrowedFd<'_>, least: u64) -> Result<u64> {
        if self.rotation.keep_free == 0 {
            return Ok(u64::MAX);
        }
        let disk = rustix::fs::fstatvfs(file).at(&self.path)?;
        let floor = self.rotation.keep_free.min(disk.f_blocks.saturating_mul(disk.f_frsize) / 64);
        let spare = disk.f_bavail.saturating_mul(disk.f_frsize).saturating_sub(floor);
        if spare >= least {
            return Ok(spare);
        }
        let why = format!("the log leaves {} KiB of its file system free", floor / 1024);
        Err(Error::new(Errno::ENOSPC).with_path(&self.path).with_detail(why))
    }

    /// Starts a new file. It records the position of each stream, since the older files may be removed at any time.
    /// `foreign`: others have removed or moved the previous file, so the bytes that it held are recorded as lost.
    fn begin(&mut self, foreign: bool) -> Result<()> {
        let marks = self.positions(foreign, true)?;
        (self.fd, self.place) = open(&self.path)?;
        if let Err(error) = self.send(&marks) {
            // The next attempt begins the file again.
            self.place.ino = 0;
            return Err(error);
        }
        self.begun = self.place.size;
        Ok(())
    }

    /// Others have truncated the file to `size` bytes: records what is lost.
    fn truncated(&mut self, size: u64) -> Result<()> {
        let (known, whole) = (self.place.size, whole_lines(&self.path, size)?);
        rustix::fs::ftruncate(&self.fd, whole).at(&self.path)?;
        let lost = self.positions(true, false)?;
        self.place.size = whole;
        self.begun = self.begun.min(whole);
        self.send(&lost).inspect_err(|_| self.place.size = known)
    }

    /// Entries with the position of each stream. With `foreign`, a stream whose last bytes are in no file gets an entry
    /// that counts them; without `marks`, other streams get none.
    fn positions(&self, foreign: bool, marks: bool) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        for (stream, end) in &self.ends {
            let there = if foreign { self.surviving(stream)?.min(*end) } else { *end };
            if there < *end {
                entry::lost(&mut out, stream, *end, *end - there, Loss::Removed);
            } else if marks {
                entry::mark(&mut out, stream, *end);
            }
        }
        Ok(out)
    }
}

/// The name of the n-th older file.
fn rotated(path: &str, n: u32) -> String {
    format!("{path}.{n}")
}

fn open(path: &str) -> Result<(OwnedFd, Place)> {
    let flags = OFlags::CREATE | OFlags::APPEND | OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let fd = rustix::fs::open(path, flags, Mode::from_raw_mode(0o640)).at(path)?;
    let s = rustix::fs::fstat(&fd).at(path)?;
    Ok((fd, Place { dev: s.st_dev, ino: s.st_ino, size: s.st_size as u64 }))
}

/// Opens a file of the log; symbolic links are not followed.
fn open_to_read(path: &str) -> Result<std::fs::File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    Ok(rustix::fs::open(path, flags, Mode::empty()).at(path)?.into())
}

/// How many bytes of the file are whole lines.
fn whole_lines(path: &str, size: u64) -> Result<u64> {
    const PIECE: u64 = 64 * 1024;
    let mut file = open_to_read(path)?;
    let mut high = size;
    while high > 0 {
        let low = high.saturating_sub(PIECE);
        let mut piece = Vec::new();
        file.seek(SeekFrom::Start(low)).at(path)?;
        Read::by_ref(&mut file).take(high - low).read_to_end(&mut piece).at(path)?;
        if let Some(newline) = piece.iter().rposition(|b| *b == b'\n') {
            return Ok(low + newline as u64 + 1);
        }
        high = low;
    }
    Ok(0)
}

/// The `end` of the last entry with `mark` in its header. Read backwards in pieces.
fn last_end(mut file: std::fs::File, path: &str, mark: &[u8]) -> Result<Option<u64>> {
    const PIECE: u64 = 256 * 1024;
    let mut high = file.metadata().at(path)?.len();
    let mut tail = Vec::new();
    while high > 0 {
        let low = high.saturating_sub(PIECE);
        file.seek(SeekFrom::Start(low)).at(path)?;
        let mut piece = Vec::with_capacity((high - low) as usize + tail.len());
        Read::by_ref(&mut file).take(high - low).read_to_end(&mut piece).at(path)?;
        piece.extend_from_slice(&tail);
        for line in piece.split(|b| *b == b'\n').rev().skip(1) {
            // The mark is at a fixed position in the header, so a text cannot forge it.
            let found = line.get(entry::HEAD..).and_then(|l| l.strip_prefix(mark));
            let digits = found.map(|d| d.iter().take_while(|b| b.is_ascii_digit()).copied().collect::<Vec<u8>>());
            if let Some(end) = digits.and_then(|d| String::from_utf8(d).ok()).and_then(|d| d.parse().ok()) {
                return Ok(Some(end));
            }
        }
        // The first line of the piece may be incomplete: it is examined again together with the piece before it.
        let first = piece.iter().position(|b| *b == b'\n').map_or(piece.len(), |i| i + 1);
        tail = piece[..first].to_vec();
        high = low;
    }
    Ok(None)
}
