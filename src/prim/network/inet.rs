//! Sockets of a network namespace: reserved ports, datagrams, connections. The entries and their bindings; a connection
//! is an ordinary file handle.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use mlua::Value;

use super::{BASE, NETNS, Place, ip, seconds};
use crate::prim::descriptor::file;
use crate::sys::net::inet::{self as sys, Bound, Proto};
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Arg, Effect, Outcome, Primitive, Type, arg, opt};

const ADDR: Arg = arg("addr", Type::Str, "\"127.0.0.1:53\", \"[::1]:53\"");
const UDP: Arg = arg("udp", Type::Handle("udp"), "a handle returned by `udp_bind`");
const INUSE: (&str, &str) =
    ("EADDRINUSE", "another program uses this port; `ss -lntup` shows which, and port 0 takes any free one");
const EACCES: (&str, &str) =
    ("EACCES", "ports below 1024 need CAP_NET_BIND_SERVICE; net.ipv4.ip_unprivileged_port_start changes this limit");
const NOTAVAIL: (&str, &str) = ("EADDRNOTAVAIL", "no link of this namespace has this address; tiny.links() lists them");

pub const RESERVE_PORT: Primitive = Primitive {
    name: "reserve_port",
    doc: "Reserves a port: it is bound, but TCP does not listen (bind(2)). The port is free again when the handle is \
          closed or collected, or when the process ends.",
    args: &[arg("port", Type::Str, "\"8080/tcp\", \"53/udp\"; TCP without a protocol; 0 for any free port")],
    options: &[opt("addr", Type::Str, "every IPv4 address", "the address, such as \"0.0.0.0\" or \"::\""), NETNS],
    returns: "a reservation handle: `port` (the number), `proto`",
    errors: &[INUSE, EACCES, NOTAVAIL],
    example: "local port <close> = tiny.reserve_port(\"8080/tcp\", { addr = \"0.0.0.0\" })",
    call: reserve_port,
    ..BASE
};

pub const UDP_BIND: Primitive = Primitive {
    name: "udp_bind",
    doc: "Creates a UDP socket and binds it to a port (udp(7)).",
    args: &[ADDR],
    options: &[
        opt(
            "peer",
            Type::Str,
            "none",
            "connect(2) to this address: receive only from there, and fail with ECONNREFUSED if no program listens \
             there",
        ),
        NETNS,
    ],
    returns: "a udp handle: `port`; `:receive()`, `:send()`; can be passed to `poll`",
    errors: &[INUSE, EACCES, NOTAVAIL, ("ENETUNREACH", "this namespace has no route to the peer")],
    example: "local udp <close> = tiny.udp_bind(\"127.0.0.1:0\")",
    call: |c| {
        let addr = socket_addr(&c.str(0)?)?;
        let peer = c.opt::<String>("peer")?.map(|text| socket_addr(&text)).transpose()?;
        handle(c, "udp", addr, sys::udp(Place::option(c)?.fd(), addr, peer)?)
    },
    ..BASE
};

pub const UDP_RECEIVE: Primitive = Primitive {
    name: "udp_receive",
    effect: Effect::Plumbing,
    doc: "Receives the next datagram without blocking (recvfrom(2)).",
    args: &[UDP],
    returns: "its bytes and its sender, such as \"127.0.0.1:4242\"; nil when none is waiting",
    method: Some(("udp", "receive")),
    example: "local bytes, from = udp:receive()",
    call: |c| match c.fd(0)?.with(sys::receive)?? {
        Some((bytes, from)) => c.ok((c.lua.create_string(&bytes)?, from.to_string())),
        None => c.ok(Value::Nil),
    },
    ..BASE
};

pub const UDP_SEND: Primitive = Primitive {
    name: "udp_send",
    effect: Effect::Plumbing,
    doc: "Sends a datagram (sendto(2)).",
    args: &[
        UDP,
        arg("data", Type::Bytes, "the bytes"),
        arg("to", Type::Str, "the receiver, such as \"127.0.0.1:4242\""),
    ],
    method: Some(("udp", "send")),
    errors: &[
        ("EMSGSIZE", "a datagram has at most 65507 bytes; send a shorter one"),
        ("ENETUNREACH", "this namespace has no route to the address"),
        ("EPERM", "a packet filter of this namespace rejects it"),
    ],
    example: "udp:send(\"hello\", \"127.0.0.1:4242\")",
    call: udp_send,
    ..BASE
};

pub const TCP_LISTEN: Primitive = Primitive {
    name: "tcp_listen",
    doc: "Listens for TCP connections (listen(2)).",
    args: &[ADDR],
    options: &[
        opt(
            "backlog",
            Type::Range(0, i32::MAX as i64),
            "64",
            "the largest number of connections that wait to be accepted",
        ),
        opt("link", Type::LinkName, "every link", "accept only connections that arrive on this link (SO_BINDTODEVICE)"),
        NETNS,
    ],
    returns: "a listener handle: `port`; `:accept()`; ready in `poll` when a connection is waiting",
    errors: &[INUSE, EACCES, NOTAVAIL, ("ENODEV", "this namespace has no such link; tiny.links() lists them")],
    example: "local listener <close> = tiny.tcp_listen(\"127.0.0.1:0\")",
    call: |c| {
        let addr = socket_addr(&c.str(0)?)?;
        let backlog = c.opt("backlog")?.unwrap_or(64);
        let link: Option<String> = c.opt("link")?;
        handle(c, "listener", addr, sys::listen(Place::option(c)?.fd(), addr, backlog, link.as_deref())?)
    },
    ..BASE
};

