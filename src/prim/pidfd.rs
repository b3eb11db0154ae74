//! Existing processes: signals to them, handles of processes that are not children, and their exit status.

use mlua::Value;

use crate::sys::pidfd::{self, Ended};
use crate::sys::signal;
use crate::vm::call::Call;
use crate::vm::handle::Builder;
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, opt, optional, range};

const BASE: Primitive = Primitive { family: "processes", ..Primitive::BASE };
const PROCESS: Type = Type::Either(&[Type::Handle("child"), Type::Handle("process")]);

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "kill",
        undoes: true,
        doc: "Sends a signal through a pidfd, which never reaches another process with the same pid \
              (pidfd_send_signal(2)).",
        args: &[
            arg("process", PROCESS, "a child or process handle"),
            optional(
                "signal",
                Type::Signal,
                "the signal; SIGTERM when absent; 0 only checks whether the process exists",
            ),
        ],
        options: &[opt(
            "group",
            Type::Bool,
            "false",
            "signal the whole process group of a child that leads it and was not waited for (kill(2))",
        )],
        method: Some(("child", "kill")),
        errors: &[("ESRCH", "the process has ended"), ("EPERM", "the process belongs to another user")],
        example: "tiny.kill(child, \"SIGTERM\")",
        call: kill,
        ..BASE
    },
    Primitive {
        name: "signal_number",
        effect: Effect::Reads,
        doc: "Returns the number of a signal on this architecture (signal(7)).",
        args: &[arg("signal", Type::Signal, "\"SIGTERM\", \"term\" or a number")],
        returns: "an integer",
        example: "assert(tiny.signal_number(\"KILL\") == 9)",
        call: |c| c.ok(signal_of(&c.arg_value(0))),
        ..BASE
    },
    Primitive {
        name: "pidfd_open",
        effect: Effect::Plumbing,
        doc: "Opens a process by its pid (pidfd_open(2)). With `start_time`, only if it is still the same process.",
        args: &[arg("pid", range::PID, "a pid in the caller's pid namespace")],
        options: &[opt(
            "start_time",
            range::COUNT,
            "",
            "its start time as returned by `process_start_time`, in clock ticks since boot",
        )],
        returns: "a process handle, or nil when there is no such process",
        example: "local p = tiny.pidfd_open(state.pid, { start_time = state.pid_start })",
        call: pidfd_open,
        ..BASE
    },
    Primitive {
        name: "process_exit_status",
        formerly: &[("process_exit", "0.2"), ("process:exit", "0.2")],
        waits: true,
        doc: "Waits for the end of a process that is not a child, and returns its exit status (pidfd_open(2)). The \
              status is read from /proc while the process is a zombie, and with PIDFD_GET_INFO afterwards.",
        args: &[arg("process", Type::Handle("process"), "a handle returned by `pidfd_open`")],
        returns: "the exit status (128 + n after signal n) and the signal's name or nil; nothing if it was reaped on a \
                  kernel older than 6.15",
        method: Some(("process", "exit_status")),
        example: "local status, signal = process:exit_status()",
        call: process_exit_status,
        ..BASE
    },
    Primitive {
        name: "process_start_time",
        effect: Effect::Reads,
        doc: "Returns the start time of a process in clock ticks since boot (proc(5), stat field 22). The pid, the \
              start time and the boot id identify a process uniquely.",
        args: &[arg("pid", range::PID, "a pid in the caller's pid namespace")],
        returns: "an integer, or nil when there is no such process",
        example: "local started = tiny.process_start_time(tiny.getpid())",
        call: start_time,
        ..BASE
    },
];

/// The number of a signal value that has been checked.
pub fn signal_of(value: &Value) -> i32 {
    match value {
        Value::Integer(n) => *n as i32,
        Value::String(s) => signal::parse(&s.to_string_lossy()).unwrap_or(15),
        _ => 15,
    }
}

fn kill(call: &Call<'_>) -> Outcome {
    let number = signal_of(&call.arg_value(1));
    if call.flag("group") {
        let pid: i32 = call.handle(0)?.raw_get("pid")?;
        call.fd(0)?.with(|fd| pidfd::kill_group(fd, pid, number))??;
        return call.ok(());
    }
    call.fd(0)?.with(|fd| pidfd::kill(fd, number))??;
    call.ok(())
}

fn pidfd_open(call: &Call<'_>) -> Outcome {
    let pid: i32 = call.get(0)?;
    let fd = match pidfd::pidfd_open(pid) {
        Err(e) if e.errno == nix::errno::Errno::ESRCH => return call.ok(Value::Nil),
        fd => fd?,
    };
    // The start time is read after the pidfd is open: the pidfd pins the process, so the pid cannot be reused
    // unnoticed.
    if let Some(wanted) = call.opt::<u64>("start_time")?
        && pidfd::start_time(pid).ok() != Some(wanted)
    {
        return call.ok(Value::Nil);
    }
    let handle = Builder::new(call.lua, "process")?.field("pid", pid)?.fd(fd)?.build()?;
    call.ok(handle)
}

fn process_exit_status(call: &Call<'_>) -> Outcome {
    let pid = call.handle(0)?.raw_get("pid")?;
    match call.fd(0)?.with(|fd| pidfd::exit_of(fd, pid))?? {
        Some(Ended::Exited(status)) => call.ok(status),
        Some(ended @ Ended::Signaled(number)) => call.ok((ended.status(), signal::name(number))),
        None => call.ok(()),
    }
}

fn start_time(call: &Call<'_>) -> Outcome {
    match pidfd::start_time(call.get(0)?) {
        Err(e) if matches!(e.errno, nix::errno::Errno::ENOENT | nix::errno::Errno::ESRCH) => call.ok(Value::Nil),
        time => call.ok(time?),
    }
}
