//! Mounts. What lies below a `root` is found by descriptor; the other paths are the
//! caller's own.

use std::os::fd::{AsFd, OwnedFd};

use mlua::{Table, Value};

use crate::sys::Context;
use crate::sys::mount as sys;
use crate::sys::overlay::{Layers, overlay};
use crate::sys::path::{self, Place};
use crate::vm::call::{Call, Fail, FdRef};
use crate::vm::handle::Builder;
use crate::vm::registry::{Opt, Outcome, Primitive, Type, arg, opt};

const BASE: Primitive = Primitive { family: "mounts", ..Primitive::BASE };
pub(super) const ROOT_TYPE: Type = Type::Either(&[Type::Handle("dir"), Type::Path]);

pub(super) const ROOT: Opt =
    opt("root", ROOT_TYPE, "the caller's root", "resolve the path below this folder; links cannot lead out of it");
const CREATE: Opt = opt("create", Type::Bool, "false", "make the mount point where it is missing");
const RO: Opt = opt("ro", Type::Bool, "false", "read-only");
const NOSUID: Opt = opt("nosuid", Type::Bool, "false", "setuid bits and file capabilities do not count");
const NODEV: Opt = opt("nodev", Type::Bool, "false", "device nodes do not work");
const NOEXEC: Opt = opt("noexec", Type::Bool, "false", "nothing can be executed");
const NOATIME: Opt = opt("noatime", Type::Bool, "false", "access times are not written");
const NOSYMFOLLOW: Opt = opt("nosymfollow", Type::Bool, "false", "links are not followed");

/// The options that every mount takes, then the given ones.
macro_rules! mount_options {
    ($($own:expr),* $(,)?) => { &[ROOT, CREATE, RO, NOSUID, NODEV, NOEXEC, NOATIME, NOSYMFOLLOW, $($own),*] };
}

pub(super) const EPERM: (&str, &str) =
    ("EPERM", "needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)");
const ENOENT: (&str, &str) =
    ("ENOENT", "the mount point or the source is missing; create = true makes the mount point");
