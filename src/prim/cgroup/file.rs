//! Control files of a cgroup: its usage figures, and files without a primitive of their own.

use mlua::Table;

use super::{BASE, GROUP, group};
use crate::vm::call::Call;
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, opt};

pub(super) const CGROUP_STATS: Primitive = Primitive {
    name: "cgroup_stats",
    effect: Effect::Plumbing,
    doc: "Returns the resource usage of a cgroup and how often its limits took effect. The figures stay readable after \
          its processes have ended, until the cgroup is removed.",
    args: &[GROUP],
    options: &[opt(
        "totals",
        Type::Bool,
        "false",
        "only what accumulates and stays to the end: memory_peak, oom_kills, pids_peak, CPU time and I/O",
    )],
    returns: "a table: memory, memory_peak, memory_limit, swap, swap_limit (bytes), oom_kills, pids, pids_peak, \
              pids_limit, pids_refused (failed forks), cpu_seconds, user_seconds, system_seconds, throttled (periods), \
              throttled_seconds, read_bytes, write_bytes, reads, writes (of block devices), populated, frozen; a field is \
              absent where no controller counts it or no limit is set",
    method: Some(("cgroup", "stats")),
    example: "local web <close> = tiny.cgroup(\"web\", { controllers = { \"memory\" } })\n\
              print(tiny.cgroup_stats(web).memory)",
    call: cgroup_stats,
    ..BASE
};

pub(super) const CGROUP_READ: Primitive = Primitive {
    name: "cgroup_read",
    effect: Effect::Plumbing,
    doc: "Reads a control file of a cgroup as text (cgroups(7)). The file name starts with its controller and is the \
          one of this host: v1 and v2 differ.",
    args: &[GROUP, arg("file", Type::Str, "\"memory.stat\", \"cgroup.procs\" …")],
    returns: "a string",
    method: Some(("cgroup", "read")),
    example: "local web <close> = tiny.cgroup(\"web\")\nprint(tiny.cgroup_read(web, \"cgroup.procs\"))",
    call: |c| {
        let text = group(c)?.read(&c.str(1)?)?;
        c.ok(text)
    },
    ..BASE
};

pub(super) const CGROUP_WRITE: Primitive = Primitive {
    name: "cgroup_write",
    doc: "Writes control files of a cgroup that have no specific primitive (cgroups(7)). Each value is written as \
          it is.",
    args: &[
        GROUP,
        arg("files", Type::Map(&Type::Str), "file names and their values, written in the order of the names"),
    ],
    method: Some(("cgroup", "write")),
    example: "local web <close> = tiny.cgroup(\"web\")\nif web.version == \"v2\" then\n  \
              tiny.cgroup_write(web, { [\"memory.high\"] = \"67108864\", [\"cpu.weight\"] = \"50\" })\nend",
    call: cgroup_write,
    ..BASE
};

fn cgroup_stats(call: &Call<'_>) -> Outcome {
    let totals = call.flag("totals");
    let group = group(call)?;
    let stats = if totals { group.totals()? } else { group.stats()? };
    let table: Table = call.lua.create_table_with_capacity(0, 24)?;
    table.raw_set("memory", stats.memory)?;
    table.raw_set("memory_peak", stats.memory_peak)?;
    table.raw_set("memory_limit", stats.memory_limit)?;
    table.raw_set("swap", stats.swap)?;
    table.raw_set("swap_limit", stats.swap_limit)?;
    table.raw_set("oom_kills", stats.oom_kills)?;
    table.raw_set("pids", stats.pids)?;
    table.raw_set("pids_limit", stats.pids_limit)?;
    table.raw_set("pids_refused", stats.pids_refused)?;
    table.raw_set("pids_peak", stats.pids_peak)?;
    table.raw_set("cpu_seconds", stats.cpu_seconds)?;
    table.raw_set("user_seconds", stats.user_seconds)?;
    table.raw_set("system_seconds", stats.system_seconds)?;
    table.raw_set("read_bytes", stats.read_bytes)?;
    table.raw_set("write_bytes", stats.write_bytes)?;
    table.raw_set("reads", stats.reads)?;
    table.raw_set("writes", stats.writes)?;
    table.raw_set("throttled", stats.throttled)?;
    table.raw_set("throttled_seconds", stats.throttled_seconds)?;
    if !totals {
        table.raw_set("populated", stats.populated)?;
        table.raw_set("frozen", stats.frozen)?;
    }
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
