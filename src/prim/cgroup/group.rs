//! Creating, opening and removing cgroups.

use mlua::{IntoLua, Value};

use super::{BASE, ERRORS, GROUP, group, path_of};
use crate::sys::cgroup::{self as sys, Group};
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, opt};

pub(super) const CGROUP: Primitive = Primitive {
    name: "cgroup",
    doc: "Creates a cgroup (cgroups(7)). This works alike on v1, v2 and hybrid hosts. The path is relative to the root \
          of each hierarchy as the caller sees it mounted, with or without a leading slash; in a cgroup namespace that \
          is the namespace's root. Missing parents are created and are not removed with it. On v1 the cgroup has a \
          directory only in the hierarchies of its controllers; a limit set later adds the controller and moves the \
          processes there.",
    args: &[arg("path", Type::Path, "the new cgroup: \"web\", \"tinylua/web\"")],
    options: &[
        opt(
            "parent",
            Type::Either(&[Type::Handle("cgroup"), Type::Path]),
            "the root",
            "the cgroup to which the path is relative",
        ),
        opt(
            "controllers",
            Type::List(&Type::Str),
            "none; each limit adds its own",
            "controllers to enable from the start: \"memory\", \"pids\", \"cpu\", \"io\", \"cpuset\" …",
        ),
    ],
    returns: "a cgroup handle: `path`, `version` (\"v1\", \"v2\" or \"hybrid\"), `folders` (directories by controller, \
              \"unified\" for v2); `<close>` removes the cgroup, and fails with EBUSY while it has a process",
    errors: &[
        ("EBUSY", "a v2 cgroup that has processes cannot enable controllers for its children: choose another parent"),
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
    effect: Effect::Plumbing,
    doc: "Opens an existing cgroup. Closing the handle does not remove it.",
    args: &[arg("path", Type::Path, "a path relative to the root of each hierarchy")],
    returns: "a cgroup handle",
    example: "local web = tiny.cgroup(\"web\"):keep()\ntiny.open_cgroup(\"web\"):set_pids_limit(64)\ntiny.cgroup_del(\"web\")",
    call: open_cgroup,
    ..BASE
};

pub(super) const CGROUP_DEL: Primitive = Primitive {
    name: "cgroup_del",
    undoes: true,
    doc: "Removes a cgroup from every hierarchy (rmdir(2)). It kills no process unless `kill` is set, and waits for \
          processes that are already exiting.",
    args: &[GROUP],
    options: &[
        opt("recursive", Type::Bool, "false", "also remove the cgroups below it"),
        opt("kill", Type::Bool, "false", "first kill every process in it and below it; implies `recursive`"),
    ],
    errors: &[
        ("EBUSY", "end its processes first (tiny.cgroup_kill), or remove it with { kill = true }"),
        ("ENOENT", "there is no such cgroup; it may have been removed already"),
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
        // The root can be a parent, but no primitive changes the root itself.
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
    group.exists()?;
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
