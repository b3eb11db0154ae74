//! Answering system calls that a filter passes to a supervisor (seccomp_unotify(2)). The recipe decides on the answers.

use mlua::{LuaString, Table, Value};
use nix::errno::Errno;

use super::BASE;
use crate::sys::seccomp::notify::{self as sys, Answer, Extent, Next, Waiting};
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Arg, Outcome, Primitive, Type, arg, need, opt, range};

const LISTENER: Arg =
    arg("listener", Type::Handle("file"), "the handle that `seccomp` returned, here or in the process that sent it");
const ID: Arg = arg("id", Type::Int, "the call's id from `seccomp_notify_receive`");
const NO_LISTENER: (&str, &str) = ("ENOTTY", "the file is not a seccomp listener");

/// The longest string that is read by default (PATH_MAX).
const LONGEST: usize = 4096;

pub(super) const RECEIVE: Primitive = Primitive {
    name: "seccomp_notify_receive",
    formerly: &[("notify_receive", "0.2")],
    waits: true,
    doc: "Receives the next system call that waits for an answer (seccomp_unotify(2)). The calling thread is blocked \
          until the call is answered.",
    args: &[LISTENER],
    returns: "a table: id, call (\"mkdirat\", or a number as text), args (six integers; of an int the 32 bits that the \
              kernel uses, unsigned), arch (\"amd64\"), pid (of the calling thread; 0 if it is not in this pid \
              namespace); false when no call waits; nil when no process has the filter any more",
    errors: &[NO_LISTENER],
    example: "tiny.poll({ listener })\nlocal call = tiny.seccomp_notify_receive(listener)",
    call: |c| match c.fd(0)?.with(sys::receive)?? {
        Next::Call(waiting) => c.ok(table(c, &waiting)?),
        Next::Nothing => c.ok(false),
        Next::End => c.ok(Value::Nil),
    },
    ..BASE
};

pub(super) const RESPOND: Primitive = Primitive {
    name: "seccomp_notify_respond",
    formerly: &[("notify_respond", "0.2")],
    doc: "Answers a system call with exactly one of the options (seccomp_unotify(2)). `continue` is not a security \
          boundary when an argument is a pointer: another thread can change the memory between the check and the \
          system call. To decide on a file, open it here and answer with `fd`.",
    args: &[LISTENER, ID],
    options: &[
        opt("value", Type::Int, "", "the return value of the call; the kernel does not execute it"),
        opt("error", Type::Str, "", "the errno with which the call fails, such as \"EPERM\""),
        opt("continue", Type::Bool, "", "true: the kernel executes the call"),
        opt(
            "fd",
            Type::Handle("file"),
            "",
            "an open file: the caller receives a descriptor of it, which the call returns",
        ),
        opt("cloexec", Type::Bool, "false", "with `fd`: the descriptor is closed when the caller executes a program"),
    ],
    returns: "true; false when the call no longer waits",
    errors: &[
        NO_LISTENER,
        ("EINPROGRESS", "the call has already been answered"),
        ("EMFILE", "the caller has too many open files"),
        ("EINVAL", "the kernel cannot pass a descriptor in an answer (5.14 or newer)"),
    ],
    example: "tiny.seccomp_notify_respond(listener, call.id, { error = \"EPERM\" })",
    call: respond,
    ..BASE
};

pub(super) const VALID: Primitive = Primitive {
    name: "seccomp_notify_valid",
    formerly: &[("notify_valid", "0.2")],
    doc: "Returns whether a system call still waits for its answer (seccomp_unotify(2)). If it does, what was read \
          through its pid before belongs to this call.",
    args: &[LISTENER, ID],
    returns: "a boolean",
    errors: &[NO_LISTENER],
    example: "local cwd = tiny.readlink((\"/proc/%d/cwd\"):format(call.pid))\nif not \
              tiny.seccomp_notify_valid(listener, call.id) then cwd = nil end",
    call: |c| {
        let id = id(c)?;
        c.ok(c.fd(0)?.with(|listener| sys::valid(listener, id))??)
    },
    ..BASE
};

