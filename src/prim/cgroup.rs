//! Control groups: limits, statistics, freezing. A group is a handle or its path; where a program
//! keeps its groups is not decided here.

use mlua::{IntoLua, Table, Value};

pub use crate::sys::cgroup::Placement;
use crate::sys::cgroup::{self as sys, Group};
use crate::vm::call::{Call, Fail, FdRef, to_seconds, to_size};
use crate::vm::handle::{self, Builder};
use crate::vm::registry::{Arg, Outcome, Primitive, Type, arg, opt, optional};

const BASE: Primitive = Primitive { family: "control groups", errors: ERRORS, ..Primitive::BASE };

const GROUP: Arg = arg(
    "group",
    Type::Either(&[Type::Handle("cgroup"), Type::Path]),
    "a cgroup handle, or a path from the top of every hierarchy as the caller sees it mounted",
);
const PROCESS: Type = Type::Either(&[Type::Handle("child"), Type::Handle("process")]);
const TIMEOUT: Arg = optional("timeout", Type::Duration, "how long at most");
const UNLIMITED: Type = Type::Word(&["unlimited"]);
const BYTES: Type = Type::Either(&[Type::Size, UNLIMITED]);

const ERRORS: &[(&str, &str)] = &[
    ("ENOENT", "tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers"),
    ("EACCES", "run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)"),
    ("EPERM", "run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)"),
    ("EROFS", "cgroups are mounted read-only here: mount a writable one first"),
    ("ENODEV", "`tinylua doctor` shows which controllers this host offers"),
];

