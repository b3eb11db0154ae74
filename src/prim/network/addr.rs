//! Addresses of links: the entries and their bindings.

use super::{BASE, ENODEV, EPERM, LINK, NETNS, NODAD, cidr, sequence, target};
use crate::sys::net::addr as sys;
use crate::vm::call::Call;
use crate::vm::handle::Builder;
use crate::vm::registry::{Outcome, Primitive, Type, arg};

pub const ADDR_ADD: Primitive = Primitive {
    name: "addr_add",
    doc: "Adds an address to a link; the kernel adds the route to its subnet when the link is up (ip-address(8)).",
    args: &[arg("link", LINK, "its name or a handle"), arg("addr", Type::Cidr, "the address with its prefix length")],
    options: &[NODAD, NETNS],
    returns: "an addr handle; `<close>` removes the address",
    errors: &[
        EPERM,
        ENODEV,
        ("EEXIST", "the link already has this address"),
        ("EINVAL", "it is a multicast or broadcast address; a link needs a unicast address"),
    ],
    example: "local addr <close> = tiny.addr_add(\"lo\", \"10.99.0.1/32\")",
    call: addr_add,
    ..BASE
};

pub const ADDR_DEL: Primitive = Primitive {
    name: "addr_del",
    undoes: true,
    doc: "Removes an address from a link (ip-address(8)).",
    args: &[arg("link", LINK, "its name or a handle"), arg("addr", Type::Cidr, "the address with its prefix length")],
    options: &[NETNS],
    errors: &[
        EPERM,
        ENODEV,
        ("ENOENT", "the link does not have this address with this prefix length; tiny.links() lists its addresses"),
    ],
    example: "tiny.addr_add(\"lo\", \"10.99.0.2/32\")\ntiny.addr_del(\"lo\", \"10.99.0.2/32\")",
    call: addr_del,
    ..BASE
};

fn addr_add(call: &Call<'_>) -> Outcome {
    let target = target(call, 0)?;
    let addr = call.str(1)?;
    sys::add(target.netns.fd(), &target.name, cidr(&addr)?, call.flag("nodad"))?;
    let undo = ("addr_del", target.name.as_str(), addr.as_str(), target.netns.options(call, &[])?);
    let handle = Builder::new(call.lua, "addr")?
        .field("undo", sequence(call, undo)?)?
        .field("link", target.name)?
        .field("name", addr)?
        .build()?;
    call.ok(handle)
}

fn addr_del(call: &Call<'_>) -> Outcome {
    let target = target(call, 0)?;
    sys::del(target.netns.fd(), &target.name, cidr(&call.str(1)?)?)?;
    call.ok(())
}