const ERRORS: &[(&str, &str)] =
    &[EPERM, ENOENT, ("EBUSY", "the file system is mounted with other settings, or the place is in use")];

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "mount_private",
        doc: "Sets the propagation of a mount and those below it, so that mounts here stay here (mount_namespaces(7)).",
        args: &[arg("target", Type::Path, "the mount point, mostly \"/\"")],
        options: &[
            opt(
                "propagation",
                Type::Word(&["private", "slave", "shared", "unbindable"]),
                "private",
                "the propagation type",
            ),
            opt("recursive", Type::Bool, "true", "the mounts below it too"),
        ],
        errors: &[EPERM, ("EINVAL", "the path is not a mount point")],
        example: "tiny.mount_private(\"/\")",
        call: mount_private,
        ..BASE
    },
    Primitive {
        name: "mount_bind",
        doc: "Shows a file or folder at a second place; the flags hold from the first moment (open_tree(2), mount_setattr(2)).",
        args: &[
            arg("source", Type::Path, "a file or folder of the host"),
            arg("target", Type::Path, "a file for a file, a folder for a folder"),
        ],
        options: mount_options![
            opt("recursive", Type::Bool, "true", "the mounts below the source too"),
            opt("source_root", ROOT_TYPE, "the caller's root", "resolve the source below this folder"),
        ],
        returns: "a mount handle",
        errors: ERRORS,
        example: "tiny.mount_bind(\"/usr\", \"./rootfs/usr\", { ro = true, create = true })",
        call: mount_bind,
        ..BASE
    },
    Primitive {
        name: "mount_proc",
        doc: "Mounts proc at `target`, showing the caller's pid namespace; always nosuid, nodev, noexec (proc(5)).",
        args: &[arg("target", Type::Path, "the mount point")],
        options: &[
            ROOT,
            CREATE,
            RO,
            opt(
                "hidepid",
                Type::Word(&["off", "noaccess", "invisible", "ptraceable"]),
                "off",
                "whose processes a user sees",
            ),
            opt("subset", Type::Word(&["pid"]), "", "only the folders of processes"),
        ],
        returns: "a mount handle",
        errors: &[
            (
                "EPERM",
                "needs CAP_SYS_ADMIN over the pid namespace; in a user namespace the host's /proc must not be covered",
            ),
            ENOENT,
        ],
        example: "tiny.mount_proc(\"/proc\")",
        call: |c| {
            let config = settings(c, &[("hidepid", "hidepid"), ("subset", "subset")])?;
            mount_new(c, "proc", config, NOSUID_NODEV_NOEXEC)
        },
        ..BASE
    },
    Primitive {
        name: "mount_sysfs",
        doc: "Mounts sysfs at `target`, showing the caller's network namespace (sysfs(5)).",
        args: &[arg("target", Type::Path, "the mount point")],
        options: &[ROOT, CREATE, RO],
        returns: "a mount handle",
        errors: &[("EPERM", "needs CAP_SYS_ADMIN over the network namespace: clone with net = true"), ENOENT],
        example: "tiny.mount_sysfs(\"/sys\", { ro = true })",
        call: |c| mount_new(c, "sysfs", Vec::new(), NOSUID_NODEV_NOEXEC),
        ..BASE
    },
    Primitive {
        name: "mount_tmpfs",
        doc: "Mounts an empty file system in memory at `target` (tmpfs(5)).",
        args: &[arg("target", Type::Path, "the mount point")],
        options: mount_options![
            opt("size", Type::Size, "half of the memory", "the most it can hold"),
            opt("inodes", Type::Int, "the kernel's", "how many files at most"),
            opt("mode", Type::Int, "0o1777", "the mode of its root folder, a number: tonumber(\"755\", 8)"),
        ],
        returns: "a mount handle",
        errors: ERRORS,
        example: "tiny.mount_tmpfs(\"/tmp\", { size = \"64m\", nosuid = true, nodev = true })",
        call: mount_tmpfs,
        ..BASE
    },
    Primitive {
        name: "mount_devpts",
        doc: "Mounts a devpts of its own at `target`, with no terminals of the host in it; always nosuid, noexec (pts(4)).",
        args: &[arg("target", Type::Path, "the mount point, mostly /dev/pts")],
        options: &[
            ROOT,
            CREATE,
            opt("mode", Type::Int, "0o620", "the mode of new terminals"),
            opt("ptmxmode", Type::Int, "0o666", "the mode of /dev/pts/ptmx"),
            opt("gid", Type::Int, "the opener's", "the group of new terminals; 5 is tty on Debian"),
        ],
        returns: "a mount handle",
        errors: ERRORS,
        example: "tiny.mount_devpts(\"/dev/pts\", { create = true })",
        call: mount_devpts,
        ..BASE
    },
    Primitive {
        name: "mount_mqueue",
        doc: "Mounts the POSIX message queues of the caller's IPC namespace at `target` (mq_overview(7)).",
        args: &[arg("target", Type::Path, "the mount point, mostly /dev/mqueue")],
        options: &[ROOT, CREATE],
        returns: "a mount handle",
        errors: ERRORS,
        example: "tiny.mount_mqueue(\"/dev/mqueue\", { create = true })",
        call: |c| mount_new(c, "mqueue", Vec::new(), NOSUID_NODEV_NOEXEC),
        ..BASE
    },
    Primitive {
        name: "mount_cgroup",
        doc: "Mounts the cgroup2 hierarchy, or a v1 hierarchy with these controllers, at `target` (cgroups(7)).",
        args: &[arg("target", Type::Path, "the mount point")],
        options: &[
            ROOT,
            CREATE,
            RO,
            opt("controllers", Type::List(&Type::Str), "", "a v1 hierarchy with exactly these; absent, cgroup2"),
        ],
        returns: "a mount handle",
        errors: &[EPERM, ENOENT, ("EBUSY", "the controllers are mounted together with others, or belong to cgroup2")],
        example: "tiny.mount_cgroup(\"/sys/fs/cgroup\", { ro = true })",
        call: mount_cgroup,
        ..BASE
    },
    Primitive {
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
            ("ENODEV", "this kernel has no overlay file system: modprobe overlay"),
        ],
        example: "tiny.mount_overlay(\"./merged\", { lower = { \"./rootfs\" }, upper = \"./upper\", work = \"./work\" })",
        call: mount_overlay,
        ..BASE
    },
    Primitive {
        name: "remount_ro",
        doc: "Makes a mount read-only, for this mount namespace (mount_setattr(2), MOUNT_ATTR_RDONLY).",
        args: &[arg("target", Type::Path, "the mount point")],
        options: &[ROOT, opt("recursive", Type::Bool, "false", "the mounts below it too")],
        errors: &[
            EPERM,
            ("EINVAL", "the path is not a mount point; mount_bind it onto itself first"),
            ("EBUSY", "a file below it is open for writing"),
        ],
        example: "tiny.mount_bind(\"/usr\", \"/usr\")\ntiny.remount_ro(\"/usr\")",
        call: remount_ro,
        ..BASE
    },
    Primitive {
        name: "umount",
        doc: "Removes the topmost mount at `target` (umount2(2)).",
        args: &[arg("target", Type::Path, "the mount point")],
        options: &[
            ROOT,
            opt("detach", Type::Bool, "false", "take it from sight now, from use when the last user is gone"),
        ],
        errors: &[
            EPERM,
            ("ENOENT", "nothing is mounted there: `tiny.mounts()` lists what is"),
            ("EBUSY", "something uses it; detach = true takes it from sight"),
            ("EINVAL", "it belongs to a more privileged mount namespace, where its parts are locked together"),
        ],
        example: "tiny.umount(\"/mnt\", { detach = true })",
        call: umount,
        ..BASE
    },
    Primitive {
        name: "mounts",
        doc: "Lists the mounts of the caller's mount namespace (proc_pid_mountinfo(5)).",
        returns: "a list of tables: id, parent, root, target, options, propagation, fstype, source, super_options",
        example: "for _, m in ipairs(tiny.mounts()) do print(m.target, m.fstype) end",
        call: mounts,
        ..BASE
    },
];

