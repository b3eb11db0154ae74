//! What steers a recipe. `try` and `fail` are Lua in `vm/shim.lua`, since they take or throw Lua values.

use mlua::{Table, Value};

use crate::sys::visible;
use crate::vm::call::{Call, to_seconds, to_size};
use crate::vm::files::{SearchPath, Source};
use crate::vm::registry::{Outcome, Primitive, Type, arg, did_you_mean, need, opt, optional};
use crate::vm::{chunk, error, frame, recipe, require, show, trace};

const BASE: Primitive = Primitive { family: "control", in_shim: true, ..Primitive::BASE };

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "try",
        doc: "Calls `f` with the arguments that follow and returns its results, or nil and the error value.",
        args: &[arg("f", Type::Function, "what to call")],
        returns: "the results of `f`, or nil and an error value",
        example: "local ok, err = tiny.try(tiny.mount_proc, \"/proc\")\nif err then print(err.code, err.hint) end",
        ..BASE
    },
    Primitive {
        name: "fail",
        doc: "Throws an error value: a message, a format string with its arguments, or a table with `message`, `hint` \
              and `exit`.",
        args: &[arg("what", Type::Either(&[Type::Str, Type::Table]), "the message or the error's fields")],
        returns: "never: it throws",
        example: "tiny.fail { message = \"no rootfs given\", hint = \"pass a folder\", exit = 2 }",
        ..BASE
    },
    Primitive {
        name: "load_recipe",
        doc: "Reads and compiles a recipe without running it; `require` then also finds modules in its folder, \
              which is held: later, in a container's root, they are still the host's, and nothing is loaded by a path. \
              A bare name that is no file means the shipped recipe of that name.",
        args: &[arg("path", Type::Path, "the recipe's file")],
        options: &[
            opt(
                "text",
                Type::Bytes,
                "what the file has",
                "the recipe's text: no file is read, `path` is a name for errors",
            ),
            opt(
                "modules",
                Type::Map(&Type::Options(&[
                    need("path", Type::Path, "its file, a name for errors"),
                    need("text", Type::Bytes, "its text"),
                ])),
                "",
                "beside `text`: modules that `require` finds before all others, by their names",
            ),
            opt(
                "folder",
                Type::Path,
                "none",
                "beside `text`: an absolute path, where the other modules are looked for",
            ),
        ],
        returns: "the recipe as a function, and its text",
        errors: &[
            ("ENOENT", "a path to a file, or a shipped recipe's name: `tinylua doc recipes` lists them"),
            ("EISDIR", "a recipe is a file"),
            ("EFBIG", "it has at most 16 MiB"),
        ],
        example: "local recipe = tiny.load_recipe(\"hello.lua\")\nreturn recipe()",
        in_shim: false,
        call: load_recipe,
        ..BASE
    },
    Primitive {
        name: "loaded_modules",
        doc: "Lists the modules of the user's own that `require` has loaded in this process: those beside the recipe and \
              those on the search path, but no other version of a shipped one.",
        returns: "a list of { name, path, text } in the order of loading, and the folder of the recipe that was loaded last",
        example: "for _, module in ipairs((tiny.loaded_modules())) do print(module.name, module.path, #module.text) end",
        in_shim: false,
        call: loaded_modules,
        ..BASE
    },
    Primitive {
        name: "chunk_globals",
        doc: "Compiles a Lua text without running it, and tells which globals it uses, and which fields of `tiny`.",
        args: &[arg("text", Type::Str, "the text"), arg("name", Type::Str, "the file's name, for errors")],
        returns: "a list of { name = \"tiny.mount_proc\", line, written }, or nil and the syntax error",
        example: "for _, use in ipairs(tiny.chunk_globals(\"print(x)\", \"x.lua\")) do print(use.name, use.line) end",
        in_shim: false,
        call: chunk_globals,
        ..BASE
    },
    Primitive {
        name: "caller",
        doc: "Tells the place in the user's file that is being executed, \"web.lua:12\".",
        returns: "a string, or nil when no user's file is",
        example: "print(tiny.caller())",
        in_shim: false,
        call: |c| c.ok(error::user_location(c.lua)),
        ..BASE
    },
    Primitive {
        name: "error_frame",
        doc: "Writes an error as it is shown on a terminal: its sentence, the lines of the user's file around its place \
              with the call marked, and the hint.",
        args: &[arg("error", Type::Table, "an error value, as `try` returns it")],
        options: &[
            opt("chunk", Type::Str, "none", "the name of a chunk that was no file, as places have it"),
            opt("text", Type::Str, "none", "that chunk's text"),
            opt("colours", Type::Bool, "false", "with escape sequences for colours"),
            opt("width", Type::Int, "80", "the columns of the terminal"),
        ],
        returns: "a string; the error without lines where its place is in no user's file",
        example: "local _, err = tiny.try(tiny.mount_proc, \"/nope\")\nprint(tiny.error_frame(err))",
        in_shim: false,
        call: error_frame,
        ..BASE
    },
    Primitive {
        name: "trace_calls",
        doc: "Turns on or off that each primitive is printed on standard error with its time, as `--trace` does; the \
              children that are forked meanwhile do the same.",
        args: &[arg("on", Type::Bool, "whether calls are printed from now on")],
        returns: "whether they were before",
        errors: &[("EBADF", "standard error is closed")],
        example: "local before = tiny.trace_calls(true)\ntiny.getpid()\ntiny.trace_calls(before)",
        in_shim: false,
        call: |c| c.ok(trace::set(c.get(0)?)?),
        ..BASE
    },
    Primitive {
        name: "stop_trace",
        doc: "Ends what `--trace` prints for this process, and lets go of the standard error that it had kept (dup3(2)).",
        errors: &[("ENOENT", "there is no /dev/null to put in its place")],
        example: "tiny.stop_trace()",
        in_shim: false,
        call: |c| {
            trace::stop()?;
            c.ok(())
        },
        ..BASE
    },
    Primitive {
        name: "show",
        doc: "Writes any value on one line as a reader would, with control bytes escaped.",
        args: &[optional("value", Type::Any, "what to write")],
        returns: "a string",
        example: "print(tiny.show { name = \"web\" })",
        in_shim: false,
        call: |c| c.ok(show::value(&c.arg_value(0))),
        ..BASE
    },
    Primitive {
        name: "parse_size",
        doc: "Reads a size: bytes, or a string with k, m, g or t (binary multiples).",
        args: &[arg("size", Type::Any, "\"128m\" or a whole number")],
        returns: "bytes, or nil and what is wrong",
        example: "local bytes = tiny.parse_size(\"1.5g\")",
        in_shim: false,
        call: |c| match to_size(&c.arg_value(0)) {
            Ok(bytes) => c.ok(bytes),
            Err(wrong) => c.ok((Value::Nil, wrong)),
        },
        ..BASE
    },
    Primitive {
        name: "parse_duration",
        doc: "Reads a duration: seconds, or a string such as \"1m30s\" or \"500ms\".",
        args: &[arg("duration", Type::Any, "\"10s\" or a number")],
        returns: "seconds, or nil and what is wrong",
        example: "local seconds = tiny.parse_duration(\"1m30s\")",
        in_shim: false,
        call: |c| match to_seconds(&c.arg_value(0)) {
            Ok(seconds) => c.ok(seconds),
            Err(wrong) => c.ok((Value::Nil, wrong)),
        },
        ..BASE
    },
    Primitive {
        name: "did_you_mean",
        doc: "Finds the word of a list that is closest to a misspelt one.",
        args: &[arg("word", Type::Str, "what was written"), arg("words", Type::List(&Type::Str), "what there is")],
        returns: "the closest, or nil when none is close",
        example: "print(tiny.did_you_mean(\"hostnme\", { \"hostname\", \"name\" }))",
        in_shim: false,
        call: |c| {
            let (word, words) = (c.str(0)?, c.get::<Vec<String>>(1)?);
            c.ok(did_you_mean(&word, words.iter().map(String::as_str)))
        },
        ..BASE
    },
];

