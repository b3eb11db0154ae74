//! The registry's entries as tables, from which Lua renders the manual, and the Lua files that ship in the binary, for
//! `tinylua doc` and `tinylua eject`.

use mlua::{Lua, Table, Value};

use crate::vm::call::{Call, Fail};
use crate::vm::files::{self, SearchPath};
use crate::vm::registry::{Effect, Opt, Outcome, Primitive, Registry, Type, arg, opt};

const BASE: Primitive = Primitive { family: "manual", ..Primitive::BASE };

/// The family's entries.
pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "manual",
        effect: Effect::Reads,
        doc: "Reads the registry's entry of a primitive: what `tiny.primitives` lists, and the rest of its \
              documentation. A type is a table: `is` names its sort, `text` describes it, and `of`, `keys`, `words` or \
              `kind` is what it consists of.",
        args: &[arg("name", Type::Str, "a primitive such as \"clone\", or a method such as \"child:wait\"")],
        returns: "a table { signature, args, options, list, result, errors, example, since, in_lua, … }, or nil when \
                  there is no such primitive",
        example: "print(tiny.manual(\"clone\").doc)",
        call: manual,
        ..BASE
    },
    Primitive {
        name: "primitives",
        effect: Effect::Reads,
        doc: "Lists the primitives: the name, family and description of each, its effect, whether it undoes another \
              call or mostly waits, the kind of handle that it returns, the handle and name of its method, and the \
              old names of itself and of its options, each with a sentence that has the new name.",
        returns: "a list of { name, family, doc, effect = \"acts\"|\"reads\"|\"plumbing\", undoes, waits, returns, handle, method, formerly, renamed_options }",
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
    match find(call.primitive.registry(), &call.str(0)?) {
        Some(primitive) => call.ok(full(call.lua, primitive)?),
        None => call.ok(Value::Nil),
    }
}

fn primitives(call: &Call<'_>) -> Outcome {
    let all = call.primitive.registry().all();
    let list = all.map(|primitive| brief(call.lua, primitive)).collect::<mlua::Result<Vec<_>>>()?;
    call.ok(call.lua.create_sequence_from(list)?)
}

