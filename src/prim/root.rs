//! Roots: opening one, changing to one, and the nodes in one.

use std::os::fd::AsFd;

use mlua::Value;
use rustix::fs::OFlags;

use super::mount::EPERM;
use super::namespace::SEALED;
use super::place::{ROOT, ROOT_TYPE, Root, root};
use crate::sys::Context;
use crate::sys::mount as sys;
use crate::sys::{cloned_binary, path};
use crate::vm::call::Call;
use crate::vm::handle::Builder;
use crate::vm::registry::{Outcome, Primitive, Type, arg, opt};

const BASE: Primitive = Primitive { family: "mounts", ..Primitive::BASE };

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "open_root",
        doc: "Opens a folder as a root for the `root` option of the mount and file primitives (open(2), O_PATH).",
        args: &[arg("path", Type::Path, "the folder")],
        options: &[
            ROOT,
            opt(
                "ro_mount",
                Type::Bool,
                "false",
                "as a read-only mount of its own, which has no place (open_tree(2)): who gets a FIFO or device that is opened \
                 below it reads and writes, and cannot change its mode, owner or attributes",
            ),
        ],
        returns: "a dir handle",
        errors: &[
            ("ENOENT", "there is no such folder"),
            ("ENOTDIR", "a rootfs is a folder; unpack an archive first"),
            ("EPERM", "ro_mount needs CAP_SYS_ADMIN in the mount namespace"),
        ],
        example: "local root <close> = tiny.open_root(\"./rootfs\")\ntiny.mount_proc(\"/proc\", { root = root })",
        call: open_root,
        ..BASE
    },
    Primitive {
        name: "chroot",
        doc: "Changes the root of the calling process and goes there (chroot(2)). No containment: use `pivot_root` for that.",
        args: &[arg("path", Type::Path, "the new root")],
        errors: &[
            ("EPERM", "needs CAP_SYS_CHROOT: run as root, or clone with user = true"),
            ("ENOENT", "there is no such folder"),
            ("ENOTDIR", "a root is a folder"),
            SEALED,
        ],
        example: "tiny.chroot(\"./rootfs\")",
        call: |c| {
            cloned_binary::require()?;
            sys::chroot(&c.str(0)?)?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "pivot_root",
        doc: "Makes a mount the root of the mount namespace, takes the old root away and goes to `/` (pivot_root(2)).",
        args: &[arg("root", ROOT_TYPE, "a mount point: its path, or a dir handle opened after it was mounted")],
        errors: &[
            EPERM,
            (
                "EINVAL",
                "the new root must be a mount point (mount_bind it onto itself) and not shared (mount_private(\"/\") first)",
            ),
            ("EBUSY", "it is the root already"),
            SEALED,
        ],
        example: "tiny.mount_private(\"/\")\ntiny.mount_bind(\"./rootfs\", \"./rootfs\")\ntiny.pivot_root(\"./rootfs\")",
        call: pivot_root,
        ..BASE
    },
    Primitive {
        name: "chdir",
        doc: "Changes the working directory (chdir(2)).",
        args: &[arg("path", Type::Path, "the folder")],
        options: &[ROOT],
        errors: &[
            ("ELOOP", "below a root, the links of /proc that lead out of it are not followed"),
            ("ENOENT", "there is no such folder in this root"),
            ("ENOTDIR", "it is no folder"),
            ("EACCES", "a folder on the way may not be searched"),
        ],
        example: "tiny.chdir(\"/srv\")",
        call: |c| {
            let (path, root) = (c.str(0)?, root(c)?);
            sys::chdir(root.place(&path)?)?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "mknod",
        doc: "Makes a device node or FIFO with exactly this mode (mknod(2)).",
        args: &[arg("path", Type::Path, "the node"), arg("kind", Type::Word(&["char", "block", "fifo"]), "what it is")],
        options: &[
            ROOT,
            opt("major", Type::Int, "0", "the device's major number"),
            opt("minor", Type::Int, "0", "the device's minor number"),
            opt("mode", Type::Int, "0o666", "its mode"),
        ],
        errors: &[
            ("EPERM", "device nodes need CAP_MKNOD in the host's user namespace; bind-mount the host's node instead"),
            ("EEXIST", "there is something of that name"),
            ("ENOENT", "its folder is missing"),
        ],
        example: "tiny.mknod(\"/dev/null\", \"char\", { major = 1, minor = 3 })",
        call: mknod,
        ..BASE
    },
];

fn open_root(call: &Call<'_>) -> Outcome {
    let path = call.str(0)?;
    let fd = match root(call)? {
        Root::Caller => path::open_root(&path)?,
        root => root.place(&path)?.open_with(OFlags::PATH | OFlags::DIRECTORY)?,
    };
    let fd = if call.flag("ro_mount") { sys::read_only_copy(fd.as_fd()).at(&path)? } else { fd };
    call.ok(Builder::new(call.lua, "dir")?.field("path", path)?.fd(fd)?.build()?)
}

fn pivot_root(call: &Call<'_>) -> Outcome {
    cloned_binary::require()?;
    let value = call.arg_value(0);
    let path = match &value {
        Value::Table(handle) => handle.raw_get::<String>("path")?,
        _ => call.str(0)?,
    };
    if let Some(fd) = Root::of(&value)?.fd()? {
        sys::pivot_root(fd).at(path)?;
    }
    call.ok(())
}

fn mknod(call: &Call<'_>) -> Outcome {
    let path = call.str(0)?;
    let root = root(call)?;
    let place = root.place(&path)?;
    let device = (call.opt("major")?.unwrap_or(0), call.opt("minor")?.unwrap_or(0));
    sys::mknod(place, &call.str(1)?, device, call.opt("mode")?.unwrap_or(0o666))?;
    call.ok(())
}
