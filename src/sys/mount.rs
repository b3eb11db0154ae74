//! Mounts by descriptor: fsopen/fsmount, open_tree, mount_setattr, move_mount (kernel 5.12). A mount is created
//! detached with all its flags and attached afterwards, so it is never visible without its restrictions.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::mount::{MntFlags, umount2};
use rustix::fs::{Mode, OFlags};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen, move_mount, open_tree,
};

use super::access::{Access, limited};
use super::path::{Place, is_dir, without_umask};
use super::{Context, Error, Result};

pub use super::mountinfo::{Mount, mounts, mounts_of};

/// The mount flags by the names of their options.
pub const ATTRIBUTES: [(&str, u64); 9] = [
    ("read_only", libc::MOUNT_ATTR_RDONLY),
    ("nosuid", libc::MOUNT_ATTR_NOSUID),
    ("nodev", libc::MOUNT_ATTR_NODEV),
    ("noexec", libc::MOUNT_ATTR_NOEXEC),
    ("noatime", libc::MOUNT_ATTR_NOATIME),
    ("nosymfollow", libc::MOUNT_ATTR_NOSYMFOLLOW),
    ("nodiratime", libc::MOUNT_ATTR_NODIRATIME),
    ("strictatime", libc::MOUNT_ATTR_STRICTATIME),
    ("relatime", libc::MOUNT_ATTR_RELATIME),
];

/// The flags that are one field, of which a mount has one value: noatime, strictatime, or relatime, which is 0.
pub const ACCESS_TIMES: u64 = libc::MOUNT_ATTR__ATIME;

/// The longest value of one setting in fsconfig(2).
pub const LONGEST: usize = 255;

/// The propagation types (mount_namespaces(7)).
pub const PROPAGATION: [(&str, u64); 4] = [
    ("private", libc::MS_PRIVATE),
    ("slave", libc::MS_SLAVE),
    ("shared", libc::MS_SHARED),
    ("unbindable", libc::MS_UNBINDABLE),
];

/// Creates a new file system, detached. `config` contains `key` or `key=value` settings of that file system. The error
/// includes the file system's own message.
pub fn filesystem(fstype: &str, config: &[(&str, Option<&str>)], attributes: u64) -> Result<OwnedFd> {
    filesystem_as(fstype, config, attributes, None)
}

/// Like `filesystem`, created with another user's permissions: an overlay keeps the credentials of its creator and uses
/// them on its layers.
pub fn filesystem_as(
    fstype: &str,
    config: &[(&str, Option<&str>)],
    attributes: u64,
    access: Option<Access>,
) -> Result<OwnedFd> {
    let context = match fsopen(fstype, FsOpenFlags::FSOPEN_CLOEXEC) {
        Err(rustix::io::Errno::NODEV) => {
            return Err(Error::new(Errno::ENODEV)
                .with_path(fstype)
                .with_detail("the kernel does not have this file system, or its module is not loaded")
                .with_hint(format!("modprobe {fstype}; `tinylua doctor` shows the features of this host")));
        }
        result => result?,
    };
    let told = |e: rustix::io::Errno| match kernel_message(&context) {
        Some(text) => Error::from(e).with_path(fstype).with_detail(text),
        None => Error::from(e).with_path(fstype),
    };
    // The source shown in /proc/self/mountinfo; by default the kernel shows "none".
    let source = config.iter().all(|(key, _)| *key != "source").then_some(("source", Some(fstype)));
    for (key, value) in source.iter().chain(config) {
        if value.is_some_and(|value| value.len() > LONGEST) {
            let why = format!("{key}: the kernel takes at most {LONGEST} bytes for one setting");
            return Err(Error::new(Errno::EINVAL).with_path(fstype).with_detail(why));
        }
        let set = match value {
            Some(value) => fsconfig_set_string(context.as_fd(), *key, *value),
            None => fsconfig_set_flag(context.as_fd(), *key),
        };
        set.map_err(|e| told(e).with_detail(value.map_or((*key).to_owned(), |value| format!("{key}={value}"))))?;
    }
    match access {
        None => fsconfig_create(context.as_fd()),
        Some(access) => limited(access, || fsconfig_create(context.as_fd()))?,
    }
    .map_err(told)?;
    let attributes = MountAttrFlags::from_bits_retain(attributes as u32);
    fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes).map_err(told)
}

