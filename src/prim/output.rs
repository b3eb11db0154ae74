//! A container's output on its way to the log and to a terminal.

use std::cell::RefCell;

use mlua::{AnyUserData, Table, UserData, Value};

use super::descriptor::file;
use crate::sys::log_pump::{Moved, Stream};
use crate::sys::logfile::{LogFile, Loss, Rotation};
use crate::sys::relay::{Next, Relay, Side};
use crate::sys::terminal_filter::Filter;
use crate::sys::{self as kernel};
use crate::vm::call::{Call, Fail, FdRef};
use crate::vm::handle::Builder;
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, need, opt, range};

const BASE: Primitive = Primitive { family: "output", ..Primitive::BASE };
const STREAMS: [&str; 2] = ["stdout", "stderr"];
const FILE: Type = Type::Handle("file");
const PUMP: Type = Type::Handle("pump");

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "pump",
        effect: Effect::Plumbing,
        doc: "Opens the output path of a container: the FIFOs `stdout` and `stderr` in a directory, a spool file for \
              each, and the log with one JSON object per line (lines that arrive together form one object). Bytes move \
              by splice(2): SIGKILL neither loses nor duplicates any, and a pump opened later continues where the log \
              ends.",
        args: &[arg("log", Type::Path, "the log file")],
        options: &[
            need("dir", Type::Path, "the directory of the FIFOs and spools"),
            opt("max_size", Type::Size, "none", "start a new log file at this size"),
            opt(
                "max_files",
                range::POSITIVE,
                "2",
                "how many log files are kept, including the current one; with 1 it is truncated",
            ),
            opt(
                "keep_free",
                Type::Size,
                "0",
                "fail with ENOSPC rather than leave less free space on the file system, at most 1/64 of its size; \
                 `pump_finish` uses all of it",
            ),
        ],
        returns: "a pump handle; its fields `stdout` and `stderr` are the FIFOs, for `poll`, and `taken` is the number of \
                  bytes that were moved before, by this and earlier runs",
        errors: &[
            ("ENOENT", "the FIFOs are missing: create them with mknod"),
            ("ESPIPE", "the spool was truncated, but the log was not"),
        ],
        example: "local pump <close> = tiny.pump(\"container.log\", { dir = \"/run/web\" })",
        call: pump,
        ..BASE
    },
    Primitive {
        name: "pump_move",
        effect: Effect::Plumbing,
        doc: "Moves the content of a stream's FIFO to the log, at most 1 MiB. An incomplete line waits in the spool.",
        args: &[arg("pump", PUMP, "a handle returned by `pump`"), arg("stream", Type::Word(&STREAMS), "which stream")],
        options: &[
            opt("keep", Type::Bool, "false", "also return the bytes"),
            opt("most", Type::Size, "1m", "move at most this many bytes"),
        ],
        returns: "whether the FIFO may hold more, the bytes with `keep` (else nil), and the number of bytes moved",
        method: Some(("pump", "move")),
        errors: &[("ENOSPC", "the disk is full; no bytes are lost, they stay in the FIFO and the spool")],
        example: "local more = pump:move(\"stdout\")",
        call: |c| {
            let most = c.opt_size("most")?;
            moved(c, |stream, log, keep| stream.move_on(log, keep, most))
        },
        ..BASE
    },
    Primitive {
        name: "pump_drop",
        effect: Effect::Plumbing,
        doc: "Discards the content of a stream's FIFO, at most 1 MiB, for a log that cannot be written while the \
              container must not block. The number of lost bytes is logged as soon as `pump_move` can write again.",
        args: &[arg("pump", PUMP, "a handle returned by `pump`"), arg("stream", Type::Word(&STREAMS), "which stream")],
        options: &[
            opt("keep", Type::Bool, "false", "also return the bytes"),
            opt("excess", Type::Bool, "false", "the log says that the limit of the output was reached"),
        ],
        returns: "whether the FIFO may hold more, the bytes with `keep` (else nil), and the number of bytes discarded",
        method: Some(("pump", "drop")),
        example: "local _, _, lost = pump:drop(\"stdout\")",
        call: |c| {
            let why = if c.flag("excess") { Loss::Excess } else { Loss::Dropped };
            moved(c, |stream, _, keep| stream.drop_on(keep, why))
        },
        ..BASE
    },
    Primitive {
        name: "pump_finish",
        effect: Effect::Plumbing,
        doc: "Moves the rest of a stream to the log; an incomplete last line is marked as partial.",
        args: &[arg("pump", PUMP, "a handle returned by `pump`"), arg("stream", Type::Word(&STREAMS), "which stream")],
        options: &[opt("keep", Type::Bool, "false", "also return the bytes")],
        returns: "false, the bytes with `keep` (else nil), and the number of bytes moved",
        method: Some(("pump", "finish")),
        errors: &[("ENOSPC", "the disk is full; the spool keeps the rest")],
        example: "pump:finish(\"stdout\")",
        call: |c| moved(c, Stream::finish),
        ..BASE
    },
    Primitive {
        name: "terminal_filter",
        effect: Effect::Plumbing,
        doc: "Creates a filter for untrusted program output that is shown on another terminal. Control characters, \
              escape sequences, invalid UTF-8 and Unicode bidi controls become visible text. Newlines, tabs, carriage \
              returns and colors (SGR sequences of at most 40 bytes) pass; colors are reset at the end of each line \
              and each piece.",
        options: &[opt(
            "whole_lines",
            Type::Bool,
            "false",
            "pass a carriage return only before a newline, because the line starts with other text",
        )],
        returns: "a filter handle: `:text()`",
        example: "local filter = tiny.terminal_filter()\nio.write(filter:text(\"\\27[2J\"))",
        call: |c| {
            let filter = c.lua.create_userdata(Screen(RefCell::new(Filter::new(c.flag("whole_lines")))))?;
            c.ok(Builder::new(c.lua, "filter")?.field("filter", filter)?.build()?)
        },
        ..BASE
    },
    Primitive {
        name: "filter_text",
        effect: Effect::Plumbing,
        doc: "Filters the next bytes of a stream. An incomplete character or sequence is kept until the rest arrives.",
        args: &[
            arg("filter", Type::Handle("filter"), "a handle returned by `terminal_filter`"),
            arg("bytes", Type::Bytes, "the bytes"),
        ],
        options: &[opt("last", Type::Bool, "false", "the stream ends here: return incomplete sequences too")],
        returns: "the text",
        method: Some(("filter", "text")),
        example: "io.write(filter:text(bytes))",
        call: |c| {
            let screen: mlua::AnyUserData = c.handle(0)?.raw_get("filter")?;
            let bytes: mlua::LuaString = c.get(1)?;
            let shown = screen.borrow::<Screen>()?.0.borrow_mut().pass(&bytes.as_bytes(), c.flag("last"));
            c.ok(c.lua.create_string(shown)?)
        },
        ..BASE
    },
    Primitive {
        name: "relay",
        effect: Effect::Plumbing,
        doc: "Creates a relay that copies bytes from one file to another through this process. Neither side gets a \
              descriptor of the other. Bytes that `into` does not accept stay in the relay, at most 128 KiB, and \
              reading stops until they are written.",
        args: &[arg("from", FILE, "the file to read from"), arg("into", FILE, "the file to write to")],
        returns: "a relay handle; its fields are `from` and `into`",
        example: "local relay <close> = tiny.relay(tiny.stdio(0), into)",
        call: |c| {
            let state = c.lua.create_userdata(Between(RefCell::new(c.fd(1)?.with(Relay::new)??)))?;
            let relay = Builder::new(c.lua, "relay")?.field("from", c.handle(0)?)?.field("into", c.handle(1)?)?;
            c.ok(relay.field("relay", state)?.build()?)
        },
        ..BASE
    },
    Primitive {
        name: "relay_move",
        effect: Effect::Plumbing,
        doc: "Moves the available bytes, at most about 1 MiB, without blocking.",
        args: &[arg("relay", Type::Handle("relay"), "what `relay` returned")],
        options: &[opt(
            "rest",
            Type::Bool,
            "false",
            "treat the content of `from` at the first such call as the last, even if it is still open for writing",
        )],
        returns: "what to wait for before the next call: \"from\" (bytes to read) or \"into\" (space to write); nil \
                  when all is moved",
        method: Some(("relay", "move")),
        errors: &[
            ("EPIPE", "the reading end of `into` is closed"),
            ("ENOSPC", "the disk is full"),
            ("EISDIR", "`from` is a directory"),
        ],
        example: "if relay:move() == \"into\" then tiny.poll({}, 1, { write = { relay.into } }) end",
        call: relay_move,
        ..BASE
    },
];

