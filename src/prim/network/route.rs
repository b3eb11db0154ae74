//! Routes: the entries and their bindings.

use mlua::Value;

use super::{BASE, ENODEV, EPERM, LINK, NETNS, Place, bridge_name, cidr, ip, sequence, unsigned};
use crate::sys::net::route::{self as sys, Route};
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Arg, Effect, Opt, Outcome, Primitive, Type, arg, opt, range};

const DEST: Arg = arg(
    "dest",
    Type::Either(&[Type::Word(&["default"]), Type::Cidr]),
    "the destination: a subnet such as \"10.20.0.0/16\", or \"default\"",
);
const OPTIONS: &[Opt] = &[
    opt("via", Type::Str, "none: dest is on the link", "the gateway's address"),
    opt("dev", LINK, "the link of the gateway's subnet", "the link: its name or a handle"),
    opt("metric", range::U32, "0", "the priority among routes to one destination: the lowest is used"),
    NETNS,
];

pub const ROUTE_ADD: Primitive = Primitive {
    name: "route_add",
    doc: "Adds a route to the main table (ip-route(8)). It needs `via`, `dev` or both.",
    args: &[DEST],
    options: OPTIONS,
    returns: "a route handle; `<close>` removes it",
    errors: &[
        EPERM,
        ENODEV,
        ("EEXIST", "a route to this destination with this metric already exists"),
        ("ENETUNREACH", "no link that is up reaches the gateway: give a link an address of its subnet first"),
        ("EHOSTUNREACH", "no link reaches the IPv6 gateway: give a link an address of its subnet first"),
        ("ENETDOWN", "the link is down; bring it up first: link_set(name, { up = true })"),
        ("EINVAL", "the destination must be the subnet's first address (10.20.0.0/16, not 10.20.0.1/16)"),
    ],
    example: "tiny.link_set(\"lo\", { up = true })\nlocal route <close> = tiny.route_add(\"10.20.0.0/16\", { dev = \"lo\" })",
    call: route_add,
    ..BASE
};

pub const ROUTE_DEL: Primitive = Primitive {
    name: "route_del",
    undoes: true,
    doc: "Removes the first matching route of the main table (ip-route(8)).",
    args: &[DEST],
    options: OPTIONS,
    errors: &[EPERM, ENODEV, ("ESRCH", "there is no such route; tiny.routes() lists them")],
    example: "tiny.link_set(\"lo\", { up = true })\ntiny.route_add(\"10.21.0.0/16\", { dev = \"lo\" })\ntiny.route_del(\"10.21.0.0/16\", { dev = \"lo\" })",
    call: route_del,
    ..BASE
};

pub const ROUTES: Primitive = Primitive {
    name: "routes",
    effect: Effect::Reads,
    doc: "Lists the routes of the main table, of both families (ip-route(8)).",
    options: &[NETNS],
    returns: "a list of tables: `dst` (\"10.0.0.0/8\" or \"default\"), `dev`, `via`, `metric`, `family` (\"ipv4\" or \
              \"ipv6\"); for a multipath route `dev` and `via` are those of the first next hop",
    example: "for _, r in ipairs(tiny.routes()) do print(r.dst, r.via or \"-\", r.dev) end",
    call: routes,
    ..BASE
};

fn routes(call: &Call<'_>) -> Outcome {
    let list = call.lua.create_table()?;
    for route in sys::list(Place::option(call)?.fd())? {
        let table = call.lua.create_table()?;
        let (addr, prefix) = route.dest;
        table.raw_set("dst", if prefix == 0 { "default".into() } else { format!("{addr}/{prefix}") })?;
        table.raw_set("dev", route.dev)?;
        table.raw_set("via", route.via.map(|via| via.to_string()))?;
        table.raw_set("metric", route.metric)?;
        table.raw_set("family", if addr.is_ipv4() { "ipv4" } else { "ipv6" })?;
        list.raw_push(table)?;
    }
    call.ok(list)
}

/// The route of the call, passed to `f`.
fn with_route<R>(call: &Call<'_>, f: impl FnOnce(&Place, &Route<'_>) -> Result<R, Fail>) -> Result<R, Fail> {
    let dest = call.str(0)?;
    let place = Place::option(call)?;
    let dev = bridge_name(&call.value("dev"))?;
    let route = Route {
        dest: if dest == "default" { None } else { Some(cidr(&dest)?) },
        via: call.opt::<String>("via")?.map(|text| ip(&text)).transpose()?,
        dev: dev.as_deref(),
        metric: call.opt("metric")?.map(|n| unsigned("metric", n)).transpose()?,
    };
    f(&place, &route)
}

fn route_add(call: &Call<'_>) -> Outcome {
    with_route(call, |place, route| {
        if route.via.is_none() && route.dev.is_none() {
            return Err(Fail::Usage("a route needs a gateway (via) or a link (dev)".into()));
        }
        sys::add(place.fd(), route)?;
        let dev = route.dev.map(|d| call.lua.create_string(d)).transpose()?;
        let same = [
            ("via", call.value("via")),
            ("dev", dev.map_or(Value::Nil, Value::String)),
            ("metric", call.value("metric")),
        ];
        let dest = call.str(0)?;
        let undo = ("route_del", dest.as_str(), place.options(call, &same)?);
        let undo = sequence(call, undo)?;
        call.ok(Builder::new(call.lua, "route")?.field("undo", undo)?.field("name", dest)?.build()?)
    })
}

fn route_del(call: &Call<'_>) -> Outcome {
    with_route(call, |place, route| Ok(sys::del(place.fd(), route)?))?;
    call.ok(())
}
