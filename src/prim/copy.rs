//! Copies file trees, and packs and unpacks tar streams.

use std::fs::File;

use mlua::{Function, Table};

use super::place::{ROOT, ROOT_TYPE, Root, access, root};
use crate::sys::Result as Done;
use crate::sys::copy::{
    self as sys, Tally, archive, packer,
    tree_reader::{self, Reading},
    tree_writer::TreeWriter,
};
use crate::sys::entries;
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Effect, Opt, Outcome, Primitive, Type, arg, need, opt, range};

const BASE: Primitive = Primitive { family: "files", ..Primitive::BASE };
pub(super) const STREAM: Type = Type::Handle("file");
const FOLLOW: Opt = opt("follow", Type::Bool, "false", "if `from` is a symbolic link, copy its target");
const ARCHIVE: Opt = opt(
    "archive",
    Type::Bool,
    "false",
    "keep owners, set-user-ID bits and file capabilities, and copy devices; otherwise the copies belong to the caller",
);
pub(super) const PROGRESS: Opt =
    opt("progress", Type::Function, "", "called with the number of bytes so far, at most ten times a second");
const RETURNS: &str = "a table: bytes, entries, sockets and devices (how many were skipped), attributes (how many could \
                       not be set) and changed (the files whose size changed during the copy)";
const ENOENT: (&str, &str) = ("ENOENT", "the source or the parent directory of the copy is missing");
const EROFS: (&str, &str) = ("EROFS", "the target is on a read-only mount");
const ENOSPC: (&str, &str) = ("ENOSPC", "the disk is full; no partial file is left");
const EISDIR: (&str, &str) = ("EISDIR", "the target is a directory: give the name of the new file in it");
const ENOTDIR: (&str, &str) = ("ENOTDIR", "the target is a file, and a directory does not replace a file");
const ELOOP: (&str, &str) = ("ELOOP", "the tree was changed during the copy");
const ENDLESS: (&str, &str) = ("EFBIG", "a file that the kernel generates, as in /proc, has more than 64 MiB");

