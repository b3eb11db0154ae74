//! The manual of the primitives, and the Lua files that ship in the binary, for `tinylua doc` and `tinylua eject`.

use mlua::Value;

use crate::docs;
use crate::vm::call::{Call, Fail};
use crate::vm::files::{self, SearchPath};
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, opt, optional};

const BASE: Primitive = Primitive { family: "manual", ..Primitive::BASE };

/// The family's entries.
pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "manual",
        effect: Effect::Reads,
        doc: "Formats the manual: the entry of one primitive, or without a name the index by family (text), the whole \
              reference (markdown), the page tinylua-primitives(7) (man) or the editor stubs (lua).",
        args: &[optional("name", Type::Str, "a primitive such as \"clone\", or a method such as \"child:wait\"")],
        options: &[opt(
            "format",
            Type::Word(&["text", "markdown", "man", "lua"]),
            "text",
            "the format; a single entry is always text",
        )],
        returns: "a string, or nil when there is no such primitive",
        example: "print(tiny.manual(\"clone\"))",
        call: manual,
        ..BASE
    },
    Primitive {
        name: "primitives",
        effect: Effect::Reads,
        doc: "Lists the primitives: the name and family of each, its effect, whether it undoes another call or \
              mostly waits, the kind of handle that it returns, the handle and name of its method, and the old names of \
              itself and of its options, each with a sentence that has the new name.",
        returns: "a list of { name, family, effect = \"acts\"|\"reads\"|\"plumbing\", undoes, waits, returns, handle, method, formerly, renamed_options }",
        example: "for _, p in ipairs(tiny.primitives()) do print(p.name, p.effect) end",
        call: primitives,
        ..BASE
    },
    Primitive {
        name: "sources",
        effect: Effect::Reads,
        doc: "Lists the Lua files in a directory of the search path and of the binary, without `.lua`.",
        args: &[arg("folder", Type::Path, "a directory below scripts or lua: commands, modules or recipes")],
        options: &[opt("below", Type::Bool, "false", "include subdirectories, as in \"net/bridge\"")],
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
        effect: Effect::Reads,
        doc: "Reads a Lua file as `require` and the commands find it: first on the search path, then in the binary.",
        args: &[arg("path", Type::Path, "the file, such as \"scripts/run.lua\"")],
        options: &[opt(
            "shipped",
            Type::Bool,
            "false",
            "read the copy in the binary, even if another file overrides it",
        )],
        returns: "the text and the file's path (nil for the copy in the binary), or nil when the file is missing",
        example: "local text = tiny.source(\"lua/tiny/container.lua\")",
        call: source,
        ..BASE
    },
    Primitive {
        name: "config_dir",
        effect: Effect::Reads,
        doc: "Returns the user's directory on the search path; its files override the Lua files in the binary.",
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
        return Err(Fail::Usage(format!("format {format:?} is for the whole manual; leave out the name")));
    }
    let name = call.str(0)?;
    let entry = docs::find(registry, &name).map(|found| match docs::renaming(found, &name) {
        Some(text) => format!("{text}.\n\n{}", docs::entry(found)),
        None => docs::entry(found),
    });
    call.ok(entry)
}

fn primitives(call: &Call<'_>) -> Outcome {
    let list = call.lua.create_table()?;
    for primitive in call.primitive.registry().all() {
        let entry = call.lua.create_table()?;
        entry.raw_set("name", primitive.name)?;
        entry.raw_set("family", primitive.family)?;
        entry.raw_set("effect", primitive.effect.word())?;
        entry.raw_set("undoes", primitive.undoes)?;
        entry.raw_set("waits", primitive.waits)?;
        entry.raw_set("renamed_options", call.lua.create_table_from(primitive.renamed_options())?)?;
        entry.raw_set("formerly", call.lua.create_table_from(primitive.renamings())?)?;
        entry.raw_set("returns", docs::returned_kind(primitive.returns))?;
        if let Some((handle, method)) = primitive.method {
            entry.raw_set("handle", handle)?;
            entry.raw_set("method", method)?;
        }
        list.raw_push(entry)?;
    }
    call.ok(list)
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