fn error_frame(call: &Call<'_>) -> Outcome {
    let err: Table = call.get(0)?;
    if let (Some(name), Some(text)) = (call.opt::<String>("chunk")?, call.opt::<String>("text")?) {
        frame::remember(
            call.lua,
            &Source { text: text.into_bytes().into(), bytecode: false, name: format!("@{name}") },
        );
    }
    let text = visible(&error::display(&err)).into_owned();
    let width = call.opt::<usize>("width")?.unwrap_or(80);
    call.ok(match frame::of(call.lua, &err) {
        Some(frame) => frame.within(&text, call.flag("colours"), width),
        None => text,
    })
}

fn chunk_globals(call: &Call<'_>) -> Outcome {
    let source = Source { text: call.str(0)?.into_bytes().into(), bytecode: false, name: format!("@{}", call.str(1)?) };
    let function = match recipe::compile(call.lua, &source) {
        Ok(function) => function,
        Err(wrong) => return call.ok((Value::Nil, wrong)),
    };
    let list = call.lua.create_table()?;
    for used in chunk::uses(&function.dump(false)).unwrap_or_default() {
        let entry = call.lua.create_table()?;
        entry.raw_set("name", used.name)?;
        entry.raw_set("line", used.line)?;
        entry.raw_set("written", used.written)?;
        list.raw_push(entry)?;
    }
    call.ok(list)
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