/// The family's entries.
pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "cgroup",
        doc: "Makes a control group (cgroups(7)), on v1, v2 and hybrid hosts alike. Its path counts from the top of \
              every hierarchy as the caller sees it mounted, with or without a leading slash; inside a cgroup \
              namespace that is the namespace's root. Missing groups above it are made too and stay. On v1 it has a \
              folder only in the hierarchies of the controllers that it is given; a limit set later gives it the \
              controller then and moves its processes.",
        args: &[arg("path", Type::Path, "the new group: \"web\", \"tinylua/web\"")],
        options: &[
            opt(
                "parent",
                Type::Either(&[Type::Handle("cgroup"), Type::Path]),
                "the top",
                "the group below which the path counts",
            ),
            opt(
                "controllers",
                Type::List(&Type::Str),
                "none; each limit brings its own",
                "controllers to have from the start: \"memory\", \"pids\", \"cpu\", \"io\", \"cpuset\" …",
            ),
        ],
        returns: "a cgroup handle: `path`, `version` (\"v1\", \"v2\" or \"hybrid\"), `folders` (by controller, \"unified\" \
                  for v2); `<close>` removes the group, and fails with EBUSY while a process lives in it",
        errors: &[
            ("EBUSY", "a cgroup v2 with processes of its own cannot hand controllers down: choose another parent"),
            ERRORS[0],
            ERRORS[1],
            ERRORS[2],
            ERRORS[3],
            ERRORS[4],
        ],
        example: "local web <close> = tiny.cgroup(\"web\", { controllers = { \"memory\", \"pids\" } })",
        call: cgroup,
        ..BASE
    },
    Primitive {
        name: "open_cgroup",
        doc: "Opens a control group that is there already. Closing the handle leaves the group alone.",
        args: &[arg("path", Type::Path, "from the top of every hierarchy")],
        returns: "a cgroup handle",
        example: "local web = tiny.cgroup(\"web\"):keep()\ntiny.open_cgroup(\"web\"):set_pids_limit(64)\ntiny.cgroup_del(\"web\")",
        call: open_cgroup,
        ..BASE
    },
    Primitive {
        name: "cgroup_del",
        doc: "Removes a control group from every hierarchy (rmdir(2)). It kills nothing unless told to, and waits for \
              what is dying already.",
        args: &[GROUP],
        options: &[
            opt("recursive", Type::Bool, "false", "remove the groups below it too"),
            opt("kill", Type::Bool, "false", "kill every process in it and below it first; implies recursive"),
        ],
        errors: &[
            ("EBUSY", "end its processes first (tiny.cgroup_kill), or remove it with { kill = true }"),
            ("ENOENT", "there is no such group; it may be removed already"),
            ERRORS[1],
            ERRORS[2],
            ERRORS[3],
        ],
        example: "tiny.cgroup(\"web\"):keep()\ntiny.cgroup_del(\"web\", { kill = true })",
        call: cgroup_del,
        ..BASE
    },
    Primitive {
        name: "cgroup_of",
        doc: "Tells in which control group a process is, hierarchy by hierarchy (/proc/PID/cgroup, cgroups(7)).",
        args: &[optional("process", PROCESS, "a child or process handle; absent, the caller")],
        returns: "a table of controllers to paths, \"unified\" for v2; a hierarchy that is not mounted here is missing",
        errors: &[("ESRCH", "the process has ended"), ERRORS[4]],
        example: "print(tiny.cgroup_of().unified)",
        call: cgroup_of,
        ..BASE
    },
    Primitive {
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
    },
    Primitive {
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
    },
    Primitive {
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
    },
    Primitive {
        name: "thaw",
        doc: "Lets the processes of a frozen control group go on.",
        args: &[GROUP, TIMEOUT],
        returns: "true; false when the time is over, or when a group above it is frozen",
        method: Some(("cgroup", "thaw")),
        example: "local web <close> = tiny.cgroup(\"web\")\ntiny.freeze(web)\ntiny.thaw(web)",
        call: |c| frozen(c, false),
        ..BASE
    },
    Primitive {
        name: "set_memory_limit",
        doc: "Limits the memory of a control group; at the limit the kernel reclaims and then kills (memory.max, or v1's \
              memory.limit_in_bytes). The kernel rounds down to pages. Below what is in use now, v2 kills and v1 \
              refuses with EBUSY.",
        args: &[GROUP, arg("limit", BYTES, "bytes, or \"unlimited\"")],
        method: Some(("cgroup", "set_memory_limit")),
        example: "local web <close> = tiny.cgroup(\"web\")\ntiny.set_memory_limit(web, \"128m\")",
        call: set_memory_limit,
        ..BASE
    },
    Primitive {
        name: "set_swap_limit",
        doc: "Limits how much swap a control group uses beside its memory (memory.swap.max; on v1 the sum of both, \
              memory.memsw.limit_in_bytes, and so only after set_memory_limit). 0 forbids swap.",
        args: &[GROUP, arg("limit", BYTES, "bytes, or \"unlimited\"")],
        method: Some(("cgroup", "set_swap_limit")),
        example: "local web <close> = tiny.cgroup(\"web\")\ntiny.set_memory_limit(web, \"128m\")\ntiny.set_swap_limit(web, 0)",
        call: |c| {
            group(c)?.set_swap_limit(bytes(c)?)?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "set_cpu_limit",
        doc: "Limits the CPU time of a control group to so many processors' worth; beyond it the group waits for the next \
              period (cpu.max, or v1's cpu.cfs_quota_us).",
        args: &[
            GROUP,
            arg("cpus", Type::Either(&[Type::Number, UNLIMITED]), "0.5 is half of one processor; or \"unlimited\""),
        ],
        options: &[opt(
            "period",
            Type::Duration,
            "the group's own, 100ms at first",
            "the stretch in which the time is counted, 1ms to 1s",
        )],
        method: Some(("cgroup", "set_cpu_limit")),
        errors: &[
            ("EINVAL", "the quota is below 1 ms in a period, or a group above it has a smaller share"),
            ERRORS[0],
            ERRORS[1],
            ERRORS[2],
            ERRORS[4],
        ],
        example: "local web <close> = tiny.cgroup(\"web\")\ntiny.set_cpu_limit(web, 0.5, { period = \"50ms\" })",
        call: set_cpu_limit,
        ..BASE
    },
    Primitive {
        name: "set_pids_limit",
        doc: "Limits the processes and threads of a control group; at the limit clone(2) fails with EAGAIN (pids.max).",
        args: &[GROUP, arg("count", Type::Either(&[Type::Int, UNLIMITED]), "at least 1, or \"unlimited\"")],
        method: Some(("cgroup", "set_pids_limit")),
        example: "local web <close> = tiny.cgroup(\"web\")\ntiny.set_pids_limit(web, 64)",
        call: set_pids_limit,
        ..BASE
    },
    Primitive {
        name: "cgroup_stats",
        doc: "Tells what a control group uses and what its limits did. What happened stays readable after its processes \
              have ended, as long as the group is there.",
        args: &[GROUP],
        returns: "a table: memory, memory_peak, memory_limit, swap, swap_limit (bytes), oom_kills, pids, pids_limit, \
                  pids_refused (forks), cpu_seconds, throttled (periods), throttled_seconds, populated, frozen; what \
                  nothing counts or limits is missing",
        method: Some(("cgroup", "stats")),
        example: "local web <close> = tiny.cgroup(\"web\", { controllers = { \"memory\" } })\n\
                  print(tiny.cgroup_stats(web).memory)",
        call: cgroup_stats,
        ..BASE
    },
    Primitive {
        name: "cgroup_read",
        doc: "Reads a control file of a control group as text (cgroups(7)); the file's name begins with its controller, \
              and is the kernel's on this host: v1 and v2 differ.",
        args: &[GROUP, arg("file", Type::Str, "\"memory.stat\", \"cgroup.procs\" …")],
        returns: "a string",
        method: Some(("cgroup", "read")),
        example: "local web <close> = tiny.cgroup(\"web\")\nprint(tiny.cgroup_read(web, \"cgroup.procs\"))",
        call: |c| {
            let text = group(c)?.read(&c.str(1)?)?;
            c.ok(text)
        },
        ..BASE
    },
    Primitive {
        name: "cgroup_write",
        doc: "Writes control files of a control group, for what has no primitive of its own (cgroups(7)): each name with \
              its value, as the kernel takes it.",
        args: &[GROUP, arg("files", Type::Map(&Type::Str), "names to values, written in the order of the names")],
        method: Some(("cgroup", "write")),
        example: "local web <close> = tiny.cgroup(\"web\")\nif web.version == \"v2\" then\n  \
                  tiny.cgroup_write(web, { [\"memory.high\"] = \"67108864\", [\"cpu.weight\"] = \"50\" })\nend",
        call: cgroup_write,
        ..BASE
    },
];

