//! Requests of HTTP/1 (RFC 9112): the host that each asks for, and where its body ends. The input is untrusted bytes from
//! containers: nothing panics, and a request that two parsers could read differently (request smuggling) is refused.

use super::host_name::{Parsed, host_name};

/// The longest head of a message: its first line and its fields.
pub const LONGEST_HEAD: usize = 32 << 10;

/// The body of a request.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Body {
    /// This many bytes.
    Length(u64),
    /// Chunks.
    Chunked,
}

/// How a request changes the protocol of its connection.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Switch {
    /// CONNECT: a tunnel after a response of 2xx.
    Connect,
    /// Upgrade: another protocol after a response of 101.
    Upgrade,
}

/// The head of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// Its length.
    pub length: usize,
    /// The method.
    pub method: String,
    /// The host in lower case.
    pub host: String,
    /// The port, if the request names one.
    pub port: Option<u16>,
    /// The body.
    pub body: Body,
    /// The change of protocol that it asks for.
    pub switch: Option<Switch>,
}

/// Parses the head of a request. The bytes after it are ignored.
pub fn request(bytes: &[u8]) -> Parsed<Request> {
    let line = bytes.iter().position(|byte| *byte == b'\r').map(|end| &bytes[..end]);
    if line.is_some_and(|line| !line.windows(6).any(|part| part == b" HTTP/")) {
        return Parsed::Refused("no HTTP");
    }
    let (head, length) = match head(bytes) {
        Ok(found) => found,
        Err(unfinished) => return unfinished,
    };
    match parse(head, length) {
        Ok(request) => Parsed::Done(request),
        Err(why) => Parsed::Refused(why),
    }
}

/// The head of a message without its final empty line, and its length with it.
fn head<T>(bytes: &[u8]) -> Result<(&[u8], usize), Parsed<T>> {
    if let Some(why) = impossible(bytes) {
        return Err(Parsed::Refused(why));
    }
    match bytes.windows(4).take(LONGEST_HEAD).position(|four| four == b"\r\n\r\n") {
        Some(at) => Ok((&bytes[..at + 2], at + 4)),
        None if bytes.len() >= LONGEST_HEAD => Err(Parsed::Refused("an HTTP head longer than 32 KiB")),
        None => Err(Parsed::More(bytes.len() + 1)),
    }
}

/// Why these bytes cannot begin a message, so that another protocol is refused at once.
fn impossible(bytes: &[u8]) -> Option<&'static str> {
    let line = &bytes[..bytes.iter().position(|byte| *byte == b'\r').unwrap_or(bytes.len())];
    let valid =
        bytes.first().is_none_or(|first| token_byte(*first)) && line.iter().all(|byte| matches!(byte, 32..=126));
    (!valid).then_some("no HTTP")
}

fn token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| token_byte(*byte))
}

/// The lines of a head, which end with CR LF; `None` if a CR or LF stands alone.
fn lines(head: &[u8]) -> Option<Vec<&[u8]>> {
    let mut lines = Vec::new();
    let mut rest = head;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
        if rest.get(end..end + 2)? != b"\r\n" {
            return None;
        }
        lines.push(&rest[..end]);
        rest = &rest[end + 2..];
    }
    Some(lines)
}

/// The name and the value of a field, without the white space around the value.
pub fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let valid = |byte: &u8| *byte == b'\t' || (*byte >= 32 && *byte != 127);
    (is_token(name) && value.iter().all(valid)).then(|| (name, value.trim_ascii()))
}