/// The family's entries.
pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "copy_tree",
        doc: "Copies a file or a directory tree to `to`; an existing directory is merged into. Symbolic links in \
              either tree are copied or replaced, not followed. Each file appears complete or not at all, with the \
              size it had when it was found. Holes, hard links and user attributes are kept (copy_file_range(2), \
              openat2(2), xattr(7)).",
        args: &[arg("from", Type::Path, "the source"), arg("to", Type::Path, "the path of the copy, or a link to it")],
        options: &[
            opt("from_root", ROOT_TYPE, "the caller's root", "the root directory for `from`"),
            opt("to_root", ROOT_TYPE, "the caller's root", "the root directory for `to`"),
            FOLLOW,
            ARCHIVE,
            opt("capabilities", Type::Bool, "as `archive`", "keep file capabilities (capabilities(7))"),
            PROGRESS,
        ],
        returns: RETURNS,
        errors: &[ENOENT, EROFS, ENOSPC, EISDIR, ENOTDIR, ELOOP, ENDLESS],
        example: "tiny.copy_tree(\"site\", \"/srv/site\", { to_root = \"./rootfs\" })",
        call: copy_tree,
        ..BASE
    },
    Primitive {
        name: "copy_entries",
        effect: Effect::Plumbing,
        doc: "Copies regular files and symbolic links of some directories into a tree of the same layout, and returns \
              the type of each path. Files that are missing or unreadable are skipped. The copies keep their \
              permissions without set-user-ID bits, and belong to the caller. Existing files are kept.",
        args: &[
            arg(
                "names",
                Type::Map(&Type::List(&Type::Str)),
                "directories, each with the names to copy; `*` matches any part of a name",
            ),
            arg("to", Type::Path, "the directory that receives the tree"),
        ],
        options: &[
            FOLLOW,
            opt("max", Type::Size, "4m", "skip larger files"),
            opt(
                "total",
                Type::Size,
                "no limit",
                "the most space that the copies take up, each rounded up to whole pages: files beyond it are not \
                 copied and have the type \"left out\"",
            ),
            opt(
                "redirect",
                Type::Path,
                "directories are not copied",
                "the lower layer of the overlay whose upper layer receives the tree: each directory is created again \
                 and shows the original there (trusted.overlay.redirect)",
            ),
            opt("except", Type::List(&Type::Path), "", "directories that are not created"),
            opt(
                "access_as",
                range::ID,
                "the caller",
                "read with the permissions of this user and group, without capabilities and supplementary groups",
            ),
            opt("keep_groups", Type::Bool, "false", "with `access_as`: keep the caller's supplementary groups"),
        ],
        returns: "a table that maps each path to its type, as in `stat`",
        errors: &[
            ("ENOENT", "the directory for the copies is missing"),
            ENOSPC,
            ("EPERM", "`access_as` needs CAP_SETUID and CAP_SETGID"),
        ],
        example: "tiny.copy_entries({ [\"/etc\"] = { \"passwd\", \"ld.so.*\" } }, \"./rootfs\", { access_as = 65534 })",
        call: copy_entries,
        ..BASE
    },
    Primitive {
        name: "mkdirs",
        effect: Effect::Plumbing,
        doc: "Creates directories below another, with their parents. Existing directories are not changed.",
        args: &[
            arg("root", Type::Path, "the directory below which they are created"),
            arg("paths", Type::List(&Type::Path), "the directories, relative to it"),
        ],
        options: &[
            opt("mode", range::MODE, "0o755", "the mode of the directories; parents get 0755"),
            opt(
                "opaque",
                Type::Bool,
                "false",
                "in an overlay layer: hide the content of lower layers (trusted.overlay.opaque)",
            ),
        ],
        errors: &[
            ENOENT,
            ENOSPC,
            ("EPERM", "`opaque` needs CAP_SYS_ADMIN"),
            ("ENOTDIR", "a parent is not a directory"),
        ],
        example: "tiny.mkdirs(\"./rootfs\", { \"/proc\", \"/sys\", \"/var/log\" })",
        call: |c| {
            let how = entries::Making { mode: c.opt("mode")?.unwrap_or(0o755), opaque: c.flag("opaque") };
            entries::make(&c.str(0)?, &c.get::<Vec<String>>(1)?, how)?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "tar_pack",
        doc: "Packs a file or a directory tree into a tar stream in GNU format (tar(5)). Symbolic links are not \
              followed.",
        args: &[arg("from", Type::Path, "the source")],
        options: &[
            ROOT,
            need("to", STREAM, "the file or pipe that receives the stream"),
            need("name", Type::Path, "the name of the source in the archive"),
            FOLLOW,
            PROGRESS,
        ],
        returns: RETURNS,
        errors: &[ENOENT, ("EPIPE", "the reader of the stream has closed it"), ELOOP, ENDLESS],
        example: "local out <close> = tiny.open(\"site.tar\", { write = true, create = true })\n\
                  tiny.tar_pack(\"site\", { to = out, name = \"site\" })",
        call: tar_pack,
        ..BASE
    },
    Primitive {
        name: "tar_unpack",
        doc: "Unpacks a tar stream into a directory. Symbolic links in the path of an entry are resolved within \
              `root`, or within the directory if no root is given. Each file appears complete or not at all.",
        args: &[arg("to", Type::Path, "an existing directory")],
        options: &[ROOT, need("from", STREAM, "the file or pipe to read the stream from"), ARCHIVE, PROGRESS],
        returns: "a table: bytes, entries, sockets and devices (how many were skipped), attributes (how many could not be \
                  set) and sparse (how many files have holes, which are in no byte of the stream)",
        errors: &[
            ENOENT,
            EROFS,
            ENOSPC,
            EISDIR,
            ENOTDIR,
            ("EFBIG", "the names and extended headers of an entry have more than 1 MiB"),
        ],
        example: "local from <close> = tiny.open(\"site.tar\")\ntiny.tar_unpack(\"/srv\", { root = \"./rootfs\", from = from })",
        call: tar_unpack,
        ..BASE
    },
];

/// Runs `work` with a tally that calls the `progress` option; returns the tally as a table.
fn tallied(call: &Call<'_>, work: impl FnOnce(&mut Tally<'_>) -> Done<()>) -> Outcome {
    let table = tally(call, work)?;
    call.ok(table)
}

