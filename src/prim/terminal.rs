//! Terminals: the person at one, and pseudo-terminals for programs.

use std::os::fd::AsFd;

use mlua::Value;

use super::event::{file, standard};
use super::place::{ROOT, root};
use crate::repl::{self, Ask, Entered};
use crate::sys::{event, job_control, terminal as sys};
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Outcome, Primitive, Type, arg, opt, optional};

const BASE: Primitive = Primitive { family: "terminal", ..Primitive::BASE };
const FILE: Type = Type::Handle("file");
const NOT_ONE: (&str, &str) = ("ENOTTY", "it is no terminal; isatty tells");

/// The family's entries.
pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "read_line",
        doc: "Asks the person at the terminal for a line, which can be edited (termios(3)). Where standard input is no \
              terminal it reads a line of it, and shows no prompt.",
        args: &[arg("prompt", Type::Str, "what to show before the input")],
        options: &[
            opt("history", Type::Path, "none", "the file that keeps what was entered; the arrow keys recall it"),
            opt(
                "lua",
                Type::Bool,
                "false",
                "the input is Lua: it goes on while the chunk is incomplete, Tab completes names, and Ctrl-C interrupts \
                 what is run next, which may be a call that waits; children that it forks stand in a process group of \
                 their own and read /dev/null",
            ),
            opt("names", Type::Table, "the globals", "of Lua input: the table whose names are completed"),
            opt(
                "strings",
                Type::Function,
                "none",
                "of Lua input: given a function's name and the beginning of a string in its call, returns a list of what \
                 the string can be, or nil for files; given \"NAME {\" and the beginning of a key, a list of \"key: text\"",
            ),
        ],
        returns: "the text; nil at the end (Ctrl-D); false when it was given up (Ctrl-C)",
        errors: &[("EIO", "the terminal is gone"), ("EBADF", "standard input is closed")],
        example: "if tiny.read_line(\"Remove web? [y/N] \") ~= \"y\" then return 1 end",
        call: read_line,
        ..BASE
    },
    Primitive {
        name: "openpty",
        doc: "Makes a pseudo-terminal in a mounted devpts, found by descriptor: nothing but a devpts is opened, so that \
              a container cannot put a file of its own in the way (pts(4), TIOCGPTPEER).",
        args: &[arg("devpts", Type::Path, "where the devpts is mounted")],
        options: &[ROOT, opt("nonblock", Type::Bool, "false", "reads and writes of the master return at once")],
        returns: "two file handles: the master, and the slave, whose `path` is its name in that devpts",
        errors: &[
            ("ENOTTY", "there is no devpts at that path; mount_devpts mounts one"),
            ("EXDEV", "something is mounted over its ptmx"),
            ("ENOSPC", "its ptys are used up (/proc/sys/kernel/pty/max)"),
        ],
        example: "local master, slave = tiny.openpty(\"/dev/pts\")",
        call: openpty,
        ..BASE
    },
    Primitive {
        name: "set_controlling_terminal",
        doc: "Makes a terminal the controlling one of the caller's session: its Ctrl-C, its job control and /dev/tty \
              are that session's (ioctl_tty(2), TIOCSCTTY).",
        args: &[arg("file", FILE, "a terminal, such as the slave of openpty")],
        errors: &[NOT_ONE, ("EPERM", "the caller is no session leader (setsid), or its session has a terminal")],
        example: "tiny.setsid()\ntiny.set_controlling_terminal(slave)",
        call: |c| {
            c.fd(0)?.with(sys::set_controlling_terminal)??;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "set_foreground",
        doc: "Gives the terminal at standard input to the process group of a child, which gets one of its own where it \
              has none: it reads the keys and gets Ctrl-C (tcsetpgrp(3)). Without a child the caller's own group gets \
              it back, at a prompt in the mode that this found.",
        args: &[optional("child", Type::Handle("child"), "who reads; a child that was stopped for reading goes on")],
        errors: &[
            ("ENOTTY", "standard input is no terminal, or another session's"),
            ("EPERM", "the child is in another session"),
            ("EACCES", "the child runs a program already, in the caller's own group"),
            ("ESRCH", "the child has ended"),
        ],
        example: "tiny.set_foreground(child)\nlocal status = child:wait()\ntiny.set_foreground()",
        call: set_foreground,
        ..BASE
    },
    Primitive {
        name: "terminal_size",
        doc: "Tells a terminal's size, or sets it; a change sends SIGWINCH to its foreground processes (ioctl_tty(2), \
              TIOCGWINSZ, TIOCSWINSZ).",
        args: &[arg("file", FILE, "a terminal, either side of a pty")],
        options: &[
            opt("rows", Type::Int, "as it is", "the new number of rows, up to 65535"),
            opt("cols", Type::Int, "as it is", "the new number of columns, up to 65535"),
        ],
        returns: "rows and columns, as they are then",
        errors: &[NOT_ONE],
        example: "local rows, cols = tiny.terminal_size(tiny.stdio(1))",
        call: terminal_size,
        ..BASE
    },
    Primitive {
        name: "raw_mode",
        doc: "Makes a standard stream's terminal pass every byte on as it is, without echo, lines or signals \
              (cfmakeraw(3)).",
        args: &[arg("number", Type::Int, "0, 1 or 2")],
        returns: "a terminal_mode handle; `<close>` sets the mode before",
        errors: &[NOT_ONE, ("EIO", "the terminal is gone, or the caller is in the background of it")],
        example: "local raw <close> = tiny.raw_mode(0)",
        call: |c| {
            let number = standard(c, 0)?;
            let before = sys::make_raw(sys::standard(number))?;
            let undo = c.lua.create_sequence_from(["set_terminal_mode"])?;
            undo.raw_push(number)?;
            undo.raw_push(before)?;
            c.ok(Builder::new(c.lua, "terminal_mode")?.field("undo", undo)?.build()?)
        },
        ..BASE
    },
    Primitive {
        name: "set_terminal_mode",
        doc: "Sets the mode of a standard stream's terminal: the flags and control characters that `raw_mode` found \
              before it (tcsetattr(3)).",
        args: &[
            arg("number", Type::Int, "0, 1 or 2"),
            arg("mode", Type::Str, "hexadecimal numbers with colons between them, as `stty -g` writes them"),
        ],
        errors: &[NOT_ONE, ("EINVAL", "the text is no mode"), ("EIO", "the terminal is gone")],
        example: "local raw = tiny.raw_mode(0)\ntiny.set_terminal_mode(0, raw.undo[3])",
        call: |c| {
            sys::set_mode(sys::standard(standard(c, 0)?), &c.str(1)?)?;
            c.ok(())
        },
        ..BASE
    },
];

