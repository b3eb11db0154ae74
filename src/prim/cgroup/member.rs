//! What a group does with its processes: takes them in, kills them, freezes them.

use mlua::Value;

use super::{BASE, ERRORS, GROUP, group};
use crate::sys::cgroup as sys;
use crate::vm::call::{Call, Fail, FdRef};
use crate::vm::registry::{Arg, Outcome, Primitive, Type, optional};

const PROCESS: Type = Type::Either(&[Type::Handle("child"), Type::Handle("process")]);
const TIMEOUT: Arg = optional("timeout", Type::Duration, "how long at most");

pub(super) const CGROUP_OF: Primitive = Primitive {
    name: "cgroup_of",
    doc: "Tells in which control group a process is, hierarchy by hierarchy (/proc/PID/cgroup, cgroups(7)).",
    args: &[optional("process", PROCESS, "a child or process handle; absent, the caller")],
    returns: "a table of controllers to paths, \"unified\" for v2; a hierarchy that is not mounted here is missing",
    errors: &[("ESRCH", "the process has ended"), ERRORS[4]],
    example: "print(tiny.cgroup_of().unified)",
    call: cgroup_of,
    ..BASE
};

pub(super) const CGROUP_ATTACH: Primitive = Primitive {
    name: "cgroup_attach",
    doc: "Moves a process with its threads into a control group (cgroup.procs, cgroups(7)). Its children stay where \
          they are. A child of `clone` is better born there: clone({ cgroup = group }, …).",
    args: &[GROUP, optional("process", PROCESS, "a child or process handle; absent, the caller itself")],
    method: Some(("cgroup", "attach")),
    errors: &[
        ("EBUSY", "a cgroup v2 that handed controllers down takes no process: attach to a child of it"),
        ("ESRCH", "the process has ended"),
        ("EOPNOTSUPP", "the group became a threaded one: a group above it has processes and controllers both"),
        ("ENOSPC", "the group's cpuset has no CPUs or no memory nodes: write cpuset.cpus and cpuset.mems first"),
        ERRORS[0],
        ERRORS[1],
        ERRORS[2],
    ],
    example: "local web <close> = tiny.cgroup(\"web\")\nlocal child <close> = tiny.fork(function() tiny.exec { \"sleep\", \"1\" } \
              end)\ntiny.cgroup_attach(web, child)\nchild:reap()",
    call: cgroup_attach,
    ..BASE
};

pub(super) const CGROUP_KILL: Primitive = Primitive {
    name: "cgroup_kill",
    doc: "Kills every process of a control group and of those below it with SIGKILL, and waits until none is left \
          (freezer, then pidfd_send_signal(2)). A frozen group is thawed by it. The file cgroup.kill is for groups \
          that go away (cgroup_del with kill): Linux 6.18 kills what `clone` puts into such a group later.",
    args: &[GROUP, TIMEOUT],
    returns: "true; false when the time is over",
    method: Some(("cgroup", "kill")),
    errors: &[("EDEADLK", "move the caller out of the group first"), ERRORS[0], ERRORS[1], ERRORS[2]],
    example: "local web <close> = tiny.cgroup(\"web\")\ntiny.cgroup_kill(web)",
    call: |c| {
        let done = group(c)?.kill(c.seconds(1)?, false)?;
        c.ok(done)
    },
    ..BASE
};

pub(super) const FREEZE: Primitive = Primitive {
    name: "freeze",
    doc: "Stops every process of a control group and of those below it, and waits until all have stopped \
          (cgroup.freeze, or v1's freezer.state). They do not notice; SIGKILL still ends them.",
    args: &[GROUP, TIMEOUT],
    returns: "true; false when the time is over: the last process stops later",
    method: Some(("cgroup", "freeze")),
    errors: &[("EDEADLK", "move the caller out of the group first"), ERRORS[0], ERRORS[1], ERRORS[2]],
    example: "local web <close> = tiny.cgroup(\"web\")\ntiny.freeze(web)\ntiny.thaw(web)",
    call: |c| frozen(c, true),
    ..BASE
};

pub(super) const THAW: Primitive = Primitive {
    name: "thaw",
    doc: "Lets the processes of a frozen control group go on.",
    args: &[GROUP, TIMEOUT],
    returns: "true; false when the time is over, or when a group above it is frozen",
    method: Some(("cgroup", "thaw")),
    example: "local web <close> = tiny.cgroup(\"web\")\ntiny.freeze(web)\ntiny.thaw(web)",
    call: |c| frozen(c, false),
    ..BASE
};

/// The pid of an optional process handle. The pidfd says afterwards that it was still the process.
fn process(call: &Call<'_>, i: usize) -> Result<Option<(i32, FdRef)>, Fail> {
    match call.arg_value(i) {
        Value::Table(process) => Ok(Some((process.raw_get("pid")?, FdRef::of(&process)?))),
        _ => Ok(None),
    }
}

fn alive(process: &Option<(i32, FdRef)>) -> Result<(), Fail> {
    match process {
        Some((_, fd)) => Ok(fd.with(|pidfd| crate::sys::pidfd::kill(pidfd, 0))??),
        None => Ok(()),
    }
}

fn cgroup_of(call: &Call<'_>) -> Outcome {
    let process = process(call, 0)?;
    let found = sys::cgroup_of(process.as_ref().map(|p| p.0))?;
    alive(&process)?;
    call.ok(call.lua.create_table_from(found)?)
}

fn cgroup_attach(call: &Call<'_>) -> Outcome {
    let process = process(call, 1)?;
    alive(&process)?;
    group(call)?.attach(process.as_ref().map(|p| p.0))?;
    call.ok(())
}

fn frozen(call: &Call<'_>, frozen: bool) -> Outcome {
    let done = group(call)?.set_frozen(frozen, call.seconds(1)?)?;
    call.ok(done)
}
