//! Links, addresses, routes, NAT and kernel settings. This file lists the family and reads names, namespaces and
//! addresses from the arguments. It chooses no addresses and no names.

mod addr;
mod chain;
mod conntrack;
mod dns;
mod egress;
mod inet;
mod isolate;
mod link;
mod nat;
mod nflog;
mod nft_watch;
mod owner;
mod pin;
mod publish;
mod qdisc;
mod route;
mod splice;
mod sysctl;
mod text;
mod veth;

use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};

use mlua::{Table, Value};

use crate::sys::net::{Netns, link::Addrs, link::bad_name};
use crate::vm::call::{Call, Fail, FdRef, to_seconds};
use crate::vm::registry::{Former, Opt, Primitive, Type, opt};
use crate::vm::units;

const BASE: Primitive = Primitive { family: "network", ..Primitive::BASE };

/// The family's entries.
pub const FAMILY: &[Primitive] = &[
    link::LINKS,
    link::LINK_SET,
    link::LINK_DEL,
    link::BRIDGE,
    veth::VETH_PAIR,
    addr::ADDR_ADD,
    addr::ADDR_DEL,
    route::ROUTE_ADD,
    route::ROUTE_DEL,
    route::ROUTES,
    nat::NAT,
    nat::NAT_DEL,
    publish::PUBLISH,
    publish::PUBLISH_DEL,
    publish::PUBLISHED,
    publish::PUBLISH_CLEAR,
    isolate::ISOLATE,
    isolate::ISOLATE_DEL,
    isolate::BLOCK_TRANSIT,
    pin::PIN,
    pin::PIN_DEL,
    pin::PIN_CLEAR,
    egress::EGRESS_FENCE,
    egress::EGRESS_FENCE_DEL,
    egress::EGRESS_LINK,
    egress::EGRESS_PORT,
    egress::EGRESS_PORT_DEL,
    egress::EGRESS_PIN,
    egress::EGRESS_UNPIN,
    egress::EGRESS_PINS,
    chain::NFT_CHAINS,
    conntrack::CONNTRACK_DEL,
    qdisc::QDISC_SET,
    qdisc::QDISC_DEL,
    inet::RESERVE_PORT,
    inet::UDP_BIND,
    inet::UDP_RECEIVE,
    inet::UDP_SEND,
    inet::TCP_LISTEN,
    inet::TCP_ACCEPT,
    inet::TCP_CONNECT,
    nflog::NFLOG,
    nflog::NFLOG_RECEIVE,
    nft_watch::NFT_WATCH,
    nft_watch::NFT_WATCH_CHANGED,
    splice::ORIGINAL_DESTINATION,
    splice::TCP_RESET,
    splice::TLS_CLIENT_HELLO,
    splice::HTTP_REQUEST,
    splice::SPLICER,
    splice::SPLICER_ADD,
    splice::SPLICER_TURN,
    splice::SPLICER_RESET,
    owner::PROCESS_SOCKET,
    dns::DNS_QUESTION,
    dns::DNS_ANSWER,
    dns::DNS_REPLY,
    sysctl::SYSCTL,
    text::PARSE_ADDR,
    text::FORMAT_ADDR,
];

/// A link: its name, or the handle of the call that created it.
const LINK: Type = Type::Either(&[Type::Handle("bridge"), Type::Handle("veth"), Type::LinkName]);
const BRIDGE: Type = Type::Either(&[Type::Handle("bridge"), Type::LinkName]);
const ADDRS: Type = Type::Either(&[Type::Cidr, Type::List(&Type::Cidr)]);
const NODAD: Opt =
    opt("nodad", Type::Bool, "false", "use an IPv6 address at once, without duplicate address detection");
/// The old name of the option `mac_address`.
const MAC: &[Former] = &[("mac", "0.2")];
const NETNS: Opt = opt("netns", Type::Handle("netns"), "the caller's", "the network namespace to use");

const EPERM: (&str, &str) =
    ("EPERM", "needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace");
const ENODEV: (&str, &str) = ("ENODEV", "there is no such link in this network namespace; tiny.links() lists them");

/// A link argument: its name and its network namespace.
struct Target {
    name: String,
    netns: Place,
}

/// The network namespace of a call, kept open until the call ends.
#[derive(Default)]
struct Place {
    handle: Option<Table>,
    fd: Option<OwnedFd>,
}

