//! New instances of the kernel's file systems.

use super::{
    BASE, CREATE, ENOENT, EPERM, ERRORS, NOATIME, NODEV, NODIRATIME, NOEXEC, NOSUID, NOSYMFOLLOW, OPEN, READ_ONLY,
    RELATIME, STRICTATIME, attach, attributes, mount_options,
};
use crate::prim::place::ROOT;
use crate::sys::mount as sys;
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Outcome, Primitive, Type, arg, need, opt, range};

pub(super) const MOUNT_PROC: Primitive = Primitive {
    name: "mount_proc",
    doc: "Mounts proc for the caller's pid namespace at `target`, always nosuid, nodev and noexec (proc(5)).",
    args: &[arg("target", Type::Path, "the mount point")],
    options: &[
        ROOT,
        CREATE,
        OPEN,
        READ_ONLY,
        opt(
            "hidepid",
            Type::Word(&["off", "noaccess", "invisible", "ptraceable"]),
            "off",
            "which processes a user can see",
        ),
        opt("subset", Type::Word(&["pid"]), "", "show only the directories of processes"),
    ],
    returns: "a mount handle",
    errors: &[
        (
            "EPERM",
            "needs CAP_SYS_ADMIN over the pid namespace; in a user namespace no mount may cover parts of the host's \
             /proc",
        ),
        ENOENT,
    ],
    example: "tiny.mount_proc(\"/proc\")",
    call: |c| {
        let config = settings(c, &[("hidepid", "hidepid"), ("subset", "subset")])?;
        mount_new(c, "proc", config, NOSUID_NODEV_NOEXEC)
    },
    ..BASE
};

pub(super) const MOUNT_SYSFS: Primitive = Primitive {
    name: "mount_sysfs",
    doc: "Mounts sysfs for the caller's network namespace at `target` (sysfs(5)).",
    args: &[arg("target", Type::Path, "the mount point")],
    options: &[ROOT, CREATE, OPEN, READ_ONLY],
    returns: "a mount handle",
    errors: &[("EPERM", "needs CAP_SYS_ADMIN over the network namespace: clone with net = true"), ENOENT],
    example: "tiny.mount_sysfs(\"/sys\", { read_only = true })",
    call: |c| mount_new(c, "sysfs", Vec::new(), NOSUID_NODEV_NOEXEC),
    ..BASE
};

pub(super) const MOUNT_TMPFS: Primitive = Primitive {
    name: "mount_tmpfs",
    doc: "Mounts an empty tmpfs at `target` (tmpfs(5)).",
    args: &[arg("target", Type::Path, "the mount point")],
    options: mount_options![
        opt("size", Type::Size, "half of the memory", "the largest total size"),
        opt("inodes", range::COUNT, "the kernel's", "the largest number of files"),
        opt("uid", range::ID, "the caller", "the owner of its root directory"),
        opt("gid", range::ID, "the caller's", "the group of its root directory"),
        opt("mode", range::MODE, "0o1777", "the mode of its root directory as an integer: tonumber(\"755\", 8)"),
    ],
    returns: "a mount handle",
    errors: ERRORS,
    example: "tiny.mount_tmpfs(\"/tmp\", { size = \"64m\", nosuid = true, nodev = true })",
    call: mount_tmpfs,
    ..BASE
};

pub(super) const MOUNT_DEVPTS: Primitive = Primitive {
    name: "mount_devpts",
    doc: "Mounts a new devpts instance at `target`, without the host's terminals; always nosuid and noexec (pts(4)).",
    args: &[arg("target", Type::Path, "the mount point, usually /dev/pts")],
    options: &[
        ROOT,
        CREATE,
        opt("mode", range::MODE, "0o620", "the mode of new terminals"),
        opt("ptmxmode", range::MODE, "0o666", "the mode of /dev/pts/ptmx"),
        opt("gid", range::ID, "the opener's", "the group of new terminals; 5 is tty on Debian"),
    ],
    returns: "a mount handle",
    errors: ERRORS,
    example: "tiny.mount_devpts(\"/dev/pts\", { create = true })",
    call: mount_devpts,
    ..BASE
};

pub(super) const MOUNT_MQUEUE: Primitive = Primitive {
    name: "mount_mqueue",
    doc: "Mounts the POSIX message queues of the caller's IPC namespace at `target` (mq_overview(7)).",
    args: &[arg("target", Type::Path, "the mount point, usually /dev/mqueue")],
    options: &[ROOT, CREATE],
    returns: "a mount handle",
    errors: ERRORS,
    example: "tiny.mount_mqueue(\"/dev/mqueue\", { create = true })",
    call: |c| mount_new(c, "mqueue", Vec::new(), NOSUID_NODEV_NOEXEC),
    ..BASE
};