struct Screen(RefCell<Filter>);

impl UserData for Screen {}
struct Between(RefCell<Relay>);

impl UserData for Between {}

struct Pump(RefCell<(LogFile, Vec<Stream>)>);

impl UserData for Pump {}

fn pump(call: &Call<'_>) -> Outcome {
    let path = call.str(0)?;
    let dir = call.opt::<String>("dir")?.unwrap_or_default();
    let rotation = Rotation {
        max_size: call.opt_size("max_size")?.unwrap_or(0),
        max_files: call.opt("max_files")?.unwrap_or(2),
        keep_free: call.opt_size("keep_free")?.unwrap_or(0),
    };
    let mut log = LogFile::open(&path, rotation)?;
    let mut builder = Builder::new(call.lua, "pump")?.field("path", path)?;
    let mut streams = Vec::new();
    let mut taken = 0;
    for name in STREAMS {
        let fifo = format!("{dir}/{name}");
        let stream = Stream::open(name, &fifo, &format!("{fifo}.spool"), log.logged(name)?)?;
        builder = builder.field(name, file(call, stream.fifo()?, &fifo)?)?;
        taken += stream.taken();
        streams.push(stream);
    }
    let pump = call.lua.create_userdata(Pump(RefCell::new((log, streams))))?;
    call.ok(builder.field("pump", pump)?.field("taken", taken)?.build()?)
}

