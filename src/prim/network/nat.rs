//! NAT: the entries, their bindings, and the parser of published ports.

use std::net::{IpAddr, SocketAddr};

use mlua::{Table, Value};

use super::{BASE, EPERM, NETNS, Place, cidr, sequence};
use crate::sys::net::nat::{self as sys, Nat};
use crate::sys::net::port::Publish;
use crate::vm::call::{Call, Fail};
use crate::vm::format;
use crate::vm::handle::Builder;
use crate::vm::registry::{Opt, Outcome, Primitive, Type, arg, need, opt, range};

pub(super) const NO_NFTABLES: &str = "the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, \
                                      or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET";

pub(super) const NO_PART: &str = "the kernel lacks a part of nftables: CONFIG_NFT_NAT, CONFIG_NFT_MASQ, CONFIG_NFT_CT \
                                  or CONFIG_NFT_FIB_INET (modules nft_chain_nat, nft_masq, nft_ct, nft_fib_inet)";

pub const NAT: Primitive = Primitive {
    name: "nat",
    doc: "Masquerades the traffic of a subnet, and publishes ports of its members on the host. The rules are in a \
          separate nftables table, `inet tiny-NAME` (nft(8)). Forwarding must be enabled too: \
          sysctl(\"net.ipv4.ip_forward\", 1).",
    options: &[
        need("from", Type::Cidr, "the subnet, such as \"10.10.0.0/24\""),
        opt(
            "publish",
            Type::List(&PUBLISHED),
            "none",
            "ports: \"8080:10.10.0.2:80\", \"5353:10.10.0.2:53/udp\", or on one address \
             \"192.0.2.1:8080:10.10.0.2:80\", or tables like those of `publish`; for 127.0.0.1, set route_localnet of the bridge to 1",
        ),
        opt(
            "hairpin",
            Type::Bool,
            "true with `publish`",
            "members of the subnet can reach each other through published ports, including those of `tiny.publish`",
        ),
        opt(
            "drop_invalid",
            Type::Bool,
            "false",
            "ignore packets to this machine that fit no connection (`ct state invalid`). Otherwise it answers a packet of a \
             member's connection that could not be translated back with a reset, which ends the connection",
        ),
        opt("name", Type::Length(1, 100), "the subnet, such as 10.10.0.0-24", "the name for the table and for nat_del"),
        NETNS,
    ],
    returns: "a nat handle: `name`; `<close>` removes the table",
    errors: &[
        EPERM,
        ("EEXIST", "a nat of this name exists: choose another name, or remove it with nat_del"),
        ("EOPNOTSUPP", NO_NFTABLES),
        ("EPROTONOSUPPORT", NO_NFTABLES),
        ("EAFNOSUPPORT", NO_NFTABLES),
        ("ENOENT", NO_PART),
    ],
    example: "local nat <close> = tiny.nat { from = \"10.10.0.0/24\", publish = { \"8080:10.10.0.2:80\" } }",
    call: nat,
    ..BASE
};

pub const NAT_DEL: Primitive = Primitive {
    name: "nat_del",
    undoes: true,
    doc: "Removes the table that `nat` created under this name (nft(8)).",
    args: &[arg("name", Type::Length(1, 100), "the name of the nat")],
    options: &[NETNS],
    errors: &[
        EPERM,
        ("ENOENT", "there is no nat of this name; `nft list tables` shows them as inet tiny-NAME"),
        ("EOPNOTSUPP", NO_NFTABLES),
        ("EPROTONOSUPPORT", NO_NFTABLES),
    ],
    example: "tiny.nat { from = \"10.10.0.0/24\", name = \"web\" }\ntiny.nat_del(\"web\")",
    call: nat_del,
    ..BASE
};

