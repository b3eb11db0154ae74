//! The container log: one JSON object a line with time, stream, the stream's byte count up to the
//! line's end, and the text. Many lines are one write. A line without its newline is marked partial;
//! one that is not UTF-8 is marked raw, and each of its bytes stands as the character of that number.

use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags};

use super::{Context, Result, clock, fs};

/// The longest text of one entry; a longer line is written in parts.
pub const LONGEST: usize = 16 * 1024;

/// When a log is renamed and begun anew.
#[derive(Clone, Copy, Default)]
pub struct Rotation {
    /// Bytes of one file; 0: never.
    pub max_size: u64,
    /// How many files there are at most, the current one counted.
    pub max_files: u32,
}

/// A log open for appending.
pub struct LogFile {
    path: String,
    fd: OwnedFd,
    size: u64,
    rotation: Rotation,
    out: Vec<u8>,
}

impl LogFile {
    /// Opens the log, made with mode 0640 where it is missing. A last line without its end is taken
    /// off: a SIGKILL may cut a write short, and the spool still has what it was to say.
    pub fn open(path: &str, rotation: Rotation) -> Result<LogFile> {
        let (fd, mut size) = open(path)?;
        let whole = whole_lines(path, size)?;
        if whole < size {
            rustix::fs::ftruncate(&fd, whole).at(path)?;
            size = whole;
        }
        Ok(LogFile { path: path.into(), fd, size, rotation, out: Vec::new() })
    }

    /// Up to which byte the log has a stream: the `end` of its last entry, in this file or the one
    /// before; 0 when there is none.
    pub fn logged(&self, stream: &str) -> Result<u64> {
        let mark = format!("\"stream\":\"{stream}\",\"end\":");
        for path in [self.path.clone(), rotated(&self.path, 1)] {
            if let Some(end) = last_end(&path, mark.as_bytes())? {
                return Ok(end);
            }
        }
        Ok(0)
    }

    /// Appends the whole lines of `bytes`, which begin at byte `start` of the stream; with `end` the
    /// rest too. Returns how many bytes are in the log now.
    pub fn append(&mut self, stream: &str, bytes: &[u8], start: u64, end: bool) -> Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let head = format!("{{\"time\":\"{}\",\"stream\":\"{stream}\",\"end\":", clock::timestamp());
        let mut done = 0;
        while done < bytes.len() {
            let rest = &bytes[done..];
            let window = &rest[..rest.len().min(LONGEST + 1)];
            let (text, next, partial) = match window.iter().position(|b| *b == b'\n') {
                Some(newline) => (&rest[..newline], newline + 1, false),
                None if rest.len() > LONGEST => {
                    let cut = cut(rest);
                    (&rest[..cut], cut, true)
                }
                None if end => (rest, rest.len(), true),
                None => break,
            };
            done += next;
            entry(&mut self.out, &head, start + done as u64, text, partial);
        }
        let sent = fs::write_all(self.fd.as_fd(), &self.out).at(&self.path);
        let written = self.out.len() as u64;
        self.out.clear();
        if sent.is_err() {
            // A full disk took a part of it, and the caller brings all of it again.
            rustix::fs::ftruncate(&self.fd, self.size).at(&self.path)?;
        }
        sent?;
        self.size += written;
        self.rotate()?;
        Ok(done)
    }

    fn rotate(&mut self) -> Result<()> {
        if self.rotation.max_size == 0 || self.size < self.rotation.max_size {
            return Ok(());
        }
        let older = self.rotation.max_files.max(2) - 1;
        for n in (1..older).rev() {
            let _ = std::fs::rename(rotated(&self.path, n), rotated(&self.path, n + 1));
        }
        std::fs::rename(&self.path, rotated(&self.path, 1)).at(&self.path)?;
        (self.fd, self.size) = open(&self.path)?;
        Ok(())
    }
}

/// The name of the n-th older file.
fn rotated(path: &str, n: u32) -> String {
    format!("{path}.{n}")
}

