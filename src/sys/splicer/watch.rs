//! What is read of a connection that is being moved: each request of HTTP, and the second ClientHello of TLS, must name the host
//! that the first one named. Bytes of the client pass after they were checked.

use crate::sys::host_name::Parsed;
use crate::sys::http_host::{self, Body, Switch};
use crate::sys::tls_hello::{self, HANDSHAKE};

/// What the first message of a connection named.
pub enum Check {
    /// The server name of a ClientHello.
    Tls(String),
    /// The host of a request, and the port of the connection.
    Http(String, u16),
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// More of the client's bytes.
    Read,
    /// The server's answer: until then nothing of the client is read.
    Wait,
    /// Nothing: the rest passes as it is.
    Free,
}

pub type Checked = Result<Next, &'static str>;

/// A watch, and the client's bytes that have not passed.
pub struct Watch {
    kind: Kind,
    held: Vec<u8>,
}

enum Kind {
    Tls(Tls),
    Http(Http),
}

impl Watch {
    pub fn new(check: Check) -> Watch {
        let kind = match check {
            Check::Tls(name) => Kind::Tls(Tls { name, state: TlsState::First, answer: Vec::new(), answered: false }),
            Check::Http(host, port) => {
                Kind::Http(Http { host, port, state: State::Head, switch: None, first: true, answer: Vec::new() })
            }
        };
        Watch { kind, held: Vec::new() }
    }

    /// Takes bytes of the client; those that may pass are added to `out`.
    pub fn client(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Checked {
        self.held.extend_from_slice(bytes);
        let mut at = 0;
        let next = loop {
            let rest = &self.held[at..];
            let step = match &mut self.kind {
                Kind::Tls(tls) => tls.step(rest)?,
                Kind::Http(http) => http.step(rest)?,
            };
            match step {
                Step::Pass(length) => at += length,
                Step::Stop(next) => break next,
            }
        };
        if next == Next::Free {
            at = self.held.len();
        }
        out.extend(self.held.drain(..at));
        Ok(next)
    }

    /// Whether bytes of the server matter now.
    pub fn reads_server(&self) -> bool {
        match &self.kind {
            Kind::Tls(tls) => !tls.answered,
            Kind::Http(http) => http.switch.is_some(),
        }
    }

    /// Looks at bytes of the server, which pass in any case.
    pub fn server(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        match &mut self.kind {
            Kind::Tls(tls) => tls.server(bytes),
            Kind::Http(http) => return http.server(bytes),
        }
        Ok(())
    }
}

/// One step through the client's bytes.
enum Step {
    /// This many bytes, at least one, may pass.
    Pass(usize),
    /// Nothing can pass now.
    Stop(Next),
}

const MORE: Step = Step::Stop(Next::Read);

#[derive(PartialEq)]
enum TlsState {
    /// Before the ClientHello.
    First,
    /// After it: early data and a second ClientHello may come.
    Early,
    /// Within a record of early data of this many more bytes.
    Record(usize),
    /// No further ClientHello can come.
    Over,
}

struct Tls {
    name: String,
    state: TlsState,
    /// The first bytes of the server.
    answer: Vec<u8>,
    /// Whether they told if a second ClientHello comes.
    answered: bool,
}

impl Tls {
    fn step(&mut self, bytes: &[u8]) -> Result<Step, &'static str> {
        const CHANGE_CIPHER_SPEC: u8 = 20;
        const APPLICATION_DATA: u8 = 23;
        const CLIENT_HELLO: u8 = 1;
        match self.state {
            TlsState::Over => return Ok(Step::Stop(Next::Free)),
            _ if bytes.is_empty() => return Ok(MORE),
            TlsState::First => return self.hello(bytes, TlsState::Early),
            TlsState::Record(left) => {
                let length = left.min(bytes.len());
                self.state = if length == left { TlsState::Early } else { TlsState::Record(left - length) };
                return Ok(Step::Pass(length));
            }
            TlsState::Early => {}
        }
        if !matches!(bytes[0], HANDSHAKE | APPLICATION_DATA | CHANGE_CIPHER_SPEC) {
            self.state = TlsState::Over;
            return Ok(Step::Stop(Next::Free));
        }
        let Some(header) = bytes.get(..6) else { return Ok(MORE) };
        match (header[0], header[5]) {
            (HANDSHAKE, CLIENT_HELLO) => self.hello(bytes, TlsState::Over),
            (HANDSHAKE, _) => {
                self.state = TlsState::Over;
                Ok(Step::Stop(Next::Free))
            }
            // A server that skips early data after its HelloRetryRequest skips these as well.
            _ => {
                let length = 5 + usize::from(u16::from_be_bytes([header[3], header[4]]));
                let there = length.min(bytes.len());
                self.state = if there < length { TlsState::Record(length - there) } else { TlsState::Early };
                Ok(Step::Pass(there))
            }
        }
    }

    /// A whole ClientHello with the name.
    fn hello(&mut self, bytes: &[u8], then: TlsState) -> Result<Step, &'static str> {
        match tls_hello::read(bytes) {
            Parsed::More(_) => Ok(MORE),
            Parsed::Refused(why) => Err(why),
            Parsed::Done(hello) if hello.name.as_deref() != Some(&self.name) => {
                Err("another server name in the second ClientHello")
            }
            Parsed::Done(hello) => {
                self.state = then;
                Ok(Step::Pass(hello.length))
            }
        }
    }

    /// The first bytes of the server tell whether a second ClientHello comes.
    fn server(&mut self, bytes: &[u8]) {
        const SERVER_HELLO: u8 = 2;
        const RANDOM: std::ops::Range<usize> = 11..43;
        let room = RANDOM.end - self.answer.len();
        self.answer.extend(bytes.iter().take(room));
        let kinds = (self.answer.first().copied(), self.answer.get(5).copied());
        let hello = matches!(kinds, (Some(HANDSHAKE) | None, Some(SERVER_HELLO) | None));
        let retry = match self.answer.get(RANDOM) {
            _ if !hello => false,
            Some(random) => random == RETRY,
            None => return,
        };
        self.answered = true;
        if !retry {
            self.state = TlsState::Over;
        }
    }
}

