//! An HTTP client (RFC 9110) for registries: one request, without redirects, cookies and decompression. Connections are
//! kept and used again by the process that opened them. It starts no thread.

mod resolver;
mod tls;
mod transport;
mod trust;

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use sha2::{Digest, Sha256};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector};
use ureq::{Agent, Proxy, ProxyProtocol, Timeout};

pub use trust::Trust;

use super::{Context, Error, Result, digest, interrupt};

/// The settings of a connection.
#[derive(Clone, Default, PartialEq)]
pub struct Settings {
    /// The certificates.
    pub trust: Trust,
    /// A proxy's URL: CONNECT is used for every request.
    pub proxy: Option<String>,
    /// The limit for each of: the name's resolution, the connection with TLS, and the wait for the response's headers.
    pub timeout: Option<Duration>,
    /// The longest time without a byte.
    pub stall: Option<Duration>,
}

/// The body of a request.
pub enum Body {
    /// No body.
    None,
    /// These bytes.
    Bytes(Vec<u8>),
    /// The rest of a file, of this many bytes.
    File(File, u64),
}

/// The shortest time between progress reports.
const PACE: Duration = Duration::from_millis(100);

/// A file that is being sent; `tell` is called with the bytes so far, and whether to go on.
struct Sending<'a> {
    file: File,
    length: u64,
    sent: u64,
    told: Instant,
    tell: &'a mut dyn FnMut(u64) -> bool,
}

impl Read for Sending<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.sent += n as u64;
        if self.sent >= self.length || self.told.elapsed() >= PACE {
            self.told = Instant::now();
            if !(self.tell)(self.sent) {
                return Err(std::io::Error::from_raw_os_error(Errno::ECANCELED as i32));
            }
        }
        Ok(n)
    }
}

/// A response, whose body has not been read yet.
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names in lower case and values.
    pub headers: Vec<(String, String)>,
    settings: Settings,
    socket: RawFd,
    body: ureq::BodyReader<'static>,
}

/// How many settings are remembered, with their connections.
const AGENTS: usize = 8;

thread_local! {
    /// Of this process: a child must not write to its parent's connections.
    static KEPT: RefCell<(u32, Vec<(Settings, Agent)>)> = const { RefCell::new((0, Vec::new())) };
}

fn agent(settings: &Settings) -> Result<Agent> {
    KEPT.with_borrow_mut(|(owner, kept)| {
        if *owner != std::process::id() {
            *owner = std::process::id();
            kept.clear();
        }
        if let Some((_, agent)) = kept.iter().find(|(known, _)| known == settings) {
            return Ok(agent.clone());
        }
        let agent = new_agent(settings)?;
        if kept.len() == AGENTS {
            kept.remove(0);
        }
        kept.push((settings.clone(), agent.clone()));
        Ok(agent)
    })
}

