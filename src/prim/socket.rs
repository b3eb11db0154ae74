//! Unix domain sockets, and passing of descriptors over them.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use mlua::{LuaString, Table, Value};

use super::descriptor::file;
use crate::sys::Context;
use crate::sys::socket::{self as sys, Kind};
use crate::vm::call::{Call, Fail, FdRef};
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
        options: &[
            opt("data", Type::Bytes, "one zero byte", "the bytes of the message"),
            opt("more", Type::List(&FILE), "none", "files to send in the same message, after the first"),
        ],
        errors: &[
            ("EMSGSIZE", "the message is too long for a seqpacket socket"),
            ("EINVAL", "a message has at most 253 files"),
            ("EPIPE", "the peer has closed the socket"),
            ("ENOTSOCK", "the first file is not a socket"),
        ],
        example: "tiny.send_fd(socket, tiny.open(\"web.log\"))",
        call: send_fd,
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
            Some(fd) => c.ok(received(c, fd)?),
            None => c.ok(Value::Nil),
        },
        ..BASE
    },
    Primitive {
        name: "recv_fds",
        waits: true,
        effect: Effect::Plumbing,
        doc: "Receives a message with all its open files from the peer of a socket (unix(7), SCM_RIGHTS). On a stream, bytes \
              without files may follow in further messages.",
        args: &[arg("socket", FILE, "a socket")],
        options: &[opt("max", Type::Range(1, 1 << 20), "65536", "the largest number of bytes that are received")],
        returns: "a table { data = the bytes, files = a list of file handles }; nil when the peer has closed the socket",
        errors: &[
            ("EMSGSIZE", "the message is longer than `max`, or contains more files than this process may open"),
            ("EAGAIN", "no message is available now (nonblock)"),
            ("ENOTSOCK", "the file is not a socket"),
        ],
        example: "local message = tiny.recv_fds(socket)\nif message then print(message.data, #message.files) end",
        call: recv_fds,
        ..BASE
    },
];

fn kind(call: &Call<'_>) -> Result<Kind, Fail> {
    let messages = call.opt::<String>("type")?.as_deref() == Some("seqpacket");
    Ok(Kind { messages, nonblock: call.flag("nonblock") })
}

fn received(call: &Call<'_>, fd: OwnedFd) -> Result<Table, Fail> {
    file(call, fd, "received")
}

fn send_fd(call: &Call<'_>) -> Outcome {
    let data: Option<LuaString> = call.opt("data")?;
    let data = data.as_ref().map_or(vec![0], |data| data.as_bytes().to_vec());
    if data.is_empty() {
        return Err(Fail::Usage("option \"data\": a message needs at least one byte".into()));
    }
    let mut files = vec![call.fd(1)?.dup()?];
    for more in call.opt::<Vec<Table>>("more")?.unwrap_or_default() {
        files.push(FdRef::of(&more)?.dup()?);
    }
    let fds: Vec<BorrowedFd<'_>> = files.iter().map(AsFd::as_fd).collect();
    call.fd(0)?.with(|socket| sys::send_fds(socket, &fds, &data))??;
    call.ok(())
}

fn recv_fds(call: &Call<'_>) -> Outcome {
    let most = call.opt::<usize>("max")?.unwrap_or(65536);
    let Some(message) = call.fd(0)?.with(|socket| sys::recv_fds(socket, most))?? else { return call.ok(Value::Nil) };
    let files = message.fds.into_iter().map(|fd| received(call, fd)).collect::<Result<Vec<_>, Fail>>()?;
    let table = call.lua.create_table()?;
    table.raw_set("data", call.lua.create_string(message.data)?)?;
    table.raw_set("files", files)?;
    call.ok(table)
}
