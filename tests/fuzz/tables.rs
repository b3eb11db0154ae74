//! The check of a call against its registry entry: any value passed to any primitive is
//! accepted, or refused with one sentence before any system call.

use mlua::{Lua, MultiValue, Value};
use proptest::prelude::*;
use tinylua::prim::PRIMITIVES;
use tinylua::vm::call::Call;

use crate::seeds::{run, sentence};

/// A Lua value that can be created in any machine.
#[derive(Clone, Debug)]
enum Plain {
    Nil,
    Bool(bool),
    Int(i64),
    Number(f64),
    Text(Vec<u8>),
    Function,
    Table(Vec<(Plain, Plain)>),
}

/// Keys that many tables have.
fn key() -> impl Strategy<Value = Plain> {
    let names: Vec<&'static str> =
        PRIMITIVES.all().flat_map(|p| p.options.iter().map(|o| o.name)).chain(["kind", "fd", "owner"]).collect();
    prop_oneof![
        4 => prop::sample::select(names).prop_map(|name| Plain::Text(name.into())),
        2 => (-1..6i64).prop_map(Plain::Int),
        1 => scalar(),
    ]
}

fn scalar() -> impl Strategy<Value = Plain> {
    prop_oneof![
        Just(Plain::Nil),
        any::<bool>().prop_map(Plain::Bool),
        any::<i64>().prop_map(Plain::Int),
        (-2..70_000i64).prop_map(Plain::Int),
        any::<f64>().prop_map(Plain::Number),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(Plain::Text),
        "[a-z0-9_./:%-]{0,12}".prop_map(|text| Plain::Text(text.into_bytes())),
        Just(Plain::Function),
    ]
}

fn value() -> impl Strategy<Value = Plain> {
    scalar().prop_recursive(3, 24, 6, |inner| prop::collection::vec((key(), inner), 0..6).prop_map(Plain::Table))
}

fn make(lua: &Lua, plain: &Plain) -> mlua::Result<Value> {
    Ok(match plain {
        Plain::Nil => Value::Nil,
        Plain::Bool(value) => Value::Boolean(*value),
        Plain::Int(value) => Value::Integer(*value),
        Plain::Number(value) => Value::Number(*value),
        Plain::Text(bytes) => Value::String(lua.create_string(bytes)?),
        Plain::Function => Value::Function(lua.create_function(|_, ()| Ok(()))?),
        Plain::Table(pairs) => {
            let table = lua.create_table()?;
            for (key, value) in pairs {
                let key = make(lua, key)?;
                if !key.is_nil() && !matches!(key, Value::Number(n) if n.is_nan()) {
                    table.raw_set(key, make(lua, value)?)?;
                }
            }
            Value::Table(table)
        }
    })
}

#[test]
fn arguments_of_every_primitive() {
    let lua = Lua::new();
    let all: Vec<_> = PRIMITIVES.entries().collect();
    run(4000, (0..all.len(), prop::collection::vec(value(), 0..4)), |(which, values)| {
        let args: MultiValue = values.iter().map(|plain| make(&lua, plain).unwrap()).collect();
        if let Err(why) = Call::new(&lua, all[*which], &args) {
            sentence(&why);
        }
    });
}
