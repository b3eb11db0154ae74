//! Filters program output for another terminal: control sequences are made visible. Newlines, tabs, carriage returns
//! (progress bars) and short colour sequences (ECMA-48, SGR) pass. Each returned piece ends with a colour reset, so
//! that it does not affect the output of others.

use super::error::steers;

/// The longest colour sequence that passes.
const SGR_LONGEST: usize = 40;

/// The most that is stored of the active colours; beyond it only the newest are kept.
const COLOURS_MOST: usize = 128;

const RESET: &[u8] = b"\x1b[0m";

/// A stream and its state.
#[derive(Default)]
pub struct Filter {
    /// The start of an incomplete character or sequence; shorter than SGR_LONGEST.
    held: Vec<u8>,
    /// The active colour sequences, since the last reset.
    colours: Vec<u8>,
    /// Whether a carriage return passes only before a newline, since the line starts with other text.
    whole_lines: bool,
}

/// The start of the input.
enum Next {
    /// This many bytes pass.
    Plain(usize),
    /// A colour sequence of this many bytes.
    Colour(usize),
    /// This many bytes are made visible.
    Steers(usize),
    /// An incomplete character or sequence.
    Open,
}

impl Filter {
    /// A filter; with `whole_lines` nothing may return to the start of a line.
    pub fn new(whole_lines: bool) -> Filter {
        Filter { whole_lines, ..Filter::default() }
    }

    /// Filters the stream's next bytes; with `last` nothing is kept back.
    pub fn pass(&mut self, bytes: &[u8], last: bool) -> Vec<u8> {
        let mut input = std::mem::take(&mut self.held);
        input.extend_from_slice(bytes);
        let mut out = Vec::with_capacity(input.len() + COLOURS_MOST);
        out.extend_from_slice(&self.colours);
        let begin = out.len();
        let mut at = 0;
        while at < input.len() {
            let rest = &input[at..];
            at += match self.next(rest) {
                Next::Plain(n) => {
                    if rest[0] == b'\n' {
                        self.reset(&mut out);
                    }
                    out.extend_from_slice(&rest[..n]);
                    n
                }
                Next::Colour(n) => {
                    self.colour(&rest[..n], &mut out);
                    n
                }
                Next::Open if !last => {
                    self.held = rest.to_vec();
                    break;
                }
                Next::Open => show(&rest[..1], &mut out),
                Next::Steers(n) => show(&rest[..n], &mut out),
            };
        }
        if out.len() == begin {
            return Vec::new();
        }
        if !self.colours.is_empty() {
            out.extend_from_slice(RESET);
        }
        out
    }

    fn next(&self, rest: &[u8]) -> Next {
        match rest[0] {
            b' '..=b'~' => Next::Plain(rest.iter().position(|b| !matches!(b, b' '..=b'~')).unwrap_or(rest.len())),
            b'\n' | b'\t' => Next::Plain(1),
            b'\r' if !self.whole_lines => Next::Plain(1),
            b'\r' => match rest.get(1) {
                None => Next::Open,
                Some(b'\n') => Next::Plain(1),
                Some(_) => Next::Steers(1),
            },
            0x1b => sgr(rest),
            0x00..=0x7f => Next::Steers(1),
            _ => character(rest),
        }
    }

    fn reset(&mut self, out: &mut Vec<u8>) {
        if !self.colours.is_empty() {
            self.colours.clear();
            out.extend_from_slice(RESET);
        }
    }

    /// Records a colour sequence. One that starts with a reset discards the earlier ones.
    fn colour(&mut self, sequence: &[u8], out: &mut Vec<u8>) {
        let parameters = &sequence[2..sequence.len() - 1];
        let first = parameters.split(|b| *b == b';').next().unwrap_or_default();
        if first.iter().all(|b| *b == b'0') || self.colours.len() + sequence.len() > COLOURS_MOST {
            self.reset(out);
        }
        if !parameters.iter().all(|b| matches!(b, b'0' | b';')) {
            self.colours.extend_from_slice(sequence);
            out.extend_from_slice(sequence);
        }
    }
}

