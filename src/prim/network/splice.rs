//! What a transparent proxy needs: where a redirected connection was going, the host that its first message names, and moving
//! its bytes. The entries and their bindings.

use std::cell::RefCell;

use mlua::{LuaString, Table, Value};

use super::BASE;
use crate::sys::host_name::Parsed;
use crate::sys::http_host::{self, Body, Switch};
use crate::sys::net::inet;
use crate::sys::splicer::{self as sys, Check, Ended};
use crate::sys::tls_hello;
use crate::vm::call::{Call, Fail, FdRef};
use crate::vm::handle::{Builder, Resource};
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, opt};

const FILE: Type = Type::Handle("file");
const SPLICER_HANDLE: Type = Type::Handle("splicer");
const ENOTCONN: (&str, &str) = ("ENOTCONN", "the connection has ended, or this is a listener");

pub const ORIGINAL_DESTINATION: Primitive = Primitive {
    name: "original_destination",
    effect: Effect::Reads,
    doc: "Returns where an accepted TCP connection was going before a redirect rule of this namespace translated it \
          (SO_ORIGINAL_DST).",
    args: &[arg("socket", FILE, "an accepted connection")],
    returns: "an address and a port, such as \"192.0.2.1\" and 443; nil for a connection that was made to this socket itself",
    errors: &[ENOTCONN, ("EOPNOTSUPP", "the file is not a TCP socket"), ("ENOTSOCK", "the file is not a socket")],
    example: "local addr, port = tiny.original_destination(client)",
    call: |c| match c.fd(0)?.with(inet::original_destination)?? {
        Some(addr) => c.ok((addr.ip().to_string(), addr.port())),
        None => c.ok(Value::Nil),
    },
    ..BASE
};

pub const TCP_RESET: Primitive = Primitive {
    name: "tcp_reset",
    effect: Effect::Plumbing,
    doc: "Closes a TCP connection with a reset (RST), which its peer sees as an error at once (SO_LINGER of 0).",
    args: &[arg("socket", FILE, "a connection; the handle is closed")],
    errors: &[("ENOTSOCK", "the file is not a socket")],
    example: "tiny.tcp_reset(client)",
    call: |c| {
        let fd = c.fd(0)?;
        fd.with(sys::reset_on_close)??;
        drop(fd.take()?);
        c.handle(0)?.raw_set("closed", true)?;
        c.ok(())
    },
    ..BASE
};

pub const TLS_CLIENT_HELLO: Primitive = Primitive {
    name: "tls_client_hello",
    effect: Effect::Reads,
    doc: "Parses the first message of a TLS client (RFC 8446), also in several records, up to 64 KiB. What two parsers could \
          read differently is refused: an extension twice, several names, a name that is not a host name.",
    args: &[arg("bytes", Type::Bytes, "what the client has sent; it need not be trusted")],
    returns: "a table: `name` (the server name in lower case; nil if there is none), `ech` (it has encrypted ClientHello, or \
              its grease), or `refused` (why it is refused). nil and a number while it is incomplete: fewer bytes than this \
              tell nothing new",
    example: "local hello, more = tiny.tls_client_hello(bytes)",
    call: tls_client_hello,
    ..BASE
};

pub const HTTP_REQUEST: Primitive = Primitive {
    name: "http_request",
    effect: Effect::Reads,
    doc: "Parses the head of an HTTP/1 request (RFC 9112), up to 32 KiB. What two parsers could read differently (request \
          smuggling) is refused, such as two Host fields, both Content-Length and Transfer-Encoding, or a line that ends \
          with LF alone.",
    args: &[arg("bytes", Type::Bytes, "what the client has sent; it need not be trusted")],
    returns: "a table: `method`, `host` (in lower case), `port` (nil if the request has none), `length` (of the body; nil for \
              chunks), `switch` (\"connect\", \"upgrade\" or nil), or `refused` (why it is refused). nil and a number while \
              it is incomplete: fewer bytes than this tell nothing new",
    example: "local request, more = tiny.http_request(bytes)",
    call: http_request,
    ..BASE
};

