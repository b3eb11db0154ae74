//! Host names in messages of untrusted clients, and what parsing such a message gives.

/// The result of parsing what has arrived of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed<T> {
    /// It is incomplete: nothing new can be learned before this many bytes are there.
    More(usize),
    /// It is complete.
    Done(T),
    /// It is refused, and why.
    Refused(&'static str),
}

/// A host name in lower case, if these bytes are one: letters, digits and hyphens in labels, not an address.
pub fn host_name(bytes: &[u8]) -> Option<String> {
    const LONGEST: usize = 253;
    let label = |label: &[u8]| {
        (1..=63).contains(&label.len())
            && label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            && label[0] != b'-'
            && label[label.len() - 1] != b'-'
    };
    let last = bytes.rsplit(|byte| *byte == b'.').next()?;
    let address = last.iter().all(u8::is_ascii_digit) || last.starts_with(b"0x") || last.starts_with(b"0X");
    if bytes.len() > LONGEST || address || !bytes.split(|byte| *byte == b'.').all(label) {
        return None;
    }
    Some(String::from_utf8_lossy(bytes).to_ascii_lowercase())
}
