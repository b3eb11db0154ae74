//! Mounts. Paths below a `root` are resolved by descriptor; other paths are the caller's. This file lists the family
//! and its common options, and attaches detached mounts.

mod bind;
mod change;
mod filesystem;
mod overlay;

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use mlua::Value;

use super::place::root;
use crate::sys::mount as sys;
use crate::sys::{Context, path};
use crate::vm::call::{Call, Fail, path_of};
use crate::vm::handle::Builder;
use crate::vm::registry::{Key, Opt, Outcome, Primitive, Type, opt};

const BASE: Primitive = Primitive { family: "mounts", ..Primitive::BASE };

/// The family's entries.
pub const FAMILY: &[Primitive] = &[
    change::MOUNT_PROPAGATION,
    change::MOUNT_PRIVATE,
    bind::MOUNT_BIND,
    bind::MOUNT_COPY,
    bind::MOUNT_ATTACH,
    filesystem::MOUNT_PROC,
    filesystem::MOUNT_SYSFS,
    filesystem::MOUNT_TMPFS,
    filesystem::MOUNT_DEVPTS,
    filesystem::MOUNT_MQUEUE,
    filesystem::MOUNT_CGROUP,
    filesystem::MOUNT_FILESYSTEM,
    overlay::MOUNT_OVERLAY,
    change::REMOUNT_RO,
    change::MOUNT_ATTRIBUTES,
    change::UMOUNT,
    change::MOUNTS,
];

const CREATE: Opt = opt("create", Type::Bool, "false", "create the mount point if it is missing");
const OPEN: Opt = opt(
    "open",
    Type::Bool,
    "false",
    "also return a dir handle of the mount, which stays valid if the path is mounted over or renamed",
);
const READ_ONLY: Opt = opt("read_only", Type::Bool, "false", "read-only").formerly(&[("ro", "0.2")]);
const NOSUID: Opt = opt("nosuid", Type::Bool, "false", "ignore set-user-ID bits and file capabilities");
const NODEV: Opt = opt("nodev", Type::Bool, "false", "device nodes cannot be opened");
const NOEXEC: Opt = opt("noexec", Type::Bool, "false", "no file can be executed");
const NOATIME: Opt = opt("noatime", Type::Bool, "false", "do not update access times");
const NOSYMFOLLOW: Opt = opt("nosymfollow", Type::Bool, "false", "do not follow symbolic links");

const NODIRATIME: Opt = opt("nodiratime", Type::Bool, "false", "do not update access times of directories");
const STRICTATIME: Opt = opt("strictatime", Type::Bool, "false", "update access times at every access");
const RELATIME: Opt = opt(
    "relatime",
    Type::Bool,
    "false",
    "update an access time only if it is older than a day or than the last change, as new mounts do",
);

/// The options of every mount, followed by the given ones.
macro_rules! mount_options {
    ($($own:expr),* $(,)?) => {
        &[
            ROOT, CREATE, OPEN, READ_ONLY, NOSUID, NODEV, NOEXEC, NOATIME, NOSYMFOLLOW, NODIRATIME, STRICTATIME, RELATIME,
            $($own),*
        ]
    };
}
use mount_options;

pub(super) const EPERM: (&str, &str) =
    ("EPERM", "needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)");
const ENOENT: (&str, &str) =
    ("ENOENT", "the mount point or the source is missing; create = true creates the mount point");
const ERRORS: &[(&str, &str)] =
    &[EPERM, ENOENT, ("EBUSY", "the file system is mounted with other settings, or the mount point is in use")];

/// The flags that the options set.
fn attributes(call: &Call<'_>) -> Result<u64, Fail> {
    let known = |name: &str| call.primitive.options().any(|o| o.is(name.as_bytes()));
    let set = || sys::ATTRIBUTES.iter().filter(|(name, _)| known(name) && call.flag(name));
    let mut modes = set().filter(|(_, bit)| bit & !sys::ACCESS_TIMES == 0);
    if let (Some((one, _)), Some((other, _))) = (modes.next(), modes.next()) {
        return Err(Fail::Usage(format!("`{one}` and `{other}` exclude each other")));
    }
    Ok(set().fold(0, |all, (_, bit)| all | bit))
}

/// The path in the form for an undo entry, which runs later and possibly in another directory.
fn from_anywhere(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Attaches a detached mount at the positional argument `i` and returns its handle.
fn attach(call: &Call<'_>, mount: &OwnedFd, i: usize) -> Outcome {
    let path = call.path(i)?;
    let root = root(call)?;
    let place = root.place(&path)?;
    let target = match call.flag("create") {
        false => place.open()?,
        true if path::is_dir(mount.as_fd())? => place.make_dirs()?,
        true => place.make_file()?,
    };
    sys::attach(mount.as_fd(), target.as_fd()).at(&path)?;
    let how = call.lua.create_table()?;
    // A recursive copy is unmounted with its submounts, since umount(2) would fail with EBUSY.
    let tree = match call.primitive.name() {
        "mount_bind" => call.opt("recursive")?.unwrap_or(true),
        name => name == "mount_attach",
    };
    how.raw_set("detach", tree.then_some(true))?;
    let mut at = path.clone();
    match call.value("root") {
        Value::Nil => at = from_anywhere(&path),
        Value::String(root) => how.raw_set("root", from_anywhere(&path_of(&root)).as_os_str())?,
        handle => how.raw_set("root", handle)?,
    }
    let undo = call.lua.create_sequence_from([OsStr::new("umount"), at.as_os_str()])?;
    if !how.is_empty() {
        undo.raw_push(how)?;
    }
    let handle = Builder::new(call.lua, "mount")?.field("path", path.as_os_str())?.field("undo", undo)?.build()?;
    if !call.flag("open") {
        return call.ok(handle);
    }
    let fd = mount.try_clone().map_err(crate::sys::Error::from)?;
    call.ok((handle, Builder::new(call.lua, "dir")?.field("path", path.as_os_str())?.fd(fd)?.build()?))
}
