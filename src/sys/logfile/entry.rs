//! The text of log entries.

use std::io::Write;

use crate::sys::clock;

/// The longest text of one entry; longer lines are split.
pub(super) const LONGEST: usize = 16 * 1024;

/// More lines than this at once are a burst: one object for each line would cost more than the lines.
const BURST: usize = 4096;

/// The length of `{"time":"2026-11-24T02:12:00.000000000Z",`.
pub(super) const HEAD: usize = 41;

/// Adds the whole lines of `bytes`, which start at byte `start` of the stream; with `end` also the rest. Returns their
/// number of bytes.
pub(super) fn lines(out: &mut Vec<u8>, stream: &str, bytes: &[u8], start: u64, end: bool) -> usize {
    let head = head(stream);
    let burst = bytes.len() > BURST;
    let mut done = 0;
    while done < bytes.len() {
        let rest = &bytes[done..];
        let window = &rest[..rest.len().min(LONGEST + 1)];
        let newline = |b: &u8| *b == b'\n';
        let newline = if burst { window.iter().rposition(newline) } else { window.iter().position(newline) };
        let (text, next, partial) = match newline {
            Some(newline) => (&rest[..newline], newline + 1, false),
            None if rest.len() > LONGEST => {
                let cut = cut(rest);
                (&rest[..cut], cut, true)
            }
            None if end => (rest, rest.len(), true),
            None => break,
        };
        done += next;
        entry(out, &head, start + done as u64, text, partial);
    }
    done
}

/// Adds an entry that only records the position of a stream.
pub(super) fn mark(out: &mut Vec<u8>, stream: &str, end: u64) {
    entry(out, &head(stream), end, b"", true);
}

/// Why bytes are lost.
#[derive(Clone, Copy)]
pub enum Loss {
    /// They were discarded after the position, which does not count them.
    Dropped,
    /// They were discarded because the output exceeds its limit.
    Excess,
    /// They were in the log; the position counts them.
    Removed,
}

/// Adds an entry that records the number of bytes lost at position `at` of a stream.
pub(super) fn lost(out: &mut Vec<u8>, stream: &str, at: u64, count: u64, why: Loss) {
    let why = match why {
        Loss::Dropped => "the log could not be written",
        Loss::Excess => "the limit of the output was reached",
        Loss::Removed => "a part of the log was removed",
    };
    let said = format!("{}{at},\"lost\":{count},\"text\":\"{count} bytes lost: {why}\"}}\n", head(stream));
    out.extend_from_slice(said.as_bytes());
}

/// The start of an entry, up to its `end`.
fn head(stream: &str) -> String {
    format!("{{\"time\":\"{}\",\"stream\":\"{stream}\",\"end\":", clock::timestamp())
}

/// Where to split a long line: before a character, never inside one.
fn cut(bytes: &[u8]) -> usize {
    (LONGEST - 3..=LONGEST).rev().find(|i| bytes[*i] & 0xc0 != 0x80).unwrap_or(LONGEST)
}

fn entry(out: &mut Vec<u8>, head: &str, end: u64, text: &[u8], partial: bool) {
    out.extend_from_slice(head.as_bytes());
    let _ = write!(out, "{end}");
    if partial {
        out.extend_from_slice(b",\"partial\":true");
    }
    match std::str::from_utf8(text) {
        Ok(text) => {
            out.extend_from_slice(b",\"text\":");
            quote(out, text);
        }
        Err(_) => {
            out.extend_from_slice(b",\"raw\":true,\"text\":");
            let latin: String = text.iter().map(|b| char::from(*b)).collect();
            quote(out, &latin);
        }
    }
    out.extend_from_slice(b"}\n");
}

/// Whether a byte of UTF-8 must be escaped in a JSON string.
fn special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// How many bytes need no escape. Most do not: whole blocks are checked without a branch per byte, which the compiler
/// vectorizes.
fn plain(bytes: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let clean = bytes.chunks_exact(BLOCK).take_while(|block| !block.iter().fold(false, |any, b| any | special(*b)));
    let clean = clean.count() * BLOCK;
    clean + bytes[clean..].iter().take_while(|b| !special(**b)).count()
}

/// Writes a JSON string.
fn quote(out: &mut Vec<u8>, text: &str) {
    let mut bytes = text.as_bytes();
    out.push(b'"');
    loop {
        let (clean, rest) = bytes.split_at(plain(bytes));
        out.extend_from_slice(clean);
        let Some((byte, rest)) = rest.split_first() else { break };
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            _ => {
                let _ = write!(out, "\\u{byte:04x}");
            }
        }
        bytes = rest;
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_json() {
        let text: String = (0..300u32).cycle().take(5000).filter_map(char::from_u32).collect();
        for start in (0..text.len()).filter(|i| text.is_char_boundary(*i)).take(99) {
            let mut out = Vec::new();
            quote(&mut out, &text[start..]);
            assert_eq!(serde_json::from_slice::<String>(&out).expect("JSON"), text[start..]);
        }
    }
}
