//! System call filters (seccomp(2)). A profile is a table with the layout of Docker's JSON profiles.

use mlua::Value;

use super::BASE;
use super::capability::{list, mask};
use crate::prim::descriptor::file;
use crate::sys::seccomp::{self as sys, Actions, Profile, Subject, flag};
use crate::sys::security::capabilities;
use crate::vm::call::{Call, Fail};
use crate::vm::json;
use crate::vm::registry::{Effect, Opt, Outcome, Primitive, Type, arg, opt};

const CAPS: Opt = list(
    "caps",
    "the caller's bounding set",
    "the capabilities with which the profile's `caps` conditions are evaluated",
);
const KERNEL: Opt =
    opt("kernel", Type::Str, "this kernel", "the kernel version for `minKernel` conditions, such as \"6.1\"");
const STRICT: Opt = opt("strict", Type::Bool, "false", "refuse names of system calls that this machine does not have");
const SEND: Opt = opt(
    "send",
    Type::Handle("file"),
    "the listener is returned",
    "a socket that the listener is sent to at once, for `recv_fd` (SCM_RIGHTS)",
);
const FLAGS: Opt = opt(
    "flags",
    Type::List(&Type::Str),
    "none",
    "flags besides those of the profile, such as \"SECCOMP_FILTER_FLAG_LOG\" (seccomp(2)); `seccomp_names` lists them",
);
const ALLOW_FLAGS: Opt = opt(
    "allow_flags",
    Type::Bool,
    "false",
    "accept a profile with flags, which its filter does not contain: the caller gives them to `seccomp`",
);
const NOTIFY: Opt = opt("notify", Type::Bool, "false", "allow SCMP_ACT_NOTIFY: a supervisor will answer the calls");

const PROFILE: &str = "{ defaultAction, defaultErrnoRet, architectures or archMap, syscalls = { { names, action, \
                       errnoRet, args = { { index, value, valueTwo, op } }, includes, excludes }, … }, flags }";

pub(super) const SECCOMP: Primitive = Primitive {
    name: "seccomp",
    doc: "Installs a system call filter for the caller and all processes it starts (seccomp(2)). It cannot be removed. \
          System calls of architectures that the profile does not list, and of the x32 ABI, fail. If the default \
          action is an errno, calls newer than all calls in the profile fail with ENOSYS. Calls with the action \
          SCMP_ACT_NOTIFY wait for an answer (seccomp_unotify(2)). The flags of the profile are set. Arguments that the kernel takes as int are compared \
          by their low 32 bits, unsigned. Use `send` when the filter may block any call of this process except \
          sendmsg.",
    args: &[arg("filter", Type::Either(&[Type::Table, Type::Bytes]), "a profile, or the result of seccomp_compile")],
    options: &[CAPS, KERNEL, STRICT, SEND, FLAGS],
    returns: "nothing; with SCMP_ACT_NOTIFY the listener, a file handle that is ready in `poll` when a call waits",
    errors: &[
        ("EBUSY", "a process can have one listener: put all rules with SCMP_ACT_NOTIFY into one filter"),
        ("EACCES", "call tiny.no_new_privs() first, or run with CAP_SYS_ADMIN"),
        (
            "EINVAL",
            "the bytes are not a filter: compile one with tiny.seccomp_compile; or this kernel does not have a flag \
             (tiny.seccomp_names)",
        ),
        ("ESRCH", "SECCOMP_FILTER_FLAG_TSYNC: another thread has a filter that this thread does not have"),
    ],
    example: "tiny.fork(function()\n  tiny.no_new_privs()\n  tiny.seccomp { defaultAction = \"SCMP_ACT_ALLOW\",\n    \
              syscalls = { { names = { \"mkdir\", \"mkdirat\" }, action = \"SCMP_ACT_ERRNO\", errnoRet = 1 } } }\nend)",
    call: seccomp,
    ..BASE
};

