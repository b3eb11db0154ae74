//! Checks a call without making it: the argument checks that every call passes. Arguments may be unknown values, so
//! that a program can be analysed without running it.

use mlua::{MultiValue, Table, Value};

use super::manual;
use crate::vm::call::{Call, Fail, UNKNOWN};
use crate::vm::registry::{Effect, Outcome, Primitive, Type, optional};
use crate::vm::renamed;

/// The family's entries.
pub const FAMILY: &[Primitive] = &[Primitive {
    name: "foresee",
    effect: Effect::Reads,
    family: "control",
    doc: "Checks the arguments of a call without making the call. It returns the argument error, if any, and the kind \
          of handle that the call would return. Without a name it returns the placeholder for an unknown value, to be \
          used as an argument or in a table.",
    args: &[
        optional("name", Type::Str, "a primitive such as \"clone\", or a method such as \"child:wait\""),
        optional("args", Type::Table, "its arguments, as packed by table.pack; `n` is their number"),
    ],
    returns: "the argument error or nil, and the handle's kind or nil; false when there is no such primitive",
    example: "local unknown = tiny.foresee()\nprint(tiny.foresee(\"sethostname\", { 7, n = 1 }))",
    call: foresee,
    ..Primitive::BASE
}];

fn foresee(call: &Call<'_>) -> Outcome {
    if !call.has(0) {
        return call.ok(Value::LightUserData(UNKNOWN));
    }
    let registry = call.primitive.registry();
    let Some(primitive) = manual::find(registry, &call.str(0)?) else { return call.ok(false) };
    let args = match call.arg_value(1) {
        Value::Table(args) => unpack(&args)?,
        _ => MultiValue::new(),
    };
    let kind = manual::returned_kind(primitive.returns);
    // Primitives that are written in Lua take what their entry describes.
    let entry = registry.entries().find(|entry| !entry.in_lua() && entry.name() == primitive.name);
    let refusal = entry.and_then(|entry| match renamed::current(call.lua, entry, &args) {
        Ok(args) => Call::new(call.lua, entry, &args).err(),
        Err(refusal) => Some(refusal),
    });
    call.ok((refusal, kind))
}

/// The values that table.unpack(args, 1, args.n) returns, up to the largest number that a call takes.
fn unpack(args: &Table) -> Result<MultiValue, Fail> {
    let count = args.raw_get::<Option<i64>>("n")?.unwrap_or_else(|| args.raw_len() as i64);
    if !(0..=MOST).contains(&count) {
        return Err(Fail::Usage(format!("args: {count} arguments are more than the {MOST} that a call takes")));
    }
    Ok((1..=count).map(|i| args.raw_get::<Value>(i)).collect::<mlua::Result<MultiValue>>()?)
}

/// More than any primitive takes.
const MOST: i64 = 250;
