//! The tables of egress fences: `inet tiny-egress` with a container's chains and sets, and `bridge tiny-egress` with the
//! ports that reach no other port.

use std::net::IpAddr;

use rtnetlink::packet_core::NLM_F_CREATE;

use super::super::Cidr;
use super::super::element::{V4, V6};
use super::super::nft::{Attrs, Batch, Hook, NEW_CHAIN, NEW_SET};
use super::super::rule::{Rule, link_name, octets};
use super::element::{Key, Ports, add_elements, range};
use super::expr::{ESTABLISHED, RELATED};

/// The tables, of the inet and the bridge family.
pub(super) const TABLE: &str = "tiny-egress";

/// The set of the containers that have a fence.
pub(super) const MEMBERS: &str = "members";
/// The set of closed ports, in the bridge's table.
pub(super) const PORTS: &str = "ports";
/// Names of a map for each family.
type Families = [&'static str; 2];
/// The maps from link and source address to a container's chain: for forwarded packets, those to this machine, and the first
/// packet of a connection before its destination is looked at.
pub(super) const MAPS: [(Families, &str); 3] =
    [(["from4", "from6"], "c"), (["in4", "in6"], "i"), (["to4", "to6"], "n")];
/// The same keys as a set: a packet that leaves by the link it came from is masqueraded, so that its answer comes back.
pub(super) const BACK: Families = ["back4", "back6"];
/// The set of links that no other address than those in the maps may send from.
pub(super) const ONLY: &str = "only";
/// Addresses that no rule allows.
const NEVER: Families = ["never4", "never6"];

/// Before the filters of other programs, whose verdicts cannot allow what is rejected here.
const FORWARD: Hook = ("forward", 2, -10);
const INPUT: Hook = ("input", 1, -10);
/// Before published ports.
const REDIRECT: Hook = ("prerouting", 0, -110);
const BEHIND: Hook = ("postrouting", 4, 100);
/// After the rules for IP packets, where netfilter sees bridged packets (br_netfilter).
pub(super) const BRIDGE_FORWARD: Hook = ("forward", 2, 10);
/// The mark of replies that may pass from a closed port to another: "tiny".
const REPLY: u32 = u32::from_be_bytes(*b"tiny");

/// A container's chains: for forwarded packets, for those to this machine, for denied ones, and for connections to check. Each
/// only continues in later ones.
pub(super) const CHAINS: [&str; 4] = ["c", "i", "d", "n"];

/// What a container may connect to, besides its pins.
pub struct Fence<'a> {
    /// The container: the suffix of its chains and sets.
    pub id: &'a str,
    /// The NFLOG group that gets its denied packets.
    pub group: u16,
    /// The mark of its connections. After a change, earlier connections are matched against the pins again.
    pub mark: u32,
    /// The ranges of ports that a pin can allow by their place in this list.
    pub wide: &'a [Ports],
    /// The ranges of addresses that are always allowed.
    pub ranges: &'a [(Cidr, Ports)],
    /// The port of this machine to which connections to check are redirected.
    pub relay: Option<u16>,
    /// Whether existing pins stay.
    pub keep_pins: bool,
}

/// A container's set.
pub(super) struct Set {
    pub name: &'static str,
    /// An address of its family.
    pub like: IpAddr,
    /// Whether it contains pins, which have a timeout; otherwise it contains ranges.
    pub timed: bool,
    /// Whether its pins are of connections to check.
    pub verify: bool,
}

pub(super) const SETS: [Set; 6] = [
    Set { name: "p4", like: V4, timed: true, verify: false },
    Set { name: "p6", like: V6, timed: true, verify: false },
    Set { name: "v4", like: V4, timed: true, verify: true },
    Set { name: "v6", like: V6, timed: true, verify: true },
    Set { name: "r4", like: V4, timed: false, verify: false },
    Set { name: "r6", like: V6, timed: false, verify: false },
];

/// The most pins of a container and family.
const MOST_PINS: u32 = 65536;
/// Log records in a second, at once, and the bytes of each packet.
const LOG: (u64, u32, u32) = (50, 100, 96);

