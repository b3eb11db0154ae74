//! Terminals: line input from the user, and pseudoterminals for programs.

use std::os::fd::AsFd;

use mlua::Value;

use super::descriptor::{file, standard};
use super::place::{ROOT, root};
use crate::repl::{self, Ask, Entered};
use crate::sys::{event, job_control, terminal as sys};
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, opt, optional, range};

const BASE: Primitive = Primitive { family: "terminal", ..Primitive::BASE };
const FILE: Type = Type::Handle("file");
const NOT_ONE: (&str, &str) = ("ENOTTY", "it is not a terminal; check with isatty");

/// The family's entries.
pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "read_line",
        waits: true,
        effect: Effect::Plumbing,
        doc: "Reads a line from the user with a prompt and line editing (termios(3)). If standard input is not a \
              terminal, it reads a line from it without a prompt.",
        args: &[arg("prompt", Type::Str, "the text before the input")],
        options: &[
            opt("history", Type::Path, "none", "the file for the input history, which the arrow keys recall"),
            opt(
                "lua",
                Type::Bool,
                "false",
                "the input is Lua: it continues while the chunk is incomplete, Tab completes names, and Ctrl-C \
                 interrupts the code that runs next, including blocking calls; children that it forks are in their own \
                 process group and read /dev/null",
            ),
            opt("names", Type::Table, "the globals", "for Lua input: the table whose names are completed"),
            opt(
                "strings",
                Type::Function,
                "none",
                "for Lua input: completes strings. Given a function's name and the start of a string in its call, it \
                 returns a list of candidates, or nil for file names; given \"NAME {\" and the start of a key, a list \
                 of \"key: text\"",
            ),
        ],
        returns: "the text; nil at the end of input (Ctrl-D); false when the user cancels (Ctrl-C)",
        errors: &[("EIO", "the terminal was closed"), ("EBADF", "standard input is closed")],
        example: "if tiny.read_line(\"Remove web? [y/N] \") ~= \"y\" then return 1 end",
        call: read_line,
        ..BASE
    },
    Primitive {
        name: "openpty",
        doc: "Opens a new pseudoterminal in a mounted devpts (pts(4), TIOCGPTPEER). It is opened by descriptor and \
              only in a devpts, so that a container cannot substitute a file of its own.",
        args: &[arg("devpts", Type::Path, "the mount point of the devpts")],
        options: &[ROOT, opt("nonblock", Type::Bool, "false", "reads and writes of the master do not block")],
        returns: "two file handles: the master, and the slave, whose `path` is its name in that devpts",
        errors: &[
            ("ENOTTY", "there is no devpts at this path; mount one with mount_devpts"),
            ("EXDEV", "another file is mounted over its ptmx"),
            ("ENOSPC", "the limit of pseudoterminals is reached (/proc/sys/kernel/pty/max)"),
        ],
        example: "local master, slave = tiny.openpty(\"/dev/pts\")",
        call: openpty,
        ..BASE
    },
    Primitive {
        name: "set_controlling_terminal",
        doc: "Makes a terminal the controlling terminal of the caller's session: Ctrl-C, job control and /dev/tty then \
              apply to that session (ioctl_tty(2), TIOCSCTTY).",
        args: &[arg("file", FILE, "a terminal, such as the slave of openpty")],
        errors: &[
            NOT_ONE,
            ("EPERM", "the caller is not a session leader (call setsid), or its session already has a terminal"),
        ],
        example: "tiny.setsid()\ntiny.set_controlling_terminal(slave)",
        call: |c| {
            c.fd(0)?.with(sys::set_controlling_terminal)??;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "set_foreground",
        effect: Effect::Plumbing,
        doc: "Moves a child to the foreground of the terminal at standard input, so that it can read keys and receives \
              Ctrl-C (tcsetpgrp(3)). The child gets its own process group if it has none. Without a child, the \
              caller's group returns to the foreground; at a prompt, the terminal mode found by this call is restored.",
        args: &[optional("child", Type::Handle("child"), "the child; if it was stopped for reading it is continued")],
        errors: &[
            ("ENOTTY", "standard input is not a terminal, or it belongs to another session"),
            ("EPERM", "the child is in another session"),
            ("EACCES", "the child already runs a program in the caller's own group"),
            ("ESRCH", "the child has ended"),
        ],
        example: "tiny.set_foreground(child)\nlocal status = child:wait()\ntiny.set_foreground()",
        call: set_foreground,
        ..BASE
    },
    Primitive {
        name: "terminal_size",
        effect: Effect::Plumbing,
        doc: "Returns the size of a terminal, or sets it. A change sends SIGWINCH to the foreground processes \
              (ioctl_tty(2), TIOCGWINSZ, TIOCSWINSZ).",
        args: &[arg("file", FILE, "a terminal: either end of a pty")],
        options: &[
            opt("rows", range::U16, "unchanged", "the new number of rows, up to 65535"),
            opt("cols", range::U16, "unchanged", "the new number of columns, up to 65535"),
        ],
        returns: "the resulting rows and columns",
        errors: &[NOT_ONE],
        example: "local rows, cols = tiny.terminal_size(tiny.stdio(1))",
        call: terminal_size,
        ..BASE
    },
    Primitive {
        name: "raw_mode",
        effect: Effect::Plumbing,
        doc: "Sets the terminal of a standard stream to raw mode: no echo, line editing or signals (cfmakeraw(3)).",
        args: &[arg("number", range::STANDARD, "0, 1 or 2")],
        returns: "a terminal_mode handle; `<close>` restores the previous mode",
        errors: &[NOT_ONE, ("EIO", "the terminal was closed, or the caller is a background process of it")],
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
        effect: Effect::Plumbing,
        doc: "Sets the mode of a standard stream's terminal, for example the mode saved by `raw_mode` (tcsetattr(3)).",
        args: &[
            arg("number", range::STANDARD, "0, 1 or 2"),
            arg(
                "mode",
                Type::Str,
                "the flags and control characters as hexadecimal numbers with colons between them, in the format of \
                 `stty -g`",
            ),
        ],
        errors: &[NOT_ONE, ("EINVAL", "the text is not a terminal mode"), ("EIO", "the terminal was closed")],
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
    let (path, root) = (call.path(0)?, root(call)?);
    let pty = sys::openpty(root.place(&path)?)?;
    event::set_nonblocking(pty.master.as_fd(), call.flag("nonblock"))?;
    let name = path.join(pty.number.to_string());
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
