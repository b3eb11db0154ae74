//! Files, folders and locks: what the state store and the container's file tree are made with.

use mlua::Value;
use nix::errno::Errno;

use super::place::{ROOT, root};
use crate::sys::{self as kernel, fs as sys, tree};
use crate::vm::call::Call;
use crate::vm::handle::Builder;
use crate::vm::registry::{Opt, Outcome, Primitive, Type, arg, opt};

const BASE: Primitive = Primitive { family: "files", ..Primitive::BASE };
const MODE: Opt = opt("mode", Type::Int, "0o644", "the file's mode");
const NOFOLLOW: Opt = opt(
    "nofollow",
    Type::Bool,
    "false",
    "follow no link on the way either (RESOLVE_NO_SYMLINKS): for a tree that somebody may change meanwhile",
);
const ELOOP: (&str, &str) = ("ELOOP", "a part of the path is a link, and nofollow was asked");
const ENOENT: (&str, &str) = ("ENOENT", "the file or its folder is missing");
const EACCES: (&str, &str) = ("EACCES", "this user may not; tinylua's own files belong to root");
const ENOSPC: (&str, &str) = ("ENOSPC", "the disk is full; nothing was changed");

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "read_file",
        doc: "Reads a whole regular file; a FIFO or device is refused (open(2), O_NONBLOCK).",
        args: &[arg("path", Type::Path, "the file")],
        options: &[ROOT, opt("max", Type::Size, "16m", "refuse a larger file")],
        returns: "its bytes, or nil when it is missing",
        errors: &[EACCES, ("EFBIG", "the file is larger than `max`"), ("EISDIR", "it is a folder")],
        example: "local passwd = tiny.read_file(\"/etc/passwd\", { root = \"./rootfs\" })",
        call: read_file,
        ..BASE
    },
    Primitive {
        name: "write_file",
        doc: "Writes a whole file atomically: a temporary file, then rename(2); readers never see a half. A link of \
              that name is replaced, not followed.",
        args: &[arg("path", Type::Path, "the file"), arg("data", Type::Bytes, "its new bytes")],
        options: &[
            ROOT,
            MODE,
            opt("sync", Type::Bool, "false", "wait until file and name are on the disk (fdatasync(2), fsync(2))"),
            opt("exclusive", Type::Bool, "false", "fail with EEXIST instead of replacing"),
        ],
        errors: &[ENOENT, EACCES, ENOSPC, ("EEXIST", "the file is there already")],
        example: "tiny.write_file(\"state.json\", tiny.json_encode { status = \"running\" }, { mode = tonumber(\"600\", 8) })",
        call: write_file,
        ..BASE
    },
    Primitive {
        name: "append_file",
        doc: "Appends to a file, made where it is missing, with one write (open(2), O_APPEND).",
        args: &[arg("path", Type::Path, "the file"), arg("data", Type::Bytes, "the bytes")],
        options: &[MODE],
        errors: &[ENOENT, EACCES, ("ENOSPC", "the disk is full; a part of the bytes may have been appended")],
        example: "tiny.append_file(\"undo.jsonl\", tiny.json_encode { \"link_del\", \"veth0\" } .. \"\\n\")",
        call: |c| {
            let data: mlua::LuaString = c.get(1)?;
            sys::append(&c.str(0)?, &data.as_bytes(), c.opt("mode")?.unwrap_or(0o644))?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "fsync",
        doc: "Waits until what a file holds, or which names a folder has, is on the disk (fsync(2)).",
        args: &[arg("path", Type::Path, "the file or folder")],
        options: &[ROOT],
        errors: &[
            ENOENT,
            EACCES,
            ("EINVAL", "it is a FIFO, a socket or a device that keeps nothing"),
            ("EIO", "the disk failed: what was written may be lost"),
        ],
        example: "tiny.append_file(\"journal\", \"one line\\n\")\ntiny.fsync(\"journal\")",
        call: |c| {
            let (path, root) = (c.str(0)?, root(c)?);
            sys::sync(root.place(&path)?)?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "list_dir",
        doc: "Lists the names in a folder, sorted (readdir(3)).",
        args: &[arg("path", Type::Path, "the folder")],
        options: &[ROOT, NOFOLLOW],
        returns: "a list of names, or nil when the folder is missing",
        errors: &[EACCES, ("ENOTDIR", "it is no folder"), ELOOP],
        example: "for _, name in ipairs(tiny.list_dir(\"/etc\")) do print(name) end",
        call: list_dir,
        ..BASE
    },
    Primitive {
        name: "stat",
        doc: "Looks at a file (stat(2)).",
        args: &[arg("path", Type::Path, "the file")],
        options: &[ROOT, opt("follow", Type::Bool, "true", "look at what a link points to"), NOFOLLOW],
        returns: "a table: kind, size, mode, uid, gid, mtime, dev, ino, rdev; nil when it is missing",
        errors: &[EACCES, ELOOP],
        example: "local s = tiny.stat(\"./rootfs\")\nassert(s and s.kind == \"dir\")",
        call: stat,
        ..BASE
    },
    Primitive {
        name: "mkdir",
        doc: "Makes a folder (mkdir(2)).",
        args: &[arg("path", Type::Path, "the folder")],
        options: &[
            ROOT,
            opt("mode", Type::Int, "0o755", "its mode"),
            opt("parents", Type::Bool, "false", "make missing parents too; an existing folder is no error"),
        ],
        errors: &[ENOENT, EACCES, ENOSPC, ("EEXIST", "something of that name is there already")],
        example: "tiny.mkdir(\"/run/web\", { parents = true })",
        call: mkdir,
        ..BASE
    },
    Primitive {
        name: "symlink",
        doc: "Makes a symbolic link at `path` (symlink(2)).",
        args: &[arg("target", Type::Path, "what the link says"), arg("path", Type::Path, "the link")],
        options: &[ROOT],
        errors: &[ENOENT, EACCES, ("EEXIST", "something of that name is there already")],
        example: "tiny.symlink(\"/proc/self/fd\", \"/dev/fd\")",
        call: |c| {
            let (path, root) = (c.str(1)?, root(c)?);
            sys::symlink(&c.str(0)?, root.place(&path)?)?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "readlink",
        doc: "Tells where a symbolic link points (readlink(2)).",
        args: &[arg("path", Type::Path, "the link")],
        options: &[ROOT],
        returns: "what the link says",
        errors: &[ENOENT, ("EINVAL", "it is no symbolic link")],
        example: "print(tiny.readlink(\"/proc/self/ns/net\"))",
        call: |c| {
            let (path, root) = (c.str(0)?, root(c)?);
            let target = sys::readlink(root.place(&path)?)?;
            c.ok(c.lua.create_string(target)?)
        },
        ..BASE
    },
    Primitive {
        name: "chown",
        doc: "Changes owner and group of a file, of a link itself (chown(2)).",
        args: &[arg("path", Type::Path, "the file")],
        options: &[
            ROOT,
            Opt { required: true, ..opt("uid", Type::Int, "", "the owner") },
            Opt { required: true, ..opt("gid", Type::Int, "", "the group") },
        ],
        errors: &[ENOENT, ("EPERM", "needs CAP_CHOWN")],
        example: "tiny.chown(\"out.fifo\", { uid = 1000, gid = 1000 })",
        call: |c| {
            let (path, root) = (c.str(0)?, root(c)?);
            let place = root.place(&path)?;
            sys::chown(place, c.opt("uid")?.unwrap_or(0), c.opt("gid")?.unwrap_or(0))?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "setxattr",
        doc: "Sets an extended attribute of a file or folder, of a link itself (setxattr(2)).",
        args: &[
            arg("path", Type::Path, "the file"),
            arg("name", Type::Str, "the attribute, \"trusted.overlay.opaque\""),
        ],
        options: &[Opt { required: true, ..opt("value", Type::Bytes, "", "its bytes") }],
        errors: &[
            ENOENT,
            ("EPERM", "trusted.* needs CAP_SYS_ADMIN"),
            ("EOPNOTSUPP", "the file system has no such attributes"),
        ],
        example: "tiny.setxattr(\"upper/root\", \"trusted.overlay.opaque\", { value = \"y\" })",
        call: |c| {
            let value: Option<mlua::LuaString> = c.opt("value")?;
            sys::setxattr(&c.str(0)?, &c.str(1)?, &value.map(|v| v.as_bytes().to_vec()).unwrap_or_default())?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "rename",
        doc: "Renames a file or folder within its file system, replacing a file of the new name (rename(2)).",
        args: &[arg("from", Type::Path, "what there is"), arg("to", Type::Path, "its new name")],
        errors: &[
            ENOENT,
            EACCES,
            ("EXDEV", "the two are on different file systems"),
            ("ENOTEMPTY", "the new name is a folder that is not empty"),
        ],
        example: "tiny.rename(\"new\", \"current\")",
        call: |c| {
            use kernel::Context;
            std::fs::rename(c.str(0)?, c.str(1)?).detail(format!("to {}", c.str(1)?)).at(c.str(0)?)?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "remove",
        doc: "Removes a file, a link or an empty folder; with `recursive` a folder with all in it. Neither links nor mounts are followed (unlink(2), rmdir(2)).",
        args: &[arg("path", Type::Path, "what to remove")],
        options: &[ROOT, opt("recursive", Type::Bool, "false", "a folder with all that is in it")],
        errors: &[
            ENOENT,
            EACCES,
            ("ENOTEMPTY", "the folder is not empty; recursive = true takes all of it"),
            ("EBUSY", "something is mounted there"),
        ],
        example: "tiny.remove(\"/run/web\", { recursive = true })",
        call: remove,
        ..BASE
    },
    Primitive {
        name: "flock",
        doc: "Takes a lock on a file, made where it is missing (flock(2)). A child that is forked meanwhile holds it too: \
              it ends when all of them have closed it or ended, or with `unlock`.",
        args: &[arg("path", Type::Path, "the lock file")],
        options: &[
            opt("shared", Type::Bool, "false", "with other shared ones"),
            opt("wait", Type::Bool, "true", "wait for the other holder; otherwise return nil"),
            opt(
                "timeout",
                Type::Duration,
                "as long as it takes",
                "how long to wait at most, by a timer whose signal is SIGALRM",
            ),
        ],
        returns: "a lock handle, or nil when it is held still",
        errors: &[ENOENT, EACCES],
        example: "local lock <close> = tiny.flock(\"/run/web.lock\")",
        call: flock,
        ..BASE
    },
    Primitive {
        name: "unlock",
        doc: "Releases a lock for all that hold it, also the children that inherited it (flock(2), LOCK_UN).",
        args: &[arg("lock", Type::Handle("lock"), "what `flock` returned")],
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

/// A missing file is an ordinary answer.
fn or_nil<T>(result: kernel::Result<T>) -> kernel::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if matches!(e.errno, Errno::ENOENT | Errno::ENOTDIR) => Ok(None),
        Err(e) => Err(e),
    }
}

fn read_file(call: &Call<'_>) -> Outcome {
    let (path, root) = (call.str(0)?, root(call)?);
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
    let (path, root) = (call.str(0)?, root(call)?);
    sys::write(root.place(&path)?, &data.as_bytes(), how)?;
    call.ok(())
}

fn list_dir(call: &Call<'_>) -> Outcome {
    let (path, root) = (call.str(0)?, root(call)?);
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
    let (path, root) = (call.str(0)?, root(call)?);
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
    let (path, root) = (call.str(0)?, root(call)?);
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
                // It is there already, also when another process made it meanwhile, or ends in `..`.
                Err(e) if matches!(e.errno, Errno::EEXIST | Errno::EINVAL) => drop(place.make_dirs()?),
                made => made?,
            }
        }
        (false, mode) => place.make_dir(mode.unwrap_or(0o755))?,
    }
    call.ok(())
}

fn remove(call: &Call<'_>) -> Outcome {
    let (path, root) = (call.str(0)?, root(call)?);
    let place = root.place(&path)?;
    if call.flag("recursive") {
        tree::remove_tree(place)?
    } else {
        sys::remove(place)?
    }
    call.ok(())
}

fn flock(call: &Call<'_>) -> Outcome {
    let path = call.str(0)?;
    let wait = if call.opt("wait")?.unwrap_or(true) { call.opt_seconds("timeout")? } else { Some(0.0) };
    match sys::lock(&path, !call.flag("shared"), wait)? {
        Some(fd) => call.ok(Builder::new(call.lua, "lock")?.field("path", path)?.fd(fd)?.build()?),
        None => call.ok(Value::Nil),
    }
}
