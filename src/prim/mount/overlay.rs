//! Folders over folders.

use super::{
    BASE, CREATE, ENOENT, EPERM, NOATIME, NODEV, NOEXEC, NOSUID, NOSYMFOLLOW, OPEN, RO, attach, attributes,
    mount_options,
};
use crate::prim::place::{ROOT, access};
use crate::sys::overlay::{Layers, overlay};
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Opt, Outcome, Primitive, Type, arg, opt};

pub(super) const MOUNT_OVERLAY: Primitive = Primitive {
    name: "mount_overlay",
    doc: "Mounts an overlay at `target`: the lower folders, topmost first, under one that takes the changes.",
    args: &[arg("target", Type::Path, "the mount point")],
    options: mount_options![
        Opt {
            required: true,
            ..opt("lower", Type::List(&Type::Path), "", "folders that stay as they are, topmost first")
        },
        opt("upper", Type::Path, "none: read-only", "the folder that takes the changes"),
        opt("work", Type::Path, "", "an empty folder of the overlay's own on the file system of `upper`"),
        opt("volatile", Type::Bool, "false", "never sync: for an upper folder that is thrown away"),
        opt(
            "userxattr",
            Type::Bool,
            "false",
            "mark removals and replaced folders by attributes user.overlay.* instead of trusted.overlay.*: for a user \
             namespace (kernel 5.11)",
        ),
        opt(
            "redirect",
            Type::Bool,
            "false",
            "follow the attribute trusted.overlay.redirect, by which a folder of an upper layer shows one of another \
             name below",
        ),
        opt(
            "access_as",
            Type::Int,
            "the caller",
            "the user, and group, with whose access files of the layers are opened, whoever asks: it has no \
             capability over files and no further groups",
        ),
        opt("keep_groups", Type::Bool, "false", "with `access_as`: the caller's further groups stay"),
    ],
    returns: "a mount handle",
    errors: &[
        EPERM,
        ENOENT,
        (
            "EINVAL",
            "`upper` must be on a file system that can hold it (not another overlay, not NFS); `work` beside it",
        ),
        ("ELOOP", "a lower folder lies in another layer"),
        ("ENODEV", "this kernel has no overlay file system: `modprobe overlay` (`tinylua doctor`)"),
    ],
    example: "tiny.mount_overlay(\"./merged\", { lower = { \"./rootfs\" }, upper = \"./upper\", work = \"./work\" })",
    call: mount_overlay,
    ..BASE
};

fn mount_overlay(call: &Call<'_>) -> Outcome {
    let lower: Vec<String> = call.opt("lower")?.unwrap_or_default();
    let (upper, work): (Option<String>, Option<String>) = (call.opt("upper")?, call.opt("work")?);
    if upper.is_some() != work.is_some() {
        return Err(Fail::Usage("`upper` and `work` go together".into()));
    }
    if lower.is_empty() || (lower.len() < 2 && upper.is_none()) {
        return Err(Fail::Usage("an overlay needs one lower folder and an upper one, or two lower ones".into()));
    }
    let layers = Layers {
        lower: &lower,
        upper: upper.as_deref().zip(work.as_deref()),
        volatile: call.flag("volatile"),
        userxattr: call.flag("userxattr"),
        redirect: call.flag("redirect"),
        access: access(call)?,
    };
    attach(call, &overlay(&layers, attributes(call))?, 0)
}