impl Place {
    /// The namespace of this handle.
    fn of(value: Value) -> Result<Place, Fail> {
        let Value::Table(handle) = value else { return Ok(Place::default()) };
        let fd = FdRef::of(&handle)?.dup()?;
        Ok(Place { handle: Some(handle), fd: Some(fd) })
    }

    /// The namespace in the option `netns`.
    fn option(call: &Call<'_>) -> Result<Place, Fail> {
        Place::of(call.value("netns"))
    }

    fn fd(&self) -> Netns<'_> {
        self.fd.as_ref().map(AsFd::as_fd)
    }

    /// The options table for a call in this namespace, with more keys; `None` if it would be empty.
    fn options(&self, call: &Call<'_>, more: &[(&str, Value)]) -> Result<Option<Table>, Fail> {
        let options = call.lua.create_table()?;
        for (key, value) in more {
            options.raw_set(*key, value)?;
        }
        options.raw_set("netns", self.handle.clone())?;
        Ok(if options.is_empty() { None } else { Some(options) })
    }
}

/// The i-th argument as a link. A handle implies its namespace, unless the option names another.
fn target(call: &Call<'_>, i: usize) -> Result<Target, Fail> {
    match call.arg_value(i) {
        Value::Table(handle) => {
            let named = Place::option(call)?;
            let netns = if named.fd.is_some() { named } else { Place::of(handle.raw_get("netns")?)? };
            Ok(Target { name: handle.raw_get("name")?, netns })
        }
        _ => Ok(Target { name: name(call.str(i)?)?, netns: Place::option(call)? }),
    }
}

/// A value of type `BRIDGE` as a name.
fn bridge_name(value: &Value) -> Result<Option<String>, Fail> {
    match value {
        Value::Table(handle) => Ok(Some(handle.raw_get("name")?)),
        Value::String(text) => name(text.to_string_lossy()).map(Some),
        _ => Ok(None),
    }
}

/// A valid link name.
fn name(name: String) -> Result<String, Fail> {
    match bad_name(&name) {
        Some(why) => Err(Fail::Usage(why)),
        None => Ok(name),
    }
}

/// An address without a prefix length.
fn ip(text: &str) -> Result<IpAddr, Fail> {
    text.parse().map_err(|_| Fail::Usage(format!("{text:?} is not an address, such as \"10.10.0.1\"")))
}

fn cidr(text: &str) -> Result<(IpAddr, u8), Fail> {
    units::cidr(text).map_err(Fail::Usage)
}

/// One string or a list of them.
fn several(value: Value) -> Result<Vec<String>, Fail> {
    match value {
        Value::Table(list) => Ok(list.sequence_values().collect::<mlua::Result<_>>()?),
        Value::String(text) => Ok(vec![text.to_string_lossy()]),
        _ => Ok(Vec::new()),
    }
}

/// An option of type duration, in seconds.
fn seconds(call: &Call<'_>, key: &str) -> Result<Option<f64>, Fail> {
    match call.value(key) {
        Value::Nil => Ok(None),
        value => to_seconds(&value).map(Some).map_err(Fail::Usage),
    }
}

/// A value of type `ADDRS`, with the option `nodad`.
fn addrs(value: Value, nodad: bool) -> Result<Addrs, Fail> {
    let list = several(value)?.iter().map(|text| cidr(text)).collect::<Result<_, _>>()?;
    Ok(Addrs { list, nodad })
}

/// A MAC address: six bytes in hexadecimal with colons.
fn mac(text: &str) -> Result<[u8; 6], Fail> {
    let bad = || Fail::Usage(format!("{text:?} is not a MAC address, such as \"02:00:00:00:00:01\""));
    let mut bytes = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut bytes {
        let part = parts.next().filter(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit())).ok_or_else(bad)?;
        *byte = u8::from_str_radix(part, 16).map_err(|_| bad())?;
    }
    if parts.next().is_some() { Err(bad()) } else { Ok(bytes) }
}

/// An integer that the kernel stores in 32 bits.
fn unsigned(key: &str, value: i64) -> Result<u32, Fail> {
    u32::try_from(value).map_err(|_| Fail::Usage(format!("option {key:?}: {value} is out of range")))
}

/// The call that undoes an operation, for the handle's `undo` field: a name and its arguments.
fn sequence(call: &Call<'_>, values: impl mlua::IntoLuaMulti) -> Result<Table, Fail> {
    let list = call.lua.create_table()?;
    for value in values.into_lua_multi(call.lua)? {
        if !value.is_nil() {
            list.raw_push(value)?;
        }
    }
    Ok(list)
}
