//! Published ports as nftables map elements: the entries and their bindings. `nat` uses the same syntax.

use std::collections::HashSet;

use mlua::Value;

use super::nat::{NO_NFTABLES, NO_PART, PORT_KEYS, PUBLISHED as PUBLISHED_PORT, port_of, written};
use super::{BASE, EPERM, NETNS, Place, sequence};
use crate::sys::net::port::Publish;
use crate::sys::net::publish as sys;
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Arg, Effect, Outcome, Primitive, Type, arg};

const PORTS: Type = Type::Either(&[Type::Str, Type::List(&PUBLISHED_PORT), Type::Options(PORT_KEYS)]);

const PORT: Arg = arg(
    "port",
    PORTS,
    "\"8080:10.10.0.2:80\", \"53:10.10.0.2:53/udp\", \"192.0.2.1:80:10.10.0.2:80\", or { port = 8080, addr = \"10.10.0.2\", \
     to = 80 } with `host` and `proto` if needed, or a list of these",
);

pub const PUBLISH: Primitive = Primitive {
    name: "publish",
    doc: "Publishes ports on the host: connections to a host port are translated to another address. Each port is an \
          element of a map in the nftables table `inet tiny-publish`, which is created if it is missing, so that a \
          packet needs one lookup for any number of ports (nft(8)). A list is published as a whole or not at all. For \
          127.0.0.1, set route_localnet of the outgoing link to 1. Forwarding must be enabled too, and callers in the \
          same subnet need `nat` with `hairpin`.",
    args: &[PORT],
    options: &[NETNS],
    returns: "a published handle: `port` (as given); `<close>` unpublishes the ports",
    errors: &[
        EPERM,
        (
            "EEXIST",
            "the port is already published: choose another, or unpublish it with publish_del; tiny.published() lists \
             them",
        ),
        ("EOPNOTSUPP", NO_NFTABLES),
        ("EPROTONOSUPPORT", NO_NFTABLES),
        ("EAFNOSUPPORT", NO_NFTABLES),
        ("ENOENT", NO_PART),
    ],
    example: "local port <close> = tiny.publish(\"8080:10.10.0.2:80\")",
    call: publish,
    ..BASE
};

pub const PUBLISH_DEL: Primitive = Primitive {
    name: "publish_del",
    undoes: true,
    doc: "Unpublishes a port that still leads to this address, and ends its connections (nft(8)). The call takes about \
          10 ms, also for a list, and twice as long when there were connections.",
    args: &[arg("port", PORTS, "the port as given to `publish`, or a list")],
    options: &[NETNS],
    errors: &[
        EPERM,
        (
            "ENOENT",
            "a port is not published or leads to another address; tiny.published() lists them; the others of the list \
             are removed",
        ),
        (
            "EINVAL",
            "the port is removed, but its connections continue, since the kernel cannot list them: `modprobe \
             nf_conntrack_netlink`, or CONFIG_NF_CT_NETLINK",
        ),
        ("EOPNOTSUPP", NO_NFTABLES),
        ("EPROTONOSUPPORT", NO_NFTABLES),
    ],
    example: "tiny.publish(\"8080:10.10.0.2:80\"):keep()\ntiny.publish_del(\"8080:10.10.0.2:80\")",
    call: publish_del,
    ..BASE
};

pub const PUBLISHED: Primitive = Primitive {
    name: "published",
    effect: Effect::Reads,
    doc: "Lists the ports published by `publish` (nft(8)).",
    options: &[NETNS],
    returns: "a list of strings in the syntax of `publish`, without \"/tcp\"; empty if there is no table",
    errors: &[EPERM, ("EOPNOTSUPP", NO_NFTABLES), ("EPROTONOSUPPORT", NO_NFTABLES)],
    example: "for _, port in ipairs(tiny.published()) do print(port) end",
    call: |call| {
        let ports = sys::list(Place::option(call)?.fd())?;
        call.ok(call.lua.create_sequence_from(ports.iter().map(written))?)
    },
    ..BASE
};

pub const PUBLISH_CLEAR: Primitive = Primitive {
    name: "publish_clear",
    undoes: true,
    doc: "Removes the table `inet tiny-publish` when no ports are published (nft(8)).",
    options: &[NETNS],
    errors: &[
        EPERM,
        ("ENOENT", "there is no such table: no port was published"),
        ("EBUSY", "a port is still published; tiny.published() lists them"),
        ("EOPNOTSUPP", NO_NFTABLES),
        ("EPROTONOSUPPORT", NO_NFTABLES),
    ],
    example: "tiny.publish(\"8080:10.10.0.2:80\"):close()\ntiny.publish_clear()",
    call: |call| {
        sys::clear(Place::option(call)?.fd())?;
        call.ok(())
    },
    ..BASE
};

fn publish(call: &Call<'_>) -> Outcome {
    let texts = call.arg_value(0);
    let ports = ports(&texts)?;
    let place = Place::option(call)?;
    sys::add(place.fd(), &ports)?;
    let undo = sequence(call, ("publish_del", texts.clone(), place.options(call, &[])?))?;
    let name = match &ports[..] {
        [first, _, ..] => format!("{} and {} more", written(first), ports.len() - 1),
        few => few.iter().map(written).collect(),
    };
    call.ok(Builder::new(call.lua, "published")?
        .field("undo", undo)?
        .field("name", name)?
        .field("port", texts)?
        .build()?)
}

fn publish_del(call: &Call<'_>) -> Outcome {
    sys::del(Place::option(call)?.fd(), &ports(&call.arg_value(0))?)?;
    call.ok(())
}

/// One port or a list of different ports.
fn ports(value: &Value) -> Result<Vec<Publish>, Fail> {
    let mut slots = HashSet::new();
    let mut ports = Vec::new();
    let list = match value {
        Value::Table(list) if !list.contains_key("port")? => list.sequence_values().collect::<mlua::Result<_>>()?,
        one => vec![one.clone()],
    };
    for value in list {
        let port = port_of(&value).map_err(Fail::Usage)?;
        // The kernel would only report EEXIST.
        if !slots.insert(sys::slot(&port)) {
            let text = value.as_string().map_or_else(|| written(&port), |text| text.to_string_lossy());
            return Err(Fail::Usage(format!("{text:?} is in the list twice")));
        }
        ports.push(port);
    }
    Ok(ports)
}
