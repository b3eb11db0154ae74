//! Data for records: ids, times, JSON.

use mlua::Value;
use nix::errno::Errno;

use crate::sys::{self as kernel, batch_read, clock, digest, fs as sys};
use crate::vm::call::{Call, Fail};
use crate::vm::json;
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, opt, optional};

const BASE: Primitive = Primitive { family: "files", ..Primitive::BASE };

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "random_id",
        effect: Effect::Reads,
        doc: "Returns random hexadecimal digits (getrandom(2)).",
        args: &[optional("digits", Type::Range(2, 128), "how many: an even number from 2 to 128; 12 when absent")],
        returns: "a string",
        example: "local id = tiny.random_id()  -- \"3f2a9c01b7de\"",
        call: random_id,
        ..BASE
    },
    Primitive {
        name: "clock",
        effect: Effect::Reads,
        doc: "Reads a clock (clock_gettime(2)).",
        args: &[optional(
            "clock",
            Type::Word(&["realtime", "monotonic", "boottime"]),
            "the clock; realtime when absent",
        )],
        returns: "seconds, as a float",
        example: "local start = tiny.clock(\"monotonic\")",
        call: |c| {
            let name = c.get::<Option<String>>(0)?;
            c.ok(clock::seconds(name.as_deref().unwrap_or("realtime")))
        },
        ..BASE
    },
    Primitive {
        name: "timestamp",
        effect: Effect::Reads,
        doc: "Formats a time as RFC 3339 in UTC, such as \"2026-11-24T02:12:00.000000000Z\".",
        args: &[optional("seconds", Type::Number, "seconds since 1970; the current time when absent")],
        returns: "a string",
        example: "print(tiny.timestamp())",
        call: |c| {
            let Some(seconds) = c.get::<Option<f64>>(0)? else { return c.ok(clock::timestamp()) };
            let outside = || Fail::Usage(format!("seconds: {seconds} is outside the years -9999 to 9999"));
            c.ok(clock::moment(seconds).ok_or_else(outside)?)
        },
        ..BASE
    },
    Primitive {
        name: "parse_timestamp",
        effect: Effect::Reads,
        doc: "Parses an RFC 3339 time.",
        args: &[arg("text", Type::Str, "\"2026-11-24T02:12:00Z\"")],
        returns: "seconds since 1970, or nil when the text is not such a time",
        example: "local age = tiny.clock() - tiny.parse_timestamp(config.created_at)",
        call: |c| {
            let text = c.str(0)?;
            c.ok(clock::parse(&text))
        },
        ..BASE
    },
    Primitive {
        name: "boot_id",
        effect: Effect::Reads,
        doc: "Returns the kernel's boot id (random(4)). It differs after each boot; a pid recorded under another boot \
              id is meaningless.",
        returns: "a string",
        example: "local boot = tiny.boot_id()",
        call: |c| c.ok(clock::boot_id()?),
        ..BASE
    },
    Primitive {
        name: "json_encode",
        effect: Effect::Reads,
        doc: "Encodes a value as JSON (RFC 8259) on one line. An empty table becomes an object.",
        args: &[arg("value", Type::Any, "the value; values that decode to something else are refused")],
        options: &[
            opt("pretty", Type::Bool, "false", "use line breaks and indentation"),
            opt("array", Type::Bool, "false", "an empty table becomes an array"),
        ],
        returns: "a string",
        example: "print(tiny.json_encode({ name = \"web\", ports = { 80, 443 } }, { pretty = true }))",
        call: json_encode,
        ..BASE
    },
    Primitive {
        name: "json_decode",
        effect: Effect::Reads,
        doc: "Decodes JSON (RFC 8259). null becomes nil.",
        args: &[arg("text", Type::Bytes, "the JSON text")],
        options: &[opt(
            "unique",
            Type::Bool,
            "false: the last one counts",
            "a key that an object has twice is an error: for text of others, which another program may read differently",
        )],
        returns: "the value, or nil and the reason with its position",
        example: "local state = tiny.json_decode(tiny.read_file(\"state.json\"))",
        call: json_decode,
        ..BASE
    },
    Primitive {
        name: "sha256",
        effect: Effect::Reads,
        doc: "Computes the SHA-256 digest of a string (FIPS 180-4), like sha256sum(1) for files.",
        args: &[arg("data", Type::Bytes, "the bytes")],
        returns: "64 hexadecimal digits",
        example: "assert(tiny.sha256(\"\"):sub(1, 8) == \"e3b0c442\")",
        call: sha256,
        ..BASE
    },
    Primitive {
        name: "read_json_files",
        effect: Effect::Reads,
        doc: "Reads the same JSON files from each subdirectory of a directory, for stores of many records. Names that \
              start with a dot are skipped; symbolic links are not followed.",
        args: &[
            arg("folder", Type::Path, "the parent directory"),
            arg("names", Type::List(&Type::Str), "the file names"),
        ],
        options: &[opt(
            "keys",
            Type::List(&Type::Str),
            "all",
            "decode only these keys of an object: faster where a listing needs few of them",
        )],
        returns: "a table that maps each subdirectory's name to a table of its files' values; a file that is missing \
                  or invalid is absent (`json_decode` gives the reason). nil when the directory is missing",
        errors: &[("EACCES", "this user may not read it"), ("ENOTDIR", "it is not a directory")],
        example: "for id, files in pairs(tiny.read_json_files(\"containers\", { \"state.json\" })) do print(id, files[\"state.json\"]) end",
        call: read_json_files,
        ..BASE
    },
];