pub(super) const READ: Primitive = Primitive {
    name: "seccomp_notify_read",
    formerly: &[("notify_read", "0.2")],
    doc: "Reads the memory that an argument of a waiting system call points to (proc_pid_mem(5)). It checks before and \
          after that the call still waits.",
    args: &[LISTENER, ID],
    options: &[
        need("pid", range::PID, "the pid of the call"),
        need("address", Type::Int, "the address: one of the call's args"),
        opt("length", Type::Size, "", "the number of bytes, at most 1m; when absent, a string up to its NUL byte"),
        opt("max", Type::Size, "4k", "the longest string"),
    ],
    returns: "a string; nil when the call no longer waits",
    errors: &[
        NO_LISTENER,
        ("EFAULT", "the address is invalid: answer with EFAULT as the kernel would"),
        ("ENAMETOOLONG", "the string is too long: answer with ENAMETOOLONG as the kernel would, or raise `max`"),
        ("EACCES", "needs CAP_SYS_PTRACE over the caller"),
    ],
    example: "local path = tiny.seccomp_notify_read(listener, call.id, { pid = call.pid, address = call.args[2] })",
    call: read,
    ..BASE
};

fn id(call: &Call<'_>) -> Result<u64, Fail> {
    Ok(call.get::<i64>(1)?.cast_unsigned())
}

/// 64-bit integers are Lua integers.
fn table(call: &Call<'_>, waiting: &Waiting) -> Result<Table, Fail> {
    let table = call.lua.create_table()?;
    let (arch, name) = waiting.names();
    table.raw_set("id", waiting.id.cast_signed())?;
    table.raw_set("pid", waiting.pid)?;
    table.raw_set("call", name)?;
    table.raw_set("arch", arch)?;
    table.raw_set("args", waiting.arguments().map(u64::cast_signed))?;
    Ok(table)
}

fn errno(name: &str) -> Result<i32, Fail> {
    let named = (1..134).find(|n| format!("{:?}", Errno::from_raw(*n)) == name);
    named.ok_or_else(|| Fail::Usage(format!("option \"error\": {name:?} is not an errno such as \"EPERM\"")))
}

fn respond(call: &Call<'_>) -> Outcome {
    let (value, error, file) = (call.opt::<i64>("value")?, call.opt::<String>("error")?, call.opt_fd("fd")?);
    let id = id(call)?;
    let held = file.as_ref().map(|file| file.hold()).transpose()?;
    let answer = match (value, error, call.flag("continue"), held.as_ref().and_then(|file| file.get())) {
        (Some(value), None, false, None) => Answer::Value(value),
        (None, Some(name), false, None) => Answer::Error(errno(&name)?),
        (None, None, true, None) => Answer::Continue,
        (None, None, false, Some(file)) => Answer::File(file, call.flag("cloexec")),
        _ => return Err(Fail::Usage("an answer needs exactly one of value, error, continue = true and fd".into())),
    };
    call.ok(call.fd(0)?.with(|listener| sys::respond(listener, id, &answer))??)
}

fn read(call: &Call<'_>) -> Outcome {
    const MOST: u64 = 1 << 20;
    let size = |key: &str| match call.opt_size(key)? {
        Some(size) if size > MOST => Err(Fail::Usage(format!("option {key:?}: {size} is more than 1m"))),
        size => Ok(size.map(|size| size as usize)),
    };
    let extent = match size("length")? {
        Some(length) => Extent::Bytes(length),
        None => Extent::Text(size("max")?.unwrap_or(LONGEST)),
    };
    let (pid, address) = (call.opt::<u32>("pid")?.unwrap_or_default(), call.opt::<i64>("address")?.unwrap_or_default());
    let id = id(call)?;
    let found = call.fd(0)?.with(|listener| sys::read(listener, id, pid, address.cast_unsigned(), extent))??;
    let found: Option<LuaString> = found.map(|bytes| call.lua.create_string(bytes)).transpose()?;
    call.ok(found)
}
