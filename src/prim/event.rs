//! Events: waiting for handles, signals, inotify.

use std::os::fd::AsFd;

use mlua::{Table, Value};
use rustix::event::PollFlags;

use super::pidfd::signal_of;
use crate::sys::{event as sys, signal};
use crate::vm::call::{Call, Fail, FdRef};
use crate::vm::handle::Builder;
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, opt, optional};

const BASE: Primitive = Primitive { family: "events", ..Primitive::BASE };
const FILE: Type = Type::Handle("file");
const WAITABLE: Type = Type::Either(&[
    Type::Handle("child"),
    Type::Handle("process"),
    Type::Handle("file"),
    Type::Handle("signals"),
    Type::Handle("watch"),
    Type::Handle("notice"),
    Type::Handle("udp"),
    Type::Handle("listener"),
    Type::Handle("splicer"),
    Type::Handle("nflog"),
    Type::Handle("nft_watch"),
]);

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "poll",
        waits: true,
        effect: Effect::Plumbing,
        doc: "Waits until a handle is ready (poll(2)): a file can be read, a process has ended, a signal is pending, a \
              watched file or control file has changed, a datagram or connection has arrived, or a file in `write` can \
              be written.",
        args: &[
            arg("handles", Type::List(&WAITABLE), "the handles to wait for"),
            optional("timeout", Type::Duration, "the longest time to wait; no limit when absent"),
        ],
        options: &[
            opt("write", Type::List(&FILE), "none", "files to wait for until they can be written"),
            opt(
                "trim",
                Type::Bool,
                "false",
                "release memory before a long wait (MADV_DONTNEED on free pages, stack and program)",
            ),
        ],
        returns: "a list of the ready handles, and with `write` a list of the writable files; empty when the timeout \
                  expires",
        example: "for _, ready in ipairs(tiny.poll({ child, out }, \"5s\")) do handle(ready) end",
        call: poll,
        ..BASE
    },
    Primitive {
        name: "signals",
        effect: Effect::Plumbing,
        doc: "Blocks signals and reads them from a handle instead (signalfd(2)). Programs executed later start with \
              these signals unblocked.",
        list: Some((Type::Signal, "the signals")),
        returns: "a signals handle: `:next()`; `<close>` unblocks the signals",
        errors: &[("EINVAL", "SIGKILL and SIGSTOP cannot be blocked")],
        example: "local signals <close> = tiny.signals { \"SIGTERM\", \"SIGINT\" }",
        call: signals,
        ..BASE
    },
    Primitive {
        name: "unblock_signals",
        effect: Effect::Plumbing,
        doc: "Unblocks signals; a pending signal is delivered at once (sigprocmask(2), SIG_UNBLOCK).",
        list: Some((Type::Signal, "the signals")),
        errors: &[("EINVAL", "0 is not a signal")],
        example: "tiny.unblock_signals { \"SIGTERM\", \"SIGINT\" }",
        call: |c| {
            sys::unblock(&listed(c)?.iter().map(signal_of).collect::<Vec<_>>())?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "next_signal",
        waits: true,
        effect: Effect::Plumbing,
        doc: "Takes the next pending signal (signalfd(2)).",
        args: &[arg("signals", Type::Handle("signals"), "a handle returned by `signals`")],
        returns: "its name and the sender's pid (0: sent by the kernel, as for Ctrl-C); nil when none is pending",
        method: Some(("signals", "next")),
        example: "local name, sender = signals:next()",
        call: |c| match c.fd(0)?.with(sys::read_signal)?? {
            Some((number, sender)) => c.ok((signal::name(number), sender)),
            None => c.ok(Value::Nil),
        },
        ..BASE
    },
    Primitive {
        name: "watch",
        effect: Effect::Plumbing,
        doc: "Watches files and directories for changes (inotify(7)).",
        list: Some((Type::Path, "the files and directories")),
        returns: "a watch handle: `:changes()`",
        errors: &[
            ("ENOENT", "there is no such file; create it first"),
            ("ENOSPC", "the limit in /proc/sys/fs/inotify/max_user_watches is reached: raise it"),
        ],
        example: "local watch <close> = tiny.watch { \"web.log\" }",
        call: watch,
        ..BASE
    },
    Primitive {
        name: "changes",
        effect: Effect::Plumbing,
        doc: "Returns what has changed since the last call (inotify(7)).",
        args: &[arg("watch", Type::Handle("watch"), "a handle returned by `watch`")],
        returns: "a list of the names changed in watched directories, and \"\" for a watched file itself",
        method: Some(("watch", "changes")),
        example: "for _, name in ipairs(watch:changes()) do print(name) end",
        call: |c| {
            let names = c.fd(0)?.with(sys::changes)??;
            let names = names.iter().map(|name| c.lua.create_string(name)).collect::<mlua::Result<Vec<_>>>()?;
            c.ok(c.lua.create_sequence_from(names)?)
        },
        ..BASE
    },
];

fn poll(call: &Call<'_>) -> Outcome {
    let readers: Vec<Table> = call.get(0)?;
    let writers: Vec<Table> = call.opt("write")?.unwrap_or_default();
    if readers.is_empty() && writers.is_empty() && !call.has(1) {
        return Err(Fail::Usage("handles: the list is empty and there is no timeout: it would never return".into()));
    }
    let hold = |list: &[Table]| list.iter().map(|h| FdRef::of(h)?.hold()).collect::<Result<Vec<_>, Fail>>();
    let (read, write) = (hold(&readers)?, hold(&writers)?);
    // A change of a control file is reported as urgent data: the file itself is always readable.
    let urgent = |h: &Table| h.raw_get::<Option<bool>>("urgent").ok().flatten() == Some(true);
    let kinds = readers.iter().map(|h| if urgent(h) { PollFlags::PRI } else { PollFlags::IN });
    let wanted = read.iter().zip(kinds).chain(write.iter().map(|fd| (fd, PollFlags::OUT)));
    let wanted: Vec<_> = wanted.filter_map(|(fd, what)| Some((fd.get()?, what))).collect();
    let timeout = call.seconds(1)?;
    let mut ready = sys::poll(&wanted, timeout, call.flag("trim"))?.into_iter();
    let mut chosen = |handles: Vec<Table>| {
        let ready = handles.into_iter().zip(&mut ready).filter(|(_, ready)| *ready);
        call.lua.create_sequence_from(ready.map(|(handle, _)| handle))
    };
    let readers = chosen(readers)?;
    if writers.is_empty() {
        return call.ok(readers);
    }
    call.ok((readers, chosen(writers)?))
}

fn listed(call: &Call<'_>) -> Result<Vec<Value>, Fail> {
    let Some(table) = call.table() else {
        return Err(Fail::Usage(format!("the list is missing: {}", call.primitive.example())));
    };
    Ok(table.sequence_values().collect::<mlua::Result<_>>()?)
}

fn signals(call: &Call<'_>) -> Outcome {
    let numbers: Vec<i32> = listed(call)?.iter().map(signal_of).collect();
    let (fd, blocked) = sys::signalfd(&numbers)?;
    let undo = call.lua.create_sequence_from(["unblock_signals"])?;
    undo.raw_push(call.lua.create_sequence_from(blocked)?)?;
    call.ok(Builder::new(call.lua, "signals")?.field("undo", undo)?.fd(fd)?.build()?)
}

fn watch(call: &Call<'_>) -> Outcome {
    let fd = sys::inotify()?;
    for path in listed(call)? {
        sys::watch(fd.as_fd(), &path.to_string()?)?;
    }
    call.ok(Builder::new(call.lua, "watch")?.fd(fd)?.build()?)
}
