//! `pin`: bridge ports that may only send from their own addresses. The entries and their bindings.

use std::net::IpAddr;

use mlua::{Table, Value};

use super::{BASE, EPERM, LINK, MAC, NETNS, Place, ip, mac, sequence, several, target};
use crate::sys::net::pin::{self as sys, Pin};
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Opt, Outcome, Primitive, Type, arg, need, opt};

pub(super) const NO_BRIDGE_FAMILY: &str =
    "the kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)";

const OPTIONS: &[Opt] = &[
    need("mac_address", Type::Str, "the MAC address that it sends from: that of the veth's other end").formerly(MAC),
    need("addr", Type::Either(&[Type::Str, Type::List(&Type::Str)]), "its address or a list of addresses"),
    opt(
        "router",
        Type::Bool,
        "false",
        "it forwards packets: it may send from any other address too, but not claim it by ARP",
    ),
    NETNS,
];

pub const PIN: Primitive = Primitive {
    name: "pin",
    doc: "Restricts the frames that a bridge port may send. The port must have been created by veth_pair with \
          `pinned`; the link need not exist yet. Only frames from this MAC address and these addresses pass, in IPv4, \
          IPv6, ARP and neighbor discovery. Router advertisements, redirects, VLAN tags and all other protocols are \
          dropped. All pins are in one nftables table, `bridge tiny-pins` (nft(8)), which the first call creates: \
          while it exists, a `pinned` port without a pin cannot send.",
    args: &[arg("link", LINK, "the port: its name or a handle")],
    options: OPTIONS,
    returns: "a pin handle: `name`; `<close>` removes the pin",
    errors: &[
        EPERM,
        ("ENOENT", NO_BRIDGE_FAMILY),
        ("EOPNOTSUPP", NO_BRIDGE_FAMILY),
        ("EPROTONOSUPPORT", NO_BRIDGE_FAMILY),
        ("EAFNOSUPPORT", NO_BRIDGE_FAMILY),
    ],
    example: "local pin <close> = tiny.pin(\"veth-web\", { mac_address = \"02:42:0a:0a:00:02\", addr = \"10.10.0.2\" })",
    call: pin,
    ..BASE
};

pub const PIN_DEL: Primitive = Primitive {
    name: "pin_del",
    undoes: true,
    doc: "Removes the pin with the same values (nft(8)). The port cannot send afterwards.",
    args: &[arg("link", LINK, "the port: its name or a handle")],
    options: OPTIONS,
    errors: &[
        EPERM,
        ("ENOENT", "there is no pin with these values; `nft list table bridge tiny-pins` lists all"),
        ("EOPNOTSUPP", NO_BRIDGE_FAMILY),
        ("EPROTONOSUPPORT", NO_BRIDGE_FAMILY),
    ],
    example: "tiny.pin(\"veth-web\", { mac_address = \"02:42:0a:0a:00:02\", addr = \"10.10.0.2\" }):keep()\n\
              tiny.pin_del(\"veth-web\", { mac_address = \"02:42:0a:0a:00:02\", addr = \"10.10.0.2\" })",
    call: pin_del,
    ..BASE
};

pub const PIN_CLEAR: Primitive = Primitive {
    name: "pin_clear",
    undoes: true,
    doc: "Removes the table `bridge tiny-pins` when no pins are left (nft(8)).",
    options: &[NETNS],
    errors: &[
        EPERM,
        ("ENOENT", "there is no such table: no port was pinned"),
        ("EBUSY", "a port is still pinned; `nft list table bridge tiny-pins` shows which"),
        ("EOPNOTSUPP", NO_BRIDGE_FAMILY),
        ("EPROTONOSUPPORT", NO_BRIDGE_FAMILY),
    ],
    example: "tiny.pin(\"veth-web\", { mac_address = \"02:42:0a:0a:00:02\", addr = \"10.10.0.2\" }):close()\ntiny.pin_clear()",
    call: |call| {
        sys::clear(Place::option(call)?.fd())?;
        call.ok(())
    },
    ..BASE
};

/// The values of a pin and its network namespace.
struct Values {
    name: String,
    netns: Place,
    mac: [u8; 6],
    addrs: Vec<IpAddr>,
    router: bool,
}

impl Values {
    fn read(call: &Call<'_>) -> Result<Values, Fail> {
        let target = target(call, 0)?;
        let addrs = several(call.value("addr"))?.iter().map(|text| ip(text)).collect::<Result<Vec<_>, _>>()?;
        if addrs.iter().any(IpAddr::is_unspecified) {
            return Err(Fail::Usage("option \"addr\": the unspecified address belongs to no host".into()));
        }
        let mac = mac(&call.opt::<String>("mac_address")?.unwrap_or_default())?;
        Ok(Values { name: target.name, netns: target.netns, mac, addrs, router: call.flag("router") })
    }

    fn sys(&self) -> Pin<'_> {
        Pin { link: &self.name, mac: self.mac, addrs: &self.addrs, router: self.router }
    }

    /// The options of the call that removes it.
    fn options(&self, call: &Call<'_>) -> Result<Option<Table>, Fail> {
        let more = [
            ("mac_address", call.value("mac_address")),
            ("addr", call.value("addr")),
            ("router", Value::Boolean(self.router)),
        ];
        self.netns.options(call, &more)
    }
}

fn pin(call: &Call<'_>) -> Outcome {
    let values = Values::read(call)?;
    sys::add(values.netns.fd(), &values.sys())?;
    let undo = sequence(call, ("pin_del", values.name.as_str(), values.options(call)?))?;
    call.ok(Builder::new(call.lua, "pin")?.field("undo", undo)?.field("name", values.name)?.build()?)
}

fn pin_del(call: &Call<'_>) -> Outcome {
    let values = Values::read(call)?;
    sys::del(values.netns.fd(), &values.sys())?;
    call.ok(())
}
