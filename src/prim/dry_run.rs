//! What can be told of a call before it is made: the check that every call passes, without the call. Of
//! what it is given a value may be unknown, so that a program can be looked at that is not run.

use mlua::{MultiValue, Table, Value};

use crate::docs;
use crate::vm::call::{Call, Fail, UNKNOWN};
use crate::vm::registry::{Outcome, Primitive, Type, optional};

/// The family's entries.
pub const FAMILY: &[Primitive] = &[Primitive {
    name: "foresee",
    family: "control",
    doc: "Tells what the arguments of a call say about it, without the call: why it would be refused before the kernel \
          is asked, and which kind of handle it returns. Without a name it returns the value that stands for one that \
          is not known, as an argument or in a table.",
    args: &[
        optional("name", Type::Str, "a primitive, \"clone\", or a method, \"child:wait\""),
        optional("args", Type::Table, "its arguments, as table.pack makes them; `n` counts them"),
    ],
    returns: "the refusal or nil, and the handle's kind or nil; false when there is no such primitive",
    example: "local unknown = tiny.foresee()\nprint(tiny.foresee(\"sethostname\", { 7, n = 1 }))",
    call: foresee,
    ..Primitive::BASE
}];

fn foresee(call: &Call<'_>) -> Outcome {
    if !call.has(0) {
        return call.ok(Value::LightUserData(UNKNOWN));
    }
    let registry = call.primitive.registry();
    let Some(primitive) = docs::find(registry, &call.str(0)?) else { return call.ok(false) };
    let args = match call.arg_value(1) {
        Value::Table(args) => unpack(&args)?,
        _ => MultiValue::new(),
    };
    let kind = docs::returned_kind(primitive.returns);
    // Those in Lua take what their entry only describes.
    let entry = registry.entries().find(|entry| !entry.in_lua() && entry.name() == primitive.name);
    let refusal = entry.and_then(|entry| Call::new(call.lua, entry, &args).err());
    call.ok((refusal, kind))
}

/// What table.unpack(args, 1, args.n) returns, as many as a call could have.
fn unpack(args: &Table) -> Result<MultiValue, Fail> {
    let count = args.raw_get::<Option<i64>>("n")?.unwrap_or_else(|| args.raw_len() as i64);
    if !(0..=MOST).contains(&count) {
        return Err(Fail::Usage(format!("args: {count} arguments are none that a call has, {MOST} at most")));
    }
    Ok((1..=count).map(|i| args.raw_get::<Value>(i)).collect::<mlua::Result<MultiValue>>()?)
}

/// More than any primitive takes.
const MOST: i64 = 250;
