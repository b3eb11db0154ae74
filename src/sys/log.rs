//! The container log: one JSON object a line with time, stream and text. A chunk of output becomes
//! one write. A line without its newline is marked partial. A line that is not UTF-8 is marked raw,
//! and each of its bytes stands as the character of that number, so that it survives.

use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags};

use super::{Context, Result, clock, fs};

/// The longest text of one entry; a longer line is written in parts.
pub const LONGEST: usize = 16 * 1024;

/// A log open for appending.
pub struct Log {
    fd: OwnedFd,
    /// The line that each stream has begun.
    begun: [(String, Vec<u8>); 2],
    out: Vec<u8>,
}

impl Log {
    /// Opens the log, made with mode 0640 where it is missing.
    pub fn open(path: &str) -> Result<Log> {
        let flags = OFlags::CREATE | OFlags::APPEND | OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let fd = rustix::fs::open(path, flags, Mode::from_raw_mode(0o640)).at(path)?;
        let begun = [("stdout".to_owned(), Vec::new()), ("stderr".to_owned(), Vec::new())];
        Ok(Log { fd, begun, out: Vec::new() })
    }

    /// Appends what a stream ("stdout" or "stderr") wrote; its whole lines go out, the rest waits.
    pub fn write(&mut self, stream: &str, bytes: &[u8]) -> Result<()> {
        let time = clock::timestamp(None);
        let out = &mut self.out;
        let Some((_, begun)) = self.begun.iter_mut().find(|(name, _)| name == stream) else { return Ok(()) };
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            if begun.is_empty() {
                lines(out, &time, stream, &rest[..end], false);
            } else {
                begun.extend_from_slice(&rest[..end]);
                lines(out, &time, stream, begun, false);
                begun.clear();
            }
            rest = &rest[end + 1..];
        }
        begun.extend_from_slice(rest);
        if begun.len() >= LONGEST {
            lines(out, &time, stream, begun, true);
            begun.clear();
        }
        self.send()
    }

    /// Writes the lines that were begun, marked partial: the streams have ended.
    pub fn finish(&mut self) -> Result<()> {
        let time = clock::timestamp(None);
        for (stream, begun) in &mut self.begun {
            if !begun.is_empty() {
                lines(&mut self.out, &time, stream, begun, true);
                begun.clear();
            }
        }
        self.send()
    }

    fn send(&mut self) -> Result<()> {
        let sent = fs::write_all(self.fd.as_fd(), &self.out);
        self.out.clear();
        sent
    }
}

/// A line in entries of at most `LONGEST` bytes; all but the last are partial.
fn lines(out: &mut Vec<u8>, time: &str, stream: &str, text: &[u8], partial: bool) {
    let mut rest = text;
    while rest.len() > LONGEST {
        // A part ends before a character, never inside one.
        let cut = (LONGEST - 3..=LONGEST).rev().find(|i| rest[*i] & 0xc0 != 0x80).unwrap_or(LONGEST);
        entry(out, time, stream, &rest[..cut], true);
        rest = &rest[cut..];
    }
    entry(out, time, stream, rest, partial);
}

fn entry(out: &mut Vec<u8>, time: &str, stream: &str, text: &[u8], partial: bool) {
    let _ = write!(out, "{{\"time\":\"{time}\",\"stream\":\"{stream}\",");
    if partial {
        out.extend_from_slice(b"\"partial\":true,");
    }
    let written = match std::str::from_utf8(text) {
        Ok(text) => {
            out.extend_from_slice(b"\"text\":");
            serde_json::to_writer(&mut *out, text)
        }
        Err(_) => {
            out.extend_from_slice(b"\"raw\":true,\"text\":");
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

    fn written(chunks: &[(&str, &[u8])]) -> Vec<serde_json::Value> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("log");
        let mut log = Log::open(&path.to_string_lossy()).expect("a log");
        for (stream, bytes) in chunks {
            log.write(stream, bytes).expect("written");
        }
        log.finish().expect("finished");
        let text = std::fs::read_to_string(path).expect("text");
        text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect()
    }

    #[test]
    fn lines_of_two_streams_do_not_mix() {
        let log = written(&[("stdout", b"one\ntw"), ("stderr", b"bad\n"), ("stdout", b"o\nend")]);
        let texts: Vec<_> =
            log.iter().map(|e| (e["stream"].as_str(), e["text"].as_str(), e["partial"].as_bool())).collect();
        assert_eq!(
            texts,
            [
                (Some("stdout"), Some("one"), None),
                (Some("stderr"), Some("bad"), None),
                (Some("stdout"), Some("two"), None),
                (Some("stdout"), Some("end"), Some(true)),
            ]
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_survive() {
        let log = written(&[("stdout", b"\xff\x00a\xc3\n")]);
        assert_eq!(log[0]["raw"], true);
        let back: Vec<u8> = log[0]["text"].as_str().expect("text").chars().map(|c| c as u8).collect();
        assert_eq!(back, b"\xff\x00a\xc3");
    }

    #[test]
    fn a_long_line_is_written_in_parts() {
        let line = "é".repeat(LONGEST);
        let log = written(&[("stdout", line.as_bytes()), ("stdout", b"\n")]);
        let whole: String = log.iter().map(|e| e["text"].as_str().expect("UTF-8 is never cut")).collect();
        assert_eq!(whole, line);
    }
}