/// The fields that matter, each at most once.
#[derive(Default)]
struct Fields<'a> {
    host: Option<&'a [u8]>,
    length: Option<&'a [u8]>,
    encoding: Option<&'a [u8]>,
    upgrade: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn read(lines: &[&'a [u8]]) -> Result<Fields<'a>, &'static str> {
        let mut fields = Fields::default();
        for line in lines {
            let (name, value) = field(line).ok_or("a malformed header field")?;
            let (known, twice) = match name.to_ascii_lowercase().as_slice() {
                b"host" => (&mut fields.host, "several Host fields"),
                b"content-length" => (&mut fields.length, "several Content-Length fields"),
                b"transfer-encoding" => (&mut fields.encoding, "several Transfer-Encoding fields"),
                b"upgrade" => (&mut fields.upgrade, "several Upgrade fields"),
                _ => continue,
            };
            if known.replace(value).is_some() {
                return Err(twice);
            }
        }
        Ok(fields)
    }

    fn body(&self, old: bool) -> Result<Body, &'static str> {
        match (self.length, self.encoding) {
            (Some(_), Some(_)) => Err("both Content-Length and Transfer-Encoding"),
            (None, None) => Ok(Body::Length(0)),
            (Some(length), None) => decimal(length).map(Body::Length).ok_or("a malformed Content-Length"),
            (None, Some(_)) if old => Err("Transfer-Encoding in HTTP/1.0"),
            (None, Some(encoding)) if encoding.eq_ignore_ascii_case(b"chunked") => Ok(Body::Chunked),
            (None, Some(_)) => Err("an unknown Transfer-Encoding"),
        }
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn parse(head: &[u8], length: usize) -> Result<Request, &'static str> {
    let lines = lines(head).ok_or("a line that does not end with CR LF")?;
    let (first, rest) = lines.split_first().ok_or("no HTTP")?;
    let words: Vec<&[u8]> = first.split(|byte| *byte == b' ').collect();
    let [method, target, version] = words[..] else { return Err("no HTTP") };
    let old = match version {
        b"HTTP/1.1" => false,
        b"HTTP/1.0" => true,
        _ => return Err("an HTTP version other than 1.0 and 1.1"),
    };
    if !is_token(method) || target.is_empty() {
        return Err("no HTTP");
    }
    let fields = Fields::read(rest)?;
    let (host, port, connect) = authority(method, target, fields.host)?;
    let body = fields.body(old)?;
    let switch = match fields.upgrade {
        _ if connect && body != Body::Length(0) => return Err("CONNECT with a body"),
        _ if connect => Some(Switch::Connect),
        Some(protocols) if names_hosts(protocols) => {
            return Err("an upgrade to HTTP/2 or TLS, which name hosts themselves");
        }
        Some(_) => Some(Switch::Upgrade),
        None => None,
    };
    Ok(Request { length, method: String::from_utf8_lossy(method).into_owned(), host, port, body, switch })
}

/// Whether one of the protocols has a host of its own in its messages.
fn names_hosts(protocols: &[u8]) -> bool {
    let names = protocols.split(|byte| *byte == b',').map(|name| name.trim_ascii().to_ascii_lowercase());
    names.into_iter().any(|name| [&b"h2"[..], b"http", b"tls"].iter().any(|beginning| name.starts_with(beginning)))
}

/// The host and port of a request, and whether it is CONNECT. What the target names must be the Host field.
fn authority(method: &[u8], target: &[u8], host: Option<&[u8]>) -> Result<(String, Option<u16>, bool), &'static str> {
    let connect = method == b"CONNECT";
    let named = if connect {
        Some(target)
    } else if target.starts_with(b"/") || (target == b"*" && method == b"OPTIONS") {
        None
    } else {
        let scheme = target.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case(b"http://"));
        let rest =
            scheme.map(|scheme| &target[scheme.len()..]).ok_or("a request target that is no path and no http URL")?;
        Some(rest.split(|byte| matches!(byte, b'/' | b'?' | b'#')).next().unwrap_or(rest))
    };
    let host = match host {
        Some(host) => host,
        None if connect => target,
        None => return Err("no Host field"),
    };
    if named.is_some_and(|named| !named.eq_ignore_ascii_case(host)) {
        return Err("a Host field that differs from the request target");
    }
    let (name, port) = host_and_port(host).ok_or("a Host that is not a host name")?;
    if connect && port.is_none() {
        return Err("CONNECT without a port");
    }
    Ok((name, port, connect))
}

fn host_and_port(host: &[u8]) -> Option<(String, Option<u16>)> {
    let Some(colon) = host.iter().position(|byte| *byte == b':') else { return Some((host_name(host)?, None)) };
    let port = decimal(&host[colon + 1..]).and_then(|port| u16::try_from(port).ok())?;
    Some((host_name(&host[..colon])?, Some(port)))
}

/// The status and the length of a response's head.
pub fn response(bytes: &[u8]) -> Parsed<(u16, usize)> {
    let (head, length) = match head(bytes) {
        Ok(found) => found,
        Err(unfinished) => return unfinished,
    };
    let status = head.strip_prefix(b"HTTP/1.").and_then(|rest| match rest {
        [b'0' | b'1', b' ', a, b, c, b' ' | b'\r', ..] => decimal(&[*a, *b, *c]),
        _ => None,
    });
    match status {
        Some(status) => Parsed::Done((status as u16, length)),
        None => Parsed::Refused("a malformed HTTP response"),
    }
}

/// The size of a chunk by the line before it.
pub fn chunk_size(line: &[u8]) -> Option<u64> {
    let end = line.iter().position(|byte| *byte == b';').unwrap_or(line.len());
    let (digits, extension) = line.split_at(end);
    let plain = extension.iter().all(|byte| *byte == b'\t' || (32..127).contains(byte));
    if !plain || digits.is_empty() || digits.len() > 15 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests;
