//! Published ports as map elements: the entries and their bindings. The syntax is `nat`'s.

use std::collections::HashSet;

use mlua::Value;

use super::nat::{NO_NFTABLES, NO_PART, PORT_KEYS, PUBLISHED as PUBLISHED_PORT, port_of, written};
use super::{BASE, EPERM, NETNS, Place, sequence};
use crate::sys::net::port::Publish;
use crate::sys::net::publish as sys;
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Arg, Outcome, Primitive, Type, arg};

const PORTS: Type = Type::Either(&[Type::Str, Type::List(&PUBLISHED_PORT), Type::Options(PORT_KEYS)]);

const PORT: Arg = arg(
    "port",
    PORTS,
    "\"8080:10.10.0.2:80\", \"53:10.10.0.2:53/udp\", \"192.0.2.1:80:10.10.0.2:80\", or { port = 8080, addr = \"10.10.0.2\", \
     to = 80 } with `host` and `proto` where they are wanted, or a list of such",
);

pub const PUBLISH: Primitive = Primitive {
    name: "publish",
    doc: "Leads a port of the machine to another address, as an element of a map in the nftables table \
          `inet tiny-publish`, which is made when it is not there: a thousand ports cost a packet one lookup (nft(8)). \
          Of a list all are published or none, in one step. \
          127.0.0.1 reaches an IPv4 port once route_localnet is 1 for the link that leads there. Packets also need \
          forwarding, and callers in the same subnet `nat` with `hairpin`.",
    args: &[PORT],
    options: &[NETNS],
    returns: "a published handle: `port` (as it was given); `<close>` takes the ports away",
    errors: &[
        EPERM,
        (
            "EEXIST",
            "the port is published already: choose another, or take that one away with publish_del; \
                    tiny.published() lists them",
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
    doc: "Takes away what `publish` made of this port, when it still leads to this address (nft(8)), and ends the \
          connections that came by it. The kernel takes some 10 ms for it, and no longer for a list; as much again where \
          there were connections.",
    args: &[arg("port", PORTS, "as `publish` took it, or a list")],
    options: &[NETNS],
    errors: &[
        EPERM,
        (
            "ENOENT",
            "a port is not published, or leads elsewhere; tiny.published() lists them; others of the list are gone",
        ),
        (
            "EINVAL",
            "the port is gone, its connections go on: this kernel cannot list them; `modprobe nf_conntrack_netlink`, \
             or CONFIG_NF_CT_NETLINK",
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
    doc: "Lists the ports that `publish` made (nft(8)).",
    options: &[NETNS],
    returns: "a list of strings as `publish` takes them, \"/tcp\" left out; empty without the table",
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
    doc: "Removes the table `inet tiny-publish` when no port is published any more (nft(8)).",
    options: &[NETNS],
    errors: &[
        EPERM,
        ("ENOENT", "there is no such table: nothing was published"),
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

/// One port or a list of them, none of which is there twice.
fn ports(value: &Value) -> Result<Vec<Publish>, Fail> {
    let mut slots = HashSet::new();
    let mut ports = Vec::new();
    let list = match value {
        Value::Table(list) if !list.contains_key("port")? => list.sequence_values().collect::<mlua::Result<_>>()?,
        one => vec![one.clone()],
    };
    for value in list {
        let port = port_of(&value).map_err(Fail::Usage)?;
        // The kernel would only say that it exists.
        if !slots.insert(sys::slot(&port)) {
            let text = value.as_string().map_or_else(|| written(&port), |text| text.to_string_lossy());
            return Err(Fail::Usage(format!("{text:?} is in the list twice")));
        }
        ports.push(port);
    }
    Ok(ports)
}
