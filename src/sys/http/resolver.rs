//! A stub resolver for HTTP (resolver(5), RFC 1035). The C library's would load its NSS modules into this static program,
//! and after a change of root those of a container.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use rustix::event::PollFlags;
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QTYPE, Question, RCODE, TYPE};

use crate::sys::net::inet;
use crate::sys::path::Place;
use crate::sys::{Context, Error, Result, event, fs};

const HOSTS: &str = "/etc/hosts";
const CONFIG: &str = "/etc/resolv.conf";
/// The two files are a few KiB; a larger one is not read.
const LARGEST: u64 = 1 << 20;
/// The limits of resolv.conf(5).
const MAX_SERVERS: usize = 3;
const MAX_SEARCH: usize = 6;

/// What resolv.conf(5) says.
struct Config {
    servers: Vec<SocketAddr>,
    search: Vec<String>,
    ndots: usize,
    timeout: Duration,
    attempts: usize,
}

impl Config {
    fn parse(text: &str) -> Config {
        let (mut servers, mut search) = (Vec::new(), Vec::new());
        let (mut ndots, mut timeout, mut attempts) = (1, 5, 2);
        for line in text.lines() {
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("nameserver") if servers.len() < MAX_SERVERS => servers.extend(words.next().and_then(server)),
                Some("domain" | "search") => {
                    search = words.take(MAX_SEARCH).map(|word| word.trim_end_matches('.').to_owned()).collect();
                }
                Some("options") => {
                    for option in words {
                        let number = |name: &str| option.strip_prefix(name).and_then(|n| n.parse::<usize>().ok());
                        ndots = number("ndots:").map_or(ndots, |n| n.min(15));
                        timeout = number("timeout:").map_or(timeout, |n| n.clamp(1, 30));
                        attempts = number("attempts:").map_or(attempts, |n| n.clamp(1, 5));
                    }
                }
                _ => {}
            }
        }
        if servers.is_empty() {
            servers.push(SocketAddr::from((Ipv4Addr::LOCALHOST, 53)));
        }
        Config { servers, search, ndots, timeout: Duration::from_secs(timeout as u64), attempts }
    }

    /// The names to ask for, in order: a short one first with each domain of the search list.
    fn names(&self, host: &str) -> Vec<String> {
        if let Some(absolute) = host.strip_suffix('.') {
            return vec![absolute.to_owned()];
        }
        let mut names: Vec<String> = self.search.iter().map(|domain| format!("{host}.{domain}")).collect();
        let first = host.matches('.').count() >= self.ndots;
        names.insert(if first { 0 } else { names.len() }, host.to_owned());
        names
    }
}

/// A server's address; that of one link has its name after a %.
fn server(text: &str) -> Option<SocketAddr> {
    let (addr, link) = text.split_once('%').map_or((text, None), |(addr, link)| (addr, Some(link)));
    Some(match (addr.parse().ok()?, link) {
        (IpAddr::V6(addr), Some(link)) => {
            let index = link.parse().or_else(|_| {
                std::fs::read_to_string(format!("/sys/class/net/{link}/ifindex")).unwrap_or_default().trim().parse()
            });
            SocketAddr::V6(SocketAddrV6::new(addr, 53, 0, index.ok()?))
        }
        (addr, _) => SocketAddr::new(addr, 53),
    })
}

/// The addresses of a name or a literal address, those of IPv6 and IPv4 alternating, for at most `timeout`.
pub fn resolve(host: &str, timeout: Option<Duration>) -> Result<Vec<IpAddr>> {
    if let Ok(addr) = host.trim_start_matches('[').trim_end_matches(']').parse() {
        return Ok(vec![addr]);
    }
    let known = hosts(&small_file(HOSTS)?, host);
    if !known.is_empty() {
        return Ok(alternate(known));
    }
    // RFC 6761: these names are never asked for.
    if host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost") {
        return Ok(vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()]);
    }
    let config = Config::parse(&small_file(CONFIG)?);
    let deadline = timeout.map(|timeout| Instant::now() + timeout);
    let mut last = unknown(host, "no name server knows it");
    for name in config.names(host) {
        match ask_servers(&config, &name, deadline) {
            Ok(addrs) if !addrs.is_empty() => return Ok(alternate(addrs)),
            Ok(_) => {}
            Err(e) if e.errno == Errno::EINTR => return Err(e),
            Err(e) => last = e,
        }
    }
    Err(last)
}

fn unknown(host: &str, why: &str) -> Error {
    Error::new(Errno::EHOSTUNREACH).with_path(host).with_detail(format!("the name {host} cannot be resolved: {why}"))
}

