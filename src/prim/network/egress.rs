//! Egress fences: what a container may connect to. The entries and their bindings.

use mlua::{Table, Value};

use super::nat::NO_NFTABLES;
use super::pin::NO_BRIDGE_FAMILY;
use super::{BASE, EPERM, LINK, NETNS, Place, cidr, ip, seconds, sequence, several, target};
use crate::sys::net::egress::{self as sys, Fence, Link, Pin, Port, Ports};
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Arg, Effect, Opt, Outcome, Primitive, Type, arg, need, opt, range};

const NO_PART: &str = "the kernel lacks a part of nftables: CONFIG_NFT_CT, CONFIG_NFT_LOG, CONFIG_NFT_LIMIT, \
                       CONFIG_NFT_REJECT_INET, CONFIG_NFT_REDIR or CONFIG_NFT_MASQ";
const NO_FENCE: (&str, &str) = ("ENOENT", "this container has no fence: call egress_fence first");
const ID: Arg = arg("id", Type::Length(1, sys::MEMBER as u16), "the container: letters, digits and hyphens");
const PROTOCOL: Opt = need("protocol", Type::Word(&["tcp", "udp"]), "the protocol");
const PORTS: &[Opt] =
    &[PROTOCOL, need("first", range::PORT, "the first port"), need("last", range::PORT, "the last port")];
const RANGE: &[Opt] = &[
    need("cidr", Type::Cidr, "the addresses"),
    PROTOCOL,
    need("first", range::PORT, "the first port"),
    need("last", range::PORT, "the last port"),
];
const PIN: &[Opt] = &[
    need("addr", Type::Str, "the address"),
    PROTOCOL,
    opt("port", range::PORT, "", "the port"),
    opt("wide", Type::Range(1, MOST_WIDE), "", "instead of a port: the place of a range of ports in `wide`"),
    opt(
        "verify",
        Type::Bool,
        "false",
        "redirect the connections to the port `relay` of the fence; without one they are denied",
    ),
];
/// The most ranges of ports: each is a rule.
const MOST_WIDE: i64 = 64;

pub const EGRESS_FENCE: Primitive = Primitive {
    name: "egress_fence",
    doc: "Creates the chains and sets that decide what a container may connect to, or replaces their content in one \
          step. Nothing is allowed but its pins (`egress_pin`) and the given ranges; packets reach it once `egress_link` \
          leads them there. Denied packets go to an NFLOG group (at most 50 in a second) and are rejected: TCP by a reset, others \
          by ICMP. Loopback, link-local, multicast and reserved addresses are always denied, and so are this \
          machine's own addresses, except for replies and neighbor discovery. All fences are in one nftables table, \
          `inet tiny-egress` (nft(8)).",
    args: &[ID],
    options: &[
        need("group", range::U16, "the NFLOG group of its denied packets"),
        need(
            "mark",
            Type::Range(1, u32::MAX as i64),
            "the mark of allowed connections (conntrack(8)): after a change, existing connections need a pin again",
        ),
        opt("wide", Type::List(&Type::Options(PORTS)), "none", "ranges of ports for `egress_pin`, at most 64"),
        opt(
            "ranges",
            Type::List(&Type::Options(RANGE)),
            "none",
            "addresses that are always allowed; they must not overlap",
        ),
        opt(
            "relay",
            range::PORT,
            "none",
            "the TCP port of this machine to which connections to pins with `verify` are redirected. Only they reach it",
        ),
        opt("keep_pins", Type::Bool, "false", "existing pins stay"),
        NETNS,
    ],
    returns: "a fence handle: `name`; `<close>` removes the fence",
    errors: &[
        EPERM,
        ("EEXIST", "two of the ranges overlap"),
        ("ENOENT", NO_PART),
        ("EOPNOTSUPP", NO_NFTABLES),
        ("EPROTONOSUPPORT", NO_NFTABLES),
        ("EAFNOSUPPORT", NO_NFTABLES),
    ],
    example: "local fence <close> = tiny.egress_fence(\"web\", { group = 5000, mark = 7, ranges = {\n  { cidr = \
              \"10.0.0.0/8\", protocol = \"tcp\", first = 5432, last = 5432 } } })",
    call: fence,
    ..BASE
};

pub const EGRESS_FENCE_DEL: Primitive = Primitive {
    name: "egress_fence_del",
    undoes: true,
    doc: "Removes the fence of a container, with its pins and links (nft(8)). The table is removed with the last fence.",
    args: &[ID],
    options: &[NETNS],
    errors: &[
        EPERM,
        ("ENOENT", "this container has no fence; `nft list table inet tiny-egress` lists all"),
        ("EOPNOTSUPP", NO_NFTABLES),
        ("EPROTONOSUPPORT", NO_NFTABLES),
    ],
    example: "tiny.egress_fence(\"web\", { group = 5000, mark = 7 }):keep()\ntiny.egress_fence_del(\"web\")",
    call: |call| {
        sys::remove(Place::option(call)?.fd(), &id(call)?)?;
        call.ok(())
    },
    ..BASE
};