/// A colour sequence: ESC [, numbers, m.
fn sgr(rest: &[u8]) -> Next {
    if rest.get(1).is_some_and(|b| *b != b'[') {
        return Next::Steers(1);
    }
    let numbers = rest.iter().skip(2).take_while(|b| matches!(b, b'0'..=b'9' | b';' | b':')).count();
    match rest.get(2 + numbers) {
        _ if 3 + numbers > SGR_LONGEST => Next::Steers(1),
        None => Next::Open,
        Some(b'm') => Next::Colour(3 + numbers),
        Some(_) => Next::Steers(1),
    }
}

/// A character beyond ASCII, or an invalid byte: some terminals take 0x80 to 0x9f as commands.
fn character(rest: &[u8]) -> Next {
    let piece = &rest[..rest.len().min(4)];
    let valid = match std::str::from_utf8(piece) {
        Ok(text) => text,
        Err(e) if e.valid_up_to() > 0 => std::str::from_utf8(&piece[..e.valid_up_to()]).unwrap_or_default(),
        Err(e) if e.error_len().is_none() && rest.len() < 4 => return Next::Open,
        Err(_) => "",
    };
    match valid.chars().next() {
        Some(c) if steers(c) => Next::Steers(c.len_utf8()),
        Some(c) => Next::Plain(c.len_utf8()),
        None => Next::Steers(1),
    }
}

