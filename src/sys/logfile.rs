//! The container log: one JSON object per line with time, stream, the stream's byte count at the end of the line, and
//! the text. Many lines are written at once, and lines that arrive in a burst are one object with newlines in the text.
//! A line without a newline is marked partial. A text that is not UTF-8 is marked raw, and each byte is encoded as the
//! character with that number.

use std::io::{Read, Seek, SeekFrom};
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags};

use super::{Context, Result, fs};

mod entry;

/// When a log is rotated.
#[derive(Clone, Copy, Default)]
pub struct Rotation {
    /// The size limit of one file in bytes; 0: none.
    pub max_size: u64,
    /// The number of files to keep, including the current one.
    pub max_files: u32,
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
        let mark = format!("\"stream\":\"{stream}\",\"end\":");
        let mut path = self.path.clone();
        let mut older = 1;
        while let Ok(file) = open_to_read(&path) {
            if let Some(end) = last_end(file, &path, mark.as_bytes())? {
                self.reached(stream, end);
                return Ok(end);
            }
            path = rotated(&self.path, older);
            older += 1;
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

    /// Records in the log that bytes of a stream after position `at` are lost.
    pub fn lost(&mut self, stream: &str, at: u64, count: u64) -> Result<()> {
        entry::lost(&mut self.out, stream, at, count);
        self.put()
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
            Ok(s) if (s.st_dev, s.st_ino) == (self.place.dev, self.place.ino) => self.place.size = s.st_size as u64,
            Ok(_) | Err(rustix::io::Errno::NOENT) => self.begin()?,
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
            self.begin()?;
        }
        Ok(())
    }

    /// Starts a new file. It records the position of each stream, since the older files may be removed at any time.
    fn begin(&mut self) -> Result<()> {
        (self.fd, self.place) = open(&self.path)?;
        let mut marks = Vec::new();
        for (stream, end) in &self.ends {
            entry::mark(&mut marks, stream, *end);
        }
        self.send(&marks)?;
        self.begun = self.place.size;
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::entry::LONGEST;
    use super::*;

    fn log(dir: &tempfile::TempDir, rotation: Rotation) -> LogFile {
        LogFile::open(&dir.path().join("log").to_string_lossy(), rotation).expect("a log")
    }

    fn entries(dir: &tempfile::TempDir) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(dir.path().join("log")).expect("text");
        text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect()
    }

