//! Groups: made, opened, removed.

use mlua::{IntoLua, Value};

use super::{BASE, ERRORS, GROUP, group, path_of};
use crate::sys::cgroup::{self as sys, Group};
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Outcome, Primitive, Type, arg, opt};

pub(super) const CGROUP: Primitive = Primitive {
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
};

pub(super) const OPEN_CGROUP: Primitive = Primitive {
    name: "open_cgroup",
    doc: "Opens a control group that is there already. Closing the handle leaves the group alone.",
    args: &[arg("path", Type::Path, "from the top of every hierarchy")],
    returns: "a cgroup handle",
    example: "local web = tiny.cgroup(\"web\"):keep()\ntiny.open_cgroup(\"web\"):set_pids_limit(64)\ntiny.cgroup_del(\"web\")",
    call: open_cgroup,
    ..BASE
};

pub(super) const CGROUP_DEL: Primitive = Primitive {
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
};

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
