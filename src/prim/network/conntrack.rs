//! `conntrack_del`: its entry and its binding.

use super::{BASE, EPERM, NETNS, Place, ip};
use crate::sys::net::conntrack as sys;
use crate::vm::registry::{Primitive, Type, arg};

pub const CONNTRACK_DEL: Primitive = Primitive {
    name: "conntrack_del",
    undoes: true,
    doc: "Deletes the connection tracking entries from and to an address, before or after translation (conntrack(8), \
          -D). Otherwise connections through a port that is no longer published continue.",
    args: &[arg("addr", Type::Str, "the address, such as \"10.10.0.2\"")],
    options: &[NETNS],
    returns: "the number of deleted entries",
    errors: &[
        EPERM,
        ("EINVAL", "the kernel cannot list its connections: `modprobe nf_conntrack_netlink`, or CONFIG_NF_CT_NETLINK"),
    ],
    example: "local cut = tiny.conntrack_del(\"10.10.0.2\")",
    call: |call| {
        let addr = ip(&call.str(0)?)?;
        call.ok(sys::del(Place::option(call)?.fd(), addr)?)
    },
    ..BASE
};
