//! A file or folder shown at a second place.

use std::os::fd::AsFd;

use super::{
    BASE, CREATE, ERRORS, NOATIME, NODEV, NOEXEC, NOSUID, NOSYMFOLLOW, OPEN, RO, attach, attributes, mount_options,
};
use crate::prim::place::{ROOT, ROOT_TYPE, Root};
use crate::sys::Context;
use crate::sys::mount as sys;
use crate::vm::call::Call;
use crate::vm::registry::{Outcome, Primitive, Type, arg, opt};

pub(super) const MOUNT_BIND: Primitive = Primitive {
    name: "mount_bind",
    doc: "Shows a file or folder at a second place; the flags hold from the first moment (open_tree(2), mount_setattr(2)).",
    args: &[
        arg("source", Type::Path, "a file or folder of the host"),
        arg("target", Type::Path, "a file for a file, a folder for a folder"),
    ],
    options: mount_options![
        opt("recursive", Type::Bool, "true", "the mounts below the source too"),
        opt("source_root", ROOT_TYPE, "the caller's root", "resolve the source below this folder"),
        opt(
            "idmap",
            Type::Handle("userns"),
            "",
            "show its files as this user namespace's: those of user 0 are its root's, and what that makes is user 0's",
        ),
    ],
    returns: "a mount handle",
    errors: ERRORS,
    example: "tiny.mount_bind(\"/usr\", \"./rootfs/usr\", { ro = true, create = true })",
    call: mount_bind,
    ..BASE
};

fn mount_bind(call: &Call<'_>) -> Outcome {
    let source = call.str(0)?;
    let root = Root::of(&call.value("source_root"))?;
    let from = root.place(&source)?.open()?;
    let recursive = call.opt("recursive")?.unwrap_or(true);
    let mount = sys::copy(from.as_fd(), recursive).at(&source)?;
    let set = attributes(call);
    if set != 0 {
        sys::set_attributes(mount.as_fd(), set, 0, 0, recursive).at(&source)?;
    }
    if let Some(user) = call.opt_fd("idmap")? {
        user.with(|fd| sys::map_ids(mount.as_fd(), fd, recursive))?.at(&source)?;
    }
    attach(call, &mount, 1)
}
