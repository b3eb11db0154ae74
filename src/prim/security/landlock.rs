//! Landlock (landlock(7)): access rights by letters and names in Lua, masks in `sys`.

use mlua::{Table, Value};

use super::BASE;
use crate::sys::security::landlock::{self as sys, Part, Wish};
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Outcome, Primitive, Type, did_you_mean, opt, range};

const RIGHTS: Type = Type::Map(&Type::Either(&[Type::Str, Type::List(&Type::Str)]));
const PORTS: Type = Type::List(&range::U16);

/// The rights for each letter.
const LETTERS: [(char, &[&str]); 3] = [
    ('r', &["read_file", "read_dir"]),
    (
        'w',
        &[
            "write_file",
            "truncate",
            "ioctl_dev",
            "make_reg",
            "make_dir",
            "make_sym",
            "make_sock",
            "make_fifo",
            "remove_file",
            "remove_dir",
            "refer",
        ],
    ),
    ('x', &["execute"]),
];

pub(super) const LANDLOCK: Primitive = Primitive {
    name: "landlock",
    doc: "Restricts the caller and all processes it starts to the given files and TCP ports, and optionally limits \
          signals and abstract sockets (landlock(7)). The restriction cannot be removed; files that are already open \
          stay usable. Rights are letters: \"r\" reads files and directories; \"w\" changes, creates and removes files \
          (but not devices) and calls ioctl on devices; \"rx\" also executes. They can also be a list of the kernel's \
          names, such as { \"read_file\", \"make_sock\" }. The rights of a directory apply to everything below it.",
    options: &[
        opt("paths", RIGHTS, "no restriction", "the allowed files and directories with their rights"),
        opt("tcp_bind", PORTS, "no restriction", "the TCP ports that may be bound; 0 allows an ephemeral port"),
        opt("tcp_connect", PORTS, "no restriction", "the TCP ports that may be connected to"),
        opt(
            "scopes",
            Type::List(&Type::Str),
            "none",
            "block access to processes outside the restriction: \"abstract_unix\" sockets, \"signal\"",
        ),
        opt(
            "strict",
            Type::Bool,
            "true",
            "false: skip restrictions that this kernel does not support, and list them in `left_out`",
        ),
        opt("check", Type::Bool, "false", "only validate the options and report what would be enforced"),
        opt(
            "abi",
            range::COUNT,
            "the kernel's",
            "the highest version of the Landlock ABI to use, to behave like an older kernel",
        ),
    ],
    returns: "a table: abi (0 without Landlock), enforced and left_out, which are lists of \"paths\", \"tcp_bind\", \
              \"tcp_connect\", \"abstract_unix\" and \"signal\"; left_out also names single rights",
    errors: &[
        (
            "EOPNOTSUPP",
            "strict = false skips unsupported restrictions; `tinylua doctor` shows what this kernel supports",
        ),
        ("EPERM", "call tiny.no_new_privs() first, or run with CAP_SYS_ADMIN"),
        ("ENOENT", "a path in `paths` is missing"),
        ("E2BIG", "a process can be restricted at most 16 times"),
    ],
    example: "tiny.fork(function()\n  tiny.no_new_privs()\n  tiny.landlock { paths = { [\"/usr\"] = \"rx\", [\"/tmp\"] \
              = \"rw\" }, tcp_connect = { 443 } }\n  tiny.exec { \"/usr/bin/env\" }\nend)",
    call: landlock,
    ..BASE
};