pub(super) const SECCOMP_COMPILE: Primitive = Primitive {
    name: "seccomp_compile",
    effect: Effect::Reads,
    doc: "Compiles a system call profile with the layout of Docker's JSON into a filter for `seccomp` (seccomp(2)). \
          The result can be stored. Names that this machine does not have are ignored unless `strict` is set. The keys \
          `listenerPath` and `listenerMetadata` of the profile are for the caller.",
    args: &[arg("profile", Type::Table, PROFILE)],
    options: &[CAPS, KERNEL, STRICT, NOTIFY, ALLOW_FLAGS],
    returns: "a string of bytes",
    example: "local filter = tiny.seccomp_compile { defaultAction = \"SCMP_ACT_ALLOW\" }",
    call: |c| {
        let (filter, flags) = compile(c, c.flag("notify"))?;
        if flags != 0 && !c.flag("allow_flags") {
            let why = "profile.flags: a filter does not contain them: set `allow_flags`, and give them to `seccomp`";
            return Err(Fail::Usage(why.into()));
        }
        c.ok(c.lua.create_string(filter)?)
    },
    ..BASE
};

pub(super) const SECCOMP_NAMES: Primitive = Primitive {
    name: "seccomp_names",
    effect: Effect::Reads,
    doc: "Returns the names that a system call profile may have, and the flags that this kernel has (seccomp(2)).",
    returns: "a table of lists: actions, operators, archs, flags, supported_flags",
    example: "print(table.concat(tiny.seccomp_names().actions, \" \"))",
    call: |c| {
        let table = c.lua.create_table()?;
        table.raw_set("actions", Actions::names().collect::<Vec<_>>())?;
        table.raw_set("operators", sys::operators().collect::<Vec<_>>())?;
        table.raw_set("archs", sys::architectures())?;
        table.raw_set("flags", flag::names(u64::MAX).collect::<Vec<_>>())?;
        table.raw_set("supported_flags", flag::names(flag::supported()).collect::<Vec<_>>())?;
        c.ok(table)
    },
    ..BASE
};

/// The filter of a profile, and its flags.
fn compile(call: &Call<'_>, answered: bool) -> Result<(Vec<u8>, u64), Fail> {
    let profile = json::from_lua(&call.arg_value(0), false, "profile").map_err(Fail::Usage)?;
    let release = match call.opt::<String>("kernel")? {
        Some(version) => version,
        None => rustix::system::uname().release().to_string_lossy().into_owned(),
    };
    let Some(kernel) = sys::kernel(&release) else {
        return Err(Fail::Usage(format!("option \"kernel\": {release:?} is not a version such as \"6.1\"")));
    };
    let caps = match mask(call, "caps")? {
        Some(caps) => caps,
        None => capabilities::own()?.bounding,
    };
    let subject = Subject { caps, kernel, strict: call.flag("strict"), answered };
    let profile = Profile::read(&profile, &subject).map_err(Fail::Usage)?;
    Ok((sys::compile(&profile).map_err(Fail::Usage)?, profile.flags))
}

fn seccomp(call: &Call<'_>) -> Outcome {
    let (filter, mut flags) = match call.arg_value(0) {
        Value::String(bytes) => (bytes.as_bytes().to_vec(), 0),
        _ => compile(call, true)?,
    };
    for (i, name) in call.opt::<Vec<String>>("flags")?.unwrap_or_default().iter().enumerate() {
        flags |= flag::named(name).map_err(|e| Fail::Usage(format!("option \"flags\": [{}]: {e}", i + 1)))?;
    }
    if let Some(why) = sys::wrong(&filter) {
        return Err(Fail::Usage(format!("filter: {why}")));
    }
    if flags & flag::WAIT_KILLABLE != 0 && !sys::waits(&filter) {
        let name = flag::names(flag::WAIT_KILLABLE).collect::<String>();
        return Err(Fail::Usage(format!("{name} needs a rule with SCMP_ACT_NOTIFY")));
    }
    let carrier = call.opt_fd("send")?;
    let held = carrier.as_ref().map(|socket| socket.hold()).transpose()?;
    match sys::load(&filter, flags, held.as_ref().and_then(|socket| socket.get()))? {
        Some(listener) => call.ok(file(call, listener, "seccomp listener")?),
        None => call.ok(()),
    }
}