fn new_agent(settings: &Settings) -> Result<Agent> {
    let invalid = || Error::new(Errno::EINVAL).with_detail("the proxy is not a URL such as http://host:3128");
    let proxy = settings.proxy.as_deref().map(|url| Proxy::new(url).map_err(|_| invalid())).transpose()?;
    if proxy.as_ref().is_some_and(|proxy| !matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https)) {
        return Err(Error::new(Errno::EINVAL).with_detail("only http and https proxies are supported"));
    }
    let config = Agent::config_builder()
        .proxy(proxy)
        .http_status_as_error(false)
        .max_redirects(0)
        .accept_encoding("identity")
        .user_agent(concat!("tinylua/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(settings.timeout)
        .timeout_connect(settings.timeout)
        .timeout_recv_response(settings.timeout)
        .timeout_per_read(settings.stall)
        .timeout_per_write(settings.stall)
        .build();
    let tls = tls::Tls::new(settings.trust.clone());
    let connector = ().chain(ConnectProxyConnector::default()).chain(transport::Dialer).chain(tls);
    Ok(Agent::with_parts(config, connector, transport::Names))
}

/// Sends a request. Of a file, `tell` is called with the bytes sent so far, and whether to go on. Errors: ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, ECONNRESET; EPROTO if the peer does not
/// speak HTTP or TLS; EKEYEXPIRED, EKEYREJECTED for its certificate; EINVAL for an invalid URL or header.
pub fn request(
    method: &str,
    url: &str,
    headers: &[(String, String)],
    body: Body,
    how: &Settings,
    tell: &mut dyn FnMut(u64) -> bool,
) -> Result<Response> {
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let agent = agent(how)?;
    let failed = |e| convert(e, how);
    let invalid = |e: ureq::http::Error| Error::new(Errno::EINVAL).with_path(url).with_detail(e.to_string());
    let sent = match body {
        Body::None => agent.run(request.body(()).map_err(invalid)?),
        Body::Bytes(bytes) => agent.run(request.body(bytes).map_err(invalid)?),
        Body::File(file, length) => {
            let request = request.header("content-length", length);
            let mut file = Sending { file, length, sent: 0, told: Instant::now(), tell };
            agent.run(request.body(ureq::SendBody::from_reader(&mut file)).map_err(invalid)?)
        }
    };
    let (parts, body) = sent.map_err(failed)?.into_parts();
    let socket = transport::last();
    let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    Ok(Response { status: parts.status.as_u16(), headers, settings: how.clone(), socket, body: body.into_reader() })
}

/// The library's error as one of this layer.
fn convert(error: ureq::Error, how: &Settings) -> Error {
    let seconds = |limit: Option<Duration>| limit.map_or(0.0, |limit| limit.as_secs_f64());
    let (errno, detail) = match error {
        ureq::Error::Other(inner) => match inner.downcast::<Error>() {
            Ok(own) => return *own,
            Err(other) => (Errno::EIO, other.to_string()),
        },
        ureq::Error::Io(error) => return convert_io(error, how),
        ureq::Error::Timeout(Timeout::Resolve) => {
            (Errno::ETIMEDOUT, format!("the name is not resolved after {} s", seconds(how.timeout)))
        }
        ureq::Error::Timeout(Timeout::Connect) => {
            (Errno::ETIMEDOUT, format!("no connection after {} s", seconds(how.timeout)))
        }
        ureq::Error::Timeout(Timeout::PerRead) => {
            (Errno::ETIMEDOUT, format!("nothing was received for {} s", seconds(how.stall)))
        }
        ureq::Error::Timeout(Timeout::PerWrite) => {
            (Errno::ETIMEDOUT, format!("nothing could be sent for {} s", seconds(how.stall)))
        }
        ureq::Error::Timeout(_) => (Errno::ETIMEDOUT, format!("no response after {} s", seconds(how.timeout))),
        ureq::Error::ConnectProxyFailed(why) => (Errno::ECONNREFUSED, format!("the proxy refuses: {why}")),
        ureq::Error::BadUri(why) => (Errno::EINVAL, format!("it is not a URL: {why}")),
        ureq::Error::Http(error) => (Errno::EINVAL, error.to_string()),
        ureq::Error::LargeResponseHeader(..) => (Errno::EMSGSIZE, "the response's headers are too large".to_owned()),
        ureq::Error::Protocol(error) => (Errno::EPROTO, format!("the response is not valid HTTP: {error}")),
        other => (Errno::EPROTO, other.to_string()),
    };
    Error::new(errno).with_detail(detail)
}

fn convert_io(error: std::io::Error, how: &Settings) -> Error {
    if error.raw_os_error().is_some() {
        return error.into();
    }
    if error.kind() == std::io::ErrorKind::UnexpectedEof {
        return Error::new(Errno::ECONNRESET).with_detail(transport::CLOSED);
    }
    let text = error.to_string();
    match error.into_inner() {
        Some(inner) => match inner.downcast::<ureq::Error>() {
            Ok(error) => convert(*error, how),
            Err(inner) => match inner.downcast::<rustls::Error>() {
                Ok(error) => tls::error(&error),
                Err(_) => Error::new(Errno::EIO).with_detail(text),
            },
        },
        None => Error::new(Errno::EIO).with_detail(text),
    }
}

/// What `save` has stored.
pub struct Saved {
    /// The size of the file.
    pub bytes: u64,
    /// Its digest, as images write it.
    pub digest: String,
}

impl Response {
    /// The number of the connection's descriptor, which stays this response's until it is read or dropped.
    pub fn socket(&self) -> RawFd {
        self.socket
    }

    /// The body, which may have at most `limit` bytes. Errors: EMSGSIZE if it has more, and those of a connection.
    pub fn read(mut self, limit: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = self.body.by_ref().take(limit.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|e| convert_io(e, &self.settings))?;
        if bytes.len() as u64 > limit {
            let detail = format!("the response has more than {limit} bytes");
            return Err(Error::new(Errno::EMSGSIZE).with_detail(detail));
        }
        Ok(bytes)
    }

    /// Appends the body to a file that can be read, which then has at most `limit` bytes; hashes what the file had, too. `tell` is called
    /// with the size of the file, at most ten times a second, and whether to go on. Errors: EFBIG, ENOSPC, and those of a
    /// connection: what was received until then is in the file.
    pub fn save(mut self, mut file: File, limit: Option<u64>, mut tell: impl FnMut(u64) -> bool) -> Result<Saved> {
        file.seek(SeekFrom::Start(0))?;
        let (mut hash, mut size) = (Sha256::new(), 0u64);
        let mut buffer = vec![0; 1 << 16];
        loop {
            interrupt::check()?;
            match file.read(&mut buffer)? {
                0 => break,
                n => {
                    hash.update(&buffer[..n]);
                    size += n as u64;
                }
            }
        }
        let mut told = Instant::now();
        loop {
            interrupt::check()?;
            let n = self.body.read(&mut buffer).map_err(|e| convert_io(e, &self.settings))?;
            if n == 0 {
                tell(size);
                return Ok(Saved { bytes: size, digest: digest::named(hash) });
            }
            if limit.is_some_and(|limit| size + n as u64 > limit) {
                let detail =
                    format!("the response is longer than the {} bytes that are left", limit.unwrap_or(0) - size);
                return Err(Error::new(Errno::EFBIG).with_detail(detail));
            }
            file.write_all(&buffer[..n]).detail("the file cannot be written")?;
            hash.update(&buffer[..n]);
            size += n as u64;
            if told.elapsed() >= PACE {
                told = Instant::now();
                if !tell(size) {
                    return Err(Error::new(Errno::ECANCELED));
                }
            }
        }
    }
}
