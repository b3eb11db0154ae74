//! Waiting until files are on the disk.

use super::place::{ROOT, root};
use crate::sys::sync;
use crate::vm::registry::{Effect, Primitive, Type, arg};

const BASE: Primitive = Primitive { family: "files", ..Primitive::BASE };
const ENOENT: (&str, &str) = ("ENOENT", "the file or its directory is missing");
const EACCES: (&str, &str) = ("EACCES", "this user has no permission; tinylua's own files belong to root");

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "fsync",
        effect: Effect::Plumbing,
        doc: "Waits until the contents of a file, or the entries of a directory, are on the disk (fsync(2)).",
        args: &[arg("path", Type::Path, "the file or directory")],
        options: &[ROOT],
        errors: &[
            ENOENT,
            EACCES,
            ("EINVAL", "a FIFO, a socket or a device without storage cannot be synced"),
            ("EIO", "the disk failed: written data may be lost"),
        ],
        example: "tiny.append_file(\"journal\", \"one line\\n\")\ntiny.fsync(\"journal\")",
        call: |c| {
            let (path, root) = (c.path(0)?, root(c)?);
            sync::sync(root.place(&path)?)?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "syncfs",
        effect: Effect::Plumbing,
        doc: "Waits until everything written to the file system of this path is on the disk (syncfs(2)): one call \
              for thousands of new files.",
        args: &[arg("path", Type::Path, "any file or directory of the file system")],
        errors: &[ENOENT, EACCES, ("EIO", "the disk failed: written data may be lost")],
        example: "tiny.syncfs(\"/var/lib/tinylua\")",
        call: |c| {
            sync::sync_file_system(&c.path(0)?)?;
            c.ok(())
        },
        ..BASE
    },
];
