//! Attributes of the calling process: ids, session, hostname, resource limits, privileges.

use mlua::{Table, Value};

use super::pidfd::signal_of;
use crate::sys::{credentials, process as sys, process_state};
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, need, opt, range};

const BASE: Primitive = Primitive { family: "processes", ..Primitive::BASE };

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "getpid",
        effect: Effect::Reads,
        doc: "Returns the pid of the calling process in its own pid namespace (getpid(2)).",
        returns: "an integer",
        example: "print(tiny.getpid())  -- 1 inside a new pid namespace",
        call: |c| c.ok(std::process::id()),
        ..BASE
    },
    Primitive {
        name: "getuid",
        effect: Effect::Reads,
        doc: "Returns the effective user id of the calling process (geteuid(2)).",
        returns: "an integer; 0 is root",
        example: "if tiny.getuid() ~= 0 then tiny.fail(\"run me as root\") end",
        call: |c| c.ok(nix::unistd::geteuid().as_raw()),
        ..BASE
    },
    Primitive {
        name: "getgid",
        effect: Effect::Reads,
        doc: "Returns the effective group id of the calling process (getegid(2)).",
        returns: "an integer",
        example: "print(tiny.getgid())",
        call: |c| c.ok(nix::unistd::getegid().as_raw()),
        ..BASE
    },
    Primitive {
        name: "setsid",
        doc: "Starts a new session without a controlling terminal (setsid(2)).",
        errors: &[("EPERM", "the process is already a process group leader; fork first")],
        example: "tiny.fork(function() tiny.setsid() end)",
        call: |c| {
            credentials::setsid()?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "join_session_keyring",
        doc: "Leaves the session keyring for that with this name, which is created if it is missing (keyctl(2), \
              session-keyring(7)). A process inherits the keyring of its parent, with all keys in it.",
        args: &[arg("name", Type::Length(1, 255), "the name; one that begins with a dot is refused")],
        errors: &[
            ("EDQUOT", "this user has too many keys (/proc/sys/kernel/keys/maxkeys)"),
            ("ENOSYS", "the kernel has no keyrings (CONFIG_KEYS)"),
            ("EPERM", "a name that begins with a dot is the kernel's; or a system call filter forbids keyctl(2)"),
        ],
        example: "tiny.join_session_keyring(\"web\")",
        call: |c| {
            credentials::join_session_keyring(&c.str(0)?)?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "sethostname",
        doc: "Sets the hostname of the caller's UTS namespace (sethostname(2)). In the initial namespace this renames \
              the host.",
        args: &[arg("name", Type::Length(1, 64), "the name")],
        errors: &[("EPERM", "needs CAP_SYS_ADMIN over the UTS namespace: clone with uts = true")],
        example: "tiny.sethostname(\"web\")",
        call: |c| {
            credentials::sethostname(&c.str(0)?)?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "setrlimit",
        doc: "Sets a resource limit of the calling process (setrlimit(2)).",
        args: &[
            arg("resource", Type::Word(credentials::RESOURCES), "the resource"),
            arg("soft", LIMIT, "the soft limit, in the resource's unit"),
        ],
        options: &[opt("hard", LIMIT, "the same as the soft limit", "the hard limit")],
        errors: &[
            ("EPERM", "raising a hard limit needs CAP_SYS_RESOURCE"),
            ("EINVAL", "the soft limit is above the hard limit; raise `hard` too"),
        ],
        example: "tiny.setrlimit(\"nofile\", 1024, { hard = 4096 })",
        call: setrlimit,
        ..BASE
    },
    Primitive {
        name: "umask",
        doc: "Sets the mode bits that files which this process creates do not get (umask(2)). `write_file`, `mkdir` and \
              others that take a mode set exactly that mode.",
        args: &[arg("mask", Type::Range(0, 0o777), "the bits as an integer: tonumber(\"22\", 8)")],
        returns: "the previous mask",
        example: "tiny.umask(tonumber(\"22\", 8))",
        call: |c| c.ok(credentials::umask(c.get(0)?)),
        ..BASE
    },
    Primitive {
        name: "reset_process",
        effect: Effect::Plumbing,
        doc: "Replaces what the process has inherited from its caller by the state of a service; its children inherit \
              that. Ignored signals get their default actions, except SIGPIPE, which tinylua ignores and `exec` \
              resets. The umask and the given resource limits are set. The scheduling policy, the nice value and the \
              I/O priority are the usual ones (sched(7)), the CPUs are those of PID 1, the personality is that of \
              Linux, the OOM score adjustment is 0, and the session keyring is new and empty. Without the privilege \
              for it a lower priority, a higher OOM score and lower hard limits stay.",
        options: &[
            need("umask", Type::Range(0, 0o777), "the mode bits that new files do not get (umask(2))"),
            opt("limits", Type::Map(LIMITS), "none", "resource limits by name, as { soft = …, hard = … }"),
            opt("close_fds", Type::Bool, "false", "also close the caller's descriptors above standard error"),
        ],
        errors: &[("EDQUOT", "the user has too many keyrings; raise kernel.keys.maxkeys (sysctl)")],
        example: "tiny.reset_process { umask = tonumber(\"22\", 8), limits = { core = { soft = 0, hard = 0 } } }",
        call: reset_process,
        ..BASE
    },
    Primitive {
        name: "setuser",
        doc: "Changes the user of the process permanently: supplementary groups, group and user, in this order \
              (setgroups(2), setresgid(2), setresuid(2)).",
        args: &[arg("uid", range::ID, "the user id")],
        options: &[
            opt("gid", range::ID, "the same number as the uid", "the group id"),
            opt("groups", Type::List(&range::ID), "none", "the supplementary group ids"),
            opt("keep_caps", Type::Bool, "false", "keep the permitted capabilities for set_caps; execve(2) drops them"),
        ],
        errors: &[
            ("EPERM", "needs CAP_SETUID and CAP_SETGID: run as root, or in a user namespace that maps the ids"),
            ("EINVAL", "the id is not mapped in this user namespace"),
        ],
        example: "tiny.setuser(65534, { gid = 65534 })",
        call: setuser,
        ..BASE
    },
    Primitive {
        name: "no_new_privs",
        doc: "Prevents this process and its descendants from gaining privileges by execve(2): set-user-ID bits and \
              file capabilities have no effect (prctl(2), PR_SET_NO_NEW_PRIVS).",
        example: "tiny.no_new_privs()",
        call: |c| {
            credentials::no_new_privs()?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "set_dumpable",
        doc: "Sets whether processes of the same user may trace this process and read its memory, files and program \
              through /proc (prctl(2), PR_SET_DUMPABLE). execve(2) allows it again.",
        args: &[arg("dumpable", Type::Bool, "false: only processes with CAP_SYS_PTRACE may")],
        example: "tiny.set_dumpable(false)",
        call: |c| {
            credentials::set_dumpable(c.get(0)?)?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "set_parent_death_signal",
        doc: "Sets the signal that this process receives when its parent ends (prctl(2), PR_SET_PDEATHSIG).",
        args: &[arg("signal", Type::Signal, "the signal; 0 for none")],
        errors: &[(
            "ESRCH",
            "the parent has already ended, so the signal would never come; only a child in the same pid namespace sees this",
        )],
        example: "tiny.set_parent_death_signal(\"SIGKILL\")",
        call: |c| {
            sys::set_parent_death_signal(signal_of(&c.arg_value(0)))?;
            c.ok(())
        },
        ..BASE
    },
];

/// A soft or hard limit.
const LIMIT: Type = Type::Either(&[Type::Size, Type::Word(&["unlimited"])]);
const LIMITS: &Type = &Type::Options(&[need("soft", LIMIT, "the soft limit"), need("hard", LIMIT, "the hard limit")]);

fn limit(value: &Value) -> Result<u64, Fail> {
    match value {
        Value::String(s) if &*s.as_bytes() == b"unlimited" => Ok(credentials::UNLIMITED),
        other => crate::vm::call::to_size(other).map_err(Fail::Usage),
    }
}

fn reset_process(call: &Call<'_>) -> Outcome {
    let mut limits = Vec::new();
    if let Some(asked) = call.opt::<Table>("limits")? {
        for pair in asked.pairs::<String, Table>() {
            let (name, pair) = pair?;
            if !credentials::RESOURCES.contains(&name.as_str()) {
                return Err(Fail::Usage(format!("option \"limits\": {name:?} is not a resource limit")));
            }
            limits.push((name, limit(&pair.raw_get("soft")?)?, limit(&pair.raw_get("hard")?)?));
        }
    }
    if call.flag("close_fds") {
        process_state::close_inherited();
    }
    process_state::reset(call.opt("umask")?.unwrap_or_default(), &limits)?;
    call.ok(())
}

fn setrlimit(call: &Call<'_>) -> Outcome {
    let soft = limit(&call.arg_value(1))?;
    let hard = match call.value("hard") {
        Value::Nil => soft,
        value => limit(&value)?,
    };
    credentials::setrlimit(&call.str(0)?, soft, hard)?;
    call.ok(())
}

fn setuser(call: &Call<'_>) -> Outcome {
    let uid: u32 = call.get(0)?;
    let gid = call.opt("gid")?.unwrap_or(uid);
    credentials::setuser(uid, gid, &call.opt::<Vec<u32>>("groups")?.unwrap_or_default(), call.flag("keep_caps"))?;
    call.ok(())
}