pub const SPLICER: Primitive = Primitive {
    name: "splicer",
    effect: Effect::Plumbing,
    doc: "Creates a splicer, which moves the bytes of many TCP connections without copying them (splice(2), epoll(7)). The \
          end of one side is passed to the other, a failure of one resets both, and what one does not accept is not read \
          from the other.",
    returns: "a splicer handle: `:add()`, `:turn()`, `:reset()`; can be passed to `poll`",
    errors: &[("EMFILE", "this process has too many open files")],
    example: "local splicer <close> = tiny.splicer()",
    call: |c| {
        let splicer = sys::Splicer::new()?;
        let ready = splicer.ready().try_clone_to_owned().map_err(crate::sys::Error::from)?;
        c.ok(Builder::new(c.lua, "splicer")?.fd(ready)?.resource(RefCell::new(splicer))?.build()?)
    },
    ..BASE
};

pub const SPLICER_ADD: Primitive = Primitive {
    name: "splicer_add",
    effect: Effect::Plumbing,
    doc: "Adds a connection to a splicer. With `tls` or `http` the client's bytes are checked before they pass: the ClientHello, \
          also a second one, and each request must name this host. HTTP to another protocol (Upgrade, CONNECT) must be the \
          first request, and is not checked once the server has agreed.",
    args: &[
        arg("splicer", SPLICER_HANDLE, "a handle returned by `splicer`"),
        arg("client", FILE, "one side; the handle is closed"),
        arg("server", FILE, "the other side, which may still be connecting (`wait = false`); the handle is closed"),
    ],
    options: &[
        opt("data", Type::Bytes, "none", "bytes that were already received from the client"),
        opt("tls", Type::Str, "no check", "the server name, in lower case"),
        opt("http", Type::Str, "no check", "the host, in lower case"),
        opt("port", Type::Range(0, 65535), "80", "the port that a Host field may have, for `http`"),
    ],
    returns: "the number of the connection; nil and the reason if `data` is refused: both sides are reset",
    method: Some(("splicer", "add")),
    errors: &[("EOPNOTSUPP", "a side is not a TCP socket"), ("ENOTSOCK", "a side is not a socket")],
    example: "local server = tiny.tcp_connect(\"192.0.2.1:443\", { wait = false })\n\
              local number, why = splicer:add(client, server, { data = bytes, tls = hello.name })",
    call: splicer_add,
    ..BASE
};

pub const SPLICER_TURN: Primitive = Primitive {
    name: "splicer_turn",
    effect: Effect::Plumbing,
    doc: "Moves what can be moved now, without blocking. Call it when the splicer is ready in `poll`.",
    args: &[arg("splicer", SPLICER_HANDLE, "a handle returned by `splicer`")],
    returns: "a list of the connections that have ended, and how many are left. Each has `number`, `sent` and `received` (bytes \
              that went to the server and to the client), `reset` (a side or a check reset it), `refused` (why the check did)",
    method: Some(("splicer", "turn")),
    example: "for _, ended in ipairs(splicer:turn()) do print(ended.number, ended.received) end",
    call: |c| moved(c, |splicer| Ok(splicer.turn()?)),
    ..BASE
};

pub const SPLICER_RESET: Primitive = Primitive {
    name: "splicer_reset",
    effect: Effect::Plumbing,
    doc: "Resets all connections of a splicer.",
    args: &[arg("splicer", SPLICER_HANDLE, "a handle returned by `splicer`")],
    returns: "a list of them, as from `splicer_turn`, and 0",
    method: Some(("splicer", "reset")),
    example: "splicer:reset()",
    call: |c| moved(c, |splicer| Ok(splicer.reset())),
    ..BASE
};

