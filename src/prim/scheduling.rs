//! How the calling process is scheduled: CPU, I/O and memory. What these primitives set, its children inherit.

use crate::sys::scheduling::{self as sys, Attributes};
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Outcome, Primitive, Type, arg, need, opt, range};

const BASE: Primitive = Primitive { family: "processes", ..Primitive::BASE };

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "set_scheduler",
        doc: "Sets the scheduling policy of the calling process (sched_setattr(2), sched(7)).",
        options: &[
            need("policy", Type::Word(sys::POLICIES), "the policy; Linux reserves \"iso\" and has not got it"),
            opt("nice", Type::Range(-20, 19), "0", "the nice value of \"other\" and \"batch\""),
            opt("priority", Type::Range(0, 99), "0", "the priority of \"fifo\" and \"rr\", from 1 to 99"),
            opt("flags", Type::List(&Type::Word(sys::FLAGS)), "none", "flags of sched_setattr(2)"),
            opt("runtime", range::COUNT, "0", "nanoseconds of CPU time in each period of \"deadline\""),
            opt("deadline", range::COUNT, "0", "nanoseconds in which the process gets `runtime`"),
            opt("period", range::COUNT, "`deadline`", "nanoseconds from one period to the next"),
        ],
        errors: &[
            (
                "EPERM",
                "a higher priority needs CAP_SYS_NICE, or the limits `rtprio` and `nice` (setrlimit); \"deadline\" also needs all \
                 CPUs of the cpuset",
            ),
            ("EINVAL", "the policy does not exist, or not with these values (sched_setattr(2))"),
            ("EBUSY", "the CPUs have no such bandwidth left for \"deadline\""),
        ],
        example: "tiny.set_scheduler { policy = \"batch\", nice = 10 }",
        call: set_scheduler,
        ..BASE
    },
    Primitive {
        name: "set_io_priority",
        doc: "Sets the I/O scheduling class and priority of the calling process (ioprio_set(2)).",
        options: &[
            need("class", Type::Word(sys::IO_CLASSES), "the class"),
            opt("priority", Type::Range(0, 7), "0", "the priority in this class; 0 is the highest"),
        ],
        errors: &[("EPERM", "\"realtime\" needs CAP_SYS_NICE")],
        example: "tiny.set_io_priority { class = \"best-effort\", priority = 7 }",
        call: |c| {
            sys::set_io_priority(&word(c, "class")?, c.opt("priority")?.unwrap_or_default())?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "set_cpu_affinity",
        doc: "Limits the calling process to the given CPUs (sched_setaffinity(2)). CPUs that do not exist or are not in \
              the cpuset of the cgroup are left out.",
        args: &[arg("cpus", Type::Str, "numbers and ranges, such as \"0-3,7\"")],
        errors: &[("EINVAL", "the process may use none of these CPUs")],
        example: "tiny.set_cpu_affinity(\"0\")",
        call: |c| {
            let cpus = sys::mask(&c.str(0)?).map_err(|e| Fail::Usage(format!("cpus: {e}")))?;
            sys::set_cpu_affinity(&cpus)?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "personality",
        doc: "Sets the execution domain of the calling process (personality(2)).",
        options: &[need("domain", Type::Word(sys::DOMAINS), "\"LINUX32\": uname(2) shows a 32-bit machine")],
        example: "tiny.personality { domain = \"LINUX32\" }",
        call: |c| {
            sys::set_personality(&word(c, "domain")?)?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "set_memory_policy",
        doc: "Sets from which NUMA nodes the calling process gets its memory (set_mempolicy(2)).",
        options: &[
            need("mode", Type::Word(sys::MEMORY_MODES), "the mode"),
            opt("nodes", Type::Str, "none", "numbers and ranges of nodes, such as \"0-1\""),
            opt("flags", Type::List(&Type::Word(sys::MEMORY_FLAGS)), "none", "how the nodes are read, and balanced"),
        ],
        errors: &[
            ("EINVAL", "the nodes do not exist, the mode needs or takes none, or this kernel lacks the mode or a flag"),
            ("ENOSYS", "the kernel has no NUMA support (CONFIG_NUMA)"),
        ],
        example: "tiny.set_memory_policy { mode = \"bind\", nodes = \"0\" }",
        call: set_memory_policy,
        ..BASE
    },
];

fn word(call: &Call<'_>, option: &str) -> Result<String, Fail> {
    Ok(call.opt(option)?.unwrap_or_default())
}

fn flags(call: &Call<'_>) -> Result<Vec<String>, Fail> {
    Ok(call.opt("flags")?.unwrap_or_default())
}

fn set_scheduler(call: &Call<'_>) -> Outcome {
    let time = |name| call.opt::<u64>(name).map(Option::unwrap_or_default);
    let attributes = Attributes {
        nice: call.opt("nice")?.unwrap_or_default(),
        priority: call.opt("priority")?.unwrap_or_default(),
        runtime: time("runtime")?,
        deadline: time("deadline")?,
        period: time("period")?,
        ..Attributes::default()
    };
    sys::set_scheduler(&word(call, "policy")?, &flags(call)?, attributes)?;
    call.ok(())
}

fn set_memory_policy(call: &Call<'_>) -> Outcome {
    let nodes = sys::mask(&word(call, "nodes")?).map_err(|e| Fail::Usage(format!("option \"nodes\": {e}")))?;
    sys::set_memory_policy(&word(call, "mode")?, &flags(call)?, &nodes)?;
    call.ok(())
}
