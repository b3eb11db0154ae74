//! Resource limits of a cgroup.

use mlua::Value;

use super::{BASE, ERRORS, GROUP, group};
use crate::sys::cgroup as sys;
use crate::vm::call::{Call, Fail, to_seconds, to_size};
use crate::vm::registry::{Outcome, Primitive, Type, arg, opt, range};

const UNLIMITED: Type = Type::Word(&["unlimited"]);
const BYTES: Type = Type::Either(&[Type::Size, UNLIMITED]);

pub(super) const SET_MEMORY_LIMIT: Primitive = Primitive {
    name: "set_memory_limit",
    doc: "Limits the memory of a cgroup; at the limit the kernel reclaims pages and then kills a process (memory.max; \
          on v1 memory.limit_in_bytes). The kernel rounds the limit down to whole pages. If the cgroup already uses \
          more, v2 kills and v1 fails with EBUSY.",
    args: &[GROUP, arg("limit", BYTES, "bytes, or \"unlimited\"")],
    method: Some(("cgroup", "set_memory_limit")),
    example: "local web <close> = tiny.cgroup(\"web\")\ntiny.set_memory_limit(web, \"128m\")",
    call: set_memory_limit,
    ..BASE
};

pub(super) const SET_SWAP_LIMIT: Primitive = Primitive {
    name: "set_swap_limit",
    doc: "Limits the swap that a cgroup uses in addition to its memory (memory.swap.max). On v1 the limit is the sum \
          of both (memory.memsw.limit_in_bytes), so call set_memory_limit first. 0 disables swap.",
    args: &[GROUP, arg("limit", BYTES, "bytes, or \"unlimited\"")],
    method: Some(("cgroup", "set_swap_limit")),
    example: "local web <close> = tiny.cgroup(\"web\")\ntiny.set_memory_limit(web, \"128m\")\ntiny.set_swap_limit(web, 0)",
    call: |c| {
        group(c)?.set_swap_limit(bytes(c)?)?;
        c.ok(())
    },
    ..BASE
};

pub(super) const SET_CPU_LIMIT: Primitive = Primitive {
    name: "set_cpu_limit",
    doc: "Limits the CPU time of a cgroup to a number of processors; above it the processes are throttled until the \
          next period (cpu.max; on v1 cpu.cfs_quota_us).",
    args: &[
        GROUP,
        arg(
            "cpus",
            Type::Either(&[Type::Number, UNLIMITED]),
            "the number of processors, for example 0.5; or \"unlimited\"",
        ),
    ],
    options: &[opt(
        "period",
        Type::Duration,
        "the current period, 100ms at first",
        "the period over which CPU time is counted, 1ms to 1s",
    )],
    method: Some(("cgroup", "set_cpu_limit")),
    errors: &[
        ("EINVAL", "the quota is below 1 ms per period, or a parent cgroup has a smaller share"),
        ERRORS[0],
        ERRORS[1],
        ERRORS[2],
        ERRORS[4],
    ],
    example: "local web <close> = tiny.cgroup(\"web\")\ntiny.set_cpu_limit(web, 0.5, { period = \"50ms\" })",
    call: set_cpu_limit,
    ..BASE
};

pub(super) const SET_PIDS_LIMIT: Primitive = Primitive {
    name: "set_pids_limit",
    doc: "Limits the number of processes and threads in a cgroup; at the limit clone(2) fails with EAGAIN (pids.max).",
    args: &[GROUP, arg("count", Type::Either(&[range::COUNT, UNLIMITED]), "at least 1, or \"unlimited\"")],
    method: Some(("cgroup", "set_pids_limit")),
    example: "local web <close> = tiny.cgroup(\"web\")\ntiny.set_pids_limit(web, 64)",
    call: set_pids_limit,
    ..BASE
};

fn is_unlimited(value: &Value) -> bool {
    matches!(value, Value::String(s) if &*s.as_bytes() == b"unlimited")
}

/// A limit in bytes; `None` means unlimited.
fn bytes(call: &Call<'_>) -> Result<Option<u64>, Fail> {
    let value = call.arg_value(1);
    if is_unlimited(&value) { Ok(None) } else { to_size(&value).map(Some).map_err(Fail::Usage) }
}

fn set_memory_limit(call: &Call<'_>) -> Outcome {
    let limit = bytes(call)?;
    let page = sys::page_size();
    if let Some(limit) = limit.filter(|n| *n < page) {
        return Err(Fail::Usage(format!("limit: {limit} is less than one page of {page} bytes: no process could run")));
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
        return Err(Fail::Usage(format!("cpus: {cpus} is not a number above 0; give one, or \"unlimited\"")));
    }
    let period = match call.value("period") {
        Value::Nil => None,
        value => Some((to_seconds(&value).map_err(Fail::Usage)? * 1e6).round() as u64),
    };
    if period.is_some_and(|p| p < sys::PERIOD_RANGE.0 || p > sys::PERIOD_RANGE.1) {
        return Err(Fail::Usage("option \"period\": must be 1ms to 1s".into()));
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
        return Err(Fail::Usage(format!("count: {count} allows no process; give at least 1, or \"unlimited\"")));
    }
    group(call)?.set_pids_limit(count.map(i64::unsigned_abs))?;
    call.ok(())
}