fn nat(call: &Call<'_>) -> Outcome {
    let from = cidr(&call.opt::<String>("from")?.unwrap_or_default())?;
    let name = match call.opt("name")? {
        Some(name) => name,
        None => sys::name_of(from),
    };
    check(&name)?;
    let ports: Vec<Value> = call.opt("publish")?.unwrap_or_default();
    let publish = ports.iter().map(port_of).collect::<Result<Vec<_>, _>>();
    let publish = publish.map_err(|e| Fail::Usage(format!("option \"publish\": {e}")))?;
    let hairpin = call.opt("hairpin")?.unwrap_or(!publish.is_empty());
    let place = Place::option(call)?;
    sys::add(
        place.fd(),
        &Nat { name: &name, from, publish: &publish, hairpin, drop_invalid: call.flag("drop_invalid") },
    )?;
    let undo = ("nat_del", name.as_str(), place.options(call, &[])?);
    call.ok(Builder::new(call.lua, "nat")?.field("undo", sequence(call, undo)?)?.field("name", name)?.build()?)
}

fn nat_del(call: &Call<'_>) -> Outcome {
    let name = call.str(0)?;
    check(&name)?;
    sys::del(Place::option(call)?.fd(), &name)?;
    call.ok(())
}

pub(super) fn check(name: &str) -> Result<(), Fail> {
    sys::bad_name(name).map_or(Ok(()), |why| Err(Fail::Usage(why)))
}

/// The keys of a published port.
pub(super) const PORT_KEYS: &[Opt] = &[
    need("port", range::PORT, "the port on the host"),
    need("addr", Type::Str, "the destination address"),
    need("to", range::PORT, "the destination port"),
    opt("host", Type::Str, "all of them", "the address of the host to publish it on"),
    opt("proto", Type::Word(&["tcp", "udp"]), "tcp", "the protocol"),
];

/// A published port: as text or as a table.
pub(super) const PUBLISHED: Type = Type::Either(&[Type::Str, Type::Options(PORT_KEYS)]);

/// Reads a value of the type `PUBLISHED`.
pub(super) fn port_of(value: &Value) -> Result<Publish, String> {
    match value {
        Value::Table(table) => of_table(table),
        Value::String(text) => published(&text.to_string_lossy()),
        other => Err(format!("{} is not a published port", format::value(other))),
    }
}

fn of_table(table: &Table) -> Result<Publish, String> {
    let number = |key: &str| {
        let value: Value = table.raw_get(key).map_err(|e| e.to_string())?;
        let number = value.as_integer().or(value.as_number().map(|n| n as i64)).and_then(|n| u16::try_from(n).ok());
        number.filter(|n| *n != 0).ok_or_else(|| format!("{key}: {} is not from 1 to 65535", format::value(&value)))
    };
    let addr = |key: &str| {
        let text: Option<String> = table.raw_get(key).map_err(|e| e.to_string())?;
        let parse = |text: String| text.parse::<IpAddr>().map_err(|_| format!("{key}: {text:?} is not an address"));
        text.map(parse).transpose()
    };
    let proto: Option<String> = table.raw_get("proto").map_err(|e| e.to_string())?;
    let to = addr("addr")?.ok_or("addr is missing")?;
    let host = addr("host")?;
    if host.is_some_and(|host| host.is_ipv4() != to.is_ipv4()) {
        return Err("host and addr are of different families".into());
    }
    let host = host.filter(|host| !host.is_unspecified());
    let proto = if proto.as_deref() == Some("udp") { 17 } else { 6 };
    Ok(Publish { proto, host, port: number("port")?, to: SocketAddr::new(to, number("to")?) })
}

/// "[HOST:]PORT:ADDR:PORT[/tcp|/udp]"; IPv6 addresses are in brackets. The host 0.0.0.0 or [::] means every address of
/// the machine, as for bind(2).
pub(super) fn published(text: &str) -> Result<Publish, String> {
    let bad = || format!("{text:?} is not a published port, such as \"8080:10.10.0.2:80\" or \"53:10.10.0.2:53/udp\"");
    let (ports, proto) = match text.rsplit_once('/') {
        None => (text, 6),
        Some((ports, "tcp")) => (ports, 6),
        Some((ports, "udp")) => (ports, 17),
        Some((_, other)) => return Err(format!("{text:?}: the protocol is tcp or udp, not {other:?}")),
    };
    let mut fields = fields(ports).into_iter().rev();
    let to_port = fields.next().and_then(port).ok_or_else(bad)?;
    let to = fields.next().and_then(address).ok_or_else(bad)?;
    let own = fields.next().and_then(port).ok_or_else(bad)?;
    let host = fields.next().map(|field| address(field).ok_or_else(bad)).transpose()?;
    if fields.next().is_some() {
        return Err(bad());
    }
    if host.is_some_and(|h| h.is_ipv4() != to.is_ipv4()) {
        return Err(format!("{text:?}: the two addresses must be of the same family"));
    }
    let host = host.filter(|h| !h.is_unspecified());
    Ok(Publish { proto, host, port: own, to: SocketAddr::new(to, to_port) })
}

