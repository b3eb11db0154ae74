//! A generated test: each argument and option of each primitive refuses what is outside its type, by its name, before
//! its binding is called. The bad values derive from the types of the registry.

use mlua::{Lua, MultiValue, Value};

use super::PRIMITIVES;
use crate::vm::call::{Call, UNKNOWN};
use crate::vm::registry::{Entry, Key, Opt, Type};

/// Arguments that take every 64-bit number, since the kernel does.
const WHOLE: [&str; 6] = [
    "seccomp_notify_respond id",
    "seccomp_notify_respond value",
    "seccomp_notify_valid id",
    "seccomp_notify_read id",
    "seccomp_notify_read address",
    "sysctl value",
];

/// Values outside a type; none for a type that takes all values of Lua's type.
fn outside(lua: &Lua, ty: Type) -> Vec<Value> {
    let text = |bytes: &[u8]| Value::String(lua.create_string(bytes).expect("a string"));
    let numbers = [1.5, -0.5, f64::NAN, f64::INFINITY, 2f64.powi(63), -2f64.powi(64)].map(Value::Number);
    match ty {
        Type::Int => numbers.to_vec(),
        Type::Range(least, most) => {
            let mut bad: Vec<Value> = numbers.to_vec();
            let beyond = [least.checked_sub(1), most.checked_add(1), Some(i64::MIN).filter(|n| *n < least)];
            bad.extend(beyond.into_iter().flatten().map(Value::Integer));
            bad.extend(
                [-1, 1 << 31, 1 << 32, i64::MAX].into_iter().filter(|n| *n < least || *n > most).map(Value::Integer),
            );
            bad
        }
        Type::Number => vec![Value::Number(f64::NAN), Value::Number(f64::INFINITY)],
        Type::Size => {
            vec![Value::Integer(-1), Value::Number(1.5), text(b"1x"), text(b""), Value::Number(2f64.powi(63))]
        }
        Type::Duration => vec![Value::Integer(-1), Value::Number(f64::INFINITY), text(b"1y"), Value::Number(1e300)],
        Type::Signal => vec![Value::Integer(65), Value::Integer(-1), Value::Number(1.5), text(b"SIGNONE"), text(b"")],
        Type::Str => vec![text(b"a\0b"), text(b"\xff")],
        Type::Path => vec![text(b""), text(b"a\0b")],
        Type::Argument => vec![text(b"a\0b")],
        Type::Length(_, most) => {
            let long = vec![b'a'; usize::from(most) + 1];
            [&b""[..], b"a\0b", &long].map(text).to_vec()
        }
        Type::LinkName => [&b""[..], b"a\0b", b".", b"..", b"a/b", b"a:b", b"web%d", b"%", b"a b", b"sixteen-letters-"]
            .map(text)
            .to_vec(),
        Type::Cidr => vec![text(b"10.0.0.1"), text(b"10.0.0.1/33"), text(b"")],
        Type::Word(_) => vec![text(b"no such word"), text(b"")],
        Type::Env => ["", "A=B", "a\0b"]
            .map(|name| Value::Table(lua.create_table_from([(name, "value")]).expect("a table")))
            .into_iter()
            .chain([Value::Table(lua.create_table_from([("A", "a\0b")]).expect("a table"))])
            .collect(),
        Type::List(of) => {
            let list = |item| Value::Table(lua.create_sequence_from([item]).expect("a table"));
            outside(lua, *of).into_iter().map(list).collect()
        }
        Type::Map(of) => {
            let map = |item| Value::Table(lua.create_table_from([("key", item)]).expect("a table"));
            outside(lua, *of).into_iter().map(map).collect()
        }
        Type::Options(keys) => {
            let options = |key: &Opt, value: Value| {
                let table = lua.create_table().expect("a table");
                for needed in keys.iter().filter(|key| key.required) {
                    table.raw_set(needed.name, Value::LightUserData(UNKNOWN)).expect("set");
                }
                table.raw_set(key.name, value).expect("set");
                Value::Table(table)
            };
            keys.iter().flat_map(|key| outside(lua, key.ty).into_iter().map(|bad| options(key, bad))).collect()
        }
        // Only what none of the types takes.
        Type::Either(types) => {
            let fits = |value: &Value| types.iter().any(|ty| crate::vm::call::fits(ty, value));
            types.iter().flat_map(|ty| outside(lua, *ty)).filter(|value| !fits(value)).collect()
        }
        _ => Vec::new(),
    }
}

/// The refusal of a call with this value for one argument (`Ok`) or option (`Err`); all others are unknown.
fn refusal(lua: &Lua, entry: Entry, at: Result<usize, &str>, value: Value) -> Option<String> {
    let unknown = || Value::LightUserData(UNKNOWN);
    let count = entry.args().len();
    let mut args: Vec<Value> = (0..count).map(|i| if at == Ok(i) { value.clone() } else { unknown() }).collect();
    if entry.takes_table() {
        let options = lua.create_table().expect("a table");
        for option in entry.options().filter(|o| o.required()) {
            options.raw_set(option.name(), unknown()).expect("set");
        }
        match at {
            Err("[1]") => options.raw_set(1, value).expect("set"),
            Err(name) => options.raw_set(name, value).expect("set"),
            Ok(_) => {}
        }
        args.insert(entry.table_index(), Value::Table(options));
    }
    Call::new(lua, entry, &MultiValue::from_vec(args)).err()
}

#[test]
fn what_is_outside_its_type_is_refused_by_its_name() {
    let lua = Lua::new();
    let (mut tried, mut wrong) = (0, Vec::new());
    for entry in PRIMITIVES.entries() {
        let args = entry.args().enumerate().map(|(i, arg)| (arg.name(), arg.ty(), Ok(i)));
        let options = entry.options().map(|option| (option.name(), option.ty(), Err(option.name())));
        let list = entry.list().map(|(ty, _)| ("[1]", ty, Err("[1]")));
        for (name, ty, at) in args.chain(options).chain(list) {
            for value in outside(&lua, ty) {
                tried += 1;
                let shown = crate::vm::format::value(&value);
                match refusal(&lua, entry, at, value) {
                    Some(text) if text.contains(name) => {}
                    other => wrong.push(format!("{} {name} = {shown}: {other:?}", entry.name())),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 1400, "{tried} values");
}

#[test]
fn an_integer_has_bounds() {
    fn has_int(ty: &Type) -> bool {
        match ty {
            Type::Int => true,
            Type::List(of) | Type::Map(of) => has_int(of),
            Type::Either(types) => types.iter().any(has_int),
            Type::Options(keys) => keys.iter().any(|key| has_int(&key.ty)),
            _ => false,
        }
    }
    let mut found = Vec::new();
    for entry in PRIMITIVES.entries() {
        let fields = entry.args().chain(entry.options()).filter(|field| has_int(&field.ty()));
        found.extend(fields.map(|field| format!("{} {}", entry.name(), field.name())));
    }
    assert_eq!(found, WHOLE, "arguments without a range");
}
