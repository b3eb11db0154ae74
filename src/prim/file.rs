//! Files, directories and locks, as used by the state store and for a container's file tree.

use mlua::Value;
use nix::errno::Errno;

use super::place::{ROOT, root};
use crate::sys::{self as kernel, fs as sys, tree};
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Effect, Opt, Outcome, Primitive, Type, arg, opt, range};

const BASE: Primitive = Primitive { family: "files", ..Primitive::BASE };
const MODE: Opt = opt("mode", range::MODE, "0o644", "the file's mode");
const NOFOLLOW: Opt = opt(
    "nofollow",
    Type::Bool,
    "false",
    "do not follow symbolic links in any component of the path (RESOLVE_NO_SYMLINKS): for a tree that another process \
     may change",
);
const ELOOP: (&str, &str) = ("ELOOP", "a component of the path is a symbolic link, and `nofollow` was set");
const ENOENT: (&str, &str) = ("ENOENT", "the file or its directory is missing");
const EACCES: (&str, &str) = ("EACCES", "this user has no permission; tinylua's own files belong to root");
const ENOSPC: (&str, &str) = ("ENOSPC", "the disk is full; nothing was changed");

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "read_file",
        effect: Effect::Reads,
        doc: "Reads a whole regular file; FIFOs and devices are refused (open(2), O_NONBLOCK).",
        args: &[arg("path", Type::Path, "the file")],
        options: &[ROOT, opt("max", Type::Size, "16m", "the largest file that is read")],
        returns: "the file's bytes, or nil when it is missing",
        errors: &[EACCES, ("EFBIG", "the file is larger than `max`; raise it"), ("EISDIR", "it is a directory")],
        example: "local passwd = tiny.read_file(\"/etc/passwd\", { root = \"./rootfs\" })",
        call: read_file,
        ..BASE
    },
    Primitive {
        name: "access",
        effect: Effect::Reads,
        doc: "Returns whether this process may use a file, with its effective ids and capabilities (faccessat2(2), \
              AT_EACCESS).",
        args: &[
            arg("path", Type::Path, "the file; symbolic links are followed"),
            arg(
                "mode",
                Type::Str,
                "letters: r to read, w to write, x to execute, or to search a directory; \"\": it exists",
            ),
        ],
        options: &[ROOT],
        returns: "true; or false and the code of the reason, such as \"EACCES\" or \"ENOENT\"",
        example: "if not tiny.access(\"/usr/bin/env\", \"x\", { root = \"./rootfs\" }) then print(\"no env\") end",
        call: access,
        ..BASE
    },
    Primitive {
        name: "write_file",
        effect: Effect::Plumbing,
        doc: "Writes a whole file atomically, through a temporary file and rename(2): readers never see a partial \
              file. A symbolic link of that name is replaced, not followed.",
        args: &[arg("path", Type::Path, "the file"), arg("data", Type::Bytes, "the new content")],
        options: &[
            ROOT,
            MODE,
            opt("sync", Type::Bool, "false", "wait until the file and its name are on disk (fdatasync(2), fsync(2))"),
            opt("exclusive", Type::Bool, "false", "fail with EEXIST instead of replacing a file"),
        ],
        errors: &[ENOENT, EACCES, ENOSPC, ("EEXIST", "the file already exists")],
        example: "tiny.write_file(\"state.json\", tiny.json_encode { status = \"running\" }, { mode = tonumber(\"600\", 8) })",
        call: write_file,
        ..BASE
    },
    Primitive {
        name: "append_file",
        effect: Effect::Plumbing,
        doc: "Appends to a file with one write and creates the file if it is missing (open(2), O_APPEND).",
        args: &[arg("path", Type::Path, "the file"), arg("data", Type::Bytes, "the bytes")],
        options: &[MODE],
        errors: &[ENOENT, EACCES, ("ENOSPC", "the disk is full; some of the bytes may have been appended")],
        example: "tiny.append_file(\"undo.jsonl\", tiny.json_encode { \"link_del\", \"veth0\" } .. \"\\n\")",
        call: |c| {
            let data: mlua::LuaString = c.get(1)?;
            sys::append(&c.path(0)?, &data.as_bytes(), c.opt("mode")?.unwrap_or(0o644))?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "list_dir",
        effect: Effect::Reads,
        doc: "Lists the names in a directory, sorted (readdir(3)).",
        args: &[arg("path", Type::Path, "the directory")],
        options: &[ROOT, NOFOLLOW],
        returns: "a list of names, or nil when the directory is missing",
        errors: &[EACCES, ("ENOTDIR", "it is not a directory"), ELOOP],
        example: "for _, name in ipairs(tiny.list_dir(\"/etc\")) do print(name) end",
        call: list_dir,
        ..BASE
    },
    Primitive {
        name: "stat",
        effect: Effect::Reads,
        doc: "Returns the attributes of a file (stat(2)).",
        args: &[arg("path", Type::Path, "the file")],
        options: &[ROOT, opt("follow", Type::Bool, "true", "follow a symbolic link to its target"), NOFOLLOW],
        returns: "a table: kind, size, mode, uid, gid, mtime, dev, ino, rdev; nil when it is missing",
        errors: &[EACCES, ELOOP],
        example: "local s = tiny.stat(\"./rootfs\")\nassert(s and s.kind == \"dir\")",
        call: stat,
        ..BASE
    },
    Primitive {
        name: "mkdir",
        effect: Effect::Plumbing,
        doc: "Creates a directory (mkdir(2)).",
        args: &[arg("path", Type::Path, "the directory")],
        options: &[
            ROOT,
            opt("mode", range::MODE, "0o755", "its mode"),
            opt("parents", Type::Bool, "false", "also create missing parents; an existing directory is not an error"),
        ],
        errors: &[ENOENT, EACCES, ENOSPC, ("EEXIST", "a file of that name already exists")],
        example: "tiny.mkdir(\"/run/web\", { parents = true })",
        call: mkdir,
        ..BASE
    },
    Primitive {
        name: "symlink",
        doc: "Creates a symbolic link at `path` (symlink(2)).",
        args: &[arg("target", Type::Path, "the target of the link"), arg("path", Type::Path, "the link")],
        options: &[ROOT],
        errors: &[ENOENT, EACCES, ("EEXIST", "a file of that name already exists")],
        example: "tiny.symlink(\"/proc/self/fd\", \"/dev/fd\")",
        call: |c| {
            let (path, root) = (c.path(1)?, root(c)?);
            sys::symlink(&c.path(0)?, root.place(&path)?)?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "readlink",
        effect: Effect::Reads,
        doc: "Returns the target of a symbolic link (readlink(2)).",
        args: &[arg("path", Type::Path, "the link")],
        options: &[ROOT],
        returns: "the target of the link",
        errors: &[ENOENT, ("EINVAL", "it is not a symbolic link")],
        example: "print(tiny.readlink(\"/proc/self/ns/net\"))",
        call: |c| {
            let (path, root) = (c.path(0)?, root(c)?);
            let target = sys::readlink(root.place(&path)?)?;
            c.ok(c.lua.create_string(target)?)
        },
        ..BASE
    },
    Primitive {
        name: "chown",
        doc: "Changes the owner and group of a file; a symbolic link itself is changed, not its target (chown(2)).",
        args: &[arg("path", Type::Path, "the file")],
        options: &[
            ROOT,
            Opt { required: true, ..opt("uid", range::ID, "", "the owner") },
            Opt { required: true, ..opt("gid", range::ID, "", "the group") },
        ],
        errors: &[ENOENT, ("EPERM", "needs CAP_CHOWN")],
        example: "tiny.chown(\"out.fifo\", { uid = 1000, gid = 1000 })",
        call: |c| {
            let (path, root) = (c.path(0)?, root(c)?);
            let place = root.place(&path)?;
            sys::chown(place, c.opt("uid")?.unwrap_or(0), c.opt("gid")?.unwrap_or(0))?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "rename",
        effect: Effect::Plumbing,
        doc: "Renames a file or directory within its file system; an existing file of the new name is replaced \
              (renameat2(2)).",
        args: &[arg("from", Type::Path, "the current path"), arg("to", Type::Path, "the new path")],
        options: &[opt(
            "exclusive",
            Type::Bool,
            "false",
            "fail with EEXIST instead of replacing a file (RENAME_NOREPLACE)",
        )],
        errors: &[
            ENOENT,
            EACCES,
            ("EEXIST", "the new name exists, and `exclusive` was set"),
            ("EXDEV", "the two paths are on different file systems; copy the file instead"),
            ("ENOTEMPTY", "the new path is a directory that is not empty"),
        ],
        example: "tiny.rename(\"new\", \"current\")",
        call: |c| {
            sys::rename(&c.path(0)?, &c.path(1)?, c.flag("exclusive"))?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "remove",
        effect: Effect::Plumbing,
        undoes: true,
        doc: "Removes a file, a symbolic link or an empty directory; with `recursive`, a directory tree. Symbolic \
              links and mounts are not followed (unlink(2), rmdir(2)).",
        args: &[arg("path", Type::Path, "the file or directory")],
        options: &[ROOT, opt("recursive", Type::Bool, "false", "remove a directory with its content")],
        errors: &[
            ENOENT,
            EACCES,
            ("ENOTEMPTY", "the directory is not empty; recursive = true removes its contents"),
            ("EBUSY", "a file system is mounted there; unmount it first"),
        ],
        example: "tiny.remove(\"/run/web\", { recursive = true })",
        call: remove,
        ..BASE
    },
    Primitive {
        name: "flock",
        waits: true,
        effect: Effect::Plumbing,
        doc: "Locks a file, and creates it if it is missing (flock(2)). Children that are forked later share the lock: \
              it is released when all of them have closed it or ended, or by `unlock`.",
        args: &[arg("path", Type::Path, "the lock file")],
        options: &[
            opt("shared", Type::Bool, "false", "a shared lock; others can hold shared locks at the same time"),
            opt("wait", Type::Bool, "true", "wait for the lock; otherwise return nil at once"),
            opt(
                "timeout",
                Type::Duration,
                "as long as it takes",
                "the longest time to wait, measured by a timer that sends SIGALRM",
            ),
        ],
        returns: "a lock handle, or nil when another process holds the lock",
        errors: &[ENOENT, EACCES],
        example: "local lock <close> = tiny.flock(\"/run/web.lock\")",
        call: flock,
        ..BASE
    },
    Primitive {
        name: "unlock",
        effect: Effect::Plumbing,
        doc: "Releases a lock for all processes that share it, including children that inherited it (flock(2), \
              LOCK_UN).",
        args: &[arg("lock", Type::Handle("lock"), "a handle returned by `flock`")],
        method: Some(("lock", "unlock")),
        example: "lock:unlock()",
        call: |c| {
            c.fd(0)?.with(sys::unlock)??;
            c.ok(())
        },
        ..BASE
    },
];

const READ_MOST: u64 = 16 << 20;

/// A missing file is not an error here.
fn or_nil<T>(result: kernel::Result<T>) -> kernel::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if matches!(e.errno, Errno::ENOENT | Errno::ENOTDIR) => Ok(None),
        Err(e) => Err(e),
    }
}

fn access(call: &Call<'_>) -> Outcome {
    let (path, mode) = (call.path(0)?, call.str(1)?);
    if let Some(other) = mode.chars().find(|letter| !"rwx".contains(*letter)) {
        return Err(Fail::Usage(format!("mode: {other:?} is not one of the letters r, w and x")));
    }
    let root = root(call)?;
    let place = root.place(&path)?;
    match place.access(mode.contains('r'), mode.contains('w'), mode.contains('x')) {
        Ok(()) => call.ok(true),
        Err(e) => call.ok((false, e.code())),
    }
}

fn read_file(call: &Call<'_>) -> Outcome {
    let (path, root) = (call.path(0)?, root(call)?);
    let place = root.place(&path)?;
    match or_nil(sys::read(place, call.opt_size("max")?.unwrap_or(READ_MOST)))? {
        Some(text) => call.ok(call.lua.create_string(text)?),
        None => call.ok(Value::Nil),
    }
}

fn write_file(call: &Call<'_>) -> Outcome {
    let data: mlua::LuaString = call.get(1)?;
    let how = sys::Writing {
        mode: call.opt("mode")?.unwrap_or(0o644),
        sync: call.flag("sync"),
        exclusive: call.flag("exclusive"),
    };
    let (path, root) = (call.path(0)?, root(call)?);
    sys::write(root.place(&path)?, &data.as_bytes(), how)?;
    call.ok(())
}

fn list_dir(call: &Call<'_>) -> Outcome {
    let (path, root) = (call.path(0)?, root(call)?);
    let names = match sys::list(root.place(&path)?, !call.flag("nofollow")) {
        Err(e) if e.errno == Errno::ENOENT => return call.ok(Value::Nil),
        names => names?,
    };
    let list = call.lua.create_table_with_capacity(names.len(), 0)?;
    for name in names {
        list.raw_push(call.lua.create_string(name)?)?;
    }
    call.ok(list)
}

fn stat(call: &Call<'_>) -> Outcome {
    let (path, root) = (call.path(0)?, root(call)?);
    let place = root.place(&path)?;
    let links = match (call.flag("nofollow"), call.opt("follow")?.unwrap_or(true)) {
        (true, _) => sys::Links::Refused,
        (_, true) => sys::Links::Followed,
        (_, false) => sys::Links::OnTheWay,
    };
    let Some(s) = or_nil(sys::stat(place, links))? else { return call.ok(Value::Nil) };
    let table = call.lua.create_table_with_capacity(0, 8)?;
    table.raw_set("kind", s.kind)?;
    table.raw_set("size", s.size)?;
    table.raw_set("mode", s.mode)?;
    table.raw_set("uid", s.uid)?;
    table.raw_set("gid", s.gid)?;
    table.raw_set("mtime", s.mtime)?;
    table.raw_set("dev", s.dev)?;
    table.raw_set("ino", s.ino)?;
    table.raw_set("rdev", s.rdev)?;
    call.ok(table)
}

fn mkdir(call: &Call<'_>) -> Outcome {
    let (path, root) = (call.path(0)?, root(call)?);
    let place = root.place(&path)?;
    let mode = call.opt::<u32>("mode")?;
    match (call.flag("parents"), mode) {
        (true, None) => drop(place.make_dirs()?),
        (true, Some(mode)) => {
            let made = match place.make_dir(mode) {
                Err(e) if e.errno == Errno::ENOENT => place.above().make_dirs().and_then(|_| place.make_dir(mode)),
                made => made,
            };
            match made {
                // It already exists, possibly created by another process in the meantime, or the path ends in `..`.
                Err(e) if matches!(e.errno, Errno::EEXIST | Errno::EINVAL) => drop(place.make_dirs()?),
                made => made?,
            }
        }
        (false, mode) => place.make_dir(mode.unwrap_or(0o755))?,
    }
    call.ok(())
}

fn remove(call: &Call<'_>) -> Outcome {
    let (path, root) = (call.path(0)?, root(call)?);
    let place = root.place(&path)?;
    if call.flag("recursive") {
        tree::remove_tree(place)?
    } else {
        sys::remove(place)?
    }
    call.ok(())
}

fn flock(call: &Call<'_>) -> Outcome {
    let path = call.path(0)?;
    let wait = if call.opt("wait")?.unwrap_or(true) { call.opt_seconds("timeout")? } else { Some(0.0) };
    match sys::lock(&path, !call.flag("shared"), wait)? {
        Some(fd) => call.ok(Builder::new(call.lua, "lock")?.field("path", path.as_os_str())?.fd(fd)?.build()?),
        None => call.ok(Value::Nil),
    }
}
