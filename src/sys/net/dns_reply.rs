//! Replies of name servers (RFC 1035): the addresses of the asked name, at the end of its chain of aliases. The input is
//! untrusted: nothing panics, and what does not belong to the question is refused.

use std::net::IpAddr;

use simple_dns::rdata::RData;
use simple_dns::{CLASS, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, ResourceRecord};

use super::dns::CODES;

/// What a reply says about the asked name.
#[derive(Debug, Default, PartialEq)]
pub struct Reply {
    /// The response code, one of `CODES`; "other" for another.
    pub code: &'static str,
    /// The addresses at the end of the chain, of the asked type.
    pub addrs: Vec<IpAddr>,
    /// The smallest TTL of the chain and the addresses.
    pub ttl: u32,
    /// The alias to ask for next: the chain leads there, and the reply has no address of it.
    pub next: Option<String>,
    /// Whether records are missing.
    pub truncated: bool,
}

/// The longest chain of aliases.
const LINKS: usize = 16;

/// Parses a reply to the question for this name (in lower case, without the final dot). `six`: for AAAA, otherwise A.
/// Errors: why it is no reply to it.
pub fn parse(bytes: &[u8], name: &str, six: bool) -> Result<Reply, &'static str> {
    let packet = Packet::parse(bytes).map_err(|_| "it is damaged")?;
    if !packet.has_flags(PacketFlag::RESPONSE) || packet.opcode() != OPCODE::StandardQuery {
        return Err("it is no reply");
    }
    let [question] = &packet.questions[..] else { return Err("it has not one question") };
    let kind = if six { simple_dns::TYPE::AAAA } else { simple_dns::TYPE::A };
    let asked = question.qtype == QTYPE::TYPE(kind) && question.qclass == QCLASS::CLASS(CLASS::IN);
    if !asked || !same(&question.qname.to_string(), name) {
        return Err("it has another question");
    }
    let code = CODES.iter().find(|(_, code)| *code == packet.rcode()).map_or("other", |(word, _)| word);
    let truncated = packet.has_flags(PacketFlag::TRUNCATION);
    let mut reply = Reply { code, ttl: u32::MAX, truncated, ..Reply::default() };
    let end = follow(&packet.answers, name, &mut reply)?;
    for record in records(&packet.answers, &end) {
        let addr = match &record.rdata {
            RData::A(a) if !six => IpAddr::from(a.address.to_be_bytes()),
            RData::AAAA(a) if six => IpAddr::from(a.address.to_be_bytes()),
            _ => continue,
        };
        reply.ttl = reply.ttl.min(record.ttl);
        reply.addrs.push(addr);
    }
    if reply.addrs.is_empty() && !same(&end, name) {
        reply.next = Some(end);
    }
    // RFC 2181: a TTL with the highest bit set is 0.
    if reply.ttl > i32::MAX as u32 {
        reply.ttl = 0;
    }
    Ok(reply)
}

/// The end of the chain of aliases.
fn follow(answers: &[ResourceRecord<'_>], name: &str, reply: &mut Reply) -> Result<String, &'static str> {
    let mut seen = vec![name.to_owned()];
    loop {
        let last = seen.last().cloned().unwrap_or_default();
        let alias = records(answers, &last).find_map(|record| match &record.rdata {
            RData::CNAME(alias) => Some((alias.0.to_string().to_ascii_lowercase(), record.ttl)),
            _ => None,
        });
        let Some((alias, ttl)) = alias else { return Ok(last) };
        if seen.contains(&alias) {
            return Err("its aliases are a loop");
        }
        if seen.len() > LINKS {
            return Err("its chain of aliases is too long");
        }
        reply.ttl = reply.ttl.min(ttl);
        seen.push(alias);
    }
}

/// The records of a name.
fn records<'a, 'b>(answers: &'b [ResourceRecord<'a>], name: &str) -> impl Iterator<Item = &'b ResourceRecord<'a>> {
    answers.iter().filter(move |record| record.class == CLASS::IN && same(&record.name.to_string(), name))
}

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Vec<u8> {
        let labels = text.split('.').flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat());
        labels.chain([0]).collect()
    }

    fn record(owner: &str, kind: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
        let head = [&kind.to_be_bytes()[..], &[0, 1], &ttl.to_be_bytes(), &(data.len() as u16).to_be_bytes()].concat();
        [name(owner), head, data.to_vec()].concat()
    }

    fn reply(asked: &str, kind: u16, records: &[Vec<u8>]) -> Vec<u8> {
        let head = [0, 7, 0x81, 0x80, 0, 1, 0, records.len() as u8, 0, 0, 0, 0];
        [&head[..], &name(asked), &kind.to_be_bytes(), &[0, 1], &records.concat()].concat()
    }

    #[test]
    fn the_addresses_are_those_of_the_end_of_the_chain() {
        let records = [
            record("www.a.test", 5, 300, &name("cdn.b.test")),
            record("cdn.b.test", 1, 60, &[198, 51, 100, 1]),
            record("other.test", 1, 1, &[198, 51, 100, 9]),
        ];
        let found = parse(&reply("WWW.a.test", 1, &records), "www.a.test", false).expect("a reply");
        assert_eq!((found.addrs, found.ttl, found.next), (vec![IpAddr::from([198, 51, 100, 1])], 60, None));
        let found = parse(&reply("www.a.test", 1, &records[..1]), "www.a.test", false).expect("a reply");
        assert_eq!(found.next.as_deref(), Some("cdn.b.test"));
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        let records = [record("a.test", 5, 9, &name("b.test")), record("b.test", 5, 9, &name("a.test"))];
        let bytes = reply("a.test", 1, &records);
        assert_eq!(parse(&bytes, "a.test", false), Err("its aliases are a loop"));
        assert_eq!(parse(&bytes, "b.test", false), Err("it has another question"));
        assert_eq!(parse(&bytes, "a.test", true), Err("it has another question"));
        let mut query = bytes.clone();
        query[2] = 1;
        assert_eq!(parse(&query, "a.test", false), Err("it is no reply"));
        let chain: Vec<_> =
            (0..40).map(|n| record(&format!("n{n}.test"), 5, 9, &name(&format!("n{}.test", n + 1)))).collect();
        assert_eq!(parse(&reply("n0.test", 1, &chain), "n0.test", false), Err("its chain of aliases is too long"));
    }

    #[test]
    fn any_bytes_are_taken() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as usize
        };
        let records = [record("a.test", 5, 9, &name("b.test")), record("b.test", 1, 9, &[192, 0, 2, 1])];
        let seed = reply("a.test", 1, &records);
        for _ in 0..40_000 {
            let mut bytes = seed.clone();
            for _ in 0..1 + random() % 6 {
                let at = random() % bytes.len();
                bytes[at] = random() as u8;
            }
            bytes.truncate(1 + random() % bytes.len());
            if let Ok(found) = parse(&bytes, "a.test", random() % 2 == 0) {
                assert!(found.addrs.len() <= 2);
            }
        }
    }
}
