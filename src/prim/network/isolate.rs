//! `isolate`: drops traffic forwarded to or from a bridge. The entries and their bindings.

use super::nat::{NO_NFTABLES, NO_PART, check};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{BASE, BRIDGE, EPERM, NETNS, Place, sequence, target};
use crate::sys::net::isolate::{self as sys, Isolation, Transit};
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Outcome, Primitive, Type, arg, need, opt};

pub const ISOLATE: Primitive = Primitive {
    name: "isolate",
    doc: "Drops packets that are forwarded between a bridge and any other link, in both directions. The rules are in a \
          separate nftables table, `inet tiny-NAME` (nft(8)). The host itself can still reach the bridge, which need \
          not exist yet. Tables of other programs see the packets too and may drop what this one accepts.",
    args: &[arg("bridge", BRIDGE, "its name or a handle")],
    options: &[
        opt(
            "name",
            Type::Length(1, 100),
            "the bridge's",
            "the name for the table and for isolate_del; no nat may have the same",
        ),
        opt(
            "outbound",
            Type::Bool,
            "false",
            "allow connections that start on the bridge, and connections to published ports",
        ),
        opt(
            "closed",
            Type::Bool,
            "false",
            "also drop packets from the bridge to the host itself, except ICMP and replies",
        ),
        NETNS,
    ],
    returns: "an isolation handle: `name`, `bridge`; `<close>` removes the table",
    errors: &[
        EPERM,
        ("EEXIST", "a table of this name exists: choose another name, or remove it with isolate_del or nat_del"),
        ("EOPNOTSUPP", NO_NFTABLES),
        ("EPROTONOSUPPORT", NO_NFTABLES),
        ("EAFNOSUPPORT", NO_NFTABLES),
        ("ENOENT", NO_PART),
    ],
    example: "local br <close> = tiny.bridge(\"td0\")\nlocal apart <close> = tiny.isolate(br, { outbound = true })",
    call: isolate,
    ..BASE
};

pub const ISOLATE_DEL: Primitive = Primitive {
    name: "isolate_del",
    undoes: true,
    doc: "Removes the table that `isolate` or `block_transit` created under this name (nft(8)).",
    args: &[arg("name", Type::Length(1, 100), "the name: the bridge's, unless `name` was given")],
    errors: &[
        EPERM,
        ("ENOENT", "there is no isolation of this name; `nft list tables` shows them as inet tiny-NAME"),
        ("EOPNOTSUPP", NO_NFTABLES),
        ("EPROTONOSUPPORT", NO_NFTABLES),
    ],
    example: "tiny.isolate(\"td0\"):keep()\ntiny.isolate_del(\"td0\")",
    ..super::nat::NAT_DEL
};

pub const BLOCK_TRANSIT: Primitive = Primitive {
    name: "block_transit",
    doc: "Drops packets that are forwarded neither from nor to one of the given links. The rules are in a separate \
          nftables table, `inet tiny-NAME` (nft(8)). A host that forwards for its containers then does not route for \
          its neighbors, whichever links are added later. Replies and connections to published ports pass.",
    args: &[arg("own", Type::List(&Type::LinkName), "name prefixes of the links that the host forwards for")],
    options: &[
        need("name", Type::Length(1, 100), "the name for the table and for isolate_del; no nat may have the same"),
        need("family", Type::Str, "\"ipv4\" or \"ipv6\""),
        NETNS,
    ],
    returns: "a transit handle: `name`; `<close>` removes the table",
    errors: ISOLATE.errors,
    example: "local block <close> = tiny.block_transit({ \"td\" }, { name = \"transit\", family = \"ipv4\" })",
    call: block_transit,
    ..BASE
};

fn block_transit(call: &Call<'_>) -> Outcome {
    let own: Vec<String> = call.get(0)?;
    let own = own.into_iter().map(super::name).collect::<Result<Vec<_>, _>>()?;
    let name: String = call.opt("name")?.unwrap_or_default();
    check(&name)?;
    let like = match call.opt::<String>("family")?.as_deref() {
        Some("ipv4") => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Some("ipv6") => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ => return Err(Fail::Usage("option \"family\": expected \"ipv4\" or \"ipv6\"".into())),
    };
    let place = Place::option(call)?;
    sys::block_transit(place.fd(), &Transit { name: &name, own: &own, like })?;
    let undo = ("isolate_del", name.as_str(), place.options(call, &[])?);
    call.ok(Builder::new(call.lua, "transit")?.field("undo", sequence(call, undo)?)?.field("name", name)?.build()?)
}

fn isolate(call: &Call<'_>) -> Outcome {
    let bridge = target(call, 0)?;
    let name = call.opt("name")?.unwrap_or_else(|| bridge.name.clone());
    check(&name)?;
    let (outbound, closed) = (call.flag("outbound"), call.flag("closed"));
    sys::add(bridge.netns.fd(), &Isolation { name: &name, bridge: &bridge.name, outbound, closed })?;
    let undo = ("isolate_del", name.as_str(), bridge.netns.options(call, &[])?);
    let handle = Builder::new(call.lua, "isolation")?
        .field("undo", sequence(call, undo)?)?
        .field("bridge", bridge.name)?
        .field("name", name)?
        .build()?;
    call.ok(handle)
}
