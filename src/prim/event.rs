//! File descriptors and events: files, pipes, signals, inotify.

use std::os::fd::{AsFd, OwnedFd};

use mlua::{Table, Value};
use rustix::event::PollFlags;
use rustix::fs::{Mode, OFlags};

use super::pidfd::signal_of;
use super::place::{ROOT, root};
use crate::sys::{Context, device, event as sys, fs, interrupt, signal};
use crate::vm::call::{Call, Fail, FdRef};
use crate::vm::handle::Builder;
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, need, opt, optional};

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
]);

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "open",
        effect: Effect::Plumbing,
        doc: "Opens a file, FIFO or device (open(2)). The descriptor is close-on-exec, and a terminal does not become \
              the controlling terminal.",
        args: &[arg("path", Type::Path, "the file")],
        options: &[
            ROOT,
            opt("read", Type::Bool, "true without `write`", "open for reading"),
            opt("write", Type::Bool, "false", "open for writing"),
            opt("append", Type::Bool, "false", "append each write to the end"),
            opt("create", Type::Bool, "false", "create the file if it is missing"),
            opt("truncate", Type::Bool, "false", "truncate it to length 0"),
            opt("nonblock", Type::Bool, "false", "reads and writes do not block"),
            opt("nofollow", Type::Bool, "false", "fail with ELOOP if the last component is a symbolic link"),
            opt("mode", Type::Int, "0o644", "the mode of a newly created file"),
        ],
        returns: "a file handle: `:read()`, `:write()`, `:close()`",
        errors: &[
            ("ENOENT", "the file is missing; create = true creates it"),
            ("EACCES", "this user has no permission"),
            ("ENXIO", "`nonblock` was set, and the FIFO has no reader"),
            ("ELOOP", "it is a symbolic link, and `nofollow` was set"),
        ],
        example: "local log <close> = tiny.open(\"web.log\", { write = true, append = true, create = true })",
        call: open,
        ..BASE
    },
    Primitive {
        name: "open_device",
        effect: Effect::Plumbing,
        doc: "Opens a character device for reading and writing if it has the given number. Use it for paths that \
              others control: another file or a symbolic link under this name is refused (openat2(2), fstat(2)).",
        args: &[arg("path", Type::Path, "the device")],
        options: &[
            ROOT,
            need("major", Type::Int, "the major number: the driver"),
            need("minor", Type::Int, "the minor number: the device of that driver"),
        ],
        returns: "a file handle",
        errors: &[
            ("ENODEV", "the file under this name is not this device"),
            ("ENOENT", "there is no file with this name"),
            ("ELOOP", "it is a symbolic link"),
            ("EACCES", "the file system is mounted with nodev, or this user has no permission"),
            ("EPERM", "the device rules of the cgroup forbid it"),
        ],
        example: "local null = tiny.open_device(\"/dev/null\", { root = \"./rootfs\", major = 1, minor = 3 })",
        call: |c| {
            let (path, root) = (c.str(0)?, root(c)?);
            let fd = device::open_char(root.place(&path)?, c.opt("major")?.unwrap_or(0), c.opt("minor")?.unwrap_or(0))?;
            c.ok(file(c, fd, &path)?)
        },
        ..BASE
    },
    Primitive {
        name: "stdio",
        effect: Effect::Plumbing,
        doc: "Duplicates standard input, output or error into a handle (dup(2)).",
        args: &[arg("number", Type::Int, "0, 1 or 2")],
        returns: "a file handle",
        errors: &[("EBADF", "the descriptor was closed when this process started")],
        example: "local err = tiny.stdio(2)",
        call: stdio,
        ..BASE
    },
    Primitive {
        name: "pipe",
        effect: Effect::Plumbing,
        doc: "Creates a pipe (pipe2(2)).",
        options: &[
            opt("nonblock", Type::Word(&["read", "write"]), "neither", "the end whose calls do not block"),
            opt("size", Type::Size, "the kernel's", "the capacity, up to the kernel's limit (pipe(7))"),
        ],
        returns: "a file handle for reading and one for writing",
        example: "local from, into = tiny.pipe()",
        call: |c| {
            let (read, write) = fs::pipe()?;
            match c.opt::<String>("nonblock")?.as_deref() {
                Some("read") => sys::set_nonblocking(read.as_fd(), true)?,
                Some(_) => sys::set_nonblocking(write.as_fd(), true)?,
                None => {}
            }
            if let Some(size) = c.opt_size("size")? {
                // A pipe of another size works as well.
                let _ = fs::set_pipe_size(read.as_fd(), size as usize);
            }
            c.ok((file(c, read, "pipe")?, file(c, write, "pipe")?))
        },
        ..BASE
    },
    Primitive {
        name: "read",
        waits: true,
        effect: Effect::Plumbing,
        doc: "Reads the available bytes, at most `max` (read(2)).",
        args: &[arg("file", FILE, "an open file"), optional("max", Type::Size, "64k when absent")],
        options: &[opt(
            "at",
            Type::Int,
            "the file offset",
            "read from this byte on, without changing the file offset (pread(2))",
        )],
        returns: "the bytes; nil at the end of the file; false when nothing is available now (nonblock)",
        method: Some(("file", "read")),
        errors: &[
            ("EBADF", "the file was not opened for reading"),
            ("ESPIPE", "a pipe has no offset; read it without `at`"),
            ("EIO", "the other end of the terminal is closed"),
        ],
        example: "local text = file:read()",
        call: read,
        ..BASE
    },
    Primitive {
        name: "write",
        effect: Effect::Plumbing,
        doc: "Writes all bytes; blocks while the pipe or socket is full (write(2)).",
        args: &[arg("file", FILE, "an open file"), arg("data", Type::Bytes, "the bytes")],
        options: &[opt("wait", Type::Bool, "true", "false: write once, as much as fits now (for a nonblock file)")],
        returns: "the number of bytes written: all of them, or with wait = false as many as fitted, possibly 0",
        method: Some(("file", "write")),
        errors: &[
            ("EPIPE", "the reading end is closed"),
            ("ENOSPC", "the disk is full"),
            ("EBADF", "the file was not opened for writing"),
        ],
        example: "file:write(\"hello\\n\")",
        call: write,
        ..BASE
    },
    Primitive {
        name: "dup2",
        effect: Effect::Plumbing,
        doc: "Makes an open file the standard input, output or error of the process (dup2(2)).",
        args: &[arg("file", FILE, "an open file"), arg("number", Type::Int, "0, 1 or 2")],
        example: "tiny.dup2(tiny.open(\"/dev/null\"), 0)",
        call: |c| {
            let number = standard(c, 1)?;
            crate::sys::process::flush_stdio();
            c.fd(0)?.with(|fd| fs::dup_to(fd, number))??;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "isatty",
        effect: Effect::Reads,
        doc: "Returns whether standard input, output or error is a terminal (isatty(3)).",
        args: &[arg("number", Type::Int, "0, 1 or 2")],
        returns: "a boolean",
        example: "local color = tiny.isatty(1)",
        call: |c| {
            let terminal = match standard(c, 0)? {
                0 => rustix::termios::isatty(rustix::stdio::stdin()),
                1 => rustix::termios::isatty(rustix::stdio::stdout()),
                _ => rustix::termios::isatty(rustix::stdio::stderr()),
            };
            c.ok(terminal)
        },
        ..BASE
    },
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

pub(super) fn file(call: &Call<'_>, fd: OwnedFd, path: &str) -> Result<Table, Fail> {
    Builder::new(call.lua, "file")?.field("path", path)?.fd(fd)?.build()
}

fn open(call: &Call<'_>) -> Outcome {
    let path = call.str(0)?;
    let write = call.flag("write") || call.flag("append");
    let mut flags = OFlags::CLOEXEC | OFlags::NOCTTY;
    flags |= match (call.opt::<bool>("read")?.unwrap_or(!write), write) {
        (true, true) => OFlags::RDWR,
        (false, true) => OFlags::WRONLY,
        _ => OFlags::RDONLY,
    };
    for (key, flag) in [
        ("append", OFlags::APPEND),
        ("create", OFlags::CREATE),
        ("truncate", OFlags::TRUNC),
        ("nonblock", OFlags::NONBLOCK),
        ("nofollow", OFlags::NOFOLLOW),
    ] {
        flags.set(flag, call.flag(key));
    }
    // openat2(2) accepts a mode for a new file only.
    let mode = if call.flag("create") { call.opt("mode")?.unwrap_or(0o644) } else { 0 };
    let mode = Mode::from_raw_mode(mode);
    let root = root(call)?;
    let fd = root.place(&path)?.open_or_make(flags, mode)?;
    call.ok(file(call, fd, &path)?)
}

/// A positional argument that must be 0, 1 or 2.
pub(super) fn standard(call: &Call<'_>, i: usize) -> Result<u32, Fail> {
    match call.get::<i64>(i)? {
        n @ 0..=2 => Ok(n as u32),
        n => Err(Fail::Usage(format!("number: {n} is not 0, 1 or 2"))),
    }
}

fn stdio(call: &Call<'_>) -> Outcome {
    let number = standard(call, 0)?;
    let name = ["<stdin>", "<stdout>", "<stderr>"][number as usize];
    call.ok(file(call, fs::standard(number)?, name)?)
}

fn read(call: &Call<'_>) -> Outcome {
    let max = if call.has(1) { call.size(1)? } else { 64 << 10 };
    let mut buffer = vec![0u8; max.clamp(1, 16 << 20) as usize];
    let at: Option<u64> = call.opt("at")?;
    loop {
        interrupt::check()?;
        let got = call.fd(0)?.with(|fd| match at {
            Some(at) => rustix::io::pread(fd, &mut buffer[..], at),
            None => rustix::io::read(fd, &mut buffer[..]),
        })?;
        match got {
            Ok(0) => return call.ok(Value::Nil),
            Ok(n) => return call.ok(call.lua.create_string(&buffer[..n])?),
            Err(rustix::io::Errno::AGAIN) => return call.ok(false),
            Err(rustix::io::Errno::INTR) if !interrupt::pending() => {}
            Err(e) => return Err(crate::sys::Error::from(e).with_path(path_of(call)?).into()),
        }
    }
}

fn write(call: &Call<'_>) -> Outcome {
    let data: mlua::LuaString = call.get(1)?;
    let data = data.as_bytes();
    if call.opt("wait")?.unwrap_or(true) {
        call.fd(0)?.with(|fd| fs::write_all(fd, &data))?.at(path_of(call)?)?;
        return call.ok(data.len());
    }
    let taken = call.fd(0)?.with(|fd| fs::write_some(fd, &data))?;
    call.ok(taken.at(path_of(call)?)?)
}

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

/// The path of the file handle that is the first argument, for an error.
fn path_of(call: &Call<'_>) -> Result<String, Fail> {
    Ok(call.handle(0)?.raw_get("path")?)
}
