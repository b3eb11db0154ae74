//! Mounts that are there: listed, changed, removed.

use std::os::fd::{AsFd, OwnedFd};

use mlua::{Table, Value};

use super::{BASE, EPERM};
use crate::prim::place::{ROOT, root};
use crate::sys::Context;
use crate::sys::mount as sys;
use crate::sys::path::Place;
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Outcome, Primitive, Type, arg, opt, optional};

const PROCESS: Type = Type::Either(&[Type::Handle("child"), Type::Handle("process")]);

pub(super) const MOUNT_PRIVATE: Primitive = Primitive {
    name: "mount_private",
    doc: "Sets the propagation of a mount and those below it, so that mounts here stay here (mount_namespaces(7)).",
    args: &[arg("target", Type::Path, "the mount point, mostly \"/\"")],
    options: &[
        opt(
            "propagation",
            Type::Word(&["private", "slave", "shared", "unbindable"]),
            "private",
            "the propagation type",
        ),
        opt("recursive", Type::Bool, "true", "the mounts below it too"),
    ],
    errors: &[EPERM, ("EINVAL", "the path is not a mount point")],
    example: "tiny.mount_private(\"/\")",
    call: mount_private,
    ..BASE
};

pub(super) const REMOUNT_RO: Primitive = Primitive {
    name: "remount_ro",
    doc: "Makes a mount read-only, for this mount namespace (mount_setattr(2), MOUNT_ATTR_RDONLY).",
    args: &[arg("target", Type::Path, "the mount point")],
    options: &[ROOT, opt("recursive", Type::Bool, "false", "the mounts below it too")],
    errors: &[
        EPERM,
        ("EINVAL", "the path is not a mount point; mount_bind it onto itself first"),
        ("EBUSY", "a file below it is open for writing"),
    ],
    example: "tiny.mount_bind(\"/usr\", \"/usr\")\ntiny.remount_ro(\"/usr\")",
    call: remount_ro,
    ..BASE
};

pub(super) const UMOUNT: Primitive = Primitive {
    name: "umount",
    doc: "Removes the topmost mount at `target` (umount2(2)).",
    args: &[arg("target", Type::Path, "the mount point")],
    options: &[ROOT, opt("detach", Type::Bool, "false", "take it from sight now, from use when the last user is gone")],
    errors: &[
        EPERM,
        ("ENOENT", "nothing is mounted there: `tiny.mounts()` lists what is"),
        ("EBUSY", "something uses it; detach = true takes it from sight"),
        ("EINVAL", "it belongs to a more privileged mount namespace, where its parts are locked together"),
    ],
    example: "tiny.umount(\"/mnt\", { detach = true })",
    call: umount,
    ..BASE
};

pub(super) const MOUNTS: Primitive = Primitive {
    name: "mounts",
    doc: "Lists the mounts of a process's mount namespace (proc_pid_mountinfo(5)).",
    args: &[optional("process", PROCESS, "a child or process handle; absent, the caller")],
    returns: "a list of tables: id, parent, dev (\"254:0\"), root, target, options, propagation, fstype, source, \
              super_options; the target as seen from the process's root",
    errors: &[("ESRCH", "the process has ended"), ("ENOENT", "the process has ended, or /proc does not show it")],
    example: "for _, m in ipairs(tiny.mounts()) do print(m.target, m.fstype) end",
    call: mounts,
    ..BASE
};

fn mount_private(call: &Call<'_>) -> Outcome {
    let target = call.str(0)?;
    let word = call.opt::<String>("propagation")?.unwrap_or_else(|| "private".into());
    let propagation = sys::PROPAGATION.iter().find(|(name, _)| *name == word).map_or(0, |(_, flag)| *flag);
    let fd = Place { root: None, path: &target }.open()?;
    let recursive = call.opt("recursive")?.unwrap_or(true);
    sys::set_attributes(fd.as_fd(), 0, 0, propagation, recursive).at(&target)?;
    call.ok(())
}

/// The place that the first argument names, opened.
fn place(call: &Call<'_>) -> Result<OwnedFd, Fail> {
    let path = call.str(0)?;
    let root = root(call)?;
    Ok(root.place(&path)?.open()?)
}

fn remount_ro(call: &Call<'_>) -> Outcome {
    let fd = place(call)?;
    sys::set_attributes(fd.as_fd(), sys::ATTRIBUTES[0].1, 0, 0, call.flag("recursive")).at(call.str(0)?)?;
    call.ok(())
}

fn umount(call: &Call<'_>) -> Outcome {
    let path = call.str(0)?;
    let root = root(call)?;
    sys::umount(root.place(&path)?, call.flag("detach"))?;
    call.ok(())
}

fn mounts(call: &Call<'_>) -> Outcome {
    let list = call.lua.create_table()?;
    let mounts = match call.arg_value(0) {
        Value::Table(process) => {
            let mounts = sys::mounts_of(process.raw_get("pid")?)?;
            // The pidfd says afterwards that the pid was still this process.
            call.fd(0)?.with(|pidfd| crate::sys::pidfd::kill(pidfd, 0))??;
            mounts
        }
        _ => sys::mounts()?,
    };
    for mount in mounts {
        let entry: Table = call.lua.create_table()?;
        entry.raw_set("id", mount.id)?;
        entry.raw_set("parent", mount.parent)?;
        entry.raw_set("dev", mount.dev)?;
        entry.raw_set("root", mount.root)?;
        entry.raw_set("target", mount.target)?;
        entry.raw_set("options", mount.options)?;
        entry.raw_set("propagation", mount.propagation)?;
        entry.raw_set("fstype", mount.fstype)?;
        entry.raw_set("source", mount.source)?;
        entry.raw_set("super_options", mount.super_options)?;
        list.raw_push(entry)?;
    }
    call.ok(list)
}
