//! A group's own files: what it uses, and what has no primitive of its own.

use mlua::Table;

use super::{BASE, GROUP, group};
use crate::vm::call::Call;
use crate::vm::registry::{Outcome, Primitive, Type, arg};

pub(super) const CGROUP_STATS: Primitive = Primitive {
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
};

pub(super) const CGROUP_READ: Primitive = Primitive {
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
};

pub(super) const CGROUP_WRITE: Primitive = Primitive {
    name: "cgroup_write",
    doc: "Writes control files of a control group, for what has no primitive of its own (cgroups(7)): each name with \
          its value, as the kernel takes it.",
    args: &[GROUP, arg("files", Type::Map(&Type::Str), "names to values, written in the order of the names")],
    method: Some(("cgroup", "write")),
    example: "local web <close> = tiny.cgroup(\"web\")\nif web.version == \"v2\" then\n  \
              tiny.cgroup_write(web, { [\"memory.high\"] = \"67108864\", [\"cpu.weight\"] = \"50\" })\nend",
    call: cgroup_write,
    ..BASE
};

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
