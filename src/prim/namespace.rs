//! Namespaces: creating, joining, and namespaces as handles.

use mlua::{Table, Value};
use nix::errno::Errno;

use crate::sys::namespace as sys;
use crate::vm::call::{Call, Fail, FdRef};
use crate::vm::handle::{self, Builder};
use crate::vm::registry::{Effect, Opt, Outcome, Primitive, Type, arg, opt, optional};

const BASE: Primitive = Primitive { family: "namespaces", ..Primitive::BASE };

const EPERM: (&str, &str) =
    ("EPERM", "needs CAP_SYS_ADMIN: run as root, or create a user namespace first (user = true)");
const ENOSPC: (&str, &str) =
    ("ENOSPC", "a limit in /proc/sys/user/max_*_namespaces is reached or is 0 (`tinylua doctor`)");
/// The error of every call that enters a container from an unsealed program.
pub const SEALED: (&str, &str) = ("EACCES", "call tiny.seal() first; the commands that run recipes do so themselves");
const OFFSETS: &[Opt] = &[
    opt("monotonic", Type::Duration, "0", "offset of CLOCK_MONOTONIC"),
    opt("boottime", Type::Duration, "0", "offset of CLOCK_BOOTTIME"),
];

/// The namespace keys of `unshare`, `clone` and `setns`, in the order of namespaces(7).
pub const NAMESPACE_KEYS: [&str; 8] = ["user", "pid", "net", "mount", "uts", "ipc", "cgroup", "time"];

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "unshare",
        doc: "Moves the calling process into new namespaces; new `pid` and `time` namespaces are entered only by \
              children forked later (unshare(2)).",
        options: &[
            opt("user", Type::Bool, "", "a new user namespace, whose root is the caller; setgroups(2) is denied"),
            opt("pid", Type::Bool, "", "a new pid namespace for future children"),
            opt("net", Type::Bool, "", "a new network namespace"),
            opt("mount", Type::Bool, "", "a new mount namespace"),
            opt("uts", Type::Bool, "", "a new UTS namespace: hostname and domain name"),
            opt("ipc", Type::Bool, "", "a new IPC namespace: System V IPC and POSIX message queues"),
            opt("cgroup", Type::Bool, "", "a new cgroup namespace"),
            opt("time", Type::Bool, "", "a new time namespace for future children"),
        ],
        errors: &[EPERM, ENOSPC, SEALED],
        example: "tiny.unshare { uts = true, mount = true }",
        call: unshare,
        ..BASE
    },
    Primitive {
        name: "setns",
        doc: "Joins one namespace, or several namespaces of one process at once (setns(2)).",
        args: &[arg(
            "target",
            Type::Either(&[Type::Handle("namespace"), Type::Handle("child"), Type::Handle("process")]),
            "a namespace handle; or a process handle, with the namespaces as options",
        )],
        options: &[
            opt("user", Type::Bool, "", "join the process's user namespace"),
            opt("pid", Type::Bool, "", "future children join its pid namespace"),
            opt("net", Type::Bool, "", "join its network namespace"),
            opt("mount", Type::Bool, "", "join its mount namespace"),
            opt("uts", Type::Bool, "", "join its UTS namespace"),
            opt("ipc", Type::Bool, "", "join its IPC namespace"),
            opt("cgroup", Type::Bool, "", "join its cgroup namespace"),
            opt("time", Type::Bool, "", "join its time namespace"),
        ],
        errors: &[
            EPERM,
            ("EINVAL", "this process cannot join a namespace of this kind, or it is its own user namespace"),
            ("ESRCH", "the process has ended"),
            SEALED,
        ],
        example: "local web <close> = tiny.netns()\ntiny.setns(web)",
        call: setns,
        ..BASE
    },
    Primitive {
        name: "netns",
        doc: "Creates a network namespace as a handle, before any process is in it (network_namespaces(7)).",
        options: &[opt("user", Type::Handle("userns"), "the caller's own", "the user namespace that owns it")],
        returns: "a netns handle",
        errors: &[EPERM, ENOSPC],
        example: "local web <close> = tiny.netns()\ntiny.link_set(\"lo\", { netns = web, up = true })",
        call: netns,
        ..BASE
    },
    Primitive {
        name: "utsns",
        doc: "Creates a UTS namespace (hostname and domain name) as a handle (uts_namespaces(7)).",
        returns: "a utsns handle",
        errors: &[EPERM, ENOSPC],
        example: "local names <close> = tiny.utsns()",
        call: |c| created(c, "uts", &[]),
        ..BASE
    },
    Primitive {
        name: "ipcns",
        doc: "Creates an IPC namespace (System V IPC, POSIX message queues) as a handle (ipc_namespaces(7)).",
        returns: "an ipcns handle",
        errors: &[EPERM, ENOSPC],
        example: "local shared <close> = tiny.ipcns()",
        call: |c| created(c, "ipc", &[]),
        ..BASE
    },
    Primitive {
        name: "timens",
        doc: "Creates a time namespace as a handle, with the given clock offsets (time_namespaces(7)).",
        options: OFFSETS,
        returns: "a timens handle",
        errors: &[EPERM, ENOSPC, ("EINVAL", "the kernel has no time namespaces (5.6 or newer, CONFIG_TIME_NS)")],
        example: "local later <close> = tiny.timens { boottime = \"7d\" }",
        call: timens,
        ..BASE
    },
    Primitive {
        name: "open_ns",
        effect: Effect::Plumbing,
        doc: "Opens an existing namespace, by its file or of a process (namespaces(7)).",
        args: &[
            arg("kind", Type::Word(&NAMESPACE_KEYS), "the kind of namespace"),
            optional(
                "of",
                Type::Either(&[Type::Path, Type::Handle("child"), Type::Handle("process")]),
                "a path such as /run/netns/web, or a process handle; the caller's own namespace when absent",
            ),
        ],
        returns: "a namespace handle: netns, mountns, …",
        errors: &[
            ("ENOENT", "there is no such file; `ip netns list` shows the named network namespaces"),
            ("EINVAL", "the path is not a namespace file of this kind"),
            ("ESRCH", "the process has ended"),
        ],
        example: "local host <close> = tiny.open_ns(\"net\")",
        call: open_ns,
        ..BASE
    },
];

