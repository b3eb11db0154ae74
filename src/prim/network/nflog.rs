//! Logged packets: the entries and their bindings.

use mlua::Value;

use super::{BASE, EPERM, NETNS, Place};
use crate::sys::net::nflog as sys;
use crate::vm::call::Call;
use crate::vm::handle::Builder;
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, range};

const NO_NFLOG: &str =
    "the kernel cannot copy logged packets: `modprobe nfnetlink_log`, or CONFIG_NETFILTER_NETLINK_LOG";

pub const NFLOG: Primitive = Primitive {
    name: "nflog",
    effect: Effect::Plumbing,
    doc: "Joins a group of logged packets (NFLOG), such as the denied packets of `egress_fence`. Only one process can \
          join a group.",
    args: &[arg("group", range::U16, "the number of the group")],
    options: &[NETNS],
    returns: "an nflog handle: `group`; `:receive()`; can be passed to `poll`",
    errors: &[
        EPERM,
        ("EBUSY", "another process has joined this group: choose another"),
        ("EINVAL", NO_NFLOG),
        ("EOPNOTSUPP", NO_NFLOG),
    ],
    example: "local denied <close> = tiny.nflog(5000)",
    call: |call| {
        /// The bytes of each packet: two headers with options.
        const LENGTH: u32 = 128;
        let group = call.get::<u16>(0)?;
        let fd = sys::open(Place::option(call)?.fd(), group, LENGTH)?;
        let builder = Builder::new(call.lua, "nflog")?.field("name", format!("group {group}"))?;
        call.ok(builder.field("group", group)?.fd(fd)?.build()?)
    },
    ..BASE
};

pub const NFLOG_RECEIVE: Primitive = Primitive {
    name: "nflog_receive",
    effect: Effect::Plumbing,
    doc: "Receives logged packets, if any are waiting (linux/netfilter/nfnetlink_log.h). Their content is the sender's: it need not be true.",
    args: &[arg("nflog", Type::Handle("nflog"), "a handle returned by `nflog`")],
    returns: "a list of { from, to, protocol (its number), from_port, to_port, link (the index of the link that it \
              arrived on) }; nil if none is waiting",
    method: Some(("nflog", "receive")),
    example: "local denied <close> = tiny.nflog(5000)\nfor _, packet in ipairs(denied:receive() or {}) do print(packet.to) end",
    call: receive,
    ..BASE
};

fn receive(call: &Call<'_>) -> Outcome {
    let Some(packets) = call.fd(0)?.with(sys::receive)?? else { return call.ok(Value::Nil) };
    let list = call.lua.create_table()?;
    for packet in packets {
        let table = call.lua.create_table()?;
        table.raw_set("from", packet.from.to_string())?;
        table.raw_set("to", packet.to.to_string())?;
        table.raw_set("protocol", packet.protocol)?;
        table.raw_set("from_port", packet.ports.map(|ports| ports.0))?;
        table.raw_set("to_port", packet.ports.map(|ports| ports.1))?;
        table.raw_set("link", packet.link)?;
        list.raw_push(table)?;
    }
    call.ok(list)
}