    #[test]
    fn whole_lines_go_out_and_the_rest_waits() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut log = log(&dir, Rotation::default());
        assert_eq!(log.append("stdout", b"one\ntw", 0, false).expect("written"), 4);
        assert_eq!(log.append("stderr", b"bad\n", 0, false).expect("written"), 4);
        assert_eq!(log.append("stdout", b"two\nend", 4, true).expect("written"), 7);
        let seen: Vec<_> =
            entries(&dir).iter().map(|e| (e["text"].to_string(), e["end"].as_u64(), e["partial"].as_bool())).collect();
        let want = [("\"one\"", 4, None), ("\"bad\"", 4, None), ("\"two\"", 8, None), ("\"end\"", 11, Some(true))];
        assert_eq!(seen, want.map(|(text, end, partial)| (text.to_owned(), Some(end), partial)));
        assert_eq!((log.logged("stdout").expect("read"), log.logged("stderr").expect("read")), (11, 4));
    }

    #[test]
    fn a_text_cannot_forge_the_place() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut log = log(&dir, Rotation::default());
        log.append("stderr", b"x\n", 7, false).expect("written");
        log.append("stdout", b"\"stream\":\"stderr\",\"end\":99\n", 0, false).expect("written");
        assert_eq!(log.logged("stderr").expect("read"), 9);
    }

    #[test]
    fn bytes_that_are_not_utf8_survive() {
        let dir = tempfile::tempdir().expect("a folder");
        log(&dir, Rotation::default()).append("stdout", b"\xff\x00a\xc3\n", 0, false).expect("written");
        let entry = &entries(&dir)[0];
        assert_eq!(entry["raw"], true);
        let back: Vec<u8> = entry["text"].as_str().expect("text").chars().map(|c| c as u8).collect();
        assert_eq!(back, b"\xff\x00a\xc3");
    }

    #[test]
    fn a_long_line_is_written_in_parts_that_are_characters() {
        let dir = tempfile::tempdir().expect("a folder");
        let line = "é".repeat(LONGEST);
        log(&dir, Rotation::default()).append("stdout", format!("{line}\n").as_bytes(), 0, false).expect("written");
        let whole: String =
            entries(&dir).iter().map(|e| e["text"].as_str().expect("UTF-8 is never cut").to_owned()).collect();
        assert_eq!(whole, line);
    }

    #[test]
    fn a_torn_last_line_is_taken_off() {
        let dir = tempfile::tempdir().expect("a folder");
        log(&dir, Rotation::default()).append("stdout", b"one\ntwo\n", 0, false).expect("written");
        let path = dir.path().join("log");
        let text = std::fs::read(&path).expect("read");
        std::fs::write(&path, &text[..text.len() - 5]).expect("cut");
        let mut log = log(&dir, Rotation::default());
        assert_eq!(log.logged("stdout").expect("read"), 4);
        assert_eq!(entries(&dir).len(), 1);
    }

    #[test]
    fn a_burst_is_one_entry() {
        let dir = tempfile::tempdir().expect("a folder");
        let lines: String = (0..3000).map(|n| format!("line {n}\n")).collect();
        let done = log(&dir, Rotation::default()).append("stdout", format!("{lines}rest").as_bytes(), 0, false);
        assert_eq!(done.expect("written"), lines.len());
        let entries = entries(&dir);
        assert!(entries.len() < 4, "{} entries", entries.len());
        let texts: String = entries.iter().map(|e| format!("{}\n", e["text"].as_str().expect("text"))).collect();
        assert_eq!(texts, lines);
    }

    #[test]
    fn a_full_file_is_rotated() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut log = log(&dir, Rotation { max_size: 1000, max_files: 3 });
        log.append("stderr", b"once\n", 0, false).expect("written");
        for n in 0..40u64 {
            log.append("stdout", b"0123456789\n", n * 11, false).expect("written");
        }
        let mut names: Vec<_> = std::fs::read_dir(dir.path()).expect("list").flatten().map(|e| e.file_name()).collect();
        names.sort();
        assert_eq!(names, ["log", "log.1", "log.2"]);
        for name in names {
            assert!(dir.path().join(name).metadata().expect("there").len() <= 1000);
        }
        let mut again = LogFile::open(&log.path, Rotation::default()).expect("a log");
        assert_eq!((again.logged("stdout").expect("read"), again.logged("stderr").expect("read")), (440, 5));
    }

    #[test]
    fn one_file_is_begun_anew() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut log = log(&dir, Rotation { max_size: 500, max_files: 1 });
        for n in 0..40u64 {
            log.append("stdout", b"0123456789\n", n * 11, false).expect("written");
        }
        assert_eq!(std::fs::read_dir(dir.path()).expect("list").count(), 1);
        assert_eq!(entries(&dir).last().expect("one")["end"], 440);
    }

    #[test]
    fn a_log_that_somebody_removed_is_made_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut log = log(&dir, Rotation::default());
        log.append("stdout", b"one\n", 0, false).expect("written");
        std::fs::remove_file(dir.path().join("log")).expect("removed");
        log.append("stdout", b"two\n", 4, false).expect("written");
        let seen: Vec<_> = entries(&dir).iter().map(|e| (e["text"].to_string(), e["end"].as_u64())).collect();
        assert_eq!(seen, [("\"\"".to_owned(), Some(4)), ("\"two\"".to_owned(), Some(8))]);
    }

    #[test]
    fn what_is_lost_is_said() {
        let dir = tempfile::tempdir().expect("a folder");
        log(&dir, Rotation::default()).lost("stdout", 7, 1234).expect("written");
        let entry = &entries(&dir)[0];
        assert_eq!((entry["end"].as_u64(), entry["lost"].as_u64()), (Some(7), Some(1234)));
    }
}
