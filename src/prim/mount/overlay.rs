//! Overlay mounts.

use super::{
    BASE, CREATE, ENOENT, EPERM, NOATIME, NODEV, NODIRATIME, NOEXEC, NOSUID, NOSYMFOLLOW, OPEN, READ_ONLY, RELATIME,
    STRICTATIME, attach, attributes, mount_options,
};
use crate::prim::place::{ROOT, access};
use crate::sys::overlay::{Layers, overlay};
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Opt, Outcome, Primitive, Type, arg, opt, range};

pub(super) const MOUNT_OVERLAY: Primitive = Primitive {
    name: "mount_overlay",
    doc: "Mounts an overlay at `target`: the lower directories, topmost first, and an upper directory that receives \
          the changes (mount(2), file system type overlay).",
    args: &[arg("target", Type::Path, "the mount point")],
    options: mount_options![
        Opt {
            required: true,
            ..opt("lower", Type::List(&Type::Path), "", "the lower directories, topmost first; they are not changed")
        },
        opt("upper", Type::Path, "none: read-only", "the directory that receives the changes"),
        opt("work", Type::Path, "", "an empty directory for the overlay itself, on the file system of `upper`"),
        opt("volatile", Type::Bool, "false", "never sync: for an upper directory that will be discarded"),
        opt(
            "userxattr",
            Type::Bool,
            "false",
            "record removals and replaced directories in user.overlay.* attributes instead of trusted.overlay.*: for a \
             user namespace (kernel 5.11)",
        ),
        opt(
            "redirect",
            Type::Bool,
            "false",
            "follow the attribute trusted.overlay.redirect, by which a directory of an upper layer shows a directory \
             of another name in a lower one",
        ),
        opt(
            "whole",
            Type::Bool,
            "false",
            "have every change as a whole file in `upper`, whatever the kernel's defaults are: no renamed directories and no \
             files of which only the metadata was copied (redirect_dir=nofollow, metacopy=off, index=off)",
        ),
        opt(
            "access_as",
            range::ID,
            "the caller",
            "access the layers with the permissions of this user and group, regardless of which process opens the file, without \
             capabilities and supplementary groups",
        ),
        opt("keep_groups", Type::Bool, "false", "with `access_as`: keep the caller's supplementary groups"),
    ],
    returns: "a mount handle",
    errors: &[
        EPERM,
        ENOENT,
        (
            "EINVAL",
            "`upper` must be on a file system that supports it (not overlay or NFS), and `work` on the same one",
        ),
        ("ELOOP", "a lower directory is inside another layer"),
        ("ENODEV", "the kernel has no overlay file system: `modprobe overlay` (`tinylua doctor`)"),
    ],
    example: "tiny.mount_overlay(\"./merged\", { lower = { \"./rootfs\" }, upper = \"./upper\", work = \"./work\" })",
    call: mount_overlay,
    ..BASE
};

fn mount_overlay(call: &Call<'_>) -> Outcome {
    let lower: Vec<String> = call.opt("lower")?.unwrap_or_default();
    let (upper, work): (Option<String>, Option<String>) = (call.opt("upper")?, call.opt("work")?);
    if upper.is_some() != work.is_some() {
        return Err(Fail::Usage("`upper` and `work` must be given together".into()));
    }
    if call.flag("whole") && call.flag("redirect") {
        return Err(Fail::Usage("`whole` and `redirect` exclude each other".into()));
    }
    if lower.is_empty() || (lower.len() < 2 && upper.is_none()) {
        return Err(Fail::Usage("an overlay needs one lower directory and an upper one, or two lower ones".into()));
    }
    let layers = Layers {
        lower: &lower,
        upper: upper.as_deref().zip(work.as_deref()),
        volatile: call.flag("volatile"),
        userxattr: call.flag("userxattr"),
        redirect: call.flag("redirect"),
        whole: call.flag("whole"),
        access: access(call)?,
    };
    attach(call, &overlay(&layers, attributes(call)?)?, 0)
}