/// The messages in a file system context: lines such as "e overlay: …" (fsopen(2)).
fn kernel_message(context: &OwnedFd) -> Option<String> {
    let mut text = [0u8; 1024];
    let mut lines = Vec::new();
    while let Ok(n) = rustix::io::read(context, &mut text) {
        let line = String::from_utf8_lossy(&text[..n]);
        lines.push(line.trim_end().trim_start_matches(['e', 'w', 'i']).trim_start().to_owned());
        if n == 0 || lines.len() > 8 {
            break;
        }
    }
    (!lines.is_empty()).then(|| lines.join("; "))
}

/// Creates a detached copy of the mount at `source`; with `recursive`, including the mounts below it.
pub fn copy(source: BorrowedFd<'_>, recursive: bool) -> Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    if recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    Ok(open_tree(source, "", flags)?)
}

/// A read-only copy of a directory's mount, rooted at that directory and not attached.
pub fn read_only_copy(source: BorrowedFd<'_>) -> Result<OwnedFd> {
    let mount = copy(source, false)?;
    set_attributes(mount.as_fd(), libc::MOUNT_ATTR_RDONLY, 0, 0, false)?;
    Ok(mount)
}

/// Attaches a detached mount at `target`. Errors: ENOTDIR for a directory on a file or the reverse.
pub fn attach(mount: BorrowedFd<'_>, target: BorrowedFd<'_>) -> Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    match move_mount(mount, "", target, "", flags) {
        // move_mount(2) returns EINVAL here, as for many other errors; mount(2) returns ENOTDIR.
        Err(rustix::io::Errno::INVAL) if is_dir(mount)? != is_dir(target)? => Err(Error::new(Errno::ENOTDIR)
            .with_detail("a directory can only be mounted on a directory, and a file on a file")),
        attached => Ok(attached?),
    }
}

/// Sets and clears flags of a mount, and its propagation type (0: unchanged).
pub fn set_attributes(mount: BorrowedFd<'_>, set: u64, clear: u64, propagation: u64, recursive: bool) -> Result<()> {
    // The atime mode is a separate field that must be cleared as a whole (mount_setattr(2)).
    let clear = if set & ACCESS_TIMES != 0 { clear | ACCESS_TIMES } else { clear };
    setattr(mount, &libc::mount_attr { attr_set: set, attr_clr: clear, propagation, userns_fd: 0 }, recursive)
}

fn setattr(mount: BorrowedFd<'_>, attr: &libc::mount_attr, recursive: bool) -> Result<()> {
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is an empty C string, `attr` lives through the call and its size is passed.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const *attr,
            size_of_val(attr),
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(Error::last()),
    }
}

/// Maps the ids of a detached mount's files through a user namespace: files of uid 0 then belong to its root
/// (mount_setattr(2), MOUNT_ATTR_IDMAP, kernel 5.12). Errors: EINVAL if the file system does not support idmapped
/// mounts, EPERM if the mount is already idmapped.
pub fn map_ids(mount: BorrowedFd<'_>, userns: BorrowedFd<'_>, recursive: bool) -> Result<()> {
    let attr = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_IDMAP,
        attr_clr: 0,
        propagation: 0,
        userns_fd: userns.as_raw_fd() as u64,
    };
    setattr(mount, &attr, recursive).map_err(|e| match e.errno {
        Errno::EINVAL => e.with_detail("this file system does not support idmapped mounts on this kernel").with_hint(
            "ext4, xfs and btrfs support them since kernel 5.12 to 5.15, overlay layers since 5.19, tmpfs since 6.3",
        ),
        Errno::EPERM => e
            .with_detail("the caller is not root of the file system's user namespace, or the mount is already idmapped")
            .with_hint("run as root of the user namespace that mounted the file system"),
        _ => e,
    })
}

