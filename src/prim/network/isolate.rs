//! `isolate`: what is not forwarded to or from a bridge. The entries and their bindings.

use super::nat::{NO_NFTABLES, NO_PART, check};
use super::{BASE, BRIDGE, EPERM, NETNS, sequence, target};
use crate::sys::net::isolate::{self as sys, Isolation};
use crate::vm::call::Call;
use crate::vm::handle::Builder;
use crate::vm::registry::{Outcome, Primitive, Type, arg, opt};

pub const ISOLATE: Primitive = Primitive {
    name: "isolate",
    doc: "Drops what is forwarded between a bridge and any other link, in both directions, by an nftables table of its \
          own, `inet tiny-NAME` (nft(8)). The machine itself still reaches the bridge, which need not be there yet. Tables \
          of others see the packets too, and may drop what passes here.",
    args: &[arg("bridge", BRIDGE, "a name or a handle")],
    options: &[
        opt("name", Type::Str, "the bridge's", "names the table, for isolate_del; no nat may have it"),
        opt(
            "outbound",
            Type::Bool,
            "false",
            "connections that begin on the bridge pass, and those to a port that is published on it",
        ),
        opt(
            "closed",
            Type::Bool,
            "false",
            "what is on the bridge does not reach the machine's own services either, but for ICMP and answers",
        ),
        NETNS,
    ],
    returns: "an isolation handle: `name`, `bridge`; `<close>` removes the table",
    errors: &[
        EPERM,
        (
            "EEXIST",
            "there is a table of this name: give this one another, or remove that one with isolate_del or nat_del",
        ),
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
    doc: "Removes what `isolate` made under this name (nft(8)).",
    args: &[arg("name", Type::Str, "the name: the bridge's, unless another was given")],
    errors: &[
        EPERM,
        ("ENOENT", "there is no isolation of this name; `nft list tables` shows them as inet tiny-NAME"),
        ("EOPNOTSUPP", NO_NFTABLES),
        ("EPROTONOSUPPORT", NO_NFTABLES),
    ],
    example: "tiny.isolate(\"td0\"):keep()\ntiny.isolate_del(\"td0\")",
    ..super::nat::NAT_DEL
};

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
