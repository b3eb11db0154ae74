//! Links and bridges: the entries and their bindings.

use mlua::{Table, Value};

use super::{
    ADDRS, BASE, BRIDGE as BRIDGE_TYPE, ENODEV, EPERM, LINK, MAC, NETNS, NODAD, Place, bridge_name, mac, name, target,
    unsigned,
};
use crate::sys::net::link::{self as sys, Change, Link};
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, opt, range};

pub const LINKS: Primitive = Primitive {
    name: "links",
    effect: Effect::Reads,
    doc: "Lists the network links with their addresses (rtnetlink(7)).",
    options: &[NETNS],
    returns: "a list of tables: `name`, `index`, `kind` (\"bridge\", \"veth\", …; nil for hardware and lo), `mac_address`, \
              `mtu`, `queues`, `up`, `master` (the name of its bridge), `addrs` (a list, such as \"10.10.0.1/24\"), \
              `permanent_addrs` (those of them that are permanent and of global scope); \
              for a veth link `peer` (the index of the other end) and, if that is in another namespace, `peer_netns` \
              (its id here, as in `ip netns list-id`)",
    example: "for _, l in ipairs(tiny.links()) do print(l.name, l.up, table.concat(l.addrs, \" \")) end",
    call: links,
    ..BASE
};

pub const LINK_SET: Primitive = Primitive {
    name: "link_set",
    doc: "Changes a link in one request: brings it up, renames it, moves it to another namespace (ip-link(8)). A link \
          that moves is down afterwards unless `up` is true.",
    args: &[arg("link", LINK, "its name or a handle")],
    options: &[
        NETNS,
        opt("up", Type::Bool, "", "true brings the link up, false down").formerly(&[("!down", "0.2")]),
        opt("mtu", range::MTU, "", "the MTU in bytes"),
        opt(
            "master",
            Type::Either(&[Type::Handle("bridge"), Type::LinkName, Type::Bool]),
            "",
            "the bridge that it becomes a port of; false for none",
        ),
        opt("name", Type::LinkName, "", "the new name"),
        opt("mac_address", Type::Str, "", "the MAC address, such as \"02:00:00:00:00:01\"").formerly(MAC),
        opt("move_to", Type::Handle("netns"), "", "the network namespace to move to; `master` and `name` apply there"),
    ],
    errors: &[
        EPERM,
        ENODEV,
        ("EBUSY", "the link is in use; bring it down first (up = false)"),
        ("EINVAL", "the link does not accept this value, or cannot move (lo and bridges cannot)"),
    ],
    example: "tiny.link_set(\"lo\", { up = true })",
    call: link_set,
    ..BASE
};

pub const LINK_DEL: Primitive = Primitive {
    name: "link_del",
    undoes: true,
    doc: "Deletes a link; for a veth link, both ends (ip-link(8)).",
    args: &[arg("link", LINK, "its name or a handle")],
    options: &[NETNS],
    errors: &[EPERM, ENODEV, ("EOPNOTSUPP", "hardware links and lo cannot be deleted; move them with link_set")],
    example: "tiny.bridge(\"td0\"):keep()\ntiny.link_del(\"td0\")",
    call: link_del,
    ..BASE
};

pub const BRIDGE: Primitive = Primitive {
    name: "bridge",
    doc: "Creates a bridge and brings it up (ip-link(8), type bridge).",
    args: &[arg("name", Type::LinkName, "at most 15 bytes")],
    options: &[
        opt("addr", ADDRS, "", "its address or a list of addresses, through which the caller reaches the links on it"),
        NODAD,
        opt("mtu", range::MTU, "1500", "the MTU in bytes"),
        opt("mac_address", Type::Str, "random", "the MAC address; a random one changes with the links on the bridge")
            .formerly(MAC),
        NETNS,
    ],
    returns: "a bridge handle: `name`, `addr`; `<close>` deletes it",
    errors: &[
        EPERM,
        ("EEXIST", "choose another name, or remove the link of that name with link_del"),
        ("EOPNOTSUPP", "the kernel has no bridges: `modprobe bridge`, or CONFIG_BRIDGE (`tinylua doctor`)"),
    ],
    example: "local br <close> = tiny.bridge(\"td0\", { addr = \"10.10.0.1/24\" })",
    call: bridge,
    ..BASE
};

