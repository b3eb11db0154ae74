//! Sockets of the local machine, and descriptors that travel over them.

use std::os::fd::OwnedFd;

use mlua::Value;

use super::event::file;
use crate::sys::Context;
use crate::sys::socket::{self as sys, Kind};
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Opt, Outcome, Primitive, Type, arg, opt};

const BASE: Primitive = Primitive { family: "sockets", ..Primitive::BASE };
const FILE: Type = Type::Handle("file");
const TYPE: Opt = opt(
    "type",
    Type::Word(&["stream", "seqpacket"]),
    "\"stream\"",
    "\"seqpacket\": each write is a message, which one read takes whole",
);
const NONBLOCK: Opt = opt("nonblock", Type::Bool, "false", "reads and writes return at once");

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "socketpair",
        doc: "Makes two sockets that are connected with each other (socketpair(2)).",
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
        doc: "Makes a socket at `path` that only its owner may connect to, and listens (unix(7)). Its name stays \
              until `remove`.",
        args: &[arg("path", Type::Path, "the socket's name, of any length")],
        options: &[TYPE, NONBLOCK],
        returns: "a file handle, ready in `poll` when somebody connects",
        errors: &[
            ("EADDRINUSE", "something is at that path; remove it when its owner is gone"),
            ("ENOENT", "the folder is missing"),
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
        doc: "Takes the next connection (accept4(2)).",
        args: &[arg("listener", FILE, "what `unix_listen` returned")],
        options: &[NONBLOCK],
        returns: "a file handle; nil when nobody waits and the listener is nonblock",
        errors: &[("EINVAL", "the file is no listening socket"), ("EMFILE", "this process has too many open files")],
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
        doc: "Connects to a socket by its path (connect(2)).",
        args: &[arg("path", Type::Path, "the socket's name, of any length")],
        options: &[TYPE, NONBLOCK],
        returns: "a file handle",
        errors: &[
            ("ENOENT", "there is no such socket"),
            ("ECONNREFUSED", "whoever listened there is gone"),
            ("EPROTOTYPE", "the listener's type is another"),
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
        doc: "Sends an open file to the process at the far side of a socket (unix(7), SCM_RIGHTS).",
        args: &[arg("socket", FILE, "a socket"), arg("file", FILE, "what to send; the caller's own stays open")],
        errors: &[("EPIPE", "the far side is closed"), ("ENOTSOCK", "the first file is no socket")],
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
        doc: "Receives an open file from the far side of a socket (unix(7), SCM_RIGHTS).",
        args: &[arg("socket", FILE, "a socket")],
        returns: "a file handle; nil when the far side is closed",
        errors: &[
            ("ENOMSG", "a message without a file came"),
            ("EAGAIN", "nothing is there now (nonblock)"),
            ("ENOTSOCK", "the file is no socket"),
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
