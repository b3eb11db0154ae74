//! Packets that nftables rules report: the entries and their bindings.

use mlua::{Table, Value};

use super::{BASE, EPERM, NETNS, Place};
use crate::sys::net::nflog::{self as sys, Packet};
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, optional, range};

pub const NFLOG: Primitive = Primitive {
    name: "nflog",
    effect: Effect::Plumbing,
    doc: "Binds a log group of a network namespace (nfnetlink_log): rules with `log group N` report the start of each \
          matching packet to the handle. The kernel drops reports while nobody reads them.",
    args: &[optional("group", range::U16, "the number of the group; the first free one when absent")],
    options: &[NETNS],
    returns: "an nflog handle: `group`; `:receive()`; ready in `poll` when a packet was reported",
    errors: &[
        ("EBUSY", "another program has bound this group; leave `group` out to take a free one"),
        EPERM,
        ("EINVAL", "the kernel has no packet log: `modprobe nfnetlink_log`, or CONFIG_NETFILTER_NETLINK_LOG"),
    ],
    example: "local log <close> = tiny.nflog()",
    call: |c| {
        let (fd, group) = sys::open(Place::option(c)?.fd(), c.get(0)?)?;
        c.ok(Builder::new(c.lua, "nflog")?.field("name", group.to_string())?.field("group", group)?.fd(fd)?.build()?)
    },
    ..BASE
};

pub const NFLOG_RECEIVE: Primitive = Primitive {
    name: "nflog_receive",
    effect: Effect::Plumbing,
    doc: "Reads the next reports without blocking. Their contents come from the sender of the packet: they need not be \
          true.",
    args: &[arg("log", Type::Handle("nflog"), "a handle returned by `nflog`")],
    returns: "a list of packets: `prefix` (of the rule), `from`, `to`, `protocol` (its number), `from_port`, `to_port`, \
              `link` (the index of the link that it arrived on), `uid`; fields that a packet does not have are absent. The list has `lost` = true \
              if the kernel has dropped reports. nil when there are none",
    method: Some(("nflog", "receive")),
    errors: &[("EBADF", "the handle is not open")],
    example: "local packets = log:receive()",
    call: nflog_receive,
    ..BASE
};

fn nflog_receive(call: &Call<'_>) -> Outcome {
    let Some(received) = call.fd(0)?.with(sys::receive)?? else { return call.ok(Value::Nil) };
    let list = call.lua.create_table_with_capacity(received.packets.len(), 0)?;
    for packet in &received.packets {
        list.raw_push(table(call, packet)?)?;
    }
    if received.lost {
        list.raw_set("lost", true)?;
    }
    call.ok(list)
}

fn table(call: &Call<'_>, packet: &Packet) -> Result<Table, Fail> {
    let table = call.lua.create_table()?;
    table.raw_set("prefix", packet.prefix.as_str())?;
    if let Some((from, to)) = packet.ends {
        table.raw_set("from", from.to_string())?;
        table.raw_set("to", to.to_string())?;
    }
    table.raw_set("protocol", packet.protocol)?;
    if let Some((from, to)) = packet.ports {
        table.raw_set("from_port", from)?;
        table.raw_set("to_port", to)?;
    }
    table.raw_set("link", packet.link)?;
    table.raw_set("uid", packet.uid)?;
    Ok(table)
}