fn links(call: &Call<'_>) -> Outcome {
    let place = Place::option(call)?;
    let links = sys::list(place.fd())?;
    let list = call.lua.create_table()?;
    for link in &links {
        let master = link.master.and_then(|index| links.iter().find(|l| l.index == index));
        list.raw_push(table(call, link, master)?)?;
    }
    call.ok(list)
}

fn table(call: &Call<'_>, link: &Link, master: Option<&Link>) -> Result<Table, Fail> {
    let table = call.lua.create_table()?;
    table.raw_set("name", link.name.as_str())?;
    table.raw_set("index", link.index)?;
    table.raw_set("kind", link.kind.as_deref())?;
    table.raw_set("mac_address", link.mac.as_deref())?;
    table.raw_set("mtu", link.mtu)?;
    table.raw_set("queues", link.queues)?;
    table.raw_set("up", link.up)?;
    table.raw_set("master", master.map(|m| m.name.as_str()))?;
    table.raw_set("peer", link.peer)?;
    table.raw_set("peer_netns", link.peer_netns)?;
    for (name, addrs) in [("addrs", &link.addrs), ("permanent_addrs", &link.permanent_addrs)] {
        let addrs = addrs.iter().map(|(addr, prefix)| format!("{addr}/{prefix}"));
        table.raw_set(name, call.lua.create_sequence_from(addrs)?)?;
    }
    Ok(table)
}

fn link_set(call: &Call<'_>) -> Outcome {
    let target = target(call, 0)?;
    let up = call.opt("up")?;
    let (master, release) = match call.value("master") {
        Value::Boolean(true) => {
            return Err(Fail::Usage(format!("option \"master\": expected {} or false", BRIDGE_TYPE.describe())));
        }
        Value::Boolean(false) => (None, true),
        value => (bridge_name(&value)?, false),
    };
    let new = call.opt("name")?.map(name).transpose()?;
    let place = Place::of(call.value("move_to"))?;
    let change = Change {
        up,
        master: if release { Some(None) } else { master.as_deref().map(Some) },
        name: new.as_deref(),
        mtu: mtu(call)?,
        mac: hardware(call)?,
        move_to: place.fd(),
    };
    sys::set(target.netns.fd(), &target.name, &change)?;
    call.ok(())
}

fn link_del(call: &Call<'_>) -> Outcome {
    let target = target(call, 0)?;
    sys::del(target.netns.fd(), &target.name)?;
    call.ok(())
}

fn bridge(call: &Call<'_>) -> Outcome {
    let name = name(call.str(0)?)?;
    let addrs = super::addrs(call.value("addr"), call.flag("nodad"))?;
    let place = Place::option(call)?;
    let change = Change { mtu: mtu(call)?, mac: hardware(call)?, ..Change::default() };
    sys::bridge(place.fd(), &name, &change, &addrs)?;
    let undo = ("link_del", name.as_str(), place.options(call, &[])?);
    let handle = Builder::new(call.lua, "bridge")?
        .field("undo", super::sequence(call, undo)?)?
        .field("netns", place.handle)?
        .field("addr", call.value("addr"))?
        .field("name", name)?
        .build()?;
    call.ok(handle)
}

fn mtu(call: &Call<'_>) -> Result<Option<u32>, Fail> {
    call.opt("mtu")?.map(|n| unsigned("mtu", n)).transpose()
}

fn hardware(call: &Call<'_>) -> Result<Option<[u8; 6]>, Fail> {
    call.opt::<String>("mac_address")?.map(|text| mac(&text)).transpose()
}
