//! The way of a container's output to its log, and to a terminal.

use std::cell::RefCell;

use mlua::{AnyUserData, Table, UserData, Value};

use super::event::file;
use crate::sys::log_pump::{Moved, Stream};
use crate::sys::logfile::{LogFile, Rotation};
use crate::sys::relay::{Next, Relay, Side};
use crate::sys::terminal_filter::Filter;
use crate::sys::{self as kernel};
use crate::vm::call::{Call, Fail, FdRef};
use crate::vm::handle::Builder;
use crate::vm::registry::{Outcome, Primitive, Type, arg, need, opt};

const BASE: Primitive = Primitive { family: "output", ..Primitive::BASE };
const STREAMS: [&str; 2] = ["stdout", "stderr"];
const FILE: Type = Type::Handle("file");
const PUMP: Type = Type::Handle("pump");

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "pump",
        doc: "Opens the way of a container's output: the FIFOs `stdout` and `stderr` in a folder, a spool beside each, \
              and the log, one JSON object a line (lines that come in a burst are one object). Bytes move by splice(2), so that a SIGKILL loses and doubles none: \
              a pump opened later goes on where the log ends.",
        args: &[arg("log", Type::Path, "the log file")],
        options: &[
            need("dir", Type::Path, "the folder of the FIFOs and spools"),
            opt("max_size", Type::Size, "none", "begin a new log file at this size"),
            opt(
                "max_files",
                Type::Int,
                "2",
                "how many log files are kept, the current one counted; 1: it is begun anew",
            ),
        ],
        returns: "a pump handle; its fields `stdout` and `stderr` are the FIFOs, to `poll` for",
        errors: &[
            ("ENOENT", "the FIFOs are missing: mknod makes them"),
            ("ESPIPE", "the spool was emptied while the log stayed"),
        ],
        example: "local pump <close> = tiny.pump(\"container.log\", { dir = \"/run/web\" })",
        call: pump,
        ..BASE
    },
    Primitive {
        name: "pump_move",
        doc: "Moves what a stream's FIFO holds to the log, at most 1 MiB; a line without its end waits in the spool.",
        args: &[arg("pump", PUMP, "what `pump` returned"), arg("stream", Type::Word(&STREAMS), "which stream")],
        options: &[opt("keep", Type::Bool, "false", "return the bytes as well")],
        returns: "whether the FIFO may hold more, the bytes where they are kept (else nil), and how many came",
        method: Some(("pump", "move")),
        errors: &[("ENOSPC", "the disk is full; nothing is lost, the FIFO and the spool keep it")],
        example: "local more = pump:move(\"stdout\")",
        call: |c| moved(c, Stream::move_on),
        ..BASE
    },
    Primitive {
        name: "pump_drop",
        doc: "Throws away what a stream's FIFO holds, at most 1 MiB, where the log cannot be written and the container \
              is not to wait. The log says how many bytes were lost as soon as `pump_move` can write it again.",
        args: &[arg("pump", PUMP, "what `pump` returned"), arg("stream", Type::Word(&STREAMS), "which stream")],
        options: &[opt("keep", Type::Bool, "false", "return the bytes as well")],
        returns: "whether the FIFO may hold more, the bytes where they are kept (else nil), and how many were thrown away",
        method: Some(("pump", "drop")),
        example: "local _, _, lost = pump:drop(\"stdout\")",
        call: |c| moved(c, |stream, _, keep| stream.drop_on(keep)),
        ..BASE
    },
    Primitive {
        name: "pump_finish",
        doc: "Moves all that is left of a stream to the log; a last line without its end is marked partial.",
        args: &[arg("pump", PUMP, "what `pump` returned"), arg("stream", Type::Word(&STREAMS), "which stream")],
        options: &[opt("keep", Type::Bool, "false", "return the bytes as well")],
        returns: "false, the bytes where they are kept (else nil), and how many came",
        method: Some(("pump", "finish")),
        errors: &[("ENOSPC", "the disk is full; the spool keeps what is not in the log")],
        example: "pump:finish(\"stdout\")",
        call: |c| moved(c, Stream::finish),
        ..BASE
    },
    Primitive {
        name: "terminal_filter",
        doc: "Makes a filter for what a program writes, on its way to a terminal that is not the program's own. Control \
              characters, escape sequences, bytes that are no UTF-8 and Unicode's bidi controls become visible text; \
              line ends, tabs, carriage returns and colours (SGR sequences of at most 40 bytes) pass, and colours end with \
              each line and each piece.",
        options: &[opt(
            "whole_lines",
            Type::Bool,
            "false",
            "let a carriage return pass only before a line's end: something else is at the line's beginning",
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
        doc: "Tells what a terminal may be shown of a stream's next bytes. A character or sequence that is cut waits for \
              its rest.",
        args: &[
            arg("filter", Type::Handle("filter"), "what `terminal_filter` returned"),
            arg("bytes", Type::Bytes, "the bytes"),
        ],
        options: &[opt("last", Type::Bool, "false", "the stream ends here: nothing waits")],
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
        doc: "Readies a way for bytes from one file to another through this process, which neither side gets a descriptor \
              of the other's by. What `into` does not take stays in the relay, at most 128 KiB, and nothing more is read.",
        args: &[arg("from", FILE, "where bytes come from"), arg("into", FILE, "where they go")],
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
        doc: "Moves what is there and what fits, at most about 1 MiB, and waits for nothing.",
        args: &[arg("relay", Type::Handle("relay"), "what `relay` returned")],
        options: &[opt(
            "rest",
            Type::Bool,
            "false",
            "what `from` holds at the first such call is the last, whoever has it open for writing still",
        )],
        returns: "what to wait for before the next call: \"from\" (bytes), \"into\" (room); nil when all is moved",
        method: Some(("relay", "move")),
        errors: &[
            ("EPIPE", "nobody reads what comes out of `into`"),
            ("ENOSPC", "the disk is full"),
            ("EISDIR", "`from` is a folder"),
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
    let rotation =
        Rotation { max_size: call.opt_size("max_size")?.unwrap_or(0), max_files: call.opt("max_files")?.unwrap_or(2) };
    let mut log = LogFile::open(&path, rotation)?;
    let mut builder = Builder::new(call.lua, "pump")?.field("path", path)?;
    let mut streams = Vec::new();
    for name in STREAMS {
        let fifo = format!("{dir}/{name}");
        let stream = Stream::open(name, &fifo, &format!("{fifo}.spool"), log.logged(name)?)?;
        builder = builder.field(name, file(call, stream.fifo()?, &fifo)?)?;
        streams.push(stream);
    }
    let pump = call.lua.create_userdata(Pump(RefCell::new((log, streams))))?;
    call.ok(builder.field("pump", pump)?.build()?)
}

/// Calls `how` with the stream that the second argument names.
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
