//! The manual of the primitives, and the Lua that ships in the binary: what `tinylua doc` and
//! `tinylua eject` are made of.

use mlua::Value;

use crate::docs;
use crate::vm::call::{Call, Fail};
use crate::vm::files::{self, SearchPath};
use crate::vm::registry::{Outcome, Primitive, Type, arg, opt, optional};

const BASE: Primitive = Primitive { family: "manual", ..Primitive::BASE };

/// The family's entries.
pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "manual",
        doc: "Writes the manual's entry of a primitive; without a name the index by family, the whole reference \
              (markdown), the page tinylua-primitives(7) (man) or the stubs for editors (lua).",
        args: &[optional("name", Type::Str, "a primitive, \"clone\", or a method, \"child:wait\"")],
        options: &[opt(
            "format",
            Type::Word(&["text", "markdown", "man", "lua"]),
            "text",
            "for whom; an entry is text",
        )],
        returns: "a string, or nil when there is no such primitive",
        example: "print(tiny.manual(\"clone\"))",
        call: manual,
        ..BASE
    },
    Primitive {
        name: "sources",
        doc: "Lists the Lua files in a folder of the search path and of the binary, without `.lua`.",
        args: &[arg("folder", Type::Path, "a folder below scripts or lua: commands, modules or recipes")],
        options: &[opt("below", Type::Bool, "false", "also those in the folders below, as \"net/bridge\"")],
        returns: "a list of names, sorted",
        example: "for _, name in ipairs(tiny.sources(\"scripts\")) do print(name) end",
        call: |c| {
            let folder = c.str(0)?;
            if !matches!(folder.split('/').next(), Some("scripts" | "lua")) {
                return Err(Fail::Usage(format!("folder: {folder:?} is not below scripts or lua")));
            }
            let (path, below) = (search_path(c), c.flag("below"));
            let names = if below { path.names_below(&folder) } else { path.names(&folder) };
            c.ok(c.lua.create_sequence_from(names)?)
        },
        ..BASE
    },
    Primitive {
        name: "source",
        doc: "Reads a Lua file as `require` and the commands find it: on the search path, or else in the binary.",
        args: &[arg("path", Type::Path, "the file, \"scripts/run.lua\"")],
        options: &[opt("shipped", Type::Bool, "false", "the copy in the binary, whatever overrides it")],
        returns: "the text and the file's path (nil for the copy in the binary), or nil when there is none",
        example: "local text = tiny.source(\"lua/tiny/container.lua\")",
        call: source,
        ..BASE
    },
    Primitive {
        name: "config_dir",
        doc: "Tells the user's folder on the search path; what lies there wins over the binary's Lua.",
        returns: "a string, or nil when neither XDG_CONFIG_HOME nor HOME is set",
        example: "print(tiny.config_dir())  -- /root/.config/tinylua",
        call: |c| c.ok(files::user_config().map(|dir| dir.to_string_lossy().into_owned())),
        ..BASE
    },
];

fn manual(call: &Call<'_>) -> Outcome {
    let registry = call.primitive.registry();
    let format = call.opt::<String>("format")?.unwrap_or_default();
    if !call.has(0) {
        return call.ok(match format.as_str() {
            "markdown" => docs::reference(registry),
            "man" => docs::primitives(registry),
            "lua" => docs::stubs(registry),
            _ => docs::index(registry),
        });
    }
    if matches!(format.as_str(), "markdown" | "man" | "lua") {
        return Err(Fail::Usage(format!("format {format:?} is the whole manual's; leave out the name")));
    }
    let name = call.str(0)?;
    call.ok(docs::find(registry, &name).map(docs::entry))
}

fn search_path(call: &Call<'_>) -> SearchPath {
    call.lua.app_data_ref::<SearchPath>().map(|path| path.clone()).unwrap_or_default()
}

fn source(call: &Call<'_>) -> Outcome {
    let path = call.str(0)?;
    let Some((folder, relative)) = path.split_once('/').filter(|(folder, _)| matches!(*folder, "scripts" | "lua"))
    else {
        return Err(Fail::Usage(format!("path: {path:?} is not below scripts/ or lua/")));
    };
    let shipped = || files::embedded(folder, relative).map(|f| call.lua.create_string(f.source())).transpose();
    if call.flag("shipped") {
        return call.ok(shipped()?);
    }
    match search_path(call).read(folder, relative).map_err(Fail::Plain)? {
        Some(source) if !source.bytecode => {
            let place = source.name.strip_prefix('@').map(str::to_owned);
            call.ok((call.lua.create_string(&source.text)?, place))
        }
        Some(_) => call.ok(shipped()?),
        None => call.ok(Value::Nil),
    }
}
