//! Bind mounts.

use std::os::fd::AsFd;

use super::{
    BASE, CREATE, ERRORS, NOATIME, NODEV, NODIRATIME, NOEXEC, NOSUID, NOSYMFOLLOW, OPEN, READ_ONLY, RELATIME,
    STRICTATIME, attach, attributes, mount_options,
};
use crate::prim::place::{ROOT, ROOT_TYPE, Root};
use crate::sys::Context;
use crate::sys::{device, mount as sys};
use crate::vm::call::Call;
use crate::vm::registry::{Outcome, Primitive, Type, arg, opt};

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
        opt(
            "idmap",
            Type::Handle("userns"),
            "",
            "map the owners of its files through this user namespace (an idmapped mount): files of uid 0 appear as \
             owned by its root, and files that its root creates belong to uid 0",
        ),
        opt("idmap_recursive", Type::Bool, "as `recursive`", "with `idmap`: map the owners in the mounts below it too"),
    ],
    returns: "a mount handle",
    errors: ERRORS,
    example: "tiny.mount_bind(\"/usr\", \"./rootfs/usr\", { read_only = true, create = true })",
    call: mount_bind,
    ..BASE
};

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
    if let Some(user) = call.opt_fd("idmap")? {
        let below = recursive && call.opt("idmap_recursive")?.unwrap_or(true);
        user.with(|fd| sys::map_ids(mount.as_fd(), fd, below))?.at(&source)?;
    }
    attach(call, &mount, 1)
}