fn landlock(call: &Call<'_>) -> Outcome {
    let ports = [call.opt("tcp_bind")?, call.opt("tcp_connect")?];
    let mut scopes = 0;
    for (i, name) in call.opt::<Vec<String>>("scopes")?.unwrap_or_default().iter().enumerate() {
        scopes |= bit(&sys::SCOPES, "scope", name)
            .map_err(|e| Fail::Usage(format!("option \"scopes\": [{}]: {e}", i + 1)))?;
    }
    let wish = Wish { paths: paths(call)?, ports, scopes };
    let most = call.opt("abi")?.unwrap_or(u64::MAX);
    if wish.paths.is_none() && wish.ports.iter().all(Option::is_none) && wish.scopes == 0 {
        return Err(Fail::Usage("no restriction given: pass paths, tcp_bind, tcp_connect or scopes".into()));
    }
    let strict = call.opt::<bool>("strict")?.unwrap_or(true);
    let act = if call.flag("check") { sys::foresee } else { sys::restrict };
    let told = act(&wish, strict, most)?;
    let table = call.lua.create_table()?;
    table.raw_set("abi", told.abi)?;
    table.raw_set("enforced", told.enforced)?;
    table.raw_set("left_out", told.left_out)?;
    call.ok(table)
}

/// The paths in sorted order, so that the same wrong path is always reported first.
fn paths(call: &Call<'_>) -> Result<Option<Vec<(String, u64)>>, Fail> {
    let Some(table) = call.opt::<Table>("paths")? else { return Ok(None) };
    let mut found = Vec::new();
    for pair in table.pairs::<String, Value>() {
        let (path, rights) = pair?;
        if path.is_empty() || path.contains('\0') {
            return Err(Fail::Usage("option \"paths\": a path is empty or has a NUL byte".into()));
        }
        let mask = mask(&rights).map_err(|e| Fail::Usage(format!("option \"paths\": {path:?}: {e}")))?;
        found.push((path, mask));
    }
    found.sort();
    for (path, mask) in &found {
        let above = |(dir, more): &&(String, u64)| is_below(path, dir) && mask & !more == 0 && mask != more;
        if let Some((dir, _)) = found.iter().find(above) {
            return Err(Fail::Usage(format!(
                "option \"paths\": {path:?}: the rights of {dir:?} apply here too, so that fewer have no effect"
            )));
        }
    }
    Ok(Some(found))
}

/// Whether a path is below a directory, by their names.
fn is_below(path: &str, dir: &str) -> bool {
    let dir = dir.trim_end_matches('/');
    path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/') && rest.len() > 1)
}

fn mask(rights: &Value) -> Result<u64, String> {
    let mut mask = 0;
    let mut add = |name: &str| bit(sys::RIGHTS, "right", name).map(|bit| mask |= bit);
    match rights {
        Value::Table(words) => {
            for word in words.sequence_values::<String>() {
                add(&word.map_err(|e| e.to_string())?)?;
            }
        }
        other => {
            let text = other.to_string().map_err(|e| e.to_string())?;
            // A name of a right is more likely than that many letters.
            if bit(sys::RIGHTS, "right", &text).is_ok() {
                return Err(format!("{text:?} is the name of a right: write {{ {text:?} }}"));
            }
            for letter in text.chars() {
                let Some((_, words)) = LETTERS.iter().find(|(known, _)| *known == letter) else {
                    return Err(unknown(&text));
                };
                words.iter().try_for_each(|word| add(word))?;
            }
        }
    }
    Ok(mask)
}

fn unknown(text: &str) -> String {
    match did_you_mean(text, sys::RIGHTS.iter().map(|part| part.name)) {
        Some(near) => format!("{text:?} has letters other than r, w and x; did you mean {{ {near:?} }}?"),
        None => format!("{text:?} has letters other than r, w and x"),
    }
}

fn bit(parts: &[Part], what: &str, name: &str) -> Result<u64, String> {
    sys::bit(parts, name).ok_or_else(|| {
        let names = || parts.iter().map(|part| part.name);
        match did_you_mean(name, names()) {
            Some(near) => format!("there is no {what} {name:?}; did you mean {near:?}?"),
            None => {
                format!("there is no {what} {name:?}; the known ones are {}", names().collect::<Vec<_>>().join(", "))
            }
        }
    })
}