/// Bytes as text: `\x1b`.
fn show(bytes: &[u8], out: &mut Vec<u8>) -> usize {
    for byte in bytes {
        out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn once(text: &[u8]) -> String {
        String::from_utf8(Filter::new(false).pass(text, true)).expect("UTF-8")
    }

    #[test]
    fn what_steers_is_visible() {
        assert_eq!(once(b"a\tb\r\nc"), "a\tb\r\nc");
        assert_eq!(once("héllo 容器 🦀".as_bytes()), "héllo 容器 🦀");
        assert_eq!(once(b"\x1b[2J\x1b]0;title\x07"), "\\x1b[2J\\x1b]0;title\\x07");
        assert_eq!(once(b"a\x08\x0c\x7f\x00"), "a\\x08\\x0c\\x7f\\x00");
        assert_eq!(once(b"\x9b2J \xff \xc3"), "\\x9b2J \\xff \\xc3");
        assert_eq!(once("\u{9b}2J \u{202e}x".as_bytes()), "\\xc2\\x9b2J \\xe2\\x80\\xaex");
    }

    #[test]
    fn colours_end_with_the_line_and_the_piece() {
        assert_eq!(once(b"\x1b[1;31mred\x1b[0m x"), "\x1b[1;31mred\x1b[0m x");
        assert_eq!(once(b"\x1b[8mhidden\nnot"), "\x1b[8mhidden\x1b[0m\nnot");
        assert_eq!(once(b"\x1b[38:2:1:2:3mx"), "\x1b[38:2:1:2:3mx\x1b[0m");
        let mut filter = Filter::new(false);
        assert_eq!(filter.pass(b"\x1b[32mone", false), b"\x1b[32mone\x1b[0m");
        assert_eq!(filter.pass(b"two\x1b[m", false), b"\x1b[32mtwo\x1b[0m");
        assert_eq!(filter.pass(b"three", false), b"three");
        let many: Vec<u8> = b"\x1b[31m".repeat(1000);
        filter.pass(&many, false);
        assert!(filter.colours.len() <= COLOURS_MOST);
        let long = format!("\x1b[{}m", "1;".repeat(100));
        assert!(once(long.as_bytes()).starts_with("\\x1b[1;"));
    }

    #[test]
    fn a_carriage_return_is_plain_only_before_a_newline_in_whole_lines() {
        let pass =
            |whole_lines, text: &[u8]| String::from_utf8(Filter::new(whole_lines).pass(text, true)).expect("UTF-8");
        assert_eq!(pass(false, b"a\rb\r\n"), "a\rb\r\n");
        assert_eq!(pass(true, b"a\rb\r\n"), "a\\x0db\r\n");
        assert_eq!(pass(true, b"a\r"), "a\\x0d");
    }

    #[test]
    fn colours_and_sequences_at_their_limits() {
        // A reset in front forgets earlier colours, also as an empty parameter; in the middle it is a part.
        let mut filter = Filter::new(false);
        assert_eq!(filter.pass(b"\x1b[31m\x1b[0;1mx", false), b"\x1b[31m\x1b[0m\x1b[0;1mx\x1b[0m");
        assert_eq!(filter.pass(b"y", false), b"\x1b[0;1my\x1b[0m");
        assert_eq!(filter.pass(b"\x1b[31;0mz", false), b"\x1b[0;1m\x1b[31;0mz\x1b[0m");
        // As many colours as fit are kept; one more begins anew.
        let one = b"\x1b[31m";
        let most = COLOURS_MOST / one.len();
        let mut filter = Filter::new(false);
        filter.pass(&one.repeat(most), false);
        assert_eq!(filter.colours.len(), most * one.len());
        filter.pass(one, false);
        // One more did not fit.
        let anew = one.len();
        assert_eq!(filter.colours.len(), anew);
        // The longest sequence is a colour; a longer one is text.
        let longest = format!("\x1b[{}m", "1".repeat(SGR_LONGEST - 3));
        assert_eq!(once(longest.as_bytes()), format!("{longest}\x1b[0m"));
        let longer = format!("\x1b[{}m", "1".repeat(SGR_LONGEST - 2));
        assert!(once(longer.as_bytes()).starts_with("\\x1b[11"));
    }

    #[test]
    fn a_torn_character_waits_and_an_invalid_one_does_not() {
        let mut filter = Filter::new(false);
        assert_eq!(filter.pass(b"\xf0\x9f\xa6", false), b"");
        assert_eq!(filter.pass(b"\x80", false), "🦀".as_bytes());
        assert_eq!(filter.pass(b"\xc3(", false), b"\\xc3(");
        assert_eq!(filter.pass(b"\xf0\x9f\xa6a", false), b"\\xf0\\x9f\\xa6a");
    }

    /// The result does not depend on how a stream is split, apart from colours that end with each piece.
    #[test]
    fn cut_anywhere() {
        let text = "é\u{9b}\u{202e}🦀\x1b[2J\x1b]8;;x\x07\r\n\x1b[1".as_bytes();
        for whole_lines in [false, true] {
            let whole = Filter::new(whole_lines).pass(text, true);
            for cut in 0..text.len() {
                let mut filter = Filter::new(whole_lines);
                let mut parts = filter.pass(&text[..cut], false);
                parts.extend(filter.pass(&text[cut..], false));
                parts.extend(filter.pass(b"", true));
                assert_eq!(parts, whole, "cut at {cut}");
            }
            let mut filter = Filter::new(whole_lines);
            let mut parts: Vec<u8> = text.iter().flat_map(|b| filter.pass(&[*b], false)).collect();
            parts.extend(filter.pass(b"", true));
            assert_eq!(parts, whole);
        }
    }

    #[test]
    fn held_back_is_little() {
        let mut filter = Filter::new(false);
        for _ in 0..10_000 {
            filter.pass(b"\x1b[1111111111", false);
            assert!(filter.held.len() < SGR_LONGEST);
        }
    }

    #[test]
    fn a_prefix_is_not_overwritten() {
        let shown = Filter::new(true).pass(b"good\revil\r\n", true);
        assert_eq!(shown, b"good\\x0devil\r\n");
    }
}