fn open(path: &str) -> Result<(OwnedFd, u64)> {
    let flags = OFlags::CREATE | OFlags::APPEND | OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let fd = rustix::fs::open(path, flags, Mode::from_raw_mode(0o640)).at(path)?;
    let size = rustix::fs::fstat(&fd).at(path)?.st_size as u64;
    Ok((fd, size))
}

/// How many bytes of the file are whole lines.
fn whole_lines(path: &str, size: u64) -> Result<u64> {
    const PIECE: u64 = 64 * 1024;
    let mut file = std::fs::File::open(path).at(path)?;
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

/// The `end` of the last entry that has `mark` in its head. Read backwards in pieces.
fn last_end(path: &str, mark: &[u8]) -> Result<Option<u64>> {
    const PIECE: u64 = 256 * 1024;
    let Ok(mut file) = std::fs::File::open(path) else { return Ok(None) };
    let mut high = file.metadata().at(path)?.len();
    let mut tail = Vec::new();
    while high > 0 {
        let low = high.saturating_sub(PIECE);
        file.seek(SeekFrom::Start(low)).at(path)?;
        let mut piece = Vec::with_capacity((high - low) as usize + tail.len());
        Read::by_ref(&mut file).take(high - low).read_to_end(&mut piece).at(path)?;
        piece.extend_from_slice(&tail);
        for line in piece.split(|b| *b == b'\n').rev().skip(1) {
            // The mark stands at a fixed place in the head, so a text cannot forge it.
            let found = line.get(HEAD..).and_then(|l| l.strip_prefix(mark));
            let digits = found.map(|d| d.iter().take_while(|b| b.is_ascii_digit()).copied().collect::<Vec<u8>>());
            if let Some(end) = digits.and_then(|d| String::from_utf8(d).ok()).and_then(|d| d.parse().ok()) {
                return Ok(Some(end));
            }
        }
        // The first line of the piece may be cut: it is looked at again with what is before it.
        let first = piece.iter().position(|b| *b == b'\n').map_or(piece.len(), |i| i + 1);
        tail = piece[..first].to_vec();
        high = low;
    }
    Ok(None)
}

/// The length of `{"time":"2026-11-24T02:12:00.000000000Z",`.
const HEAD: usize = 41;

/// Where a long line is cut: before a character, never inside one.
fn cut(bytes: &[u8]) -> usize {
    (LONGEST - 3..=LONGEST).rev().find(|i| bytes[*i] & 0xc0 != 0x80).unwrap_or(LONGEST)
}

fn entry(out: &mut Vec<u8>, head: &str, end: u64, text: &[u8], partial: bool) {
    out.extend_from_slice(head.as_bytes());
    let _ = write!(out, "{end}");
    if partial {
        out.extend_from_slice(b",\"partial\":true");
    }
    let written = match std::str::from_utf8(text) {
        Ok(text) => {
            out.extend_from_slice(b",\"text\":");
            serde_json::to_writer(&mut *out, text)
        }
        Err(_) => {
            out.extend_from_slice(b",\"raw\":true,\"text\":");
            let latin: String = text.iter().map(|b| char::from(*b)).collect();
            serde_json::to_writer(&mut *out, &latin)
        }
    };
    debug_assert!(written.is_ok(), "writing to memory");
    out.extend_from_slice(b"}\n");
}

#[cfg(test)]
mod tests {
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
        let log = log(&dir, Rotation::default());
        assert_eq!(log.logged("stdout").expect("read"), 4);
        assert_eq!(entries(&dir).len(), 1);
    }

    #[test]
    fn a_full_file_is_rotated() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut log = log(&dir, Rotation { max_size: 500, max_files: 3 });
        for n in 0..40u64 {
            log.append("stdout", b"0123456789\n", n * 11, false).expect("written");
        }
        let mut names: Vec<_> = std::fs::read_dir(dir.path()).expect("list").flatten().map(|e| e.file_name()).collect();
        names.sort();
        assert_eq!(names, ["log", "log.1", "log.2"]);
        assert_eq!(log.logged("stdout").expect("read"), 440);
    }
}