pub const EGRESS_LINK: Primitive = Primitive {
    name: "egress_link",
    doc: "Leads the packets that arrive on a link from these addresses to the fence of a container (nft(8)). On a \
          bridge, the sender's address must be enforced (`pin`), and its port closed (`egress_port`).",
    args: &[ID, arg("link", LINK, "the bridge, or the container's own link: its name or a handle")],
    options: &[
        need("addr", Type::Either(&[Type::Str, Type::List(&Type::Str)]), "its address or a list of addresses"),
        opt(
            "only",
            Type::Bool,
            "false",
            "its packets with other source addresses are dropped, except neighbor discovery: for a container's own link",
        ),
        opt(
            "never",
            Type::List(&Type::Str),
            "none",
            "further addresses that no fence in this network namespace allows; none that is already always denied",
        ),
        NETNS,
    ],
    errors: &[
        EPERM,
        NO_FENCE,
        ("EBUSY", "an address on this link already leads to another fence"),
        ("EOPNOTSUPP", NO_NFTABLES),
        ("EPROTONOSUPPORT", NO_NFTABLES),
    ],
    example: "local fence <close> = tiny.egress_fence(\"web\", { group = 5000, mark = 7 })\ntiny.egress_link(\"web\", \
              \"td0\", { addr = \"10.10.0.2\" })",
    call: link,
    ..BASE
};

pub const EGRESS_PORT: Primitive = Primitive {
    name: "egress_port",
    doc: "Drops all frames from a port of a bridge to other ports: its packets reach other containers only through \
          this machine, and so through its fence. All closed ports are in one nftables table, `bridge tiny-egress` \
          (nft(8)). The link need not exist yet.",
    args: &[arg("link", LINK, "the port: its name or a handle")],
    options: &[NETNS],
    returns: "a closed_port handle: `name`; `<close>` opens the port",
    errors: &[
        EPERM,
        ("ENOENT", NO_BRIDGE_FAMILY),
        ("EOPNOTSUPP", NO_BRIDGE_FAMILY),
        ("EPROTONOSUPPORT", NO_BRIDGE_FAMILY),
        ("EAFNOSUPPORT", NO_BRIDGE_FAMILY),
    ],
    example: "local port <close> = tiny.egress_port(\"veth-web\")",
    call: |call| {
        let target = target(call, 0)?;
        sys::close_port(target.netns.fd(), &target.name)?;
        let undo = sequence(call, ("egress_port_del", target.name.as_str(), target.netns.options(call, &[])?))?;
        call.ok(Builder::new(call.lua, "closed_port")?.field("undo", undo)?.field("name", target.name)?.build()?)
    },
    ..BASE
};

pub const EGRESS_PORT_DEL: Primitive = Primitive {
    name: "egress_port_del",
    undoes: true,
    doc: "Opens a port that `egress_port` has closed (nft(8)).",
    args: &[arg("link", LINK, "the port: its name or a handle")],
    options: &[NETNS],
    errors: &[
        EPERM,
        ("ENOENT", "the port is not closed; `nft list table bridge tiny-egress` lists all"),
        ("EOPNOTSUPP", NO_BRIDGE_FAMILY),
        ("EPROTONOSUPPORT", NO_BRIDGE_FAMILY),
    ],
    example: "tiny.egress_port(\"veth-web\"):keep()\ntiny.egress_port_del(\"veth-web\")",
    call: |call| {
        let target = target(call, 0)?;
        sys::open_port(target.netns.fd(), &target.name)?;
        call.ok(())
    },
    ..BASE
};

pub const EGRESS_PIN: Primitive = Primitive {
    name: "egress_pin",
    doc: "Allows a container to connect to destinations for a limited time, or extends that time: a list \
          of up to 1000 as a whole or not at all (nft(8)). Connections that exist at its end continue.",
    args: &[ID, arg("pins", Type::List(&Type::Options(PIN)), "the destinations")],
    options: &[need("seconds", Type::Duration, "how long new connections are allowed"), NETNS],
    errors: &[EPERM, NO_FENCE, ("ENFILE", "a container has at most 65536 pins of each family")],
    example: "local fence <close> = tiny.egress_fence(\"web\", { group = 5000, mark = 7 })\ntiny.egress_pin(\"web\", { { \
              addr = \"198.51.100.7\", protocol = \"tcp\", port = 443 } }, { seconds = \"60s\" })",
    call: |call| {
        let seconds = seconds(call, "seconds")?.unwrap_or_default();
        if !(0.001..=1e9).contains(&seconds) {
            return Err(Fail::Usage("option \"seconds\": expected from 1 ms to 1e9 s".into()));
        }
        sys::pin(Place::option(call)?.fd(), &id(call)?, &pins(call)?, seconds)?;
        call.ok(())
    },
    ..BASE
};

