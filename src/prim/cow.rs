//! Copy-on-write folders: the changes in the upper directory of an overlay.

use std::collections::HashSet;

use mlua::{LuaString, Table};

use crate::sys::copy::Tally;
use crate::sys::cow::apply::Reason;
use crate::sys::cow::changes::Change;
use crate::sys::cow::folder::Folder;
use crate::sys::cow::make;
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Arg, Effect, Outcome, Primitive, Type, arg, opt, range};

const BASE: Primitive = Primitive { family: "files", ..Primitive::BASE };
const PLACE: Arg = arg("place", Type::Path, "the directory that has `upper` and `work`, prepared by `cow_make`");
const FOLDER: Arg = arg("folder", Type::Path, "the lower directory, a folder of the host");
const ENOENT: (&str, &str) = ("ENOENT", "one of the directories does not exist");
const ESTALE: (&str, &str) = ("ESTALE", "the folder was replaced by another directory since the container started");
const EINVAL: (&str, &str) = ("EINVAL", "a record of the directory is damaged");
const ENOSPC: (&str, &str) = ("ENOSPC", "the disk is full; the call can be repeated");

/// The family's entries.
pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "cow_make",
        doc: "Prepares a copy-on-write folder: creates `upper` and `work` in the directory `place`, for an overlay over the \
              folder. `upper` gets the owner, mode and attributes of the folder. If it has no changes of an earlier run, \
              what changes in the folder from now on can conflict with those of the container.",
        args: &[PLACE, FOLDER],
        options: &[opt("userxattr", Type::Bool, "false", "whether the overlay is mounted with `userxattr`")],
        errors: &[ENOENT, ESTALE, EINVAL, ENOSPC, ("EACCES", "this user may not read the folder")],
        example: "tiny.mkdir(\"changes\")\ntiny.cow_make(\"changes\", \"/srv/project\")",
        call: |c| {
            let prefix = if c.flag("userxattr") { "user.overlay." } else { "trusted.overlay." };
            make::make(&c.path(0)?, &c.path(1)?, prefix)?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "cow_changes",
        effect: Effect::Reads,
        doc: "Lists the changes in the upper directory of a copy-on-write folder, parents before their content. No link is \
              followed, and the content of equal files is compared. The container may run meanwhile.",
        args: &[PLACE, FOLDER],
        options: &[opt("max", range::COUNT, "all", "end after so many changes that can be applied")],
        returns: "a list of tables: path (below the folder), change (\"added\", \"changed\", \"deleted\", \"replaced\" by a file of \
                  another type, or \"skipped\"), kind (as in `stat`; of a deleted file, its old one), was (the kind of a \
                  replaced file), mode, old_mode (on the host), size (of a file), target (of a link), capable (whether it has \
                  file capabilities), links (the names of the file on the host), and conflict: why it is not applied",
        errors: &[ENOENT, ESTALE, EINVAL],
        example: "for _, row in ipairs(tiny.cow_changes(\"changes\", \"/srv/project\")) do print(row.change, row.path) end",
        call: changes,
        ..BASE
    },
    Primitive {
        name: "cow_apply",
        doc: "Applies changes of a copy-on-write folder to the folder, and removes them from the upper directory, which must \
              not be mounted. Owners, modes, times, hard links, attributes and holes are kept; no link is followed \
              (openat2(2)). Each file is made under a temporary name and exchanged with the old one (renameat2(2)), which \
              is kept if it is not the one that the container saw. The call can be killed and repeated.",
        args: &[PLACE, FOLDER],
        options: &[opt(
            "paths",
            Type::List(&Type::Str),
            "all",
            "the changes to apply, each path as `cow_changes` lists it",
        )],
        returns: "a table: applied (how many), bytes (of content), attributes (how many could not be set), and lists of \
                  { path, reason }: conflicts (they changed on the host meanwhile), skipped (devices, sockets, FIFOs) and \
                  failed (the kernel refused them)",
        errors: &[ENOENT, ESTALE, EINVAL, ENOSPC, ("EROFS", "the folder is on a read-only mount")],
        example: "print(tiny.cow_apply(\"changes\", \"/srv/project\").applied)",
        call: apply,
        ..BASE
    },
    Primitive {
        name: "cow_discard",
        doc: "Discards changes of a copy-on-write folder: removes them from the upper directory, which must not be mounted.",
        args: &[PLACE, FOLDER],
        options: &[opt("paths", Type::List(&Type::Str), "all", "the changes, with all that is below them")],
        errors: &[ENOENT, ESTALE, EINVAL, ("EBUSY", "a file system is mounted in the upper directory")],
        example: "tiny.cow_discard(\"changes\", \"/srv/project\", { paths = { \"README.md\" } })",
        call: |c| {
            let paths = paths(c)?;
            Folder::open(&c.path(0)?, &c.path(1)?)?.discard(paths.as_deref())?;
            c.ok(())
        },
        ..BASE
    },
];

