//! Unix domain sockets, and passing of descriptors over them.

use std::os::fd::OwnedFd;

use mlua::Value;

use super::descriptor::file;
use crate::sys::Context;
use crate::sys::socket::{self as sys, Kind};
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Effect, Opt, Outcome, Primitive, Type, arg, opt};

const BASE: Primitive = Primitive { family: "sockets", ..Primitive::BASE };
const FILE: Type = Type::Handle("file");
const TYPE: Opt = opt(
    "type",
    Type::Word(&["stream", "seqpacket"]),
    "\"stream\"",
    "\"seqpacket\": each write is a message, and one read returns it whole",
);
const NONBLOCK: Opt = opt("nonblock", Type::Bool, "false", "reads and writes do not block");

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "socketpair",
        effect: Effect::Plumbing,
        doc: "Creates a pair of connected sockets (socketpair(2)).",
        options: &[TYPE, NONBLOCK],
        returns: "two file handles",
        example: "local mine, theirs = tiny.socketpair { type = \"seqpacket\" }",
        call: |c| {
            let (one, other) = sys::pair(kind(c)?)?;
            c.ok((file(c, one, "socket")?, file(c, other, "socket")?))
        },
        ..BASE
    },
    Primitive {
        name: "unix_listen",
        effect: Effect::Plumbing,
        doc: "Creates a socket at `path` that only its owner may connect to, and listens on it (unix(7)). The socket \
              file remains until it is removed.",
        args: &[arg("path", Type::Path, "the path of the socket, of any length")],
        options: &[TYPE, NONBLOCK],
        returns: "a file handle that is ready in `poll` when a connection is waiting",
        errors: &[
            ("EADDRINUSE", "a file already exists at this path; remove it if no process listens there"),
            ("ENOENT", "the directory is missing"),
        ],
        example: "local listener <close> = tiny.unix_listen(\"/run/web/attach\")",
        call: |c| {
            let path = c.str(0)?;
            c.ok(file(c, sys::listen(&path, kind(c)?)?, &path)?)
        },
        ..BASE
    },
    Primitive {
        name: "unix_accept",
        waits: true,
        effect: Effect::Plumbing,
        doc: "Accepts the next connection (accept4(2)).",
        args: &[arg("listener", FILE, "a handle returned by `unix_listen`")],
        options: &[NONBLOCK],
        returns: "a file handle; nil when the listener is nonblock and no connection is waiting",
        errors: &[("EINVAL", "the file is not a listening socket"), ("EMFILE", "this process has too many open files")],
        example: "local client = tiny.unix_accept(listener)",
        call: |c| {
            let path: String = c.handle(0)?.raw_get("path")?;
            match c.fd(0)?.with(|fd| sys::accept(fd, c.flag("nonblock")))?.at(&path)? {
                Some(fd) => c.ok(file(c, fd, &path)?),
                None => c.ok(Value::Nil),
            }
        },
        ..BASE
    },
    Primitive {
        name: "unix_connect",
        effect: Effect::Plumbing,
        doc: "Connects to a socket by its path (connect(2)).",
        args: &[arg("path", Type::Path, "the path of the socket, of any length")],
        options: &[TYPE, NONBLOCK],
        returns: "a file handle",
        errors: &[
            ("ENOENT", "there is no such socket"),
            ("ECONNREFUSED", "no process listens on this socket any more"),
            ("EPROTOTYPE", "the listener has another type; set `type`"),
        ],
        example: "local far <close> = tiny.unix_connect(\"/run/web/attach\")",
        call: |c| {
            let path = c.str(0)?;
            c.ok(file(c, sys::connect(&path, kind(c)?)?, &path)?)
        },
        ..BASE
    },
    Primitive {
        name: "send_fd",
        effect: Effect::Plumbing,
        doc: "Sends an open file to the peer of a socket (unix(7), SCM_RIGHTS).",
        args: &[arg("socket", FILE, "a socket"), arg("file", FILE, "the file to send; it stays open in the caller")],
        errors: &[("EPIPE", "the peer has closed the socket"), ("ENOTSOCK", "the first file is not a socket")],
        example: "tiny.send_fd(socket, tiny.open(\"web.log\"))",
        call: |c| {
            let sent = c.fd(1)?.dup()?;
            c.fd(0)?.with(|socket| sys::send_fd(socket, std::os::fd::AsFd::as_fd(&sent)))??;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "recv_fd",
        waits: true,
        effect: Effect::Plumbing,
        doc: "Receives an open file from the peer of a socket (unix(7), SCM_RIGHTS).",
        args: &[arg("socket", FILE, "a socket")],
        returns: "a file handle; nil when the peer has closed the socket",
        errors: &[
            ("ENOMSG", "the message contains no file"),
            ("EAGAIN", "no message is available now (nonblock)"),
            ("ENOTSOCK", "the file is not a socket"),
        ],
        example: "local file = tiny.recv_fd(socket)",
        call: |c| match c.fd(0)?.with(sys::recv_fd)?? {
            Some(fd) => received(c, fd),
            None => c.ok(Value::Nil),
        },
        ..BASE
    },
];

fn kind(call: &Call<'_>) -> Result<Kind, Fail> {
    let messages = call.opt::<String>("type")?.as_deref() == Some("seqpacket");
    Ok(Kind { messages, nonblock: call.flag("nonblock") })
}

fn received(call: &Call<'_>, fd: OwnedFd) -> Outcome {
    call.ok(file(call, fd, "received")?)
}
