//! Existing mounts: listing, changing, removing.

use std::os::fd::{AsFd, OwnedFd};

use mlua::{Table, Value};

use super::{
    BASE, EPERM, NOATIME, NODEV, NODIRATIME, NOEXEC, NOSUID, NOSYMFOLLOW, READ_ONLY, RELATIME, STRICTATIME, attributes,
};
use crate::prim::place::{ROOT, root};
use crate::sys::Context;
use crate::sys::mount as sys;
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Effect, Opt, Outcome, Primitive, Type, arg, opt, optional};

const PROCESS: Type = Type::Either(&[Type::Handle("child"), Type::Handle("process")]);

const TYPES: Type = Type::Word(&["private", "slave", "shared", "unbindable"]);
const RECURSIVE: Opt = opt("recursive", Type::Bool, "true", "include the mounts below it");
const NOT_MOUNTED: (&str, &str) = ("EINVAL", "the path is not a mount point");

pub(super) const MOUNT_PROPAGATION: Primitive = Primitive {
    name: "mount_propagation",
    doc: "Sets the propagation type of a mount and the mounts below it (mount_namespaces(7)): which mount events other \
          mount namespaces see, and which of theirs are seen.",
    args: &[
        arg("target", Type::Path, "the mount point, usually \"/\""),
        arg("propagation", TYPES, "the propagation type"),
    ],
    options: &[ROOT, RECURSIVE],
    errors: &[EPERM, NOT_MOUNTED],
    example: "tiny.mount_propagation(\"/\", \"slave\")",
    call: |c| propagate(c, &c.str(1)?),
    ..BASE
};

pub(super) const MOUNT_PRIVATE: Primitive = Primitive {
    name: "mount_private",
    doc: "Makes a mount and the mounts below it private: mount events do not propagate to other mount namespaces or \
          from them (mount_namespaces(7)). It is short for `mount_propagation(target, \"private\")`.",
    args: &[arg("target", Type::Path, "the mount point, usually \"/\"")],
    options: &[ROOT, RECURSIVE],
    errors: &[EPERM, NOT_MOUNTED],
    example: "tiny.mount_private(\"/\")",
    call: |c| propagate(c, "private"),
    ..BASE
};

pub(super) const REMOUNT_RO: Primitive = Primitive {
    name: "remount_ro",
    doc: "Makes a mount read-only in this mount namespace (mount_setattr(2), MOUNT_ATTR_RDONLY).",
    args: &[arg("target", Type::Path, "the mount point")],
    options: &[ROOT, opt("recursive", Type::Bool, "false", "include the mounts below it")],
    errors: &[
        EPERM,
        ("EINVAL", "the path is not a mount point; mount_bind it onto itself first"),
        ("EBUSY", "a file on it is open for writing"),
    ],
    example: "tiny.mount_bind(\"/usr\", \"/usr\")\ntiny.remount_ro(\"/usr\")",
    call: remount_ro,
    ..BASE
};

/// A flag that stays as it is unless it is given.
const fn unchanged(flag: Opt) -> Opt {
    Opt { default: "unchanged", ..flag }
}

pub(super) const MOUNT_ATTRIBUTES: Primitive = Primitive {
    name: "mount_attributes",
    doc: "Changes the flags and the propagation type of a mount in this mount namespace (mount_setattr(2)): `true` sets \
          a flag and `false` clears it. The access times of a mount are updated in one of the ways `noatime`, \
          `strictatime` and `relatime`; clearing the first two sets the last, and clearing that has no effect.",
    args: &[arg("target", Type::Path, "the mount point; with the mount itself as `root`, \".\"")],
    options: &[
        ROOT,
        opt("recursive", Type::Bool, "false", "include the mounts below it: all are changed, or none"),
        unchanged(READ_ONLY),
        unchanged(NOSUID),
        unchanged(NODEV),
        unchanged(NOEXEC),
        unchanged(NOATIME),
        unchanged(NOSYMFOLLOW),
        unchanged(NODIRATIME),
        unchanged(STRICTATIME),
        unchanged(RELATIME),
        opt("propagation", TYPES, "unchanged", "the propagation type (mount_namespaces(7))"),
    ],
    errors: &[
        (
            "EPERM",
            "needs CAP_SYS_ADMIN over the mount namespace; a flag that a more privileged one has set cannot be cleared",
        ),
        NOT_MOUNTED,
        ("EBUSY", "a file on it is open for writing"),
    ],
    example: "tiny.mount_bind(\"/usr\", \"/usr\")\ntiny.mount_attributes(\"/usr\", { read_only = true, nosuid = true })",
    call: mount_attributes,
    ..BASE
};

