//! Processes: starting, waiting, ending, and the attributes that a process sets on itself.

use mlua::{Function, Table, Value};

use super::namespace::{entering, joined, new_flags};
use crate::sys::birth;
use crate::sys::exec;
use crate::sys::init;
use crate::sys::parent_death;
use crate::sys::pidfd::{self, Ended};
use crate::sys::process::{self as sys, Birth, Born};
use crate::sys::signal;
use crate::sys::title;
use crate::vm::call::{Call, Fail, FdRef};
use crate::vm::files::SearchPath;
use crate::vm::handle::{self, Builder};
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, opt, optional};
use crate::vm::{error, trace};

const BASE: Primitive = Primitive { family: "processes", ..Primitive::BASE };

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "clone",
        doc: "Forks a child into new or existing namespaces and runs `body` there (clone3(2)). The function does not \
              return into the parent: its integer result is the exit status, and an error that it throws is thrown by \
              the parent's `wait`.",
        args: &[arg("body", Type::Function, "runs in the child; `tiny.exec` replaces it by a program")],
        options: &[
            opt(
                "user",
                Type::Namespace,
                "",
                "user namespace: true (new, with the caller as its root) or a userns handle (join; `userns` sets other \
                 maps)",
            ),
            opt("pid", Type::Namespace, "", "pid namespace; the child of a new one is its PID 1"),
            opt("net", Type::Namespace, "", "network namespace"),
            opt("mount", Type::Namespace, "", "mount namespace"),
            opt("uts", Type::Namespace, "", "UTS namespace: hostname and domain name"),
            opt("ipc", Type::Namespace, "", "IPC namespace: System V IPC and POSIX message queues"),
            opt(
                "cgroup",
                Type::Either(&[Type::Namespace, Type::Handle("cgroup")]),
                "",
                "true: a new cgroup namespace; a cgroup handle: the child starts in that cgroup",
            ),
            opt("cgroupns", Type::Bool, "", "with a cgroup handle: a new cgroup namespace whose root is that cgroup"),
            opt("time", Type::Namespace, "", "time namespace; a timens handle sets offsets"),
            opt(
                "oom_score_adj",
                Type::Range(-1000, 1000),
                "the caller's",
                "the OOM killer's adjustment for the child, set from its start (proc_pid_oom_score_adj(5))",
            ),
            opt(
                "outlives",
                Type::Bool,
                "false",
                "the child of a recipe may outlive the recipe's process; by default it ends by SIGKILL with it \
                 (`unwind_on_signals`)",
            ),
        ],
        returns: "a child handle: `pid`, `:wait()`, `:wait_ready()`, `:kill()`; `<close>` kills and reaps it",
        errors: &[
            ("EPERM", "needs CAP_SYS_ADMIN: run as root, or also create a user namespace (user = true)"),
            ("ENOSPC", "a limit in /proc/sys/user/max_*_namespaces is reached or is 0 (`tinylua doctor`)"),
            ("EAGAIN", "the process limit (setrlimit nproc, or the cgroup's pids.max) is reached"),
            ("EDEADLK", "the process has another thread, and only a single-threaded process can fork here"),
            ("EACCES", "a lower OOM score needs CAP_SYS_RESOURCE; an unsealed program must call tiny.seal() first"),
        ],
        example: "local child <close> = tiny.clone({ pid = true, uts = true }, function()\n  tiny.sethostname(\"tiny\")\n  \
                  tiny.exec { \"hostname\" }\nend)\nreturn child:wait()",
        call: clone,
        ..BASE
    },
    Primitive {
        name: "fork",
        doc: "Forks a child in the caller's own namespaces and runs `body` there (fork(2)). It is `clone` with only the \
              option `outlives`.",
        args: &[arg("body", Type::Function, "runs in the child")],
        returns: "a child handle",
        errors: &[("EAGAIN", "the limit of processes is reached (setrlimit nproc, or the cgroup's pids.max)")],
        example: "local child <close> = tiny.fork(function() return 7 end)\nassert(child:wait() == 7)",
        call: fork,
        ..BASE
    },
    Primitive {
        name: "exec",
        doc: "Replaces the process by a program (execve(2)). Only descriptors 0, 1 and 2, and those set by `dup2`, \
              stay open, and signals have their default actions.",
        list: Some((Type::Argument, "the program, looked up in PATH unless it contains a slash, and its arguments")),
        options: &[
            opt("env", Type::Env, "the caller's environment", "the complete environment of the program"),
            opt(
                "file",
                Type::Path,
                "the first word",
                "the file to execute, if the first word is only the name that the program sees (argv[0])",
            ),
            opt(
                "keep_fds",
                Type::Range(0, i32::MAX as i64 - 3),
                "0",
                "how many descriptors after standard error stay open (like LISTEN_FDS), if the caller passed them \
                 (`inherited_fds`)",
            ),
            opt(
                "last",
                Type::Function,
                "",
                "called when nothing but execve(2) is left to do: to install a system call filter",
            ),
        ],
        returns: "does not return; an error when the program cannot be run",
        errors: &[
            ("EINVAL", "a descriptor set by `dup2` must be below the limit of open files (setrlimit nofile)"),
            (
                "ENOENT",
                "check the name and PATH inside the container's root; a script also needs its interpreter there",
            ),
            ("EACCES", "the file is not executable, or its file system is mounted noexec"),
            ("ENOEXEC", "the file is not an executable; a script needs a first line such as #!/bin/sh"),
        ],
        example: "tiny.exec { \"/bin/sh\", \"-c\", \"echo $GREETING\", env = { GREETING = \"hello\" } }",
        call: exec,
        ..BASE
    },
    Primitive {
        name: "inherited_fds",
        effect: Effect::Reads,
        doc: "Returns the descriptors above standard error that this process got from its caller and has kept open. `exec` passes \
              them on with `keep_fds`.",
        returns: "a list of numbers in ascending order",
        example: "for _, number in ipairs(tiny.inherited_fds()) do print(number) end",
        call: |c| c.ok(crate::sys::process_state::inherited()),
        ..BASE
    },
    Primitive {
        name: "wait",
        waits: true,
        doc: "Waits for a child to end, reaps it, and throws the error that its function threw, if any (waitid(2)).",
        args: &[
            arg("child", Type::Handle("child"), "a handle returned by `clone` or `fork`"),
            optional("timeout", Type::Duration, "the longest time to wait"),
        ],
        options: &[opt(
            "usage",
            Type::Bool,
            "false",
            "also return what it used, with its descendants that were waited for (getrusage(2))",
        )],
        returns: "the exit status (128 + n after signal n) and the signal's name or nil; nothing when the timeout \
                  expires. With `usage`, a third result: a table with user_seconds, system_seconds, rss_peak (bytes, of \
                  the largest process), voluntary_switches, involuntary_switches",
        method: Some(("child", "wait")),
        errors: &[("ECHILD", "it is not a child of this process, or was already waited for")],
        example: "local status, signal = child:wait()",
        call: wait,
        ..BASE
    },
    Primitive {
        name: "wait_ready",
        waits: true,
        effect: Effect::Plumbing,
        doc: "Waits until a child runs its program, calls `notify_ready` or ends. An error that it threw before is \
              thrown here.",
        args: &[
            arg("child", Type::Handle("child"), "a handle returned by `clone` or `fork`"),
            optional("timeout", Type::Duration, "the longest time to wait"),
        ],
        returns: "true; false when the timeout expires",
        method: Some(("child", "wait_ready")),
        example: "child:wait_ready()  -- now the program runs",
        call: wait_ready,
        ..BASE
    },
    Primitive {
        name: "notify_ready",
        effect: Effect::Plumbing,
        doc: "In a child: reports to the parent's `wait_ready` that the setup is complete. Later errors are not passed \
              to the parent.",
        example: "local child = tiny.fork(function() tiny.notify_ready(); serve() end)",
        call: |c| {
            sys::notify_ready();
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "reap",
        waits: true,
        effect: Effect::Plumbing,
        undoes: true,
        doc: "Kills a child with SIGKILL and waits for its end, like `<close>`. A child that has ended is only reaped.",
        args: &[arg("child", Type::Handle("child"), "a handle returned by `clone` or `fork`")],
        method: Some(("child", "reap")),
        example: "tiny.reap(child)",
        call: reap,
        ..BASE
    },
    Primitive {
        name: "become_init",
        doc: "Runs as the init process (PID 1) of a pid namespace for one child (pid_namespaces(7)). It forwards every \
              signal, reaps orphans, and exits with the child's status. An error that the child throws is thrown by \
              the caller's own `wait`. To lose no signals, block them before the fork (`signals`). The caller's \
              environment is erased, then all descriptors above standard error are closed, so that other processes of \
              the namespace cannot find them; a child can wait for this on a pipe.",
        args: &[arg("child", Type::Handle("child"), "a handle returned by `fork`")],
        returns: "does not return; an error when the caller is not PID 1",
        errors: &[("EINVAL", "call it in the function of a clone with pid = true")],
        example: "tiny.clone({ pid = true }, function()\n  local child = tiny.fork(function() tiny.exec { \"sh\" } end)\n  \
                  tiny.become_init(child)\nend)",
        call: become_init,
        ..BASE
    },
    Primitive {
        name: "set_process_title",
        effect: Effect::Plumbing,
        doc: "Sets the command line that ps(1) shows for this process (setproctitle(3)). The title replaces the \
              arguments in /proc/PID/cmdline. /proc/PID/environ becomes empty, so that secrets in the environment \
              cannot be read there. The part before the colon becomes the process name (/proc/PID/comm, 15 bytes). The \
              process and the programs it executes keep their environment. Commands start with the title `tinylua: \
              COMMAND`.",
        args: &[arg("title", Type::Str, "the title, such as \"tinylua: supervisor of web\"")],
        example: "tiny.set_process_title(\"tinylua: supervisor of web\")",
        call: |c| {
            title::set(c.str(0)?.as_bytes())?;
            c.ok(())
        },
        ..BASE
    },
];

