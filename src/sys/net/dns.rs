//! DNS messages (RFC 1035): parsing a query, and building the reply. The input is untrusted bytes from containers:
//! anything but a query with one question is `None`, and nothing panics.

use std::net::IpAddr;

use simple_dns::rdata::{A, AAAA, OPT, PTR, RData};
use simple_dns::{CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, RCODE, ResourceRecord};

/// The response codes by their registered names.
pub const CODES: [(&str, RCODE); 6] = [
    ("NOERROR", RCODE::NoError),
    ("FORMERR", RCODE::FormatError),
    ("SERVFAIL", RCODE::ServerFailure),
    ("NXDOMAIN", RCODE::NameError),
    ("NOTIMP", RCODE::NotImplemented),
    ("REFUSED", RCODE::Refused),
];

/// The longest reply to a query that does not state a limit.
const PLAIN: u16 = 512;

/// The longest query by UDP that an EDNS reply accepts: no larger message is safe from fragmentation (DNS flag day 2020).
const ACCEPTED: u16 = 1232;

/// The question of a query.
pub struct Question {
    /// The id that the reply must have.
    pub id: u16,
    /// The name, in lower case and without the final dot.
    pub name: String,
    /// "A", "AAAA", "PTR"; "TYPE65280" for one without a name.
    pub kind: String,
    /// Whether recursion is desired.
    pub recursion: bool,
    /// The largest UDP reply that the sender accepts, in bytes (EDNS).
    pub max: u16,
}

/// The content of a reply.
#[derive(Default)]
pub struct Answer<'a> {
    /// Addresses: the IPv4 ones for A questions, the IPv6 ones for AAAA questions.
    pub addrs: &'a [IpAddr],
    /// Names, for PTR.
    pub names: &'a [String],
    /// The code, one of `CODES`; `None`: NOERROR.
    pub code: Option<&'a str>,
    /// The time to live, in seconds.
    pub ttl: u32,
    /// The largest reply in bytes: records that do not fit are left out and the reply is marked as truncated.
    pub max: Option<usize>,
}

/// A query, of any type.
struct Query {
    bytes: Vec<u8>,
    kind_at: usize,
    kind: u16,
}

impl Query {
    /// The question's type is read here; a type that the library refuses is replaced by another before parsing.
    fn new(bytes: &[u8]) -> Option<Query> {
        let kind_at = question_end(bytes)?;
        let kind = u16::from_be_bytes(bytes.get(kind_at..kind_at + 2)?.try_into().ok()?);
        let mut bytes = bytes.to_vec();
        if QTYPE::try_from(kind).is_err() {
            bytes[kind_at..kind_at + 2].copy_from_slice(&u16::from(QTYPE::ANY).to_be_bytes());
        }
        Some(Query { bytes, kind_at, kind })
    }

    fn packet(&self) -> Option<Packet<'_>> {
        let packet = Packet::parse(&self.bytes).ok()?;
        let asks = !packet.has_flags(PacketFlag::RESPONSE) && packet.opcode() == OPCODE::StandardQuery;
        (asks && packet.questions.len() == 1).then_some(packet)
    }
}

/// Parses the question of a query; `None` if it is not a query with exactly one question.
pub fn question(bytes: &[u8]) -> Option<Question> {
    let query = Query::new(bytes)?;
    let packet = query.packet()?;
    let kind = match QTYPE::try_from(query.kind) {
        Ok(QTYPE::TYPE(kind)) => format!("{kind:?}"),
        Ok(other) => format!("{other:?}"),
        Err(_) => format!("TYPE{}", query.kind),
    };
    Some(Question {
        id: packet.id(),
        name: packet.questions.first()?.qname.to_string().to_ascii_lowercase(),
        kind,
        recursion: packet.has_flags(PacketFlag::RECURSION_DESIRED),
        max: packet.opt().map_or(PLAIN, |opt| opt.udp_packet_size.max(PLAIN)),
    })
}