/// The types of nft(8), with six bits for each part of a key. The kernel only stores them for nft to print the table.
const IFNAME: u32 = 41;
const PROTO: u32 = 12;
const PORT: u32 = 13;
fn addr_type(like: IpAddr) -> u32 {
    if like.is_ipv4() { 7 } else { 8 }
}

pub(super) fn named(name: &str, id: &str) -> String {
    format!("{name}-{id}")
}

pub(super) fn of_family(names: Families, like: IpAddr) -> &'static str {
    names[usize::from(!like.is_ipv4())]
}

pub(super) fn both(names: Families) -> Families {
    names
}

/// The set of `BACK` for a map.
pub(super) fn back_of(map: &str) -> &'static str {
    BACK[usize::from(map.ends_with('6'))]
}

pub(super) fn link_key(link: &str, addr: IpAddr) -> Vec<u8> {
    [link_name(link), octets(addr)].concat()
}

pub(super) fn member(id: &str) -> Vec<u8> {
    let mut bytes = id.as_bytes().to_vec();
    bytes.resize(MEMBER, 0);
    bytes
}

/// The longest name of a container.
pub const MEMBER: usize = 16;

/// Attributes of a new set: its flags, type and length of its keys.
fn set(name: &str, flags: u32, kind: u32, length: u32) -> Attrs {
    Attrs::default().text(1, TABLE).text(2, name).number(3, flags).number(4, kind).number(5, length)
}

/// A new set of names; nft prints those in the machine's byte order.
fn names(name: &str, length: u32) -> Attrs {
    const KEY_ORDER: [u8; 2] = [0, 4];
    const HOST: u32 = 1;
    set(name, 0, IFNAME, length).bytes(13, &[&KEY_ORDER[..], &HOST.to_ne_bytes()].concat())
}

const INTERVAL: u32 = 4;
const MAP: u32 = 8;
const TIMEOUT: u32 = 0x10;
const CONCAT: u32 = 0x80;

/// Adds the table with what the containers share.
pub(super) fn table(batch: &mut Batch) {
    const VERDICT: u32 = 0xffff_ff00;
    batch.table(TABLE);
    let mut id = 0;
    let mut add = |batch: &mut Batch, attrs: Attrs| {
        id += 1;
        batch.add(NEW_SET, NLM_F_CREATE, attrs.number(10, id));
    };
    add(batch, names(MEMBERS, MEMBER as u32));
    add(batch, names(ONLY, 16));
    for like in [V4, V6] {
        let (kind, length) = (IFNAME << 6 | addr_type(like), 16 + octets(like).len() as u32);
        for (map, _) in MAPS {
            add(batch, set(of_family(map, like), MAP, kind, length).number(6, VERDICT));
        }
        add(batch, set(of_family(BACK, like), 0, kind, length));
        add(batch, set(of_family(NEVER, like), INTERVAL, addr_type(like), octets(like).len() as u32));
        add_elements(batch, TABLE, of_family(NEVER, like), &never(like));
    }
    for (at, (kind, hook)) in [("filter", FORWARD), ("filter", INPUT), ("nat", REDIRECT)].into_iter().enumerate() {
        batch.chain(TABLE, kind, hook);
        for like in [V4, V6] {
            batch.rule(TABLE, hook, Rule::default().dispatch(like, of_family(MAPS[at].0, like)));
        }
        if hook == INPUT {
            // Neighbor discovery also uses link-local addresses.
            [135, 136].into_iter().for_each(|kind| batch.rule(TABLE, hook, Rule::default().icmp6(kind).accept()));
        }
        batch.rule(TABLE, hook, Rule::default().comes_by_one_of(ONLY).drop());
    }
    batch.chain(TABLE, "nat", BEHIND);
    for like in [V4, V6] {
        batch.rule(TABLE, BEHIND, Rule::default().leaves_where_it_came(like, of_family(BACK, like)).masquerade());
    }
}