/// Runs `work` like `tallied`, for a caller that adds to the table.
pub(super) fn tally(call: &Call<'_>, work: impl FnOnce(&mut Tally<'_>) -> Done<()>) -> Result<Table, Fail> {
    let progress: Option<Function> = call.opt("progress")?;
    let mut failure = None;
    let mut tell = |bytes: u64| {
        if let Some(progress) = &progress {
            failure = failure.take().or(progress.call::<()>(bytes).err());
        }
    };
    let mut tally = Tally::new(Some(&mut tell));
    work(&mut tally)?;
    let table: Table = call.lua.create_table()?;
    table.raw_set("bytes", tally.bytes)?;
    table.raw_set("entries", tally.entries)?;
    table.raw_set("sockets", tally.sockets)?;
    table.raw_set("devices", tally.devices)?;
    table.raw_set("attributes", tally.attributes)?;
    table.raw_set("changed", tally.changed)?;
    table.raw_set("sparse", tally.sparse)?;
    match failure {
        Some(error) => Err(Fail::Lua(error)),
        None => Ok(table),
    }
}

fn copy_tree(call: &Call<'_>) -> Outcome {
    let (from, to) = (call.path(0)?, call.path(1)?);
    let (from_root, to_root) = (Root::of(&call.value("from_root"))?, Root::of(&call.value("to_root"))?);
    let (from, to) = (from_root.place(&from)?, to_root.place(&to)?);
    tallied(call, |tally| {
        let archive = call.flag("archive");
        let reading = Reading { follow: call.flag("follow"), ..Reading::default() };
        let mut writer = TreeWriter::at(to, archive, archive || call.flag("capabilities"))?;
        let done = sys::run(&mut writer, |sink| tree_reader::read(from, reading, sink, tally));
        tally.attributes += writer.unkept();
        done.map_err(|e| e.with_path(to.path))
    })
}

fn copy_entries(call: &Call<'_>) -> Outcome {
    let names: entries::Names = call.get(0)?;
    if let Some(name) = names.values().flatten().find(|name| name.is_empty() || name.contains('/')) {
        return Err(Fail::Usage(format!("{name:?} is not a file name")));
    }
    let (redirect, except): (Option<String>, Option<Vec<String>>) = (call.opt("redirect")?, call.opt("except")?);
    let how = entries::Copying {
        follow: call.flag("follow"),
        most: call.opt_size("max")?.unwrap_or(4 << 20),
        total: call.opt_size("total")?.unwrap_or(u64::MAX),
        redirect: redirect.as_deref(),
        except: except.as_deref().unwrap_or_default(),
        access: access(call)?,
    };
    let kinds = entries::copy(&names, &call.str(1)?, how)?;
    let table = call.lua.create_table_with_capacity(0, kinds.len())?;
    for (path, kind) in kinds {
        table.raw_set(path, kind)?;
    }
    call.ok(table)
}

/// A separate `File` on the descriptor of a `file` handle.
pub(super) fn stream(call: &Call<'_>, key: &str) -> Result<File, Fail> {
    match call.opt_fd(key)? {
        Some(fd) => Ok(File::from(fd.dup()?)),
        None => Err(Fail::Usage(format!("option {key:?} is missing"))),
    }
}

fn tar_pack(call: &Call<'_>) -> Outcome {
    let (from, root) = (call.path(0)?, root(call)?);
    let from = root.place(&from)?;
    let mut packer = packer::Packer::new(stream(call, "to")?, &call.opt::<String>("name")?.unwrap_or_default());
    let reading = Reading { follow: call.flag("follow"), ..Reading::default() };
    tallied(call, |tally| sys::run(&mut packer, |sink| tree_reader::read(from, reading, sink, tally)))
}

fn tar_unpack(call: &Call<'_>) -> Outcome {
    let (to, root) = (call.path(0)?, root(call)?);
    let to = root.place(&to)?;
    let from = stream(call, "from")?;
    tallied(call, |tally| {
        let mut writer = TreeWriter::in_folder(to, call.flag("archive"))?;
        let done = sys::run(&mut writer, |sink| archive::unpack(from, sink, tally));
        tally.attributes += writer.unkept();
        done
    })
}
