//! Open files: opening, reading, writing, the standard streams.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use mlua::{Table, Value};
use rustix::fs::{Mode, OFlags};

use super::place::{ROOT, root};
use crate::sys::{Context, descriptor, device, event as sys, fs, http, interrupt, passed_fds};
use crate::vm::call::{self, Call, Fail, FdRef};
use crate::vm::handle::{Builder, Resource};
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, need, opt, optional, range};

const BASE: Primitive = Primitive { family: "events", ..Primitive::BASE };
const FILE: Type = Type::Handle("file");

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
            opt("mode", range::MODE, "0o644", "the mode of a newly created file"),
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
            need("major", range::MAJOR, "the major number: the driver"),
            need("minor", range::MINOR, "the minor number: the device of that driver"),
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
            let (path, root) = (c.path(0)?, root(c)?);
            let fd = device::open_char(root.place(&path)?, c.opt("major")?.unwrap_or(0), c.opt("minor")?.unwrap_or(0))?;
            c.ok(file(c, fd, &path)?)
        },
        ..BASE
    },
    Primitive {
        name: "stdio",
        effect: Effect::Plumbing,
        doc: "Duplicates standard input, output or error into a handle (dup(2)).",
        args: &[arg("number", range::STANDARD, "0, 1 or 2")],
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
            let (read, write) = descriptor::pipe()?;
            match c.opt::<String>("nonblock")?.as_deref() {
                Some("read") => sys::set_nonblocking(read.as_fd(), true)?,
                Some(_) => sys::set_nonblocking(write.as_fd(), true)?,
                None => {}
            }
            if let Some(size) = c.opt_size("size")? {
                // A pipe of another size works as well.
                let _ = descriptor::set_pipe_size(read.as_fd(), size as usize);
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
            range::COUNT,
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
        doc: "Makes an open file the standard input, output or error of the process, or a descriptor of a higher \
              number of the program that it executes (dup2(2)). Higher numbers are set by `exec`, which passes them in \
              addition to those of `keep_fds`.",
        args: &[
            arg("file", FILE, "an open file, pipe or socket"),
            arg("number", range::DESCRIPTOR, "0, 1 or 2; or a higher number, for `exec`"),
        ],
        example: "tiny.dup2(tiny.open(\"/dev/null\"), 0)",
        call: |c| {
            let number: i32 = c.get(1)?;
            if number > 2 {
                c.fd(0)?.with(|fd| passed_fds::pass(fd, number))??;
                return c.ok(());
            }
            crate::sys::process::flush_stdio();
            c.fd(0)?.with(|fd| descriptor::dup_to(fd, number as u32))??;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "isatty",
        effect: Effect::Reads,
        doc: "Returns whether standard input, output or error is a terminal (isatty(3)).",
        args: &[arg("number", range::STANDARD, "0, 1 or 2")],
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
        name: "withdraw_fds",
        effect: Effect::Plumbing,
        doc: "In a child that reads untrusted input: takes away every open file, also standard input, output and error, \
              except those given. Their handles stay valid, and read as an empty file (dup3(2)). An error that the \
              child throws still reaches its parent.",
        options: &[opt(
            "keep",
            Type::List(&Type::Either(KEPT)),
            "none",
            "the files, sockets and namespaces that stay open, and responses with their connections",
        )],
        errors: &[("ENOENT", "/proc is not mounted")],
        example: "local from <close> = tiny.open(\"untrusted\")\nlocal child <close> = tiny.fork(function()\n  tiny.withdraw_fds \
                  { keep = { from } }\n  return #from:read()\nend)",
        call: withdraw_fds,
        ..BASE
    },
];

/// What a child may keep.
const KEPT: &[Type] = &[
    FILE,
    Type::Handle("response"),
    Type::Handle("udp"),
    Type::Handle("listener"),
    Type::Handle("nflog"),
    Type::Handle("netns"),
    Type::Handle("userns"),
    Type::Handle("ns"),
    Type::Handle("process"),
];

fn withdraw_fds(call: &Call<'_>) -> Outcome {
    let kept = call.opt::<Vec<Table>>("keep")?.unwrap_or_default();
    let numbers = kept.iter().map(|handle| match Resource::with(handle, http::Response::socket) {
        Some(socket) => Ok(socket),
        None => FdRef::of(handle)?.with(|fd| std::os::fd::AsRawFd::as_raw_fd(&fd)),
    });
    crate::sys::withdraw::withdraw(&numbers.collect::<Result<Vec<_>, Fail>>()?)?;
    call.ok(())
}

pub(super) fn file(call: &Call<'_>, fd: OwnedFd, path: impl AsRef<OsStr>) -> Result<Table, Fail> {
    Builder::new(call.lua, "file")?.field("path", path.as_ref())?.fd(fd)?.build()
}

fn open(call: &Call<'_>) -> Outcome {
    let path = call.path(0)?;
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

pub(super) fn standard(call: &Call<'_>, i: usize) -> Result<u32, Fail> {
    call.get(i)
}

fn stdio(call: &Call<'_>) -> Outcome {
    let number = standard(call, 0)?;
    let name = ["<stdin>", "<stdout>", "<stderr>"][number as usize];
    call.ok(file(call, descriptor::standard(number)?, name)?)
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

fn path_of(call: &Call<'_>) -> Result<PathBuf, Fail> {
    Ok(call::path_of(&call.handle(0)?.raw_get("path")?))
}