const NOSUID_NODEV_NOEXEC: u64 = sys::ATTRIBUTES[1].1 | sys::ATTRIBUTES[2].1 | sys::ATTRIBUTES[3].1;

/// The `root` option: a handle's descriptor, or a path opened for this call.
pub(super) fn root(call: &Call<'_>, key: &str) -> Result<Option<OwnedFd>, Fail> {
    match call.value(key) {
        Value::Table(table) => Ok(Some(FdRef::of(&table)?.dup()?)),
        Value::String(path) => Ok(Some(path::open_root(&path.to_string_lossy())?)),
        _ => Ok(None),
    }
}

fn attributes(call: &Call<'_>) -> u64 {
    let known = |name: &str| call.primitive.options.iter().any(|o| o.name == name);
    sys::ATTRIBUTES.iter().filter(|(name, _)| known(name) && call.flag(name)).fold(0, |all, (_, bit)| all | bit)
}

/// The path as it is to be written into an undo: that runs later, and maybe in another folder.
fn from_anywhere(path: &str) -> String {
    std::path::absolute(path).map_or_else(|_| path.to_owned(), |path| path.to_string_lossy().into_owned())
}

/// Attaches a detached mount at the positional argument `i` and returns its handle.
fn attach(call: &Call<'_>, mount: &OwnedFd, i: usize) -> Outcome {
    let path = call.str(i)?;
    let root = root(call, "root")?;
    let place = Place { root: root.as_ref().map(AsFd::as_fd), path: &path };
    let target = match call.flag("create") {
        false => place.open()?,
        true if path::is_dir(mount.as_fd())? => place.make_dirs()?,
        true => place.make_file()?,
    };
    sys::attach(mount.as_fd(), target.as_fd()).at(&path)?;
    let how = call.lua.create_table()?;
    // What was copied with a tree below it goes with it; umount(2) would refuse that as busy.
    let tree = call.primitive.name == "mount_bind" && call.opt("recursive")?.unwrap_or(true);
    how.raw_set("detach", tree.then_some(true))?;
    let mut at = path.clone();
    match call.value("root") {
        Value::Nil => at = from_anywhere(&path),
        Value::String(root) => how.raw_set("root", from_anywhere(&root.to_string_lossy()))?,
        handle => how.raw_set("root", handle)?,
    }
    let undo = call.lua.create_sequence_from(["umount", &at])?;
    if !how.is_empty() {
        undo.raw_push(how)?;
    }
    call.ok(Builder::new(call.lua, "mount")?.field("path", path)?.field("undo", undo)?.build()?)
}

fn mount_new(call: &Call<'_>, fstype: &str, config: Vec<(&str, Option<String>)>, always: u64) -> Outcome {
    let config: Vec<(&str, Option<&str>)> = config.iter().map(|(k, v)| (*k, v.as_deref())).collect();
    let mount = sys::filesystem(fstype, &config, always | attributes(call))?;
    attach(call, &mount, 0)
}

