//! Copying file trees, and packing and unpacking them.

use std::fs::File;

use mlua::{Function, Table};

use super::place::{ROOT, ROOT_TYPE, Root, access, root};
use crate::sys::Result as Done;
use crate::sys::copy::{self as sys, Tally, archive, tree_reader, tree_writer::TreeWriter};
use crate::sys::entries;
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Opt, Outcome, Primitive, Type, arg, need, opt};

const BASE: Primitive = Primitive { family: "files", ..Primitive::BASE };
const STREAM: Type = Type::Handle("file");
const FOLLOW: Opt = opt("follow", Type::Bool, "false", "where `from` is a link, copy what it points to");
const ARCHIVE: Opt = opt(
    "archive",
    Type::Bool,
    "false",
    "keep owners and set-id bits, and copy devices; otherwise what is made belongs to the caller",
);
const PROGRESS: Opt = opt("progress", Type::Function, "", "called with the bytes so far, ten times a second at most");
const RETURNS: &str =
    "a table: bytes, entries, sockets, which are left out, and changed, the files whose size changed meanwhile";
const ENOENT: (&str, &str) = ("ENOENT", "the source, or the folder that is to hold the copy, is missing");
const EROFS: (&str, &str) = ("EROFS", "the target is mounted read-only");
const ENOSPC: (&str, &str) = ("ENOSPC", "the disk is full; no half file is left");
const EISDIR: (&str, &str) = ("EISDIR", "a folder is there: name the new file in it");
const ENOTDIR: (&str, &str) = ("ENOTDIR", "a file is there, and a folder takes no file's place");
const ELOOP: (&str, &str) = ("ELOOP", "the tree was changed while it was copied");
const ENDLESS: (&str, &str) = ("EFBIG", "a file of the kernel's, as in /proc, has more than 64 MiB");

/// The family's entries.
pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "copy_tree",
        doc: "Copies a file, or a folder with all in it, so that the copy is what `to` names; a folder that is there is \
              filled. In neither tree is a link followed; files appear whole or not at all, at the size that they had \
              when they were found; holes stay holes \
              (copy_file_range(2), openat2(2)).",
        args: &[
            arg("from", Type::Path, "what is copied"),
            arg("to", Type::Path, "the copy, or a link to where it goes"),
        ],
        options: &[
            opt("from_root", ROOT_TYPE, "the caller's root", "the folder in which `from` is looked up"),
            opt("to_root", ROOT_TYPE, "the caller's root", "the folder in which `to` is looked up"),
            FOLLOW,
            ARCHIVE,
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
        doc: "Copies regular files and links of some folders into a tree of the same shape, and says of each path what it \
              is there: what is missing or may not be read is left out. The copies have the same permissions, without \
              set-id bits, and belong to the caller; what is there already stays.",
        args: &[
            arg(
                "names",
                Type::Map(&Type::List(&Type::Str)),
                "by folder, names in it; a `*` stands for any part of a name",
            ),
            arg("to", Type::Path, "the folder that takes the tree"),
        ],
        options: &[
            FOLLOW,
            opt("max", Type::Size, "4m", "leave larger files out"),
            opt(
                "total",
                Type::Size,
                "no limit",
                "the most that the copies take up together, each in full pages: a file that comes after that is not \
                 copied, and \"left out\" instead of its kind",
            ),
            opt(
                "redirect",
                Type::Path,
                "folders are not copied",
                "the lower layer of an overlay whose upper layer has the tree: each folder is made anew, and shows the \
                 original there (trusted.overlay.redirect)",
            ),
            opt("except", Type::List(&Type::Path), "", "folders that are not made"),
            opt(
                "access_as",
                Type::Int,
                "the caller",
                "read with the access of this user, and group: without capabilities over files and further groups",
            ),
            opt("keep_groups", Type::Bool, "false", "with `access_as`: the caller's further groups stay"),
        ],
        returns: "a table: by path what `stat` calls its kind",
        errors: &[
            ("ENOENT", "the folder that is to hold the copies is missing"),
            ENOSPC,
            ("EPERM", "`access_as` needs CAP_SETUID and CAP_SETGID"),
        ],
        example: "tiny.copy_entries({ [\"/etc\"] = { \"passwd\", \"ld.so.*\" } }, \"./rootfs\", { access_as = 65534 })",
        call: copy_entries,
        ..BASE
    },
    Primitive {
        name: "mkdirs",
        doc: "Makes folders below another, with their parents; those that are there stay as they are.",
        args: &[
            arg("root", Type::Path, "the folder that is to have them"),
            arg("paths", Type::List(&Type::Path), "what is made, seen from there"),
        ],
        options: &[
            opt("mode", Type::Int, "0o755", "their mode; parents have 0755"),
            opt(
                "opaque",
                Type::Bool,
                "false",
                "in an overlay's layer: nothing of lower ones is shown in them (trusted.overlay.opaque)",
            ),
        ],
        errors: &[ENOENT, ENOSPC, ("EPERM", "`opaque` needs CAP_SYS_ADMIN"), ("ENOTDIR", "a parent is no folder")],
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
        doc: "Packs a file, or a folder with all in it, as a tar stream in the GNU form (tar(5)). No link is followed.",
        args: &[arg("from", Type::Path, "what is packed")],
        options: &[
            ROOT,
            need("to", STREAM, "the file or pipe that takes the stream"),
            need("name", Type::Path, "what the packed is called in the archive"),
            FOLLOW,
            PROGRESS,
        ],
        returns: RETURNS,
        errors: &[ENOENT, ("EPIPE", "whoever read the stream is gone"), ELOOP, ENDLESS],
        example: "local out <close> = tiny.open(\"site.tar\", { write = true, create = true })\n\
                  tiny.tar_pack(\"site\", { to = out, name = \"site\" })",
        call: tar_pack,
        ..BASE
    },
    Primitive {
        name: "tar_unpack",
        doc: "Unpacks a tar stream into a folder. Links on the way to an entry lead within the root, or within the folder \
              where there is none; files appear whole or not at all.",
        args: &[arg("to", Type::Path, "a folder that is there")],
        options: &[ROOT, need("from", STREAM, "the file or pipe with the stream"), ARCHIVE, PROGRESS],
        returns: RETURNS,
        errors: &[
            ENOENT,
            EROFS,
            ENOSPC,
            EISDIR,
            ENOTDIR,
            ("EFBIG", "an entry's names and extended headers have more than 1 MiB"),
        ],
        example: "local from <close> = tiny.open(\"site.tar\")\ntiny.tar_unpack(\"/srv\", { root = \"./rootfs\", from = from })",
        call: tar_unpack,
        ..BASE
    },
];

