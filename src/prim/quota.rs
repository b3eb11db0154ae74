//! The space of file systems, and project quotas.

use crate::sys::quota::{Directory, space};
use crate::vm::call::Fail;
use crate::vm::registry::{Effect, Primitive, Type, arg, need, opt, range};

const BASE: Primitive = Primitive { family: "files", ..Primitive::BASE };
const EOPNOTSUPP: (&str, &str) = ("EOPNOTSUPP", "the file system enforces no project quotas: ext4 and XFS can");
const ENOENT: (&str, &str) = ("ENOENT", "there is no such directory");
const EPERM: (&str, &str) = ("EPERM", "quotas need CAP_SYS_ADMIN over the host");

/// The family's entries.
pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "statvfs",
        effect: Effect::Reads,
        doc: "Returns the space of the file system that has this path (statvfs(3)).",
        args: &[arg("path", Type::Path, "any file or directory of the file system")],
        returns: "a table, in bytes: size, free, and available (free for users other than root)",
        errors: &[("ENOENT", "there is no such file or directory"), ("EACCES", "this user may not search the path")],
        example: "print(tiny.statvfs(\"/var/lib/tinylua\").available)",
        call: |c| {
            let space = space(&c.path(0)?)?;
            let table = c.lua.create_table()?;
            table.raw_set("size", space.size)?;
            table.raw_set("free", space.free)?;
            table.raw_set("available", space.available)?;
            c.ok(table)
        },
        ..BASE
    },
    Primitive {
        name: "project_quota",
        effect: Effect::Reads,
        doc: "Reads a project quota (quotactl(2)) of the file system of a directory: the limit for all files of a \
              project, whoever owns them.",
        args: &[arg("path", Type::Path, "the directory")],
        options: &[opt("project", range::ID, "the directory's", "the project")],
        returns: "a table: project (0 if none was set), limit (bytes; 0 without a limit) and used (bytes)",
        errors: &[ENOENT, EOPNOTSUPP, EPERM],
        example: "print(tiny.project_quota(\"upper\").used)",
        call: |c| {
            let path = c.path(0)?;
            let quota = Directory::open(&path)?.quota(c.opt("project")?)?;
            let table = c.lua.create_table()?;
            table.raw_set("project", quota.project)?;
            table.raw_set("limit", quota.limit)?;
            table.raw_set("used", quota.used)?;
            c.ok(table)
        },
        ..BASE
    },
    Primitive {
        name: "set_project_quota",
        doc: "Limits the size of all files of a project (quotactl(2)). With `project`, the directory is given to it, and \
              so are files and directories that are created there later; otherwise the project is the directory's. \
              A write beyond the limit fails with EDQUOT, and with ENOSPC on XFS.",
        args: &[arg("path", Type::Path, "the directory")],
        options: &[
            need("size", Type::Size, "the limit; 0 removes it"),
            opt("project", range::ID, "the directory's", "the project; files of one tree have the same"),
        ],
        errors: &[
            ENOENT,
            EOPNOTSUPP,
            EPERM,
            ("EINVAL", "the directory has no project, or this user namespace may not set one"),
        ],
        example: "tiny.set_project_quota(\"upper\", { project = 7001, size = \"10g\" })",
        call: |c| {
            let (path, size) = (c.path(0)?, c.opt_size("size")?.unwrap_or(0));
            let directory = Directory::open(&path)?;
            let given: Option<u32> = c.opt("project")?;
            let project = given.map_or_else(|| directory.quota(None).map(|quota| quota.project), Ok)?;
            if project == 0 {
                return Err(Fail::Usage("the directory has no project: set `project` to a number above 0".into()));
            }
            directory.limit(project, size)?;
            if given.is_some() {
                directory.set_project(project)?;
            }
            c.ok(())
        },
        ..BASE
    },
];
