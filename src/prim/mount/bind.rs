//! Bind mounts.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use super::{
    BASE, CREATE, ENOENT, EPERM, ERRORS, NOATIME, NODEV, NODIRATIME, NOEXEC, NOSUID, NOSYMFOLLOW, OPEN, READ_ONLY,
    RELATIME, STRICTATIME, attach, attributes, mount_options,
};
use crate::prim::place::{ROOT, ROOT_TYPE, Root, root};
use crate::sys::Context;
use crate::sys::{device, mount as sys};
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Opt, Outcome, Primitive, Type, arg, opt};

pub(super) const MOUNT_BIND: Primitive = Primitive {
    name: "mount_bind",
    doc: "Bind-mounts a file or directory at another path. The flags are set before the mount becomes visible \
          (open_tree(2), mount_setattr(2)).",
    args: &[
        arg("source", Type::Path, "a file or directory of the host"),
        arg("target", Type::Path, "the mount point: a file for a file, a directory for a directory"),
    ],
    options: mount_options![
        opt("recursive", Type::Bool, "true", "include the mounts below the source"),
        opt("source_root", ROOT_TYPE, "the caller's root", "resolve the source below this directory"),
        opt("device", Type::Bool, "false", "no `nodev` if the source itself is a device node, checked once it is open"),
        IDMAP,
        IDMAP_RECURSIVE,
    ],
    returns: "a mount handle",
    errors: ERRORS,
    example: "tiny.mount_bind(\"/usr\", \"./rootfs/usr\", { read_only = true, create = true })",
    call: mount_bind,
    ..BASE
};

const IDMAP: Opt = opt(
    "idmap",
    Type::Handle("userns"),
    "",
    "map the owners of its files through this user namespace (an idmapped mount): files of uid 0 appear as owned by its \
     root, and files that its root creates belong to uid 0",
);
const IDMAP_RECURSIVE: Opt =
    opt("idmap_recursive", Type::Bool, "as `recursive`", "with `idmap`: map the owners in the mounts below it too");

pub(super) const MOUNT_COPY: Primitive = Primitive {
    name: "mount_copy",
    doc: "Copies a mount, from a file or directory in it on, without attaching the copy anywhere (open_tree(2)): \
          `mount_attach` does that, possibly in a child that could not reach the source, or could not map its owners. \
          The copy is gone when the handle is closed, unless it was attached.",
    args: &[arg("source", Type::Path, "a file or directory")],
    options: &[
        ROOT,
        opt("recursive", Type::Bool, "true", "include the mounts below the source"),
        opt("slave", Type::Bool, "false", "what is mounted in the copy does not appear at the source"),
        IDMAP,
        IDMAP_RECURSIVE,
    ],
    returns: "a dir handle",
    errors: &[EPERM, ("ENOENT", "the source is missing")],
    example: "local data <close> = tiny.mount_copy(\"/srv/data\")\n\
              local child <close> = tiny.clone({ mount = true }, function() tiny.mount_attach(data, \"/mnt\") end)",
    call: mount_copy,
    ..BASE
};

pub(super) const MOUNT_ATTACH: Primitive = Primitive {
    name: "mount_attach",
    doc: "Attaches a copy of a mount that `mount_copy` has made, which is then the mount at `target` (move_mount(2)).",
    args: &[
        arg("copy", Type::Handle("dir"), "the copy"),
        arg("target", Type::Path, "the mount point: a file for a file, a directory for a directory"),
    ],
    options: &[ROOT, CREATE, OPEN],
    returns: "a mount handle",
    errors: &[EPERM, ENOENT, ("EINVAL", "the handle is not a copy, or was attached already")],
    example: "local data <close> = tiny.mount_copy(\"/srv/data\")\ntiny.mount_attach(data, \"/mnt\")",
    call: |call| {
        let copy = call.fd(0)?.with(|fd| fd.try_clone_to_owned())?.map_err(crate::sys::Error::from)?;
        attach(call, &copy, 1)
    },
    ..BASE
};

fn mount_copy(call: &Call<'_>) -> Outcome {
    let source = call.path(0)?;
    let root = root(call)?;
    let from = root.place(&source)?.open()?;
    let recursive = call.opt("recursive")?.unwrap_or(true);
    let mount = sys::copy(from.as_fd(), recursive).at(&source)?;
    if call.flag("slave") {
        sys::set_attributes(mount.as_fd(), 0, 0, sys::PROPAGATION[1].1, recursive).at(&source)?;
    }
    map_owners(call, mount.as_fd(), recursive, &source)?;
    call.ok(Builder::new(call.lua, "dir")?.field("path", source.as_os_str())?.fd(mount)?.build()?)
}

/// Maps the owners of a mount's files, if the call asks for that.
fn map_owners(call: &Call<'_>, mount: BorrowedFd<'_>, recursive: bool, source: &Path) -> Result<(), Fail> {
    let below = recursive && call.opt("idmap_recursive")?.unwrap_or(true);
    match call.opt_fd("idmap")? {
        Some(user) => Ok(user.with(|fd| sys::map_ids(mount, fd, below))?.at(source)?),
        None => Ok(()),
    }
}

fn mount_bind(call: &Call<'_>) -> Outcome {
    let source = call.path(0)?;
    let root = Root::of(&call.value("source_root"))?;
    let from = root.place(&source)?.open()?;
    let recursive = call.opt("recursive")?.unwrap_or(true);
    let mount = sys::copy(from.as_fd(), recursive).at(&source)?;
    let mut set = attributes(call)?;
    if call.flag("device") && device::is_device(from.as_fd())? {
        set &= !sys::ATTRIBUTES[2].1;
    }
    let clear = if call.flag("relatime") { sys::ACCESS_TIMES } else { 0 };
    if set | clear != 0 {
        sys::set_attributes(mount.as_fd(), set, clear, 0, recursive).at(&source)?;
    }
    map_owners(call, mount.as_fd(), recursive, &source)?;
    attach(call, &mount, 1)
}