/// The placement that `clone`'s `cgroup` option asks for; `None` without a cgroup handle there.
pub fn placement(call: &Call<'_>) -> Result<Option<Placement>, Fail> {
    match call.value("cgroup") {
        Value::Table(table) if handle::kind(&table).as_deref() == Some("cgroup") => {
            Ok(Some(Group::at(&path_of(&Value::Table(table))?)?.placement()?))
        }
        _ => Ok(None),
    }
}

/// The path of a handle or of a string.
fn path_of(value: &Value) -> Result<String, Fail> {
    let path = match value {
        Value::Table(table) if table.raw_get::<bool>("closed")? => {
            return Err(Fail::Usage("the cgroup handle is closed".into()));
        }
        Value::Table(table) => table.raw_get::<String>("path")?,
        Value::String(text) => text.to_string_lossy(),
        _ => String::new(),
    };
    sys::normal(&path).map_err(Fail::Usage)
}

fn group(call: &Call<'_>) -> Result<Group, Fail> {
    Ok(Group::at(&path_of(&call.arg_value(0))?)?)
}

fn cgroup(call: &Call<'_>) -> Outcome {
    let name = call.str(0)?;
    let path = match call.value("parent") {
        Value::Nil => name,
        // The top itself is a parent too, though it is no group that one can work on.
        Value::String(top) if top.as_bytes().iter().all(|b| *b == b'/') => name,
        parent => format!("{}/{name}", path_of(&parent)?),
    };
    let path = sys::normal(&path).map_err(Fail::Usage)?;
    let group = Group::at(&path)?;
    group.create(&call.opt::<Vec<String>>("controllers")?.unwrap_or_default())?;
    let options = call.lua.create_table_from([("recursive", true)])?;
    let undo = ["cgroup_del".into_lua(call.lua)?, path.into_lua(call.lua)?, Value::Table(options)];
    let handle = describe(call, &group)?.field("undo", call.lua.create_sequence_from(undo)?)?;
    call.ok(handle.build()?)
}

fn open_cgroup(call: &Call<'_>) -> Outcome {
    let group = group(call)?;
    group.stats()?;
    call.ok(describe(call, &group)?.build()?)
}

