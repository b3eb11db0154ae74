//! Packets that nftables rules report: the entries and their bindings.

use mlua::{Table, Value};

use super::{BASE, EPERM, NETNS, Place};
use crate::sys::net::nflog::{self as sys, Packet};
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, opt};

pub const NFLOG_OPEN: Primitive = Primitive {
    name: "nflog_open",
    effect: Effect::Plumbing,
    doc: "Binds a log group of a network namespace (nfnetlink_log): rules with `log group N` report the start of each \
          matching packet to the handle. The kernel drops reports while nobody reads them.",
    options: &[opt("group", Type::Range(0, u16::MAX as i64), "the first free one", "the number of the group"), NETNS],
    returns: "an nflog handle: `group`; `:receive()`; ready in `poll` when a packet was reported",
    errors: &[
        ("EBUSY", "another program has bound this group; leave `group` out to take a free one"),
        EPERM,
        ("EINVAL", "the kernel has no packet log: `modprobe nfnetlink_log`, or CONFIG_NETFILTER_NETLINK_LOG"),
    ],
    example: "local log <close> = tiny.nflog_open()",
    call: |c| {
        let (fd, group) = sys::open(Place::option(c)?.fd(), c.opt("group")?)?;
        c.ok(Builder::new(c.lua, "nflog")?.field("name", group.to_string())?.field("group", group)?.fd(fd)?.build()?)
    },
    ..BASE
};

pub const NFLOG_RECEIVE: Primitive = Primitive {
    name: "nflog_receive",
    effect: Effect::Plumbing,
    doc: "Reads the next reports without blocking. Their contents come from the sender of the packet: they need not be \
          true.",
    args: &[arg("log", Type::Handle("nflog"), "a handle returned by `nflog_open`")],
    returns: "a list of packets: `prefix` (of the rule), `src`, `dst`, `protocol` (\"tcp\", \"udp\", \"icmp\", \
              \"icmpv6\", \"sctp\", or a number as text), `sport`, `dport`, `family` (\"inet\" or \"inet6\"), `iif`, \
              `oif` (numbers of links), `uid`; fields that a packet does not have are absent. The list has `lost` = true \
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
        table.raw_set("src", from.to_string())?;
        table.raw_set("dst", to.to_string())?;
        table.raw_set("family", if to.is_ipv4() { "inet" } else { "inet6" })?;
    }
    table.raw_set("protocol", packet.protocol.map(super::owner::protocol))?;
    if let Some((from, to)) = packet.ports {
        table.raw_set("sport", from)?;
        table.raw_set("dport", to)?;
    }
    table.raw_set("iif", packet.links.0)?;
    table.raw_set("oif", packet.links.1)?;
    table.raw_set("uid", packet.uid)?;
    Ok(table)
}