/// A file that may be missing.
fn small_file(path: &str) -> Result<String> {
    match fs::read(Place { root: None, path: path.as_ref() }, LARGEST) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(e) if e.errno == Errno::ENOENT => Ok(String::new()),
        Err(e) => Err(e.with_path(path)),
    }
}

/// The addresses that hosts(5) has for a name.
fn hosts(text: &str, host: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
        let Some(Ok(addr)) = words.next().map(str::parse) else { continue };
        if words.any(|name| name.eq_ignore_ascii_case(host.trim_end_matches('.'))) && !found.contains(&addr) {
            found.push(addr);
        }
    }
    found
}

/// RFC 8305, section 4: the first address is one of IPv6, then the families alternate.
fn alternate(addrs: Vec<IpAddr>) -> Vec<IpAddr> {
    let (six, four): (Vec<IpAddr>, Vec<IpAddr>) = addrs.into_iter().partition(IpAddr::is_ipv6);
    let longest = six.len().max(four.len());
    (0..longest).flat_map(|i| [six.get(i), four.get(i)]).flatten().copied().collect()
}

fn ask_servers(config: &Config, name: &str, deadline: Option<Instant>) -> Result<Vec<IpAddr>> {
    let mut last = unknown(name, "no name server replies");
    for _ in 0..config.attempts {
        for server in &config.servers {
            let limit = Instant::now() + config.timeout;
            match ask(*server, name, deadline.map_or(limit, |deadline| limit.min(deadline))) {
                Ok(addrs) => return Ok(addrs),
                Err(e) if e.errno == Errno::EINTR => return Err(e),
                Err(e) if e.detail.is_some() => last = e,
                Err(e) => last = unknown(name, &format!("name server {server}: {e}")),
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(last);
            }
        }
    }
    Err(last)
}

/// Asks one server for both families at the same time.
fn ask(server: SocketAddr, name: &str, deadline: Instant) -> Result<Vec<IpAddr>> {
    let local = if server.is_ipv4() { IpAddr::from(Ipv4Addr::UNSPECIFIED) } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = inet::udp(None, SocketAddr::new(local, 0), Some(server))?.fd;
    let mut left = vec![query(name, TYPE::A)?, query(name, TYPE::AAAA)?];
    for query in &left {
        rustix::net::send(&socket, &query.bytes, rustix::net::SendFlags::NOSIGNAL)?;
    }
    let mut found = Vec::new();
    while !left.is_empty() {
        let wait = deadline.saturating_duration_since(Instant::now());
        if !event::readable(socket.as_fd(), Some(wait.as_secs_f64()))? {
            // Some servers never reply about IPv6.
            let why = format!("name server {server} does not reply");
            return if found.is_empty() { Err(unknown(name, &why)) } else { Ok(found) };
        }
        let Some((bytes, _)) = inet::receive(socket.as_fd())? else { continue };
        let Some(at) = left.iter().position(|query| query.is_answered_by(&bytes)) else { continue };
        let query = left.swap_remove(at);
        let addrs = match query.addrs(&bytes, name)? {
            Some(addrs) => addrs,
            None => query.addrs(&by_tcp(server, &query.bytes, deadline)?, name)?.unwrap_or_default(),
        };
        found.extend(addrs);
    }
    Ok(found)
}

struct Query {
    id: u16,
    kind: TYPE,
    bytes: Vec<u8>,
}

fn query(name: &str, kind: TYPE) -> Result<Query> {
    let invalid = |_| unknown(name, "it is not a domain name");
    let id = u16::from_str_radix(&fs::random_hex(2)?, 16).unwrap_or_default();
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    let name = Name::new(name).map_err(invalid)?;
    packet.questions.push(Question::new(name, QTYPE::TYPE(kind), CLASS::IN.into(), false));
    Ok(Query { id, kind, bytes: packet.build_bytes_vec().map_err(invalid)? })
}

impl Query {
    /// Whether these bytes are a reply to this question, and not a forgery or a late reply to another one.
    fn is_answered_by(&self, bytes: &[u8]) -> bool {
        let (Ok(reply), Ok(asked)) = (Packet::parse(bytes), Packet::parse(&self.bytes)) else { return false };
        let (Some(theirs), Some(ours)) = (reply.questions.first(), asked.questions.first()) else { return false };
        reply.id() == self.id
            && reply.has_flags(PacketFlag::RESPONSE)
            && theirs.qtype == ours.qtype
            && theirs.qname.to_string().eq_ignore_ascii_case(&ours.qname.to_string())
    }

