//! What steers a recipe. `try` and `fail` are Lua in `vm/shim.lua`, since they take or throw Lua values.

use crate::vm::call::{Call, Fail};
use crate::vm::recipe;
use crate::vm::registry::{Outcome, Primitive, Type, arg};

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
        doc: "Throws an error value: a format string with its arguments, or a table with `message`, `hint` and `exit`.",
        args: &[arg("what", Type::Either(&[Type::Str, Type::Table]), "the message or the error's fields")],
        example: "tiny.fail { message = \"no rootfs given\", hint = \"pass a folder\", exit = 2 }",
        ..BASE
    },
    Primitive {
        name: "load_recipe",
        doc: "Reads and compiles a recipe without running it; `require` then also finds modules in its folder. A bare \
              name that is no file means the shipped recipe of that name.",
        args: &[arg("path", Type::Path, "the recipe's file")],
        returns: "the recipe as a function, and its text",
        errors: &[("ENOENT", "`tinylua doc recipes` lists the shipped ones")],
        example: "local recipe = tiny.load_recipe(\"hello.lua\")\nreturn recipe()",
        in_shim: false,
        call: load_recipe,
        ..BASE
    },
];

fn load_recipe(call: &Call<'_>) -> Outcome {
    let path = call.str(0)?;
    let source = recipe::read(&path)?;
    let chunk = recipe::compile(call.lua, &source).map_err(Fail::Plain)?;
    call.ok((chunk, call.lua.create_string(&source.text)?))
}
