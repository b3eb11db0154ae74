//! `veth_pair`: its entry, and the parsing of its two ends.

use std::net::IpAddr;

use mlua::{Table, Value};

use super::{
    ADDRS, BASE, BRIDGE, ENODEV, EPERM, MAC, NODAD, Place, addrs, bridge_name, ip, mac, name, sequence, several,
    unsigned,
};
use crate::sys::net::link::Addrs;
use crate::sys::net::veth as sys;
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Opt, Outcome, Primitive, Type, arg, need, opt, range};

const END: &[Opt] = &[
    need("name", Type::LinkName, "the end's name, at most 15 bytes"),
    opt("netns", Type::Handle("netns"), "the caller's", "the network namespace in which it is created"),
    opt("bridge", BRIDGE, "none", "the bridge of that namespace to attach it to"),
    opt(
        "hairpin",
        Type::Bool,
        "false",
        "the bridge may send packets back through the port on which they came in, as needed to reach one's own \
         published port",
    ),
    opt(
        "link_local",
        Type::Bool,
        "true",
        "false: no IPv6 link-local address of its own (addrgenmode none, ip-link(8))",
    ),
    opt("pinned", Type::Bool, "false", "as a bridge port it may only send what `tiny.pin` allows"),
    opt("addr", ADDRS, "none", "its address or a list of addresses"),
    NODAD,
    opt(
        "gateway",
        Type::Either(&[Type::Str, Type::List(&Type::Str)]),
        "none",
        "the gateway of a default route through it, or a list with one for IPv4 and one for IPv6",
    ),
    opt("mac_address", Type::Str, "random", "its MAC address").formerly(MAC),
    opt("mtu", range::MTU, "1500", "the MTU in bytes"),
    opt(
        "queues",
        Type::Range(1, 4096),
        "1",
        "the number of transmit and receive queues, to spread the work over several processors",
    ),
];

pub const VETH_PAIR: Primitive = Primitive {
    name: "veth_pair",
    doc: "Creates a pair of veth links, configures them and brings both up (veth(4)). If a step fails, the pair is \
          removed.",
    args: &[
        arg(
            "first",
            Type::Options(END),
            "one end: name, netns, bridge, hairpin, link_local, pinned, addr, nodad, gateway, mac_address, mtu, queues",
        ),
        arg("second", Type::Options(END), "the other end, with the same keys"),
    ],
    returns: "a veth handle: `name`, `peer`; `<close>` deletes both ends",
    errors: &[
        EPERM,
        ENODEV,
        ("EEXIST", "choose another name, or remove the link of that name with link_del"),
        ("EOPNOTSUPP", "this kernel has no veth links: `modprobe veth`, or CONFIG_VETH (`tinylua doctor`)"),
        ("ENETUNREACH", "the gateway is not in the subnet of `addr`"),
        ("EHOSTUNREACH", "the IPv6 gateway is not in the subnet of any `addr`"),
    ],
    example: "local web <close> = tiny.netns()\nlocal veth <close> = tiny.veth_pair(\n  { name = \"veth-web\", addr = \
              \"10.10.0.1/24\" },\n  { name = \"eth0\", netns = web, addr = \"10.10.0.2/24\", gateway = \"10.10.0.1\" })",
    call: veth_pair,
    ..BASE
};

/// An end as it was given, in owned values.
struct End {
    name: String,
    place: Place,
    bridge: Option<String>,
    hairpin: bool,
    no_link_local: bool,
    pinned: bool,
    mtu: Option<u32>,
    queues: Option<u32>,
    mac: Option<[u8; 6]>,
    addrs: Addrs,
    gateways: Vec<IpAddr>,
}

impl End {
    fn read(table: &Table) -> Result<End, Fail> {
        let text = |key: &str| table.raw_get::<Option<String>>(key);
        let number = |key: &str| -> Result<Option<u32>, Fail> {
            table.raw_get::<Option<i64>>(key)?.map(|n| unsigned(key, n)).transpose()
        };
        Ok(End {
            name: name(table.raw_get("name")?)?,
            place: Place::of(table.raw_get("netns")?)?,
            bridge: bridge_name(&table.raw_get::<Value>("bridge")?)?,
            hairpin: table.raw_get::<Option<bool>>("hairpin")?.unwrap_or(false),
            no_link_local: !table.raw_get::<Option<bool>>("link_local")?.unwrap_or(true),
            pinned: table.raw_get::<Option<bool>>("pinned")?.unwrap_or(false),
            mtu: number("mtu")?,
            queues: number("queues")?,
            mac: text("mac_address")?.map(|t| mac(&t)).transpose()?,
            addrs: addrs(table.raw_get("addr")?, table.raw_get::<Option<bool>>("nodad")?.unwrap_or(false))?,
            gateways: gateways(table.raw_get("gateway")?)?,
        })
    }

    fn sys(&self) -> sys::End<'_> {
        sys::End {
            name: &self.name,
            netns: self.place.fd(),
            bridge: self.bridge.as_deref(),
            hairpin: self.hairpin,
            no_link_local: self.no_link_local,
            pinned: self.pinned,
            addrs: &self.addrs,
            gateways: &self.gateways,
            mac: self.mac,
            mtu: self.mtu,
            queues: self.queues,
        }
    }
}

fn veth_pair(call: &Call<'_>) -> Outcome {
    let first = End::read(&call.get(0)?).map_err(|e| of_end("first", e))?;
    let second = End::read(&call.get(1)?).map_err(|e| of_end("second", e))?;
    sys::pair(&first.sys(), &second.sys())?;
    // Undone from the caller's own namespace if one end is there: it outlives the other.
    let near = if first.place.handle.is_none() || second.place.handle.is_some() { &first } else { &second };
    let undo = ("link_del", near.name.as_str(), near.place.options(call, &[])?);
    let handle = Builder::new(call.lua, "veth")?
        .field("undo", sequence(call, undo)?)?
        .field("netns", first.place.handle.clone())?
        .field("name", first.name)?
        .field("peer", second.name)?
        .build()?;
    call.ok(handle)
}

/// The gateways: at most one per family.
fn gateways(value: Value) -> Result<Vec<IpAddr>, Fail> {
    let list = several(value)?.iter().map(|text| ip(text)).collect::<Result<Vec<_>, _>>()?;
    match &list[..] {
        [] | [_] => Ok(list),
        [one, other] if one.is_ipv4() != other.is_ipv4() => Ok(list),
        _ => Err(Fail::Usage("gateway: at most one for IPv4 and one for IPv6".into())),
    }
}

/// Names the end to which a refused value belongs.
fn of_end(end: &str, fail: Fail) -> Fail {
    match fail {
        Fail::Usage(text) => Fail::Usage(format!("{end}: {text}")),
        other => other,
    }
}