pub const EGRESS_UNPIN: Primitive = Primitive {
    name: "egress_unpin",
    undoes: true,
    doc: "Removes pins of a container before their time; those that do not exist are skipped (nft(8)).",
    args: &[ID, arg("pins", Type::List(&Type::Options(PIN)), "the destinations")],
    options: &[NETNS],
    errors: &[EPERM, NO_FENCE],
    example: "local fence <close> = tiny.egress_fence(\"web\", { group = 5000, mark = 7 })\nlocal pins = { { addr = \
              \"198.51.100.7\", protocol = \"tcp\", port = 443 } }\ntiny.egress_pin(\"web\", pins, { seconds = 60 \
              })\ntiny.egress_unpin(\"web\", pins)",
    call: |call| {
        sys::unpin(Place::option(call)?.fd(), &id(call)?, &pins(call)?)?;
        call.ok(())
    },
    ..BASE
};

pub const EGRESS_PINS: Primitive = Primitive {
    name: "egress_pins",
    effect: Effect::Reads,
    doc: "Lists the pins of a container (nft(8)).",
    args: &[ID],
    options: &[NETNS],
    returns: "a list of tables like those of `egress_pin`, with `seconds`, the time that is left",
    errors: &[EPERM, NO_FENCE],
    example: "local fence <close> = tiny.egress_fence(\"web\", { group = 5000, mark = 7 })\nprint(#tiny.egress_pins(\"web\"))",
    call: list,
    ..BASE
};

/// A container's name, as part of the names of chains.
fn id(call: &Call<'_>) -> Result<String, Fail> {
    let id = call.str(0)?;
    if id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Ok(id);
    }
    Err(Fail::Usage(format!("id: {id:?} is not a name of letters, digits and hyphens")))
}

fn protocol(table: &Table) -> mlua::Result<u8> {
    Ok(if table.raw_get::<String>("protocol")? == "udp" { 17 } else { 6 })
}

fn ports(table: &Table) -> mlua::Result<Ports> {
    Ok((protocol(table)?, table.raw_get("first")?, table.raw_get("last")?))
}

/// The tables of an option.
fn tables(call: &Call<'_>, key: &str) -> Result<Vec<Table>, Fail> {
    Ok(call.opt::<Vec<Table>>(key)?.unwrap_or_default())
}

fn fence(call: &Call<'_>) -> Outcome {
    let id = id(call)?;
    let wide = tables(call, "wide")?.iter().map(ports).collect::<mlua::Result<Vec<_>>>()?;
    if wide.len() > MOST_WIDE as usize {
        return Err(Fail::Usage(format!("option \"wide\": at most {MOST_WIDE} ranges of ports")));
    }
    let range = |table: &Table| Ok::<_, Fail>((cidr(&table.raw_get::<String>("cidr")?)?, ports(table)?));
    let ranges = tables(call, "ranges")?.iter().map(range).collect::<Result<Vec<_>, _>>()?;
    let group = call.opt::<u16>("group")?.unwrap_or_default();
    let mark = call.opt::<u32>("mark")?.unwrap_or_default();
    let place = Place::option(call)?;
    let (relay, keep_pins) = (call.opt::<u16>("relay")?, call.flag("keep_pins"));
    sys::fence(place.fd(), &Fence { id: &id, group, mark, wide: &wide, ranges: &ranges, relay, keep_pins })?;
    let undo = sequence(call, ("egress_fence_del", id.as_str(), place.options(call, &[])?))?;
    call.ok(Builder::new(call.lua, "fence")?.field("undo", undo)?.field("name", id)?.build()?)
}

fn link(call: &Call<'_>) -> Outcome {
    let target = target(call, 1)?;
    let list = |key| several(call.value(key))?.iter().map(|text| ip(text)).collect::<Result<Vec<_>, _>>();
    let (addrs, never) = (list("addr")?, list("never")?);
    let link = Link { name: &target.name, addrs: &addrs, only: call.flag("only"), never: &never };
    sys::link(target.netns.fd(), &id(call)?, &link)?;
    call.ok(())
}

fn pins(call: &Call<'_>) -> Result<Vec<Pin>, Fail> {
    let pin = |table: &Table| {
        let port = match (table.raw_get("port")?, table.raw_get::<Option<u8>>("wide")?) {
            (Some(port), None) => Port::One(port),
            (None, Some(place)) => Port::Wide(place - 1),
            _ => return Err(Fail::Usage("a pin has either `port` or `wide`".into())),
        };
        let verify = table.raw_get::<Option<bool>>("verify")? == Some(true);
        Ok(Pin { addr: ip(&table.raw_get::<String>("addr")?)?, protocol: protocol(table)?, port, verify })
    };
    call.get::<Vec<Table>>(1)?.iter().map(pin).collect()
}

fn list(call: &Call<'_>) -> Outcome {
    let list = call.lua.create_table()?;
    for listed in sys::pins(Place::option(call)?.fd(), &id(call)?)? {
        let table = call.lua.create_table()?;
        table.raw_set("addr", listed.pin.addr.to_string())?;
        table.raw_set("protocol", if listed.pin.protocol == 17 { "udp" } else { "tcp" })?;
        match listed.pin.port {
            Port::One(port) => table.raw_set("port", port)?,
            Port::Wide(place) => table.raw_set("wide", place + 1)?,
        }
        table.raw_set("verify", listed.pin.verify.then_some(true))?;
        table.raw_set("seconds", listed.seconds)?;
        list.raw_push(Value::Table(table))?;
    }
    call.ok(list)
}