fn clone(call: &Call<'_>) -> Outcome {
    let join = joined(call)?;
    let placed = super::cgroup::placement(call)?;
    if call.flag("cgroupns") && placed.is_none() {
        return Err(Fail::Usage(
            "cgroupns needs a cgroup handle; cgroup = true alone creates a new cgroup namespace".into(),
        ));
    }
    let mut birth = Birth { new: new_flags(call), cgroup_namespace: call.flag("cgroupns"), ..Birth::default() };
    birth.oom_score_adj = call.opt("oom_score_adj")?;
    // Borrowed until the system call returns.
    let guards = join.iter().map(|(fd, flag)| Ok((fd.dup()?, *flag))).collect::<Result<Vec<_>, Fail>>()?;
    entering(&["pid"], guards.iter().fold(birth.new, |all, (_, flag)| all | flag))?;
    birth.join = guards.iter().map(|(fd, flag)| (std::os::fd::AsFd::as_fd(fd), *flag)).collect();
    if let Some(placed) = &placed {
        birth.into_cgroup = placed.into.as_ref().map(std::os::fd::AsFd::as_fd);
        birth.attach = placed.attach.iter().map(std::os::fd::AsFd::as_fd).collect();
    }
    birth.outlives = call.flag("outlives");
    born(call, &birth, true)
}