/// The entry of "clone", "tiny.clone" or, as a method, "child:wait"; also by an old name.
pub(super) fn find(registry: &'static Registry, name: &str) -> Option<&'static Primitive> {
    let name = name.strip_prefix("tiny.").unwrap_or(name);
    let method = name.split_once([':', '.']);
    let now = registry.find(name).or_else(|| registry.all().find(|p| p.method.is_some() && p.method == method));
    now.or_else(|| registry.renamed(&name.replace('.', ":")))
}

/// "a child handle: …" returns `child`.
pub(super) fn returned_kind(returns: &'static str) -> Option<&'static str> {
    let (article, rest) = returns.split_once(' ')?;
    let (kind, after) = rest.split_once(' ')?;
    (matches!(article, "a" | "an") && after.starts_with("handle")).then_some(kind)
}

/// What plans, steps, traces and the index of the manual read of an entry.
fn brief(lua: &Lua, primitive: &Primitive) -> mlua::Result<Table> {
    let entry = lua.create_table()?;
    entry.raw_set("name", primitive.name)?;
    entry.raw_set("family", primitive.family)?;
    entry.raw_set("doc", primitive.doc)?;
    entry.raw_set("effect", primitive.effect.word())?;
    entry.raw_set("undoes", primitive.undoes)?;
    entry.raw_set("waits", primitive.waits)?;
    entry.raw_set("returns", returned_kind(primitive.returns))?;
    entry.raw_set("formerly", lua.create_table_from(primitive.renamings())?)?;
    entry.raw_set("renamed_options", lua.create_table_from(primitive.renamed_options())?)?;
    if let Some((handle, method)) = primitive.method {
        entry.raw_set("handle", handle)?;
        entry.raw_set("method", method)?;
    }
    Ok(entry)
}

/// The whole entry. Options tables with the same keys are the same table.
fn full(lua: &Lua, primitive: &Primitive) -> mlua::Result<Table> {
    let mut made = Made { lua, keys: Vec::new() };
    let entry = brief(lua, primitive)?;
    entry.raw_set("signature", primitive.signature())?;
    let args = lua.create_table()?;
    for arg in primitive.args {
        args.raw_push(made.field(arg.name, &arg.ty, arg.required, arg.doc)?)?;
    }
    entry.raw_set("args", args)?;
    entry.raw_set("options", made.options(primitive.options)?)?;
    if let Some((ty, doc)) = &primitive.list {
        entry.raw_set("list", made.field("", ty, false, doc)?)?;
    }
    entry.raw_set("result", primitive.returns)?;
    let errors = lua.create_table()?;
    for (code, hint) in primitive.errors {
        errors.raw_push(lua.create_table_from([("code", *code), ("hint", *hint)])?)?;
    }
    entry.raw_set("errors", errors)?;
    entry.raw_set("example", primitive.example)?;
    entry.raw_set("since", primitive.since)?;
    entry.raw_set("in_lua", primitive.in_lua)?;
    Ok(entry)
}

/// Makes the tables of an entry, and knows those of options that it has made.
struct Made<'a> {
    lua: &'a Lua,
    keys: Vec<(&'static [Opt], Table)>,
}

impl Made<'_> {
    fn field(&mut self, name: &str, ty: &Type, required: bool, doc: &str) -> mlua::Result<Table> {
        let field = self.lua.create_table()?;
        field.raw_set("name", name)?;
        field.raw_set("type", self.ty(ty)?)?;
        field.raw_set("required", required)?;
        field.raw_set("doc", doc)?;
        Ok(field)
    }

    fn options(&mut self, options: &'static [Opt]) -> mlua::Result<Table> {
        if let Some((_, table)) = self.keys.iter().find(|(keys, _)| *keys == options) {
            return Ok(table.clone());
        }
        let table = self.lua.create_table()?;
        for option in options {
            let field = self.field(option.name, &option.ty, option.required, option.doc)?;
            field.raw_set("default", Some(option.default).filter(|default| !default.is_empty()))?;
            table.raw_push(field)?;
        }
        self.keys.push((options, table.clone()));
        Ok(table)
    }

    /// A type: its sort, its description, and its parts.
    fn ty(&mut self, ty: &Type) -> mlua::Result<Table> {
        let table = self.lua.create_table()?;
        table.raw_set("is", sort(ty))?;
        table.raw_set("text", ty.describe())?;
        match ty {
            Type::List(of) | Type::Map(of) => table.raw_set("of", self.ty(of)?)?,
            Type::Either(types) => {
                let of = types.iter().map(|ty| self.ty(ty)).collect::<mlua::Result<Vec<_>>>()?;
                table.raw_set("of", of)?;
            }
            Type::Env => table.raw_set("of", self.ty(&Type::Argument)?)?,
            Type::Options(keys) => table.raw_set("keys", self.options(keys)?)?,
            Type::Handle(kind) => table.raw_set("kind", *kind)?,
            Type::Word(words) => table.raw_set("words", words.to_vec())?,
            _ => {}
        }
        Ok(table)
    }
}

fn sort(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "boolean",
        Type::Int | Type::Range(..) => "integer",
        Type::Number => "number",
        Type::Str | Type::Length(..) | Type::LinkName => "string",
        Type::Bytes | Type::Argument => "bytes",
        Type::Path => "path",
        Type::Size => "size",
        Type::Duration => "duration",
        Type::Cidr => "cidr",
        Type::Signal => "signal",
        Type::Function => "function",
        Type::Table => "table",
        Type::List(_) => "list",
        Type::Map(_) | Type::Env => "map",
        Type::Options(_) => "options",
        Type::Handle(_) => "handle",
        Type::Namespace => "namespace",
        Type::Word(_) => "word",
        Type::Either(_) => "either",
        Type::Any => "any",
    }
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