pub const TCP_ACCEPT: Primitive = Primitive {
    name: "tcp_accept",
    waits: true,
    effect: Effect::Plumbing,
    doc: "Accepts the next connection without blocking (accept4(2)).",
    args: &[arg("listener", Type::Handle("listener"), "a handle returned by `tcp_listen`")],
    returns: "a nonblocking file handle whose `path` is the peer's address; nil when no connection is waiting",
    method: Some(("listener", "accept")),
    errors: &[("EMFILE", "this process has too many open files")],
    example: "local client = listener:accept()",
    call: |c| match c.fd(0)?.with(sys::accept)?? {
        Some((fd, from)) => c.ok(file(c, fd, from.to_string())?),
        None => c.ok(Value::Nil),
    },
    ..BASE
};

pub const TCP_CONNECT: Primitive = Primitive {
    name: "tcp_connect",
    doc: "Connects to a TCP listener (connect(2)).",
    args: &[ADDR],
    options: &[
        opt("timeout", Type::Duration, "the kernel's", "the longest time to wait"),
        opt("nonblock", Type::Bool, "false", "reads and writes do not block"),
        opt(
            "wait",
            Type::Bool,
            "true",
            "false: return at once, with nonblock; the handle is writable once it is connected, and its first read or \
             write reports a failure",
        ),
        NETNS,
    ],
    returns: "a file handle",
    errors: &[
        ("ECONNREFUSED", "no program listens on this port"),
        ("ETIMEDOUT", "no reply: a packet filter drops the packets, or the machine is down"),
        ("ENETUNREACH", "this namespace has no route to the address"),
        ("EHOSTUNREACH", "no machine on the link has this address"),
    ],
    example: "local far <close> = tiny.tcp_connect(\"127.0.0.1:80\", { timeout = \"1s\" })",
    call: tcp_connect,
    ..BASE
};

fn reserve_port(call: &Call<'_>) -> Outcome {
    let (port, proto) = port(&call.str(0)?)?;
    let addr: Option<String> = call.opt("addr")?;
    let addr = addr.map_or(Ok(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), |text| ip(&text))?;
    let bound = sys::reserve(Place::option(call)?.fd(), proto, SocketAddr::new(addr, port))?;
    let word = if proto == Proto::Tcp { "tcp" } else { "udp" };
    let handle = Builder::new(call.lua, "reservation")?
        .field("name", format!("{}/{word}", bound.port))?
        .field("port", bound.port)?
        .field("proto", word)?
        .fd(bound.fd)?
        .build()?;
    call.ok(handle)
}

fn udp_send(call: &Call<'_>) -> Outcome {
    let data: mlua::LuaString = call.get(1)?;
    let to = socket_addr(&call.str(2)?)?;
    call.fd(0)?.with(|fd| sys::send(fd, &data.as_bytes(), to))??;
    call.ok(())
}

fn tcp_connect(call: &Call<'_>) -> Outcome {
    let text = call.str(0)?;
    let timeout = seconds(call, "timeout")?;
    let (place, addr) = (Place::option(call)?, socket_addr(&text)?);
    let fd = if call.opt("wait")?.unwrap_or(true) {
        sys::connect(place.fd(), addr, timeout, call.flag("nonblock"))?
    } else {
        sys::start_connecting(place.fd(), addr)?
    };
    call.ok(file(call, fd, &text)?)
}

fn handle(call: &Call<'_>, kind: &str, addr: SocketAddr, bound: Bound) -> Outcome {
    let name = SocketAddr::new(addr.ip(), bound.port).to_string();
    call.ok(Builder::new(call.lua, kind)?.field("name", name)?.field("port", bound.port)?.fd(bound.fd)?.build()?)
}

fn socket_addr(text: &str) -> Result<SocketAddr, Fail> {
    text.parse().map_err(|_| {
        Fail::Usage(format!("{text:?} is not an address with a port, such as \"127.0.0.1:53\" or \"[::1]:53\""))
    })
}

/// "8080", "8080/tcp", "53/udp".
fn port(text: &str) -> Result<(u16, Proto), Fail> {
    let (number, proto) = match text.rsplit_once('/') {
        None => (text, Proto::Tcp),
        Some((number, "tcp")) => (number, Proto::Tcp),
        Some((number, "udp")) => (number, Proto::Udp),
        Some((_, other)) => {
            return Err(Fail::Usage(format!("{text:?}: the protocol is tcp or udp, not {other:?}")));
        }
    };
    let number = number
        .parse()
        .map_err(|_| Fail::Usage(format!("{text:?} is not a port, such as \"8080/tcp\": a number up to 65535")))?;
    Ok((number, proto))
}