fn fork(call: &Call<'_>) -> Outcome {
    born(call, &Birth { outlives: true, ..Birth::default() }, false)
}

fn born(call: &Call<'_>, birth: &Birth<'_>, inside: bool) -> Outcome {
    if let Some(search) = call.lua.app_data_ref::<SearchPath>() {
        search.let_go();
    }
    let Some(Born { pid, pidfd, report }) = birth::clone(birth)? else {
        handle::forked();
        trace::forked(inside);
        return call.ok(Value::Nil);
    };
    let report = call.lua.create_userdata(handle::Fd(Some(report)))?;
    let handle = Builder::new(call.lua, "child")?.field("pid", pid)?.field("report", report)?.fd(pidfd)?.build()?;
    if parent_death::guards() && !birth.outlives {
        handle.raw_set("ends_with_parent", true)?;
    }
    call.ok(handle)
}

fn exec(call: &Call<'_>) -> Outcome {
    let Some(table) = call.table() else {
        return Err(Fail::Usage("no program given: exec { \"/bin/sh\" }".into()));
    };
    let bytes = |s: mlua::LuaString| s.as_bytes().to_vec();
    let argv: Vec<Vec<u8>> =
        table.sequence_values::<mlua::LuaString>().map(|s| s.map(bytes)).collect::<Result<_, _>>()?;
    if argv.first().is_none_or(Vec::is_empty) {
        return Err(Fail::Usage("no program given: exec { \"/bin/sh\" }".into()));
    }
    let mut path = None;
    let env = match call.opt::<Table>("env")? {
        Some(table) => {
            let mut env = Vec::new();
            for pair in table.pairs::<mlua::LuaString, mlua::LuaString>() {
                let (key, value) = pair?;
                if &*key.as_bytes() == b"PATH" {
                    path = Some(value.as_bytes().to_vec());
                }
                env.push([&key.as_bytes()[..], b"=", &value.as_bytes()[..]].concat());
            }
            env.sort();
            Some(env)
        }
        None => {
            use std::os::unix::ffi::OsStrExt;
            path = std::env::var_os("PATH").map(|p| p.as_bytes().to_vec());
            None
        }
    };
    let last_fd = call.opt::<u32>("keep_fds")?.unwrap_or(0).saturating_add(2);
    // The default PATH, as returned by confstr(_CS_PATH): execvp(3) also falls back to one.
    let path = path.unwrap_or_else(|| b"/bin:/usr/bin".to_vec());
    let file = call.opt::<mlua::LuaString>("file")?.map(|file| file.as_bytes().to_vec());
    let last = call.opt::<Function>("last")?;
    let run_last = || match last {
        // An error value of Lua's stays as it is.
        Some(last) => match call.lua.globals().get::<Function>("pcall")?.call::<(bool, Value)>(last)? {
            (true, _) => Ok(()),
            (false, error) => Err(Fail::Reported(error)),
        },
        None => Ok(()),
    };
    match exec::exec(&exec::Program { argv, file, env, path, last_fd }, run_last)? {}
}