/// Adds the bridge's table.
pub(super) fn bridge_table(batch: &mut Batch) {
    batch.table(TABLE);
    batch.add(NEW_SET, NLM_F_CREATE, names(PORTS, 16).number(10, 1));
    batch.chain(TABLE, "filter", BRIDGE_FORWARD);
    batch.rule(TABLE, BRIDGE_FORWARD, Rule::default().comes_by_one_of(PORTS).packet_not_marked(REPLY).drop());
}

/// The addresses that no rule allows, also inside NAT64 and 6to4, as intervals: the first address, and the first behind.
fn never(like: IpAddr) -> Vec<Key> {
    const FOUR: [(&str, Option<&str>); 4] = [
        ("0.0.0.0", Some("1.0.0.0")),
        ("127.0.0.0", Some("128.0.0.0")),
        ("169.254.0.0", Some("169.255.0.0")),
        ("224.0.0.0", None),
    ];
    const SIX: [(&str, Option<&str>); 9] = [
        ("::", Some("::2")),
        ("::ffff:0:0", Some("::1:0:0:0")),
        ("64:ff9b::7f00:0", Some("64:ff9b::8000:0")),
        ("64:ff9b::a9fe:0", Some("64:ff9b::a9ff:0")),
        ("2002:7f00::", Some("2002:8000::")),
        ("2002:a9fe::", Some("2002:a9ff::")),
        ("fd00:ec2::254", Some("fd00:ec2::255")),
        ("fe80::", Some("fec0::")),
        ("ff00::", None),
    ];
    let list: &[(&str, Option<&str>)] = if like.is_ipv4() { &FOUR } else { &SIX };
    let bytes = |text: &str| text.parse().map(octets).unwrap_or_default();
    let interval = |(first, behind): &(&str, Option<&str>)| {
        [Some(Key::plain(bytes(first))), behind.map(|text| Key::end(bytes(text)))]
    };
    list.iter().flat_map(interval).flatten().collect()
}

/// Adds addresses to those that no rule allows.
pub(super) fn add_never(batch: &mut Batch, addrs: &[IpAddr]) {
    for addr in addrs {
        let bytes = octets(*addr);
        let end = next(&bytes).map(Key::end);
        let keys: Vec<Key> = [Some(Key::plain(bytes)), end].into_iter().flatten().collect();
        add_elements(batch, TABLE, of_family(NEVER, *addr), &keys);
    }
}

/// The address behind this one; `None` behind the last.
fn next(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = bytes.to_vec();
    for byte in bytes.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            return Some(bytes);
        }
    }
    None
}

/// Adds a container's chains and sets.
pub(super) fn create(batch: &mut Batch, id: &str) {
    const FIRST: u32 = 100; // sets of the table have lower numbers
    for (at, one) in SETS.into_iter().enumerate() {
        let length = octets(one.like).len() as u32;
        let kind = addr_type(one.like) << 12 | PROTO << 6 | PORT;
        let field = |size| Attrs::default().nest(1, Attrs::default().number(1, size));
        let desc = if one.timed {
            Attrs::default().number(1, MOST_PINS)
        } else {
            let fields = [length, 1, 2].into_iter().map(|size| field(size).after(&[])).collect::<Vec<_>>().concat();
            Attrs::default().nest(2, Attrs::raw(&fields))
        };
        let flags = if one.timed { TIMEOUT } else { INTERVAL | CONCAT };
        let attrs = set(&named(one.name, id), flags, kind, length + 8).nest(9, desc).number(10, FIRST + at as u32);
        batch.add(NEW_SET, NLM_F_CREATE, attrs);
    }
    for chain in CHAINS.iter().rev() {
        batch.add(NEW_CHAIN, NLM_F_CREATE, Attrs::default().text(1, TABLE).text(3, &named(chain, id)));
    }
    add_elements(batch, TABLE, MEMBERS, &[Key::plain(member(id))]);
}