/// The CLONE_NEW* flags of the keys that are `true`.
pub fn new_flags(call: &Call<'_>) -> u64 {
    NAMESPACE_KEYS.iter().filter(|k| call.flag(k)).filter_map(|k| sys::flag(k)).fold(0, |all, f| all | f)
}

/// The namespaces to join: the keys that hold a handle. User comes first, since it grants the capabilities for the
/// others, and mount last, since it changes what /proc shows.
pub fn joined(call: &Call<'_>) -> Result<Vec<(FdRef, u64)>, Fail> {
    const ORDER: [&str; 8] = ["user", "pid", "net", "uts", "ipc", "cgroup", "time", "mount"];
    let mut found = Vec::new();
    for key in ORDER {
        let Value::Table(table) = call.value(key) else { continue };
        let kind = handle::kind(&table).unwrap_or_default();
        if kind == "cgroup" {
            continue;
        }
        if kind != format!("{key}ns") {
            return Err(Fail::Usage(format!("option {key:?}: expected a {key}ns handle, got a {kind} handle")));
        }
        found.push((FdRef::of(&table)?, sys::flag(key).unwrap_or_default()));
    }
    Ok(found)
}

/// Refuses these flags for a program that a container could write to. In a pid namespace the program is reachable
/// through /proc, and a mount namespace leads to a container's root.
pub fn entering(kinds: &[&str], flags: u64) -> Result<(), Fail> {
    let ways = kinds.iter().filter_map(|kind| sys::flag(kind)).fold(0, |all, flag| all | flag);
    if flags & ways != 0 {
        crate::sys::cloned_binary::require()?;
    }
    Ok(())
}

fn unshare(call: &Call<'_>) -> Outcome {
    crate::sys::process::flush_stdio();
    let flags = new_flags(call);
    entering(&["pid"], flags)?;
    crate::sys::userns::unshare(flags)?;
    call.ok(())
}

fn setns(call: &Call<'_>) -> Outcome {
    let target: Table = call.handle(0)?;
    let kind = handle::kind(&target).unwrap_or_default();
    let own = kind.strip_suffix("ns").and_then(sys::flag);
    let flags = new_flags(call);
    let flags = match own {
        Some(_) if flags != 0 => {
            return Err(Fail::Usage(format!("a {kind} handle takes no options: it is a single namespace")));
        }
        Some(flag) => flag,
        None if flags == 0 => return Err(Fail::Usage("no namespace given: pass those to join, { net = true }".into())),
        None => flags,
    };
    entering(&["pid", "mount"], flags)?;
    FdRef::of(&target)?.with(|fd| sys::setns(fd, flags))??;
    call.ok(())
}

fn created(call: &Call<'_>, kind: &str, offsets: &[(&str, i128)]) -> Outcome {
    opened(call, kind, sys::create(kind, offsets)?)
}

fn netns(call: &Call<'_>) -> Outcome {
    match call.opt_fd("user")? {
        Some(user) => opened(call, "net", user.with(|fd| crate::sys::userns::create_in(fd, "net"))??),
        None => created(call, "net", &[]),
    }
}

fn timens(call: &Call<'_>) -> Outcome {
    let mut offsets = Vec::new();
    for key in ["monotonic", "boottime"] {
        if let Value::Nil = call.value(key) {
            continue;
        }
        let seconds = crate::vm::call::to_seconds(&call.value(key)).map_err(Fail::Usage)?;
        offsets.push((key, (seconds * 1e9) as i128));
    }
    created(call, "time", &offsets)
}

fn open_ns(call: &Call<'_>) -> Outcome {
    let kind = call.str(0)?;
    let fd = match call.arg_value(1) {
        Value::Table(process) => {
            let pid: i64 = process.raw_get("pid")?;
            // The pid is valid only while the process lives; the pidfd confirms it afterwards.
            let fd = sys::open_of(&pid.to_string(), &kind);
            FdRef::of(&process)?.with(|pidfd| crate::sys::pidfd::kill(pidfd, 0))??;
            fd.map_err(|e| if e.errno == Errno::ENOENT { ended(pid) } else { e })?
        }
        Value::Nil => sys::open_of("self", &kind)?,
        _ => sys::open_kind(&call.str(1)?, &kind)?,
    };
    opened(call, &kind, fd)
}

/// A zombie has a directory in /proc but no namespaces.
fn ended(pid: i64) -> crate::sys::Error {
    crate::sys::Error::new(Errno::ESRCH).with_detail(format!("process {pid} has ended"))
}

pub(super) fn opened(call: &Call<'_>, kind: &str, fd: std::os::fd::OwnedFd) -> Outcome {
    let inode = sys::inode(std::os::fd::AsFd::as_fd(&fd))?;
    let handle = Builder::new(call.lua, &format!("{kind}ns"))?.field("inode", inode)?.fd(fd)?.build()?;
    call.ok(handle)
}