/// Runs `work` with a tally that calls the `progress` option; returns the tally as a table.
fn tallied(call: &Call<'_>, work: impl FnOnce(&mut Tally<'_>) -> Done<()>) -> Outcome {
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
    table.raw_set("changed", tally.changed)?;
    match failure {
        Some(error) => Err(Fail::Lua(error)),
        None => call.ok(table),
    }
}

fn copy_tree(call: &Call<'_>) -> Outcome {
    let (from, to) = (call.str(0)?, call.str(1)?);
    let (from_root, to_root) = (Root::of(&call.value("from_root"))?, Root::of(&call.value("to_root"))?);
    let (from, to) = (from_root.place(&from)?, to_root.place(&to)?);
    tallied(call, |tally| {
        let mut plant = TreeWriter::at(to, call.flag("archive"))?;
        sys::run(&mut plant, |sink| tree_reader::read(from, call.flag("follow"), sink, tally))
            .map_err(|e| e.with_path(to.path))
    })
}

fn copy_entries(call: &Call<'_>) -> Outcome {
    let names: entries::Names = call.get(0)?;
    if let Some(name) = names.values().flatten().find(|name| name.is_empty() || name.contains('/')) {
        return Err(Fail::Usage(format!("{name:?} is not a name in a folder")));
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

/// A file of its own on the descriptor of a `file` handle.
fn stream(call: &Call<'_>, key: &str) -> Result<File, Fail> {
    match call.opt_fd(key)? {
        Some(fd) => Ok(File::from(fd.dup()?)),
        None => Err(Fail::Usage(format!("option {key:?} is missing"))),
    }
}

fn tar_pack(call: &Call<'_>) -> Outcome {
    let (from, root) = (call.str(0)?, root(call)?);
    let from = root.place(&from)?;
    let mut packer = archive::Packer::new(stream(call, "to")?, &call.opt::<String>("name")?.unwrap_or_default());
    tallied(call, |tally| sys::run(&mut packer, |sink| tree_reader::read(from, call.flag("follow"), sink, tally)))
}

fn tar_unpack(call: &Call<'_>) -> Outcome {
    let (to, root) = (call.str(0)?, root(call)?);
    let to = root.place(&to)?;
    let from = stream(call, "from")?;
    tallied(call, |tally| {
        let mut plant = TreeWriter::in_folder(to, call.flag("archive"))?;
        sys::run(&mut plant, |sink| archive::unpack(from, sink, tally))
    })
}