fn read_line(call: &Call<'_>) -> Outcome {
    let ask = Ask {
        prompt: call.str(0)?,
        history: call.opt::<String>("history")?.map(Into::into),
        lua: call.flag("lua"),
        names: call.opt("names")?,
        strings: call.opt("strings")?,
    };
    match repl::read(call.lua, &ask)? {
        Entered::Text(text) => call.ok(text),
        Entered::Cancelled => call.ok(false),
        Entered::End => call.ok(Value::Nil),
    }
}

fn set_foreground(call: &Call<'_>) -> Outcome {
    if !call.has(0) {
        job_control::take_back();
        return call.ok(());
    }
    job_control::give(call.handle(0)?.raw_get("pid")?)?;
    call.ok(())
}

fn openpty(call: &Call<'_>) -> Outcome {
    let (path, root) = (call.str(0)?, root(call)?);
    let pty = sys::openpty(root.place(&path)?)?;
    event::set_nonblocking(pty.master.as_fd(), call.flag("nonblock"))?;
    let name = format!("{}/{}", path.trim_end_matches('/'), pty.number);
    call.ok((file(call, pty.master, "ptmx")?, file(call, pty.slave, &name)?))
}

fn terminal_size(call: &Call<'_>) -> Outcome {
    let (rows, cols) = call.fd(0)?.with(sys::size)??;
    let wanted = |key: &str, now: u16| -> Result<u16, Fail> { Ok(call.opt(key)?.unwrap_or(now)) };
    let wanted = (wanted("rows", rows)?, wanted("cols", cols)?);
    if wanted != (rows, cols) {
        call.fd(0)?.with(|fd| sys::set_size(fd, wanted.0, wanted.1))??;
    }
    call.ok(wanted)
}