/// The paths of a call, which can be any bytes.
fn paths(call: &Call<'_>) -> Result<Option<Vec<Vec<u8>>>, Fail> {
    let list: Option<Vec<LuaString>> = call.opt("paths")?;
    Ok(list.map(|list| list.iter().map(|path| path.as_bytes().to_vec()).collect()))
}

fn changes(call: &Call<'_>) -> Outcome {
    let most: Option<usize> = call.opt("max")?;
    let listed = Folder::open(&call.path(0)?, &call.path(1)?)?.changes(most.unwrap_or(usize::MAX))?;
    let rows = listed.rows.iter().map(|row| told(call, row)).collect::<mlua::Result<Vec<_>>>()?;
    call.ok(call.lua.create_sequence_from(rows)?)
}

fn told(call: &Call<'_>, row: &Change) -> mlua::Result<Table> {
    let table = call.lua.create_table_with_capacity(0, 8)?;
    table.raw_set("path", call.lua.create_string(&row.path)?)?;
    table.raw_set("change", row.change)?;
    table.raw_set("kind", row.kind)?;
    table.raw_set("was", row.was)?;
    table.raw_set("mode", row.mode)?;
    table.raw_set("old_mode", row.old_mode)?;
    table.raw_set("size", row.size)?;
    table.raw_set("target", row.target.as_ref().map(|target| call.lua.create_string(target)).transpose()?)?;
    table.raw_set("capable", row.capable.then_some(true))?;
    table.raw_set("links", row.links)?;
    table.raw_set("conflict", row.conflict.as_deref())?;
    Ok(table)
}

fn apply(call: &Call<'_>) -> Outcome {
    let wanted: Option<HashSet<Vec<u8>>> = paths(call)?.map(|list| list.into_iter().collect());
    let mut folder = Folder::open(&call.path(0)?, &call.path(1)?)?;
    let mut tally = Tally::new(None);
    let report = folder.apply(wanted.as_ref(), &mut tally)?;
    let table = call.lua.create_table()?;
    table.raw_set("applied", report.applied)?;
    table.raw_set("bytes", tally.bytes)?;
    table.raw_set("attributes", tally.attributes)?;
    for (key, list) in [("conflicts", &report.conflicts), ("skipped", &report.skipped), ("failed", &report.failed)] {
        table.raw_set(key, reasons(call, list)?)?;
    }
    call.ok(table)
}

fn reasons(call: &Call<'_>, list: &[Reason]) -> mlua::Result<Table> {
    let rows = list.iter().map(|(path, why)| {
        let table = call.lua.create_table()?;
        table.raw_set("path", call.lua.create_string(path)?)?;
        table.raw_set("reason", why.as_str())?;
        Ok(table)
    });
    call.lua.create_sequence_from(rows.collect::<mlua::Result<Vec<_>>>()?)
}