fn wait(call: &Call<'_>) -> Outcome {
    let child = call.handle(0)?;
    let waited = FdRef::of(&child)?.with(|fd| call.seconds(1).map(|timeout| pidfd::wait(fd, timeout)))???;
    let Some((ended, usage)) = waited else {
        return call.ok(());
    };
    child.raw_set("closed", true)?;
    rethrow(call, &child, Some(0.0))?;
    let name = match ended {
        Ended::Signaled(number) => Some(signal::name(number)),
        Ended::Exited(_) => None,
    };
    if call.flag("usage") {
        return call.ok((ended.status(), name, usage_table(call, usage)?));
    }
    match name {
        None => call.ok(ended.status()),
        name => call.ok((ended.status(), name)),
    }
}

fn usage_table(call: &Call<'_>, usage: pidfd::Usage) -> mlua::Result<Table> {
    let table: Table = call.lua.create_table_with_capacity(0, 5)?;
    table.raw_set("user_seconds", usage.user_seconds)?;
    table.raw_set("system_seconds", usage.system_seconds)?;
    table.raw_set("rss_peak", usage.rss_peak)?;
    table.raw_set("voluntary_switches", usage.voluntary_switches)?;
    table.raw_set("involuntary_switches", usage.involuntary_switches)?;
    Ok(table)
}

fn wait_ready(call: &Call<'_>) -> Outcome {
    let child = call.handle(0)?;
    let done = rethrow(call, &child, call.seconds(1)?)?;
    call.ok(done)
}

/// Throws the error that the child reported; false when there is none within `timeout`.
fn rethrow(call: &Call<'_>, child: &Table, timeout: Option<f64>) -> Result<bool, Fail> {
    let Value::UserData(report) = child.raw_get("report")? else { return Ok(true) };
    let text = {
        let fd = report.borrow::<handle::Fd>()?;
        let Some(fd) = &fd.0 else { return Ok(true) };
        sys::read_report(std::os::fd::AsFd::as_fd(fd), timeout)?
    };
    let Some(text) = text else { return Ok(false) };
    report.borrow_mut::<handle::Fd>()?.0.take();
    if text.is_empty() { Ok(true) } else { Err(Fail::Reported(error::from_json(call.lua, &text)?)) }
}

fn reap(call: &Call<'_>) -> Outcome {
    let child = call.handle(0)?;
    let ended = FdRef::of(&child)?.with(|fd| {
        let _ = pidfd::kill(fd, 9); // ESRCH: it has ended and only needs to be reaped.
        pidfd::wait(fd, None)
    })?;
    child.raw_set("closed", true)?;
    match ended {
        Err(e) if e.errno == nix::errno::Errno::ECHILD => call.ok(()),
        ended => {
            ended?;
            call.ok(())
        }
    }
}

fn become_init(call: &Call<'_>) -> Outcome {
    let child = call.handle(0)?;
    let Value::UserData(report) = child.raw_get("report")? else { return Err(Fail::Usage("the child is kept".into())) };
    let report = report.borrow::<handle::Fd>()?;
    match init::become_init(child.raw_get("pid")?, report.0.as_ref().map(std::os::fd::AsFd::as_fd))? {}
}