/// Unmounts the topmost mount at a place; with `detach` even if it is busy. Errors: ENOENT if there is no mount, EBUSY
/// if it is in use.
pub fn umount(place: Place<'_>, detach: bool) -> Result<()> {
    let flags = if detach { MntFlags::MNT_DETACH } else { MntFlags::empty() };
    let removed = match place.root {
        None => umount2(place.path, flags),
        Some(_) => {
            // A descriptor of the mount itself would keep it busy, so it is addressed through its parent directory.
            let (folder, name) = place.follow()?;
            let path = Path::new("/proc/self/fd").join(folder.as_fd().as_raw_fd().to_string()).join(&name);
            rustix::fs::statat(&folder, &*name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW).at(place.path)?;
            umount2(&path, flags | MntFlags::UMOUNT_NOFOLLOW)
        }
    };
    match removed {
        Err(Errno::EINVAL) if is_mount(place)? => Err(Error::new(Errno::EINVAL)
            .with_path(place.path)
            .with_detail("it was created by a more privileged mount namespace, and its mounts are locked together")),
        // The kernel also returns EINVAL here. An undo that has nothing left to do expects ENOENT.
        Err(Errno::EINVAL) => {
            Err(Error::new(Errno::ENOENT).with_path(place.path).with_detail("there is no mount at this path"))
        }
        Err(Errno::ENOENT) if place.root.is_some() => {
            Err(Error::new(Errno::ENOENT).with_path("/proc").with_detail("umount below a root needs /proc"))
        }
        removed => Ok(removed.at(place.path)?),
    }
}

/// Whether the place is a mount point (statx(2), STATX_ATTR_MOUNT_ROOT).
fn is_mount(place: Place<'_>) -> Result<bool> {
    use rustix::fs::{AtFlags, StatxAttributes, StatxFlags, statx};
    let told = statx(place.open()?, "", AtFlags::EMPTY_PATH, StatxFlags::empty()).at(place.path)?;
    Ok(told.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

/// Changes only the root of this process. This does not confine it: a process with CAP_SYS_CHROOT can leave it again
/// (chroot(2)).
pub fn chroot(path: &str) -> Result<()> {
    nix::unistd::chroot(path).at(path)?;
    nix::unistd::chdir("/").at("/")
}

/// Makes `root` the root of the mount namespace and unmounts the old root (pivot_root(2), "." for both: the old root is
/// on top and is detached). Errors: EINVAL if `root` is not a mount point or propagation is shared, EBUSY if it is
/// already the root.
pub fn pivot_root(root: BorrowedFd<'_>) -> Result<()> {
    let old = rustix::fs::open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).at("/")?;
    rustix::process::fchdir(root)?;
    rustix::process::pivot_root(".", ".")?;
    // If a mount below the old root is shared, detaching it would propagate and unmount its submounts outside this
    // namespace too.
    set_attributes(old.as_fd(), 0, 0, libc::MS_SLAVE, true).detail("separating the old root")?;
    rustix::process::fchdir(&old)?;
    umount2(".", MntFlags::MNT_DETACH).detail("detaching the old root")?;
    nix::unistd::chdir("/").at("/")
}

/// Changes the working directory. Below a root it is resolved by descriptor, so that no link in /proc leads to a host
/// directory that this process still has open (CVE-2024-21626).
pub fn chdir(place: Place<'_>) -> Result<()> {
    match place.root {
        None => nix::unistd::chdir(place.path).at(place.path),
        Some(_) => rustix::process::fchdir(place.open()?).at(place.path),
    }
}

/// Creates a device or FIFO (mknod(2)) with exactly this mode.
pub fn mknod(place: Place<'_>, kind: &str, device: (u32, u32), mode: u32) -> Result<()> {
    use rustix::fs::{FileType, Mode, makedev, mknodat};
    let kind = match kind {
        "char" => FileType::CharacterDevice,
        "block" => FileType::BlockDevice,
        _ => FileType::Fifo,
    };
    let (folder, name) = place.parent()?;
    let device = makedev(device.0, device.1);
    without_umask(|| mknodat(&folder, name, kind, Mode::from_raw_mode(mode), device)).at(place.path)
}
