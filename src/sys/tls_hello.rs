//! The first message of a TLS client (RFC 8446, 4.1.2): the server name that it asks for. The input is untrusted bytes from
//! containers: nothing panics, and what two parsers could read differently is refused.

use super::host_name::{Parsed, host_name};

/// A ClientHello.
#[derive(Debug, PartialEq, Eq)]
pub struct Hello {
    /// The server name in lower case, if the client sent one (SNI).
    pub name: Option<String>,
    /// Whether it has encrypted ClientHello, or its grease: these are made to look the same.
    pub ech: bool,
    /// The length of the records that contain it.
    pub length: usize,
}

/// The longest ClientHello.
const LONGEST: usize = 64 << 10;
/// The longest fragment in a record.
const FRAGMENT: usize = 1 << 14;
const RECORD_HEADER: usize = 5;
const MESSAGE_HEADER: usize = 4;

/// Types of records.
pub const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;

const SERVER_NAME: u16 = 0;
const ECH: u16 = 0xfe0d;
/// Its predecessor, encrypted SNI.
const ESNI: u16 = 0xffce;

/// Parses a ClientHello that may be in several records. The bytes after it are ignored.
pub fn read(bytes: &[u8]) -> Parsed<Hello> {
    match message(bytes) {
        Ok((message, length)) => match hello(&message, length) {
            Some(Ok(hello)) => Parsed::Done(hello),
            Some(Err(why)) => Parsed::Refused(why),
            None => Parsed::Refused("a malformed ClientHello"),
        },
        Err(unfinished) => unfinished,
    }
}

/// Joins the fragments of the first message: its body, and the length of its records.
fn message(bytes: &[u8]) -> Result<(Vec<u8>, usize), Parsed<Hello>> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let Some(header) = bytes.get(at..at + RECORD_HEADER) else {
            return Err(first_bytes(bytes, at).unwrap_or(Parsed::More(at + RECORD_HEADER)));
        };
        let length = record(header, at == 0).map_err(Parsed::Refused)?;
        let end = at + RECORD_HEADER + length;
        let Some(fragment) = bytes.get(at + RECORD_HEADER..end) else { return Err(Parsed::More(end)) };
        body.extend_from_slice(fragment);
        at = end;
        if body.len() < MESSAGE_HEADER {
            continue;
        }
        if body[0] != CLIENT_HELLO {
            return Err(Parsed::Refused("not a ClientHello"));
        }
        let wanted = MESSAGE_HEADER + number(&body[1..MESSAGE_HEADER]);
        if wanted > LONGEST {
            return Err(Parsed::Refused("a ClientHello longer than 64 KiB"));
        }
        // A key change follows the ClientHello, so that no other message shares its last record.
        if body.len() > wanted {
            return Err(Parsed::Refused("bytes after the ClientHello in its record"));
        }
        if body.len() == wanted {
            body.drain(..MESSAGE_HEADER);
            return Ok((body, at));
        }
    }
}

/// What incomplete first bytes already tell, so that another protocol is refused at once.
fn first_bytes(bytes: &[u8], at: usize) -> Option<Parsed<Hello>> {
    let wrong = at == 0 && bytes.first().is_some_and(|first| *first != HANDSHAKE);
    wrong.then(|| Parsed::Refused(other(bytes)))
}

/// The length of a record's fragment.
fn record(header: &[u8], first: bool) -> Result<usize, &'static str> {
    if header[0] != HANDSHAKE {
        return Err(if first { other(header) } else { "another record within the ClientHello" });
    }
    if header[1] != 3 || header[2] > 4 {
        return Err("a record of an unknown TLS version");
    }
    match number(&header[3..]) {
        0 => Err("an empty handshake record"),
        length if length > FRAGMENT => Err("a record longer than 16 KiB"),
        length => Ok(length),
    }
}

/// What bytes are that do not begin like TLS.
fn other(bytes: &[u8]) -> &'static str {
    match bytes {
        [first, ..] if first & 0x80 != 0 => "an SSLv2 hello, or no TLS",
        _ => "no TLS",
    }
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

/// Takes fields from the front of a message.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// A field after its length, which has this many bytes.
    fn vector(&mut self, width: usize) -> Option<&'a [u8]> {
        let length = number(self.take(width)?);
        self.take(length)
    }

    fn number(&mut self, width: usize) -> Option<usize> {
        self.take(width).map(number)
    }
}

/// Reads the body; `None` if a length is wrong.
fn hello(body: &[u8], length: usize) -> Option<Result<Hello, &'static str>> {
    let mut fields = Fields(body);
    let version = fields.number(2)?;
    let _random = fields.take(32)?;
    let session = fields.vector(1)?;
    let suites = fields.vector(2)?;
    let compression = fields.vector(1)?;
    if version >> 8 != 3 || session.len() > 32 || suites.is_empty() || suites.len() % 2 != 0 || compression.is_empty() {
        return None;
    }
    let mut hello = Hello { name: None, ech: false, length };
    // A hello of old clients ends here.
    if fields.0.is_empty() {
        return Some(Ok(hello));
    }
    let mut extensions = Fields(fields.vector(2)?);
    if !fields.0.is_empty() {
        return None;
    }
    let mut seen = Vec::new();
    while !extensions.0.is_empty() {
        let kind = extensions.number(2)? as u16;
        let content = extensions.vector(2)?;
        seen.push(kind);
        match kind {
            SERVER_NAME => match server_name(content)? {
                Ok(name) => hello.name = Some(name),
                Err(why) => return Some(Err(why)),
            },
            ECH | ESNI => hello.ech = true,
            _ => {}
        }
    }
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    Some(if seen.len() == count { Ok(hello) } else { Err("an extension twice") })
}

/// The name in the extension: exactly one (RFC 6066, 3).
fn server_name(content: &[u8]) -> Option<Result<String, &'static str>> {
    const HOST_NAME: usize = 0;
    let mut outer = Fields(content);
    let mut list = Fields(outer.vector(2)?);
    let kind = list.number(1)?;
    let name = list.vector(2)?;
    if !outer.0.is_empty() || kind != HOST_NAME {
        return None;
    }
    if !list.0.is_empty() {
        return Some(Err("several server names"));
    }
    Some(host_name(name).ok_or("a server name that is not a host name"))
}

#[cfg(test)]
mod tests;