    /// The addresses in a reply; `None` if it is truncated.
    fn addrs(&self, bytes: &[u8], name: &str) -> Result<Option<Vec<IpAddr>>> {
        if !self.is_answered_by(bytes) {
            return Err(unknown(name, "the reply belongs to another question"));
        }
        let Ok(reply) = Packet::parse(bytes) else { return Err(unknown(name, "the reply is not a DNS message")) };
        if reply.has_flags(PacketFlag::TRUNCATION) {
            return Ok(None);
        }
        match reply.rcode() {
            RCODE::NoError | RCODE::NameError => {}
            code => return Err(unknown(name, &format!("the name server replies {code:?}"))),
        }
        let addr = |data: &RData<'_>| match (data, self.kind) {
            (RData::A(a), TYPE::A) => Some(IpAddr::from(Ipv4Addr::from(a.address))),
            (RData::AAAA(a), TYPE::AAAA) => Some(IpAddr::from(Ipv6Addr::from(a.address))),
            _ => None,
        };
        Ok(Some(reply.answers.iter().filter_map(|record| addr(&record.rdata)).collect()))
    }
}

/// The reply by TCP, which is preceded by its length.
fn by_tcp(server: SocketAddr, query: &[u8], deadline: Instant) -> Result<Vec<u8>> {
    let left = || deadline.saturating_duration_since(Instant::now()).as_secs_f64();
    let socket = inet::connect(None, server, Some(left()), true)?;
    let mut message = (query.len() as u16).to_be_bytes().to_vec();
    message.extend_from_slice(query);
    fs::write_all(socket.as_fd(), &message)?;
    let mut bytes = Vec::new();
    loop {
        let whole = bytes.first_chunk().map(|length| 2 + usize::from(u16::from_be_bytes(*length)));
        if whole.is_some_and(|whole| bytes.len() >= whole) {
            return Ok(bytes.split_off(2));
        }
        if !event::ready(socket.as_fd(), PollFlags::IN, Some(left()))? {
            return Err(Error::new(Errno::ETIMEDOUT));
        }
        let mut part = [0; 4096];
        match rustix::io::read(&socket, &mut part).at(server.to_string())? {
            0 => return Err(Error::new(Errno::ECONNRESET)),
            n => bytes.extend_from_slice(&part[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration() {
        let config = Config::parse(
            "# comment\nnameserver 192.0.2.1\nnameserver fd00::1\nnameserver none\nnameserver 192.0.2.2\nnameserver \
             192.0.2.3\nsearch example.org a.example.\noptions ndots:2 timeout:99 attempts:0",
        );
        let shown: Vec<String> = config.servers.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["192.0.2.1:53", "[fd00::1]:53", "192.0.2.2:53"]);
        assert_eq!((config.ndots, config.timeout.as_secs(), config.attempts), (2, 30, 1));
        assert_eq!(config.names("a.b"), ["a.b.example.org", "a.b.a.example", "a.b"]);
        assert_eq!(config.names("a.b.c")[0], "a.b.c");
        assert_eq!(config.names("a."), ["a"]);
        assert_eq!(Config::parse("").servers, [SocketAddr::from(([127, 0, 0, 1], 53))]);
    }

    #[test]
    fn the_hosts_file() {
        let text = "127.0.0.1 localhost # a b\n192.0.2.1 Host other\n::1 host\nbad host\n192.0.2.1 host";
        assert_eq!(hosts(text, "HOST."), ["192.0.2.1".parse::<IpAddr>().expect("one"), "::1".parse().expect("one")]);
        assert!(hosts(text, "a").is_empty());
    }

    #[test]
    fn families_alternate() {
        let addrs: Vec<IpAddr> = ["1.1.1.1", "1.1.1.2", "::1"].iter().map(|a| a.parse().expect("one")).collect();
        assert_eq!(alternate(addrs.clone()), [addrs[2], addrs[0], addrs[1]]);
    }

    /// Any bytes: never a panic, and never an answer to a question that was not asked.
    #[test]
    fn garbage_is_no_answer() {
        let query = query("example.org", TYPE::A).expect("a query");
        assert!(!query.is_answered_by(&query.bytes), "a query is no reply");
        let mut reply = query.bytes.clone();
        reply[2] |= 0x80;
        assert!(query.is_answered_by(&reply));
        for end in 0..reply.len() {
            assert!(!query.is_answered_by(&reply[..end]));
        }
        reply[0] ^= 1;
        assert!(!query.is_answered_by(&reply));
        assert!(query.addrs(&reply, "example.org").is_err());
    }
}