fn random_id(call: &Call<'_>) -> Outcome {
    let digits = call.get::<Option<usize>>(0)?.unwrap_or(12);
    if !(2..=128).contains(&digits) || digits % 2 != 0 {
        return Err(Fail::Usage(format!("digits: {digits} is not an even number from 2 to 128")));
    }
    call.ok(sys::random_hex(digits / 2)?)
}

fn sha256(call: &Call<'_>) -> Outcome {
    let data: mlua::LuaString = call.get(0)?;
    call.ok(digest::sha256(&data.as_bytes()))
}

fn json_encode(call: &Call<'_>) -> Outcome {
    let value = json::from_lua(&call.arg_value(0), call.flag("array"), "value").map_err(Fail::Usage)?;
    let text = if call.flag("pretty") { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
    let text = text.map_err(|e| Fail::Plain(e.to_string()))?;
    call.ok(text)
}

fn json_decode(call: &Call<'_>) -> Outcome {
    let text: mlua::LuaString = call.get(0)?;
    match json::to_lua(call.lua, &text.as_bytes(), call.flag("unique")) {
        Ok(value) => call.ok(value),
        Err(e) => call.ok((Value::Nil, e)),
    }
}

fn read_json_files(call: &Call<'_>) -> Outcome {
    let names: Vec<String> = call.get(1)?;
    if let Some(name) = names.iter().find(|name| name.is_empty() || name.contains('/')) {
        return Err(Fail::Usage(format!("names: {name:?} is not a file name")));
    }
    let keys = names.iter().map(|name| call.lua.create_string(name)).collect::<mlua::Result<Vec<_>>>()?;
    let only = call.opt::<Vec<String>>("keys")?.unwrap_or_default();
    let shared = only.iter().map(|key| call.lua.create_string(key)).collect::<mlua::Result<Vec<_>>>()?;
    let only: Vec<_> = only.into_iter().zip(shared).collect();
    let all = call.lua.create_table()?;
    let mut current = all.clone();
    let mut wrong = None;
    let read = batch_read::read_each(&call.str(0)?, &names, |found| {
        let kept = match found {
            batch_read::Found::Folder(name) => call.lua.create_table_with_capacity(0, names.len()).and_then(|table| {
                current = table;
                all.raw_set(call.lua.create_string(name)?, &current)
            }),
            batch_read::Found::File(number, text) => match json::put(call.lua, text, &current, &keys[number], &only) {
                Ok(()) => Ok(()),
                Err(_) => current.raw_set(&keys[number], Value::Nil),
            },
        };
        kept.map_err(|e| {
            wrong = Some(e);
            kernel::Error::new(Errno::ENOMEM)
        })
    });
    match (read, wrong) {
        (_, Some(error)) => Err(error.into()),
        (Err(e), None) if e.errno == Errno::ENOENT => call.ok(Value::Nil),
        (read, None) => {
            read?;
            call.ok(all)
        }
    }
}