/// Calls `how` with the stream named by the second argument.
fn moved(call: &Call<'_>, how: impl FnOnce(&mut Stream, &mut LogFile, bool) -> kernel::Result<Moved>) -> Outcome {
    let pump: AnyUserData = call.handle(0)?.raw_get("pump")?;
    let (name, keep) = (call.str(1)?, call.flag("keep"));
    let pump = pump.borrow::<Pump>()?;
    let (log, streams) = &mut *pump.0.borrow_mut();
    let Some(stream) = streams.iter_mut().find(|s| s.name() == name) else {
        return Err(Fail::Usage(format!("stream: there is no stream {name:?}")));
    };
    let moved = how(stream, log, keep)?;
    let bytes = if keep { Value::String(call.lua.create_string(moved.bytes)?) } else { Value::Nil };
    call.ok((moved.more, bytes, moved.count))
}

fn relay_move(call: &Call<'_>) -> Outcome {
    let relay = call.handle(0)?;
    let state: AnyUserData = relay.raw_get("relay")?;
    let (from, into): (Table, Table) = (relay.raw_get("from")?, relay.raw_get("into")?);
    let state = state.borrow::<Between>()?;
    let (one, other) = (FdRef::of(&from)?, FdRef::of(&into)?);
    let rest = call.flag("rest");
    let next = one.with(|from| {
        other.with(|into| {
            let relay = &mut *state.0.borrow_mut();
            if rest {
                relay.end_with_what_is_there(from).map_err(|e| (Side::From, e))?;
            }
            relay.turn(from, into)
        })
    })??;
    match next {
        Ok(Next::Bytes) => call.ok("from"),
        Ok(Next::Room) => call.ok("into"),
        Ok(Next::End) => call.ok(Value::Nil),
        Err((side, error)) => {
            let path: String = if side == Side::From { from } else { into }.raw_get("path")?;
            Err(error.with_path(path).into())
        }
    }
}