pub(super) const MOUNT_CGROUP: Primitive = Primitive {
    name: "mount_cgroup",
    doc: "Mounts the cgroup2 hierarchy, or the v1 hierarchy of the given controllers, at `target` (cgroups(7)).",
    args: &[arg("target", Type::Path, "the mount point")],
    options: &[
        ROOT,
        CREATE,
        READ_ONLY,
        opt(
            "controllers",
            Type::List(&Type::Str),
            "",
            "the v1 hierarchy with exactly these controllers; cgroup2 when absent",
        ),
    ],
    returns: "a mount handle",
    errors: &[EPERM, ENOENT, ("EBUSY", "the controllers are mounted together with others, or belong to cgroup2")],
    example: "tiny.mount_cgroup(\"/sys/fs/cgroup\", { read_only = true })",
    call: mount_cgroup,
    ..BASE
};

pub(super) const MOUNT_FILESYSTEM: Primitive = Primitive {
    name: "mount_filesystem",
    doc: "Mounts a file system of any type at `target` (fsopen(2)). Use the primitive for its type where there is one, \
          such as `mount_proc`, which sets the flags that are usual for it.",
    args: &[arg("target", Type::Path, "the mount point")],
    options: mount_options![
        need("type", Type::Str, "the type, as in /proc/filesystems"),
        opt("source", Type::Str, "the type", "the device or another source"),
        opt(
            "settings",
            Type::List(&Type::Str),
            "none",
            "settings of the file system as \"K\" or \"K=V\", such as \"size=64k\"",
        ),
    ],
    returns: "a mount handle",
    errors: &[
        ERRORS[0],
        ENOENT,
        ("EINVAL", "the file system does not have this setting or value"),
        ERRORS[2],
        ("ENODEV", "the kernel does not have this file system (`tinylua doctor`)"),
    ],
    example: "tiny.mount_filesystem(\"/run\", { type = \"tmpfs\", settings = { \"size=64k\", \"mode=755\" }, nosuid = true })",
    call: mount_filesystem,
    ..BASE
};

const NOSUID_NODEV_NOEXEC: u64 = sys::ATTRIBUTES[1].1 | sys::ATTRIBUTES[2].1 | sys::ATTRIBUTES[3].1;

fn mount_new(call: &Call<'_>, fstype: &str, config: Vec<(&str, Option<String>)>, always: u64) -> Outcome {
    let config: Vec<(&str, Option<&str>)> = config.iter().map(|(k, v)| (*k, v.as_deref())).collect();
    let mount = sys::filesystem(fstype, &config, always | attributes(call)?)?;
    attach(call, &mount, 0)
}

/// Options that are passed to the file system unchanged.
fn settings<'a>(call: &Call<'_>, keys: &[(&'a str, &str)]) -> Result<Vec<(&'a str, Option<String>)>, Fail> {
    let mut all = Vec::new();
    for (setting, option) in keys {
        if let Some(value) = call.opt::<String>(option)? {
            all.push((*setting, Some(value)));
        }
    }
    Ok(all)
}

fn mount_filesystem(call: &Call<'_>) -> Outcome {
    let fstype: String = call.opt("type")?.unwrap_or_default();
    let source = call.opt::<String>("source")?.map(|source| ("source", Some(source)));
    let settings: Vec<String> = call.opt("settings")?.unwrap_or_default();
    let mut config: Vec<(&str, Option<String>)> = source.into_iter().collect();
    for (i, setting) in settings.iter().enumerate() {
        let (key, value) = setting.split_once('=').map_or((&setting[..], None), |(key, value)| (key, Some(value)));
        if key.is_empty() {
            return Err(Fail::Usage(format!("option \"settings\": [{}]: {setting:?} has no name", i + 1)));
        }
        config.push((key, value.map(str::to_owned)));
    }
    mount_new(call, &fstype, config, 0)
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
    for key in ["uid", "gid"] {
        match call.opt::<u32>(key)? {
            None => {}
            Some(u32::MAX) => return Err(Fail::Usage(format!("{key}: 4294967295 is not a valid id"))),
            Some(id) => config.push((key, Some(id.to_string()))),
        }
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
