//! Control flow, errors and tracing of a recipe. `try` and `fail` are written in Lua (`vm/bindings.lua`), since they take
//! or throw Lua values.

use mlua::{Table, Value};

use crate::log;
use crate::sys::visible;
use crate::vm::call::{Call, Fail, to_seconds, to_size};
use crate::vm::files::{SearchPath, Source};
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, did_you_mean, need, opt, optional};
use crate::vm::{code_frame, error, format, json, recipe, require, trace};

const BASE: Primitive = Primitive { family: "control", in_lua: true, ..Primitive::BASE };

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "try",
        effect: Effect::Reads,
        doc: "Calls `f` with the given arguments and returns its results, or nil and the error value.",
        args: &[arg("f", Type::Function, "the function to call")],
        returns: "the results of `f`, or nil and an error value",
        example: "local ok, err = tiny.try(tiny.mount_proc, \"/proc\")\nif err then print(err.code, err.hint) end",
        ..BASE
    },
    Primitive {
        name: "fail",
        effect: Effect::Reads,
        doc: "Throws an error value. It is built from a message, from a format string with its arguments, or from a \
              table with `message`, `hint` and `exit`.",
        args: &[arg("what", Type::Either(&[Type::Str, Type::Table]), "the message, or a table of the error's fields")],
        returns: "does not return",
        example: "tiny.fail { message = \"no rootfs given\", hint = \"pass a directory\", exit = 2 }",
        ..BASE
    },
    Primitive {
        name: "load_recipe",
        effect: Effect::Reads,
        doc: "Reads and compiles a recipe without running it. `require` then also finds the modules of its directory. \
              That directory is kept open: after pivot_root(2) into a container, modules still come from the host. A \
              bare name that is not a file is the name of a shipped recipe.",
        args: &[arg("path", Type::Path, "the recipe file")],
        options: &[
            opt(
                "text",
                Type::Bytes,
                "the content of the file",
                "the text of the recipe: no file is read, and `path` is a name for errors",
            ),
            opt(
                "modules",
                Type::Map(&Type::Options(&[
                    need("path", Type::Path, "its file, for errors"),
                    need("text", Type::Bytes, "its text"),
                ])),
                "",
                "with `text`: modules by name, which `require` finds before all others",
            ),
            opt("folder", Type::Path, "none", "with `text`: the absolute path of the directory with the other modules"),
        ],
        returns: "the recipe as a function, and its source text",
        errors: &[
            ("ENOENT", "give the path of a file, or the name of a shipped recipe: `tinylua doc recipes` lists them"),
            ("EISDIR", "a recipe is a file, not a directory"),
            ("EFBIG", "a recipe has at most 16 MiB"),
        ],
        example: "local recipe = tiny.load_recipe(\"hello.lua\")\nreturn recipe()",
        in_lua: false,
        call: load_recipe,
        ..BASE
    },
    Primitive {
        name: "loaded_modules",
        effect: Effect::Reads,
        doc: "Lists the user modules that `require` has loaded in this process: those in the directory of the recipe and on \
              the search path, except overrides of shipped modules.",
        returns: "a list of { name, path, text } in the order of loading, and the directory of the last loaded recipe",
        example: "for _, module in ipairs((tiny.loaded_modules())) do print(module.name, module.path, #module.text) end",
        in_lua: false,
        call: loaded_modules,
        ..BASE
    },
    Primitive {
        name: "caller",
        effect: Effect::Reads,
        doc: "Returns the position in the user's file that is being executed, such as \"web.lua:12\".",
        returns: "a string, or nil when no file of the user is running",
        example: "print(tiny.caller())",
        in_lua: false,
        call: |c| c.ok(error::user_location(c.lua)),
        ..BASE
    },
    Primitive {
        name: "error_frame",
        effect: Effect::Reads,
        doc: "Formats an error for a terminal: its message, the lines around its position in the user's file with the \
              call marked, and the hint.",
        args: &[arg("error", Type::Table, "an error value, as returned by `try`")],
        options: &[
            opt(
                "chunk",
                Type::Str,
                "none",
                "the name of a chunk that was not loaded from a file, as error positions show it",
            ),
            opt("text", Type::Str, "none", "the source text of that chunk"),
            opt("colours", Type::Bool, "false", "add escape sequences for colors"),
            opt("width", Type::Range(1, 65535), "80", "the width of the terminal in columns"),
        ],
        returns: "a string; without source lines when the position is not in a file of the user",
        example: "local _, err = tiny.try(tiny.mount_proc, \"/nope\")\nprint(tiny.error_frame(err))",
        in_lua: false,
        call: error_frame,
        ..BASE
    },
    Primitive {
        name: "trace_calls",
        effect: Effect::Plumbing,
        doc: "Turns the trace of primitives on or off: each call is printed on standard error with its duration, like \
              `--trace`. Children forked while it is on are traced too.",
        args: &[arg("on", Type::Bool, "whether to print calls from now on")],
        returns: "whether the trace was on before",
        errors: &[("EBADF", "standard error is closed")],
        example: "local before = tiny.trace_calls(true)\ntiny.getpid()\ntiny.trace_calls(before)",
        in_lua: false,
        call: |c| c.ok(trace::set(c.get(0)?)?),
        ..BASE
    },
    Primitive {
        name: "stop_trace",
        effect: Effect::Plumbing,
        doc: "Ends the trace of this process and closes its duplicate of standard error (dup3(2)).",
        errors: &[("ENOENT", "/dev/null, which replaces the duplicate, is missing")],
        example: "tiny.stop_trace()",
        in_lua: false,
        call: |c| {
            trace::stop()?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "log",
        effect: Effect::Reads,
        doc: "Writes a diagnostic message to standard error, or to the file of `--log`, with the time, the level and the \
              fields. `--log-level` sets the least severe level that is written; the default is `warn`.",
        args: &[
            arg("level", Type::Word(log::NAMES), "the severity"),
            arg("message", Type::Str, "the message"),
            optional(
                "fields",
                Type::Table,
                "names and values, as in JSON; the names time, level, msg, pid and from are reserved",
            ),
        ],
        example: "tiny.log(\"info\", \"the cache is warm\", { entries = 42 })",
        in_lua: false,
        call: say,
        ..BASE
    },
    Primitive {
        name: "log_reopen",
        effect: Effect::Reads,
        doc: "Redirects diagnostics to the present standard error, unless `--log` names a file; warnings and errors go there \
              in any case. A background supervisor calls it when its standard error has become supervisor.log.",
        errors: &[("EBADF", "standard error is closed")],
        example: "tiny.log_reopen()",
        in_lua: false,
        call: |c| {
            log::reopen()?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "show",
        effect: Effect::Reads,
        doc: "Formats any value on one line, with control characters escaped.",
        args: &[optional("value", Type::Any, "the value")],
        returns: "a string",
        example: "print(tiny.show { name = \"web\" })",
        in_lua: false,
        call: |c| c.ok(format::value(&c.arg_value(0))),
        ..BASE
    },
    Primitive {
        name: "parse_size",
        effect: Effect::Reads,
        doc: "Parses a size: a number of bytes, or a string with the suffix k, m, g or t (powers of 1024).",
        args: &[arg("size", Type::Any, "\"128m\" or an integer")],
        returns: "the size in bytes, or nil and the reason why it is invalid",
        example: "local bytes = tiny.parse_size(\"1.5g\")",
        in_lua: false,
        call: |c| match to_size(&c.arg_value(0)) {
            Ok(bytes) => c.ok(bytes),
            Err(wrong) => c.ok((Value::Nil, wrong)),
        },
        ..BASE
    },
    Primitive {
        name: "parse_duration",
        effect: Effect::Reads,
        doc: "Parses a duration: a number of seconds, or a string such as \"1m30s\" or \"500ms\".",
        args: &[arg("duration", Type::Any, "\"10s\" or a number")],
        returns: "the duration in seconds, or nil and the reason why it is invalid",
        example: "local seconds = tiny.parse_duration(\"1m30s\")",
        in_lua: false,
        call: |c| match to_seconds(&c.arg_value(0)) {
            Ok(seconds) => c.ok(seconds),
            Err(wrong) => c.ok((Value::Nil, wrong)),
        },
        ..BASE
    },
    Primitive {
        name: "did_you_mean",
        effect: Effect::Reads,
        doc: "Finds the word of a list that is closest to a misspelled word.",
        args: &[arg("word", Type::Str, "the misspelled word"), arg("words", Type::List(&Type::Str), "the valid words")],
        returns: "the closest word, or nil when none is similar",
        example: "print(tiny.did_you_mean(\"hostnme\", { \"hostname\", \"name\" }))",
        in_lua: false,
        call: |c| {
            let (word, words) = (c.str(0)?, c.get::<Vec<String>>(1)?);
            c.ok(did_you_mean(&word, words.iter().map(String::as_str)))
        },
        ..BASE
    },
];

fn say(call: &Call<'_>) -> Outcome {
    let level = log::of_name(&call.str(0)?);
    // Whoever tells much is asked for its fields only when somebody reads them.
    let Some(level) = level.filter(|level| log::enabled(*level)) else { return call.ok(()) };
    let fields = match call.arg_value(2) {
        Value::Nil => None,
        fields => Some(json::from_lua(&fields, false, "fields").map_err(Fail::Usage)?),
    };
    if let Some(name) = log::OWN.iter().find(|name| fields.as_ref().is_some_and(|f| f.get(name).is_some())) {
        return Err(Fail::Usage(format!("fields: {name:?} is the line's own")));
    }
    let fields = fields.map(|fields| fields.to_string());
    log::tell(level, &call.str(1)?, fields.as_deref(), error::user_location(call.lua).as_deref());
    call.ok(())
}

fn error_frame(call: &Call<'_>) -> Outcome {
    let err: Table = call.get(0)?;
    if let (Some(name), Some(text)) = (call.opt::<String>("chunk")?, call.opt::<String>("text")?) {
        code_frame::remember(
            call.lua,
            &Source { text: text.into_bytes().into(), bytecode: false, name: format!("@{name}") },
        );
    }
    let text = visible(&error::display(&err)).into_owned();
    let width = call.opt::<usize>("width")?.unwrap_or(80);
    call.ok(match code_frame::of(call.lua, &err) {
        Some(frame) => frame.within(&text, call.flag("colours"), width),
        None => text,
    })
}

fn load_recipe(call: &Call<'_>) -> Outcome {
    let kept = match call.opt::<mlua::LuaString>("text")? {
        None => None,
        Some(text) => Some(recipe::Kept {
            text: text.as_bytes().to_vec(),
            modules: kept_modules(call.opt("modules")?)?,
            folder: call.opt("folder")?,
        }),
    };
    let (chunk, source) = recipe::load(call.lua, &call.str(0)?, kept)?;
    call.ok((chunk, call.lua.create_string(&source.text)?))
}

fn kept_modules(given: Option<Table>) -> mlua::Result<Vec<(String, String, Vec<u8>)>> {
    let Some(given) = given else { return Ok(Vec::new()) };
    let module = |pair: mlua::Result<(String, Table)>| {
        let (name, entry) = pair?;
        let text: mlua::LuaString = entry.raw_get("text")?;
        Ok((name, entry.raw_get("path")?, text.as_bytes().to_vec()))
    };
    given.pairs::<String, Table>().map(module).collect()
}

fn loaded_modules(call: &Call<'_>) -> Outcome {
    let folder = call.lua.app_data_ref::<SearchPath>().and_then(|search| search.recipe_folder());
    let folder = folder.and_then(|folder| folder.into_os_string().into_string().ok());
    call.ok((require::loaded(call.lua)?, folder))
}