/// A published port, parsed by `published`.
pub(super) fn written(port: &Publish) -> String {
    let host = port.host.map(|h| if h.is_ipv6() { format!("[{h}]:") } else { format!("{h}:") });
    let proto = if port.proto == 17 { "/udp" } else { "" };
    format!("{}{}:{}{proto}", host.unwrap_or_default(), port.port, port.to)
}

/// Splits at colons outside brackets.
fn fields(text: &str) -> Vec<&str> {
    let mut depth = 0;
    text.split(|c: char| {
        depth += i32::from(c == '[') - i32::from(c == ']');
        c == ':' && depth == 0
    })
    .collect()
}

fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

fn address(text: &str) -> Option<IpAddr> {
    match text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        Some(v6) => v6.parse().ok().filter(IpAddr::is_ipv6),
        None => text.parse().ok().filter(IpAddr::is_ipv4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_texts_say_the_same() {
        let lua = mlua::Lua::new();
        let read = |text: &str| port_of(&lua.load(text).eval::<Value>().expect("Lua"));
        for (table, text) in [
            ("{ port = 8080, addr = '10.10.0.2', to = 80 }", "8080:10.10.0.2:80"),
            (
                "{ host = '192.0.2.1', port = 53, addr = '10.10.0.2', to = 5353.0, proto = 'udp' }",
                "192.0.2.1:53:10.10.0.2:5353/udp",
            ),
            ("{ host = '::', port = 80, addr = 'fd00::2', to = 8080, proto = 'tcp' }", "80:[fd00::2]:8080"),
        ] {
            assert_eq!(read(table), published(text), "{text}");
        }
        for (bad, why) in [
            ("{ port = 0, addr = '10.0.0.2', to = 80 }", "port: 0 is not from 1 to 65535"),
            ("{ port = 80, addr = '10.0.0.2', to = 65536 }", "to: 65536 is not from 1 to 65535"),
            ("{ port = 80, addr = '10.0.0.2/24', to = 80 }", "addr: \"10.0.0.2/24\" is not an address"),
            ("{ host = '::1', port = 80, addr = '10.0.0.2', to = 80 }", "host and addr are of different families"),
        ] {
            assert_eq!(read(bad), Err(why.to_owned()));
        }
    }

    #[test]
    fn published_ports() {
        let p = published("8080:10.10.0.2:80").expect("a port");
        assert_eq!((p.proto, p.host, p.port, p.to.to_string()), (6, None, 8080, "10.10.0.2:80".into()));
        let p = published("192.0.2.1:53:10.10.0.2:5353/udp").expect("a port");
        assert_eq!((p.proto, p.host.map(|h| h.to_string()), p.port), (17, Some("192.0.2.1".into()), 53));
        assert_eq!(published("80:[fd00::2]:8080/tcp").expect("a port").to.to_string(), "[fd00::2]:8080");
        assert_eq!(published("0.0.0.0:80:10.10.0.2:80").expect("a port").host, None);
        for port in ["8080:10.10.0.2:80", "192.0.2.1:53:10.10.0.2:5353/udp", "[fd00::1]:80:[fd00::2]:8080"] {
            assert_eq!(written(&published(port).expect("a port")), port);
        }
        for bad in [
            "",
            "80",
            "8080:80",
            "0:10.0.0.2:80",
            "80:10.0.0.2:0",
            "80:10.0.0.2:99999",
            "x:10.0.0.2:80",
            "80:fd00::2:80",
            "80:10.0.0.2:80/sctp",
            "80:[fd00::2:80",
            "[fd00::1]:80:10.0.0.2:80",
            "1:80:10.0.0.2:80",
            "a:b:80:10.0.0.2:80",
        ] {
            assert!(published(bad).is_err(), "{bad}");
        }
    }
}