/// The bytes of the reply; `None` if the input is not a query with one question, or a name is invalid.
pub fn answer(query: &[u8], answer: &Answer<'_>) -> Option<Vec<u8>> {
    let query = Query::new(query)?;
    let asked = query.packet()?;
    let mut reply = Packet::new_reply(asked.id());
    reply.questions.clone_from(&asked.questions);
    reply.set_flags(PacketFlag::RECURSION_AVAILABLE);
    if asked.has_flags(PacketFlag::RECURSION_DESIRED) {
        reply.set_flags(PacketFlag::RECURSION_DESIRED);
    }
    let code = CODES.iter().find(|(word, _)| Some(*word) == answer.code);
    *reply.rcode_mut() = code.map_or(RCODE::NoError, |(_, code)| *code);
    // An EDNS query gets an EDNS reply (RFC 6891, 6.1.1).
    *reply.opt_mut() = asked.opt().map(|_| OPT { opt_codes: Vec::new(), udp_packet_size: ACCEPTED, version: 0 });
    reply.answers = records(&asked, answer)?;
    let most = answer.max.unwrap_or(usize::from(u16::MAX));
    loop {
        let mut bytes = reply.build_bytes_vec_compressed().ok()?;
        if bytes.len() <= most || reply.answers.is_empty() {
            // The question is copied unchanged.
            bytes.get_mut(query.kind_at..query.kind_at + 2)?.copy_from_slice(&query.kind.to_be_bytes());
            return Some(bytes);
        }
        reply.answers.pop();
        reply.set_flags(PacketFlag::TRUNCATION);
    }
}

/// The records that match the question's type.
fn records<'a>(asked: &Packet<'a>, answer: &'a Answer<'_>) -> Option<Vec<ResourceRecord<'a>>> {
    let question = asked.questions.first()?;
    if ![QCLASS::CLASS(CLASS::IN), QCLASS::ANY].contains(&question.qclass) {
        return Some(Vec::new());
    }
    let record = |data| ResourceRecord::new(question.qname.clone(), CLASS::IN, answer.ttl, data);
    let addrs = || answer.addrs.iter();
    Some(match question.qtype {
        QTYPE::TYPE(simple_dns::TYPE::A) => addrs()
            .filter_map(|addr| match addr {
                IpAddr::V4(v4) => Some(record(RData::A(A { address: (*v4).into() }))),
                IpAddr::V6(_) => None,
            })
            .collect(),
        QTYPE::TYPE(simple_dns::TYPE::AAAA) => addrs()
            .filter_map(|addr| match addr {
                IpAddr::V6(v6) => Some(record(RData::AAAA(AAAA { address: (*v6).into() }))),
                IpAddr::V4(_) => None,
            })
            .collect(),
        QTYPE::TYPE(simple_dns::TYPE::PTR) => {
            let names = answer.names.iter().map(|name| Name::new(name).ok());
            names.map(|name| Some(record(RData::PTR(PTR(name?))))).collect::<Option<_>>()?
        }
        _ => Vec::new(),
    })
}

/// Whether this is a valid domain name.
pub fn is_name(name: &str) -> bool {
    Name::new(name).is_ok()
}

/// The end of the first question's name. Nothing before it could be referenced by compression.
fn question_end(bytes: &[u8]) -> Option<usize> {
    const HEADER: usize = 12;
    let mut at = HEADER;
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            length @ 1..=63 => at += 1 + usize::from(length),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str, kind: u16) -> Vec<u8> {
        let mut bytes = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.').filter(|l| !l.is_empty()) {
            bytes.push(label.len() as u8);
            bytes.extend(label.as_bytes());
        }
        bytes.extend([0, (kind >> 8) as u8, kind as u8, 0, 1]);
        bytes
    }

    /// Any input is parsed and answered without a panic.
    fn swallow(bytes: &[u8]) {
        let addrs = ["10.0.0.2".parse().expect("an address"), "fd00::2".parse().expect("an address")];
        let names = ["web".to_owned()];
        let asked = question(bytes);
        for max in [None, Some(0), Some(60)] {
            let answer = answer(bytes, &Answer { addrs: &addrs, names: &names, max, ..Answer::default() });
            assert!(answer.is_none() || asked.is_some());
        }
    }

    #[test]
    fn any_bytes_are_taken() {
        // A deterministic generator (xorshift64), so that a failure can be reproduced.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as usize
        };
        let with_opt =
            [&query("a.b", 28)[..11], &[1], &query("a.b", 28)[12..], &[0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0]].concat();
        for seed in [query("Web.Example", 1), query("2.0.0.10.in-addr.arpa", 12), query("", 255), with_opt] {
            assert!(question(&seed).is_some());
            for length in 0..seed.len() {
                swallow(&seed[..length]);
            }
            for _ in 0..20_000 {
                let mut bytes = seed.clone();
                for _ in 0..1 + random() % 4 {
                    let at = random() % bytes.len();
                    bytes[at] = random() as u8;
                }
                if random() % 2 == 0 {
                    bytes.truncate(random() % bytes.len());
                }
                swallow(&bytes);
            }
        }
    }

    #[test]
    fn unknown_types_are_told_and_echoed() {
        let bytes = query("web", 65280);
        assert_eq!(question(&bytes).expect("a query").kind, "TYPE65280");
        let reply = answer(&bytes, &Answer::default()).expect("an answer");
        assert_eq!(&reply[12..], &bytes[12..]);
    }
}