fn describe<'a>(call: &Call<'a>, group: &Group) -> Result<Builder<'a>, Fail> {
    let folders = call.lua.create_table()?;
    for (name, folder) in group.folders() {
        folders.raw_set(name, folder.to_string_lossy().as_ref())?;
    }
    let builder = Builder::new(call.lua, "cgroup")?.field("path", group.path())?.field("version", group.version())?;
    builder.field("folders", folders)
}

fn cgroup_del(call: &Call<'_>) -> Outcome {
    let group = group(call)?;
    let kill = call.flag("kill");
    if kill {
        group.kill(None, true)?;
    }
    group.remove(kill || call.flag("recursive"))?;
    call.ok(())
}

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

fn is_unlimited(value: &Value) -> bool {
    matches!(value, Value::String(s) if &*s.as_bytes() == b"unlimited")
}

/// A limit in bytes, `None` for none.
fn bytes(call: &Call<'_>) -> Result<Option<u64>, Fail> {
    let value = call.arg_value(1);
    if is_unlimited(&value) { Ok(None) } else { to_size(&value).map(Some).map_err(Fail::Usage) }
}

fn set_memory_limit(call: &Call<'_>) -> Outcome {
    let limit = bytes(call)?;
    let page = sys::page_size();
    if let Some(limit) = limit.filter(|n| *n < page) {
        return Err(Fail::Usage(format!("limit: {limit} is less than one page of {page} bytes: nothing could run")));
    }
    group(call)?.set_memory_limit(limit)?;
    call.ok(())
}

fn set_cpu_limit(call: &Call<'_>) -> Outcome {
    let cpus = match call.arg_value(1) {
        value if is_unlimited(&value) => None,
        _ => Some(call.get::<f64>(1)?),
    };
    if let Some(cpus) = cpus.filter(|n| !(n.is_finite() && *n > 0.0)) {
        return Err(Fail::Usage(format!("cpus: {cpus} is no share; give a number above 0, or \"unlimited\"")));
    }
    let period = match call.value("period") {
        Value::Nil => None,
        value => Some((to_seconds(&value).map_err(Fail::Usage)? * 1e6).round() as u64),
    };
    if period.is_some_and(|p| p < sys::PERIOD_RANGE.0 || p > sys::PERIOD_RANGE.1) {
        return Err(Fail::Usage("option \"period\": the kernel takes 1ms to 1s".into()));
    }
    group(call)?.set_cpu_limit(cpus, period)?;
    call.ok(())
}

fn set_pids_limit(call: &Call<'_>) -> Outcome {
    let count = match call.arg_value(1) {
        value if is_unlimited(&value) => None,
        _ => Some(call.get::<i64>(1)?),
    };
    if let Some(count) = count.filter(|n| *n < 1) {
        return Err(Fail::Usage(format!("count: {count} allows no process at all; give at least 1, or \"unlimited\"")));
    }
    group(call)?.set_pids_limit(count.map(i64::unsigned_abs))?;
    call.ok(())
}

fn cgroup_stats(call: &Call<'_>) -> Outcome {
    let stats = group(call)?.stats()?;
    let table: Table = call.lua.create_table_with_capacity(0, 16)?;
    table.raw_set("memory", stats.memory)?;
    table.raw_set("memory_peak", stats.memory_peak)?;
    table.raw_set("memory_limit", stats.memory_limit)?;
    table.raw_set("swap", stats.swap)?;
    table.raw_set("swap_limit", stats.swap_limit)?;
    table.raw_set("oom_kills", stats.oom_kills)?;
    table.raw_set("pids", stats.pids)?;
    table.raw_set("pids_limit", stats.pids_limit)?;
    table.raw_set("pids_refused", stats.pids_refused)?;
    table.raw_set("cpu_seconds", stats.cpu_seconds)?;
    table.raw_set("throttled", stats.throttled)?;
    table.raw_set("throttled_seconds", stats.throttled_seconds)?;
    table.raw_set("populated", stats.populated)?;
    table.raw_set("frozen", stats.frozen)?;
    call.ok(table)
}

fn cgroup_write(call: &Call<'_>) -> Outcome {
    let group = group(call)?;
    let mut files: Vec<(String, String)> = call.handle(1)?.pairs().collect::<mlua::Result<_>>()?;
    files.sort();
    for (name, value) in files {
        group.write(&name, &value)?;
    }
    call.ok(())
}