/// Adds the content of a container's chains and range sets.
pub(super) fn fill(batch: &mut Batch, fence: &Fence<'_>) {
    for one in SETS.iter().filter(|set| !set.timed) {
        let fits = |(cidr, _): &&(Cidr, Ports)| cidr.0.is_ipv4() == one.like.is_ipv4();
        let keys: Vec<Key> = fence.ranges.iter().filter(fits).map(range).collect();
        add_elements(batch, TABLE, &named(one.name, fence.id), &keys);
    }
    for (chain, rules) in CHAINS.into_iter().zip([forwarded(fence), received(fence), denied(fence), checked(fence)]) {
        for rule in rules {
            batch.rule_in(TABLE, &named(chain, fence.id), rule);
        }
    }
}

/// Replies, and ICMP errors about them. The first packet of a connection that the container begins is no reply.
fn replies() -> Vec<Rule> {
    let mut rules = vec![Rule::default().state(ESTABLISHED).reply().accept()];
    rules.extend([1, 58].map(|icmp| Rule::default().state(RELATED).reply().protocol(icmp).accept()));
    rules
}

fn forwarded(fence: &Fence<'_>) -> Vec<Rule> {
    let denied = named("d", fence.id);
    let of = |name: &str, like| set_of(name, like, fence);
    let mut rules = vec![Rule::default().state(ESTABLISHED).marked(fence.mark).accept()];
    rules.extend([1, 58].map(|icmp| Rule::default().state(RELATED).marked(fence.mark).protocol(icmp).accept()));
    // With br_netfilter, replies to members of the same network are translated on the bridge and do not leave it.
    rules.extend([V4, V6].map(|like| {
        let reply = Rule::default().state(ESTABLISHED).reply();
        reply.leaves_where_it_came(like, of_family(BACK, like)).mark_packet(REPLY).accept()
    }));
    rules.extend(replies());
    rules.extend([V4, V6].map(|like| Rule::default().dest_within(like, of_family(NEVER, like)).goto(&denied)));
    // A published port of the host leads to another container.
    rules.push(Rule::default().redirected().goto(&denied));
    for like in [V4, V6] {
        let pins = of("p", like);
        rules.push(Rule::default().service_within(like, &pins).mark(fence.mark).accept());
        for (place, ports) in fence.wide.iter().enumerate() {
            rules.push(Rule::default().wide_within(like, &pins, *ports, place as u8).mark(fence.mark).accept());
        }
        rules.push(Rule::default().service_within(like, &of("r", like)).mark(fence.mark).accept());
    }
    rules.push(Rule::default().goto(&denied));
    rules
}

/// A container's set for a family.
fn set_of(name: &str, like: IpAddr, fence: &Fence<'_>) -> String {
    named(&format!("{name}{}", if like.is_ipv4() { 4 } else { 6 }), fence.id)
}

/// Pins of connections to check lead to the check. Without it they are denied, since they are no pins of forwarded packets.
fn checked(fence: &Fence<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    let Some(relay) = fence.relay else { return rules };
    for like in [V4, V6] {
        let pins = set_of("v", like, fence);
        rules.push(Rule::default().service_within(like, &pins).redirect(relay));
        for (place, ports) in fence.wide.iter().enumerate() {
            rules.push(Rule::default().wide_within(like, &pins, *ports, place as u8).redirect(relay));
        }
    }
    rules
}

/// To this machine: only replies, neighbor discovery, and connections that were redirected to the check.
fn received(fence: &Fence<'_>) -> Vec<Rule> {
    const TCP: u8 = 6;
    let mut rules = replies();
    rules.extend(fence.relay.map(|relay| Rule::default().redirected().port(TCP, relay).accept()));
    rules.extend([135, 136].map(|kind| Rule::default().icmp6(kind).accept()));
    rules.push(Rule::default().goto(&named("d", fence.id)));
    rules
}

fn denied(fence: &Fence<'_>) -> Vec<Rule> {
    let (rate, burst, length) = LOG;
    vec![
        Rule::default().multicast().drop(),
        Rule::default().limit(rate, burst).log(fence.group, length),
        Rule::default().reset(),
        Rule::default().prohibit(),
    ]
}