/// Options that are passed to the file system as they are.
fn settings<'a>(call: &Call<'_>, keys: &[(&'a str, &str)]) -> Result<Vec<(&'a str, Option<String>)>, Fail> {
    let mut all = Vec::new();
    for (setting, option) in keys {
        if let Some(value) = call.opt::<String>(option)? {
            all.push((*setting, Some(value)));
        }
    }
    Ok(all)
}

fn mount_private(call: &Call<'_>) -> Outcome {
    let target = call.str(0)?;
    let word = call.opt::<String>("propagation")?.unwrap_or_else(|| "private".into());
    let propagation = sys::PROPAGATION.iter().find(|(name, _)| *name == word).map_or(0, |(_, flag)| *flag);
    let fd = Place { root: None, path: &target }.open()?;
    let recursive = call.opt("recursive")?.unwrap_or(true);
    sys::set_attributes(fd.as_fd(), 0, 0, propagation, recursive).at(&target)?;
    call.ok(())
}

fn mount_bind(call: &Call<'_>) -> Outcome {
    let source = call.str(0)?;
    let root = root(call, "source_root")?;
    let from = Place { root: root.as_ref().map(AsFd::as_fd), path: &source }.open()?;
    let recursive = call.opt("recursive")?.unwrap_or(true);
    let mount = sys::copy(from.as_fd(), recursive).at(&source)?;
    let set = attributes(call);
    if set != 0 {
        sys::set_attributes(mount.as_fd(), set, 0, 0, recursive).at(&source)?;
    }
    attach(call, &mount, 1)
}

fn mount_tmpfs(call: &Call<'_>) -> Outcome {
    let mut config = Vec::new();
    if let Some(size) = call.opt_size("size")? {
        config.push(("size", Some(size.to_string())));
    }
    if let Some(inodes) = call.opt::<u64>("inodes")? {
        config.push(("nr_inodes", Some(inodes.to_string())));
    }
    if let Some(mode) = call.opt::<u32>("mode")? {
        config.push(("mode", Some(format!("{mode:o}"))));
    }
    mount_new(call, "tmpfs", config, 0)
}

fn mount_devpts(call: &Call<'_>) -> Outcome {
    let mode = call.opt::<u32>("mode")?.unwrap_or(0o620);
    let ptmxmode = call.opt::<u32>("ptmxmode")?.unwrap_or(0o666);
    let mut config =
        vec![("newinstance", None), ("mode", Some(format!("{mode:o}"))), ("ptmxmode", Some(format!("{ptmxmode:o}")))];
    if let Some(gid) = call.opt::<u32>("gid")? {
        config.push(("gid", Some(gid.to_string())));
    }
    let nosuid_noexec = sys::ATTRIBUTES[1].1 | sys::ATTRIBUTES[3].1;
    mount_new(call, "devpts", config, nosuid_noexec)
}

fn mount_cgroup(call: &Call<'_>) -> Outcome {
    match call.opt::<Vec<String>>("controllers")? {
        None => mount_new(call, "cgroup2", Vec::new(), NOSUID_NODEV_NOEXEC),
        Some(controllers) => {
            let config = controllers.iter().map(|c| (c.as_str(), None)).collect();
            mount_new(call, "cgroup", config, NOSUID_NODEV_NOEXEC)
        }
    }
}

fn mount_overlay(call: &Call<'_>) -> Outcome {
    let lower: Vec<String> = call.opt("lower")?.unwrap_or_default();
    let (upper, work): (Option<String>, Option<String>) = (call.opt("upper")?, call.opt("work")?);
    if upper.is_some() != work.is_some() {
        return Err(Fail::Usage("`upper` and `work` go together".into()));
    }
    if lower.is_empty() || (lower.len() < 2 && upper.is_none()) {
        return Err(Fail::Usage("an overlay needs one lower folder and an upper one, or two lower ones".into()));
    }
    let layers =
        Layers { lower: &lower, upper: upper.as_deref().zip(work.as_deref()), volatile: call.flag("volatile") };
    attach(call, &overlay(&layers, attributes(call))?, 0)
}

/// The place that the first argument names, opened.
fn place(call: &Call<'_>) -> Result<OwnedFd, Fail> {
    let path = call.str(0)?;
    let root = root(call, "root")?;
    Ok(Place { root: root.as_ref().map(AsFd::as_fd), path: &path }.open()?)
}

fn remount_ro(call: &Call<'_>) -> Outcome {
    let fd = place(call)?;
    sys::set_attributes(fd.as_fd(), sys::ATTRIBUTES[0].1, 0, 0, call.flag("recursive")).at(call.str(0)?)?;
    call.ok(())
}

fn umount(call: &Call<'_>) -> Outcome {
    let path = call.str(0)?;
    let root = root(call, "root")?;
    sys::umount(Place { root: root.as_ref().map(AsFd::as_fd), path: &path }, call.flag("detach"))?;
    call.ok(())
}

fn mounts(call: &Call<'_>) -> Outcome {
    let list = call.lua.create_table()?;
    for mount in sys::mounts()? {
        let entry: Table = call.lua.create_table()?;
        entry.raw_set("id", mount.id)?;
        entry.raw_set("parent", mount.parent)?;
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