fn splicer<R>(call: &Call<'_>, how: impl FnOnce(&mut sys::Splicer) -> Result<R, Fail>) -> Result<R, Fail> {
    let done = Resource::with(&call.handle(0)?, |state: &RefCell<sys::Splicer>| how(&mut state.borrow_mut()));
    done.unwrap_or_else(|| Err(Fail::Usage("the splicer handle is closed".into())))
}

/// A table with why something is refused.
fn refused(call: &Call<'_>, why: &str) -> Outcome {
    let table = call.lua.create_table()?;
    table.raw_set("refused", why)?;
    call.ok(table)
}

fn tls_client_hello(call: &Call<'_>) -> Outcome {
    let hello = match tls_hello::read(&call.get::<LuaString>(0)?.as_bytes()) {
        Parsed::More(more) => return call.ok((Value::Nil, more)),
        Parsed::Refused(why) => return refused(call, why),
        Parsed::Done(hello) => hello,
    };
    let table = call.lua.create_table()?;
    table.raw_set("name", hello.name)?;
    table.raw_set("ech", hello.ech)?;
    call.ok(table)
}

fn http_request(call: &Call<'_>) -> Outcome {
    let request = match http_host::request(&call.get::<LuaString>(0)?.as_bytes()) {
        Parsed::More(more) => return call.ok((Value::Nil, more)),
        Parsed::Refused(why) => return refused(call, why),
        Parsed::Done(request) => request,
    };
    let table = call.lua.create_table()?;
    table.raw_set("method", request.method)?;
    table.raw_set("host", request.host)?;
    table.raw_set("port", request.port)?;
    if let Body::Length(length) = request.body {
        table.raw_set("length", length)?;
    }
    let switch = request.switch.map(|switch| match switch {
        Switch::Connect => "connect",
        Switch::Upgrade => "upgrade",
    });
    table.raw_set("switch", switch)?;
    call.ok(table)
}

fn splicer_add(call: &Call<'_>) -> Outcome {
    let (tls, http): (Option<String>, Option<String>) = (call.opt("tls")?, call.opt("http")?);
    let check = match (tls, http) {
        (Some(_), Some(_)) => return Err(Fail::Usage("tls and http exclude each other".into())),
        (Some(name), None) => Some(Check::Tls(name)),
        (None, Some(host)) => Some(Check::Http(host, call.opt("port")?.unwrap_or(80))),
        (None, None) => None,
    };
    let data: Option<LuaString> = call.opt("data")?;
    let data = data.as_ref().map_or(Vec::new(), |data| data.as_bytes().to_vec());
    let sides: [Table; 2] = [call.handle(1)?, call.handle(2)?];
    let fds = [FdRef::of(&sides[0])?, FdRef::of(&sides[1])?];
    if std::ptr::eq(sides[0].to_pointer(), sides[1].to_pointer()) {
        return Err(Fail::Usage("client and server are the same handle".into()));
    }
    splicer(call, |_| Ok(()))?;
    let [client, server] = [fds[0].take()?, fds[1].take()?];
    for side in &sides {
        side.raw_set("closed", true)?;
    }
    match splicer(call, |splicer| Ok(splicer.add(client, server, &data, check)?))? {
        Ok(number) => call.ok(number),
        Err(why) => call.ok((Value::Nil, why)),
    }
}

fn moved(call: &Call<'_>, how: impl FnOnce(&mut sys::Splicer) -> Result<Vec<Ended>, Fail>) -> Outcome {
    let (ended, left) = splicer(call, |splicer| Ok((how(splicer)?, splicer.count())))?;
    let list = call.lua.create_table()?;
    for one in ended {
        let table = call.lua.create_table()?;
        table.raw_set("number", one.number)?;
        table.raw_set("sent", one.moved.0)?;
        table.raw_set("received", one.moved.1)?;
        table.raw_set("reset", one.reset)?;
        table.raw_set("refused", one.refused)?;
        list.raw_push(table)?;
    }
    call.ok((list, left))
}