/// The random value of a HelloRetryRequest (RFC 8446, 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

enum State {
    /// Before a request.
    Head,
    /// This many bytes of a body.
    Body(u64),
    /// Before the line with the size of a chunk.
    Size,
    /// This many bytes of a chunk.
    Chunk(u64),
    /// After a chunk: CR LF.
    ChunkEnd,
    /// The fields after the last chunk: this many bytes so far.
    Trailer(usize),
    /// After a request to change the protocol.
    Switch,
    /// The protocol has changed.
    Tunnel,
}

struct Http {
    host: String,
    port: u16,
    state: State,
    /// The change of protocol that was asked for.
    switch: Option<Switch>,
    /// Whether no request has passed.
    first: bool,
    /// The server's bytes since then.
    answer: Vec<u8>,
}

impl Http {
    fn step(&mut self, bytes: &[u8]) -> Result<Step, &'static str> {
        match self.state {
            State::Tunnel => return Ok(Step::Stop(Next::Free)),
            State::Switch => return Ok(Step::Stop(Next::Wait)),
            _ if bytes.is_empty() => return Ok(MORE),
            State::Head => return self.request(bytes),
            State::Body(left) => {
                let (length, left) = part(left, bytes);
                self.state = if left > 0 { State::Body(left) } else { self.after_body() };
                return Ok(Step::Pass(length));
            }
            State::Chunk(left) => {
                let (length, left) = part(left, bytes);
                self.state = if left > 0 { State::Chunk(left) } else { State::ChunkEnd };
                return Ok(Step::Pass(length));
            }
            State::Size | State::ChunkEnd | State::Trailer(_) => {}
        }
        let Some(line) = line(bytes)? else { return Ok(MORE) };
        self.line(line)?;
        Ok(Step::Pass(line.len() + 2))
    }

    fn request(&mut self, bytes: &[u8]) -> Result<Step, &'static str> {
        let request = match http_host::request(bytes) {
            Parsed::More(_) => return Ok(MORE),
            Parsed::Refused(why) => return Err(why),
            Parsed::Done(request) => request,
        };
        if request.switch != Some(Switch::Connect) {
            if request.host != self.host {
                return Err("another host in a later request");
            }
            if request.port.is_some_and(|port| port != self.port) {
                return Err("a Host field with another port");
            }
        }
        // Without the responses to earlier requests the answer to this one could not be found.
        if request.switch.is_some() && !self.first {
            return Err("a change of protocol after another request");
        }
        (self.first, self.switch) = (false, request.switch);
        self.state = match request.body {
            Body::Chunked => State::Size,
            Body::Length(0) => self.after_body(),
            Body::Length(length) => State::Body(length),
        };
        Ok(Step::Pass(request.length))
    }

    /// One of the lines around chunks.
    fn line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        self.state = match self.state {
            State::Size => match http_host::chunk_size(line).ok_or("a malformed chunk")? {
                0 => State::Trailer(0),
                size => State::Chunk(size),
            },
            State::ChunkEnd if line.is_empty() => State::Size,
            State::Trailer(_) if line.is_empty() => self.after_body(),
            State::Trailer(length) if length + line.len() <= http_host::LONGEST_HEAD => {
                http_host::field(line).ok_or("a malformed trailer")?;
                State::Trailer(length + line.len())
            }
            _ => return Err("a malformed chunk"),
        };
        Ok(())
    }

    fn after_body(&self) -> State {
        if self.switch.is_some() { State::Switch } else { State::Head }
    }

    /// The final response tells whether the protocol changes.
    fn server(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        const SWITCHING: u16 = 101;
        let Some(switch) = self.switch else { return Ok(()) };
        self.answer.extend_from_slice(bytes);
        loop {
            let (status, length) = match http_host::response(&self.answer) {
                Parsed::More(_) => return Ok(()),
                Parsed::Refused(why) => return Err(why),
                Parsed::Done(found) => found,
            };
            self.answer.drain(..length);
            if (100..200).contains(&status) && status != SWITCHING {
                continue;
            }
            let changed = match switch {
                Switch::Upgrade => status == SWITCHING,
                Switch::Connect => (200..300).contains(&status),
            };
            (self.switch, self.answer) = (None, Vec::new());
            if changed {
                self.state = State::Tunnel;
            } else if switch == Switch::Connect {
                return Err("a refused CONNECT");
            } else if matches!(self.state, State::Switch) {
                self.state = State::Head;
            }
            return Ok(());
        }
    }
}

/// How many bytes of a body are there, and how many are left.
fn part(left: u64, bytes: &[u8]) -> (usize, u64) {
    let length = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    (length, left - length as u64)
}

/// The next line without its end; `None` if it is incomplete.
fn line(bytes: &[u8]) -> Result<Option<&[u8]>, &'static str> {
    const LONGEST: usize = 8 << 10;
    match bytes.iter().take(LONGEST).position(|byte| matches!(byte, b'\r' | b'\n')) {
        None if bytes.len() >= LONGEST => Err("a line longer than 8 KiB"),
        None => Ok(None),
        Some(end) => match bytes.get(end..end + 2) {
            Some(b"\r\n") => Ok(Some(&bytes[..end])),
            None if bytes[end] == b'\r' => Ok(None),
            _ => Err("a line that does not end with CR LF"),
        },
    }
}

#[cfg(test)]
mod tests;
