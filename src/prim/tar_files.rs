//! Packs chosen files into a tar stream.

use std::fs::File;
use std::path::PathBuf;

use mlua::Table;

use crate::sys::copy::Tally;
use crate::sys::copy::file_archive::{self as sys, Content};
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Opt, Outcome, Primitive, Type, arg, need, opt};

const BASE: Primitive = Primitive { family: "files", ..Primitive::BASE };

/// One entry.
const ENTRY: &[Opt] = &[
    need("name", Type::Path, "its name in the archive; a name that ends with a slash is a directory"),
    opt("path", Type::Path, "", "the file whose content it has"),
    opt("data", Type::Bytes, "", "its content"),
];

/// The family's entries.
pub const FAMILY: &[Primitive] = &[Primitive {
    name: "tar_files",
    doc: "Packs chosen files under chosen names into a tar stream in GNU format (tar(5)). Owners are 0 and times 1970, so \
          that the same files give the same bytes.",
    args: &[arg("entries", Type::List(&Type::Options(ENTRY)), "the entries, in their order")],
    options: &[need("to", Type::Handle("file"), "the file or pipe that receives the stream")],
    returns: "the number of bytes of the files' content",
    errors: &[
        ("ENOENT", "a file of `path` is missing"),
        ("EPIPE", "the reader of the stream has closed it"),
        ("ENOSPC", "the disk is full"),
    ],
    example: "local out <close> = tiny.open(\"a.tar\", { write = true, create = true })\n\
              tiny.tar_files({ { name = \"etc/\" }, { name = \"etc/motd\", data = \"hello\" } }, { to = out })",
    call: tar_files,
    ..BASE
}];

fn tar_files(call: &Call<'_>) -> Outcome {
    let mut entries = Vec::new();
    for entry in call.get::<Vec<Table>>(0)? {
        let name: String = entry.get("name").map_err(Fail::Lua)?;
        let path: Option<mlua::LuaString> = entry.get("path").map_err(Fail::Lua)?;
        let data: Option<mlua::LuaString> = entry.get("data").map_err(Fail::Lua)?;
        let content = match (name.ends_with('/'), path, data) {
            (true, None, None) => Content::Dir,
            (false, Some(path), None) => {
                use std::os::unix::ffi::OsStringExt;
                Content::File(PathBuf::from(std::ffi::OsString::from_vec(path.as_bytes().to_vec())))
            }
            (false, None, Some(data)) => Content::Data(data.as_bytes().to_vec()),
            (true, ..) => return Err(Fail::Usage(format!("{name:?} is a directory, which has no path or data"))),
            (false, ..) => return Err(Fail::Usage(format!("{name:?} needs either a path or data"))),
        };
        entries.push((name, content));
    }
    let Some(to) = call.opt_fd("to")? else { return Err(Fail::Usage("option \"to\" is missing".into())) };
    let to = File::from(to.dup()?);
    let mut tally = Tally::new(None);
    sys::write(to, &entries, &mut tally)?;
    call.ok(tally.bytes)
}
