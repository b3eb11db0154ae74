//! The processes of a cgroup: attaching, killing, freezing.

use mlua::Value;

use super::{BASE, ERRORS, GROUP, group};
use crate::sys::cgroup as sys;
use crate::vm::call::{Call, Fail, FdRef};
use crate::vm::registry::{Arg, Effect, Outcome, Primitive, Type, optional};

const PROCESS: Type = Type::Either(&[Type::Handle("child"), Type::Handle("process")]);
const TIMEOUT: Arg = optional("timeout", Type::Duration, "the longest time to wait");

pub(super) const CGROUP_OF: Primitive = Primitive {
    name: "cgroup_of",
    effect: Effect::Reads,
    doc: "Returns the cgroup of a process in each hierarchy (/proc/PID/cgroup, cgroups(7)).",
    args: &[optional("process", PROCESS, "a child or process handle; the caller when absent")],
    returns: "a table that maps controllers to paths, \"unified\" for v2; hierarchies that are not mounted here are \
              left out",
    errors: &[("ESRCH", "the process has ended"), ERRORS[4]],
    example: "print(tiny.cgroup_of().unified)",
    call: cgroup_of,
    ..BASE
};

pub(super) const CGROUP_ATTACH: Primitive = Primitive {
    name: "cgroup_attach",
    doc: "Moves a process with all its threads into a cgroup (cgroup.procs, cgroups(7)). Its children are not moved. \
          To start a child in a cgroup, pass the cgroup to `clone`: clone({ cgroup = group }, …).",
    args: &[GROUP, optional("process", PROCESS, "a child or process handle; the caller when absent")],
    method: Some(("cgroup", "attach")),
    errors: &[
        (
            "EBUSY",
            "a v2 cgroup that enables controllers for its children takes no processes: attach to one of its children",
        ),
        ("ESRCH", "the process has ended"),
        ("EOPNOTSUPP", "the cgroup has become threaded, because a cgroup above it has both processes and controllers"),
        ("ENOSPC", "the cgroup's cpuset has no CPUs or no memory nodes: write cpuset.cpus and cpuset.mems first"),
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
    undoes: true,
    doc: "Kills every process in a cgroup and below it with SIGKILL, and waits until none is left. It freezes the \
          cgroup and uses pidfd_send_signal(2); a frozen cgroup is thawed. The file cgroup.kill is used only when the \
          cgroup is removed (cgroup_del with kill), since Linux 6.18 also kills what `clone` later puts into such a \
          cgroup.",
    args: &[GROUP, TIMEOUT],
    returns: "true; false when the timeout expires",
    method: Some(("cgroup", "kill")),
    errors: &[("EDEADLK", "move the caller out of the cgroup first"), ERRORS[0], ERRORS[1], ERRORS[2]],
    example: "local web <close> = tiny.cgroup(\"web\")\ntiny.cgroup_kill(web)",
    call: |c| {
        let done = group(c)?.kill(c.seconds(1)?, false)?;
        c.ok(done)
    },
    ..BASE
};

pub(super) const CGROUP_FREEZE: Primitive = Primitive {
    name: "cgroup_freeze",
    formerly: &[("freeze", "0.2")],
    doc: "Freezes every process in a cgroup and below it, and waits until all are frozen (cgroup.freeze; on v1 \
          freezer.state). The processes are not notified; SIGKILL still ends them.",
    args: &[GROUP, TIMEOUT],
    returns: "true; false when the timeout expires: the remaining processes freeze later",
    method: Some(("cgroup", "freeze")),
    errors: &[("EDEADLK", "move the caller out of the cgroup first"), ERRORS[0], ERRORS[1], ERRORS[2]],
    example: "local web <close> = tiny.cgroup(\"web\")\ntiny.freeze(web)\ntiny.thaw(web)",
    call: |c| frozen(c, true),
    ..BASE
};

pub(super) const CGROUP_THAW: Primitive = Primitive {
    name: "cgroup_thaw",
    formerly: &[("thaw", "0.2")],
    doc: "Resumes the processes of a frozen cgroup.",
    args: &[GROUP, TIMEOUT],
    returns: "true; false when the timeout expires or a cgroup above it is frozen",
    method: Some(("cgroup", "thaw")),
    example: "local web <close> = tiny.cgroup(\"web\")\ntiny.freeze(web)\ntiny.thaw(web)",
    call: |c| frozen(c, false),
    ..BASE
};

/// The pid of an optional process handle. Its pidfd confirms afterwards that the pid was not reused.
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
