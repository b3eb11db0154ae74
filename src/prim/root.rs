//! Root directories: opening and changing them, and device nodes in them.

use std::os::fd::AsFd;

use mlua::Value;
use rustix::fs::OFlags;

use super::mount::EPERM;
use super::namespace::SEALED;
use super::place::{ROOT, ROOT_TYPE, Root, root};
use crate::sys::Context;
use crate::sys::mount as sys;
use crate::sys::{cloned_binary, path};
use crate::vm::call::{Call, path_of};
use crate::vm::handle::Builder;
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, opt, range};

const BASE: Primitive = Primitive { family: "mounts", ..Primitive::BASE };

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "open_root",
        effect: Effect::Plumbing,
        doc: "Opens a directory as a root for the `root` option of the mount and file primitives (open(2), O_PATH).",
        args: &[arg("path", Type::Path, "the directory")],
        options: &[
            ROOT,
            opt(
                "ro_mount",
                Type::Bool,
                "false",
                "as a detached read-only mount of its own (open_tree(2)): a FIFO or device opened below it can be read \
                 and written, but its mode, owner and attributes cannot be changed",
            ),
        ],
        returns: "a dir handle",
        errors: &[
            ("ENOENT", "there is no such directory"),
            ("ENOTDIR", "a rootfs is a directory; unpack an archive first"),
            ("EPERM", "ro_mount needs CAP_SYS_ADMIN over the mount namespace"),
        ],
        example: "local root <close> = tiny.open_root(\"./rootfs\")\ntiny.mount_proc(\"/proc\", { root = root })",
        call: open_root,
        ..BASE
    },
    Primitive {
        name: "chroot",
        doc: "Changes the root directory of the calling process and enters it (chroot(2)). This does not confine the \
              process: use `pivot_root` for that.",
        args: &[arg("path", Type::Path, "the new root")],
        errors: &[
            ("EPERM", "needs CAP_SYS_CHROOT: run as root, or clone with user = true"),
            ("ENOENT", "there is no such directory"),
            ("ENOTDIR", "the root must be a directory"),
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
        doc: "Makes a mount the root of the mount namespace, unmounts the old root and changes to `/` (pivot_root(2)).",
        args: &[arg("root", ROOT_TYPE, "a mount point: its path, or a dir handle opened after it was mounted")],
        errors: &[
            EPERM,
            (
                "EINVAL",
                "the new root must be a mount point (mount_bind it onto itself) and not shared (mount_private(\"/\") first)",
            ),
            ("EBUSY", "it is already the root"),
            SEALED,
        ],
        example: "tiny.mount_private(\"/\")\ntiny.mount_bind(\"./rootfs\", \"./rootfs\")\ntiny.pivot_root(\"./rootfs\")",
        call: pivot_root,
        ..BASE
    },
    Primitive {
        name: "chdir",
        doc: "Changes the working directory (chdir(2)).",
        args: &[arg("path", Type::Path, "the directory")],
        options: &[ROOT],
        errors: &[
            ("ELOOP", "below a root, the links in /proc that lead out of it are not followed"),
            ("ENOENT", "there is no such directory in this root"),
            ("ENOTDIR", "it is not a directory"),
            ("EACCES", "this user may not search a directory in the path"),
        ],
        example: "tiny.chdir(\"/srv\")",
        call: |c| {
            let (path, root) = (c.path(0)?, root(c)?);
            sys::chdir(root.place(&path)?)?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "mknod",
        doc: "Creates a device node or FIFO with exactly this mode, regardless of the umask (mknod(2)).",
        args: &[
            arg("path", Type::Path, "the node"),
            arg("kind", Type::Word(&["char", "block", "fifo"]), "the type of the node"),
        ],
        options: &[
            ROOT,
            opt("major", range::MAJOR, "0", "the device's major number"),
            opt("minor", range::MINOR, "0", "the device's minor number"),
            opt("mode", range::MODE, "0o666", "its mode"),
        ],
        errors: &[
            ("EPERM", "device nodes need CAP_MKNOD in the initial user namespace; bind-mount the host's node instead"),
            ("EEXIST", "a file of that name already exists"),
            ("ENOENT", "its directory is missing"),
        ],
        example: "tiny.mknod(\"/dev/null\", \"char\", { major = 1, minor = 3 })",
        call: mknod,
        ..BASE
    },
];

fn open_root(call: &Call<'_>) -> Outcome {
    let path = call.path(0)?;
    let fd = match root(call)? {
        Root::Caller => path::open_root(&path)?,
        root => root.place(&path)?.open_with(OFlags::PATH | OFlags::DIRECTORY)?,
    };
    let fd = if call.flag("ro_mount") { sys::read_only_copy(fd.as_fd()).at(&path)? } else { fd };
    call.ok(Builder::new(call.lua, "dir")?.field("path", path.as_os_str())?.fd(fd)?.build()?)
}

fn pivot_root(call: &Call<'_>) -> Outcome {
    cloned_binary::require()?;
    let value = call.arg_value(0);
    let path = match &value {
        Value::Table(handle) => path_of(&handle.raw_get("path")?),
        _ => call.path(0)?,
    };
    if let Some(fd) = Root::of(&value)?.fd()? {
        sys::pivot_root(fd).at(path)?;
    }
    call.ok(())
}

fn mknod(call: &Call<'_>) -> Outcome {
    let path = call.path(0)?;
    let root = root(call)?;
    let place = root.place(&path)?;
    let device = (call.opt("major")?.unwrap_or(0), call.opt("minor")?.unwrap_or(0));
    sys::mknod(place, &call.str(1)?, device, call.opt("mode")?.unwrap_or(0o666))?;
    call.ok(())
}