pub(super) const UMOUNT: Primitive = Primitive {
    name: "umount",
    undoes: true,
    doc: "Unmounts the topmost mount at `target` (umount2(2)).",
    args: &[arg("target", Type::Path, "the mount point")],
    options: &[
        ROOT,
        opt("detach", Type::Bool, "false", "detach it now and release it when it is no longer busy (MNT_DETACH)"),
    ],
    errors: &[
        EPERM,
        ("ENOENT", "`tiny.mounts()` lists all mounts"),
        ("EBUSY", "the mount is busy; detach = true unmounts it lazily"),
        ("EINVAL", "the mount comes from a more privileged mount namespace and is locked together with others"),
    ],
    example: "tiny.umount(\"/mnt\", { detach = true })",
    call: umount,
    ..BASE
};

pub(super) const MOUNTS: Primitive = Primitive {
    name: "mounts",
    effect: Effect::Reads,
    doc: "Lists the mounts of a process's mount namespace (proc_pid_mountinfo(5)).",
    args: &[optional("process", PROCESS, "a child or process handle; the caller when absent")],
    returns: "a list of tables: id, parent, dev (\"254:0\"), root, target, options, propagation, fstype, source, \
              super_options; targets are relative to the process's root",
    errors: &[("ESRCH", "the process has ended"), ("ENOENT", "the process has ended, or /proc does not show it")],
    example: "for _, m in ipairs(tiny.mounts()) do print(m.target, m.fstype) end",
    call: mounts,
    ..BASE
};

fn propagate(call: &Call<'_>, word: &str) -> Outcome {
    let fd = place(call)?;
    let recursive = call.opt("recursive")?.unwrap_or(true);
    sys::set_attributes(fd.as_fd(), 0, 0, propagation(word), recursive).at(call.path(0)?)?;
    call.ok(())
}

fn propagation(word: &str) -> u64 {
    sys::PROPAGATION.iter().find(|(name, _)| *name == word).map_or(0, |(_, flag)| *flag)
}

fn mount_attributes(call: &Call<'_>) -> Outcome {
    let (set, mut clear) = (attributes(call)?, 0);
    for (name, bit) in sys::ATTRIBUTES {
        match call.opt::<bool>(name)? {
            // The ways to update access times are one field.
            Some(false) if bit & sys::ACCESS_TIMES != 0 => clear |= sys::ACCESS_TIMES,
            Some(false) => clear |= bit,
            Some(true) if bit == 0 => clear |= sys::ACCESS_TIMES,
            _ => {}
        }
    }
    let propagation = call.opt::<String>("propagation")?.map_or(0, |word| propagation(&word));
    if set | clear | propagation == 0 && call.opt::<bool>("relatime")?.is_none() {
        return Err(Fail::Usage("nothing to change: give a flag or `propagation`".into()));
    }
    let fd = place(call)?;
    sys::set_attributes(fd.as_fd(), set, clear, propagation, call.flag("recursive")).at(call.path(0)?)?;
    call.ok(())
}

/// The place named by the first argument, opened. "." below a root is that root, which may be a file with a mount of its own.
fn place(call: &Call<'_>) -> Result<OwnedFd, Fail> {
    let path = call.path(0)?;
    let root = root(call)?;
    if let (Some(fd), true) = (root.fd()?, path.as_os_str() == ".") {
        return Ok(fd.try_clone_to_owned().map_err(crate::sys::Error::from)?);
    }
    Ok(root.place(&path)?.open()?)
}

fn remount_ro(call: &Call<'_>) -> Outcome {
    let fd = place(call)?;
    sys::set_attributes(fd.as_fd(), sys::ATTRIBUTES[0].1, 0, 0, call.flag("recursive")).at(call.path(0)?)?;
    call.ok(())
}

fn umount(call: &Call<'_>) -> Outcome {
    let path = call.path(0)?;
    let root = root(call)?;
    sys::umount(root.place(&path)?, call.flag("detach"))?;
    call.ok(())
}

fn mounts(call: &Call<'_>) -> Outcome {
    let list = call.lua.create_table()?;
    let mounts = match call.arg_value(0) {
        Value::Table(process) => {
            let mounts = sys::mounts_of(process.raw_get("pid")?)?;
            // The pidfd confirms afterwards that the pid was not reused.
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
