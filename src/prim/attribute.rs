//! Extended attributes of files (xattr(7)).

use super::place::{ROOT_TYPE, root};
use crate::sys::copy::attributes as sys;
use crate::vm::registry::{Effect, Opt, Primitive, Type, arg, opt};

const BASE: Primitive = Primitive { family: "files", ..Primitive::BASE };
const ROOT: Opt =
    opt("root", ROOT_TYPE, "the caller's root", "resolve the path below this directory, and follow no links");
const ENOENT: (&str, &str) = ("ENOENT", "the file or its directory is missing");

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "setxattr",
        doc: "Sets an extended attribute of a file or directory; a symbolic link itself is changed, not its target \
              (setxattr(2)).",
        args: &[
            arg("path", Type::Path, "the file"),
            arg("name", Type::Length(1, 255), "the attribute, such as \"trusted.overlay.opaque\""),
        ],
        options: &[Opt { required: true, ..opt("value", Type::Bytes, "", "its bytes") }, ROOT],
        errors: &[
            ENOENT,
            ("EPERM", "trusted.* needs CAP_SYS_ADMIN"),
            ("EOPNOTSUPP", "the file system does not support this attribute"),
        ],
        example: "tiny.setxattr(\"upper/root\", \"trusted.overlay.opaque\", { value = \"y\" })",
        call: |c| {
            let value: Option<mlua::LuaString> = c.opt("value")?;
            let (path, root) = (c.path(0)?, root(c)?);
            sys::set_at(root.place(&path)?, &c.str(1)?, &value.map(|v| v.as_bytes().to_vec()).unwrap_or_default())?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "getxattr",
        effect: Effect::Reads,
        doc: "Returns an extended attribute of a file or directory; of a symbolic link itself, not of its target (getxattr(2)).",
        args: &[
            arg("path", Type::Path, "the file"),
            arg("name", Type::Length(1, 255), "the attribute, such as \"security.capability\""),
        ],
        options: &[ROOT],
        returns: "its bytes, or nil when the file has no such attribute",
        errors: &[ENOENT, ("EACCES", "this user may not search its directory, or read this attribute")],
        example: "assert(not tiny.getxattr(\"/bin/ls\", \"security.capability\"))",
        call: |c| {
            let (path, root) = (c.path(0)?, root(c)?);
            let value = sys::get_at(root.place(&path)?, &c.str(1)?)?;
            c.ok(value.map(|value| c.lua.create_string(value)).transpose()?)
        },
        ..BASE
    },
];
