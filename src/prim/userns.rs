//! User namespaces as handles, and the ids that a user may map into them.

use mlua::Table;

use crate::sys::userns::{self as sys, Extent};
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, need, opt, optional, range};

const BASE: Primitive = Primitive { family: "namespaces", ..Primitive::BASE };

const MAP: Type = Type::List(&Type::List(&range::U32));

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "userns",
        doc: "Creates a user namespace as a handle, with its id maps (user_namespaces(7)). Each entry of a map is { \
              inside, outside, count }. A map is written directly if the caller has CAP_SETUID and CAP_SETGID, or if \
              it maps only the caller's own id; for the group, setgroups(2) is then denied first. Any other map is \
              written by newuidmap(1) and newgidmap(1), which allow the ranges in /etc/subuid and /etc/subgid. They \
              are searched in PATH and checked.",
        options: &[
            need("uid_map", MAP, "the user id map: { { 0, 1000, 1 }, { 1, 100000, 65536 } }"),
            need("gid_map", MAP, "the group id map"),
            opt(
                "parent",
                Type::Handle("userns"),
                "the caller's own",
                "the user namespace in which it is created, with ids of that one as the outside ids; the caller needs \
                 privileges over it, as its creator has",
            ),
        ],
        returns: "a userns handle",
        errors: &[
            ("EPERM", "the kernel or a helper refuses the map; `tiny.subids` returns the ranges of the user"),
            (
                "ENOSPC",
                "a limit in /proc/sys/user/max_user_namespaces is reached or is 0, or user namespaces are nested 32 \
                 deep",
            ),
            ("EINVAL", "an outside id is not mapped in the parent user namespace"),
            ("ENOENT", "install the package uidmap, which contains newuidmap and newgidmap"),
        ],
        example: "local own <close> = tiny.userns { uid_map = { { 0, tiny.getuid(), 1 } }, gid_map = { { 0, tiny.getgid(), 1 } } }\n\
                  local child <close> = tiny.clone({ user = own, mount = true }, function() tiny.mount_private(\"/\") end)",
        call: userns,
        ..BASE
    },
    Primitive {
        name: "subids",
        effect: Effect::Reads,
        doc: "Returns the id ranges of a user, or of all users, from /etc/subuid and /etc/subgid (subuid(5)).",
        args: &[optional(
            "user",
            Type::Either(&[Type::Length(1, 255), range::ID]),
            "a name or a uid; all users when absent",
        )],
        returns: "{ uids = { { first, count }, … }, gids = { … } }, in the order of the files; empty lists when there \
                  is no range",
        errors: &[("EACCES", "this user may not read the files")],
        example: "for _, range in ipairs(tiny.subids(\"web\").uids) do print(range[1], range[2]) end",
        call: subids,
        ..BASE
    },
    Primitive {
        name: "userns_helper",
        effect: Effect::Reads,
        doc: "Finds newuidmap(1) or newgidmap(1) in PATH and checks that it can map ranges. It must belong to root, be \
              writable by root only, and have the set-user-ID bit or file capabilities.",
        args: &[arg("name", Type::Word(&["newuidmap", "newgidmap"]), "which")],
        returns: "true; otherwise it throws an error with the reason",
        errors: &[("ENOENT", "install the package uidmap"), ("EPERM", "the file's owner, mode or privilege is wrong")],
        example: "assert(tiny.try(tiny.userns_helper, \"newuidmap\"))",
        call: |c| {
            sys::helper_at_hand(&c.str(0)?)?;
            c.ok(true)
        },
        ..BASE
    },
];

fn userns(call: &Call<'_>) -> Outcome {
    let (uids, gids) = (map(call, "uid_map")?, map(call, "gid_map")?);
    let made = match call.opt_fd("parent")? {
        Some(parent) => parent.with(|fd| sys::create_below(fd, &uids, &gids))??,
        None => sys::create(&uids, &gids)?,
    };
    super::namespace::opened(call, "user", made)
}

/// Checks a map where the kernel would only report EINVAL.
fn map(call: &Call<'_>, key: &str) -> Result<Vec<Extent>, Fail> {
    let wrong = |what: String| Fail::Usage(format!("option {key:?}: {what}"));
    let lists: Vec<Vec<i64>> = call.opt(key)?.unwrap_or_default();
    if lists.is_empty() || lists.len() > sys::MOST {
        return Err(wrong(format!("a map has 1 to {} entries, got {}", sys::MOST, lists.len())));
    }
    let mut map: Vec<Extent> = Vec::new();
    for (i, list) in lists.iter().enumerate() {
        let entry = extent(list).ok_or_else(|| {
            wrong(format!("entry {} is not {{ inside, outside, count }} with ids below 4294967295", i + 1))
        })?;
        if let Some(j) = map.iter().position(|other| overlap(other, &entry)) {
            return Err(wrong(format!("entries {} and {} overlap", j + 1, i + 1)));
        }
        map.push(entry);
    }
    Ok(map)
}

fn extent(list: &[i64]) -> Option<Extent> {
    let [inside, outside, count] =
        <[u32; 3]>::try_from(list.iter().map(|n| u32::try_from(*n).ok()).collect::<Option<Vec<u32>>>()?).ok()?;
    // 4294967295 is not a valid id: the kernel takes it as "unchanged".
    let fits = |first: u32| first.checked_add(count).is_some();
    (count > 0 && fits(inside) && fits(outside)).then_some(Extent { inside, outside, count })
}

fn overlap(a: &Extent, b: &Extent) -> bool {
    let meet = |x: u32, y: u32| x < y + b.count && y < x + a.count;
    meet(a.inside, b.inside) || meet(a.outside, b.outside)
}

fn subids(call: &Call<'_>) -> Outcome {
    let user = match call.arg_value(0) {
        mlua::Value::Nil => None,
        mlua::Value::Integer(uid) => Some(uid.to_string()),
        _ => Some(call.str(0)?),
    };
    let found = sys::subids(user.as_deref())?;
    let told = call.lua.create_table()?;
    told.raw_set("uids", ranges(call, &found.uids)?)?;
    told.raw_set("gids", ranges(call, &found.gids)?)?;
    call.ok(told)
}

fn ranges(call: &Call<'_>, list: &[(u32, u32)]) -> Result<Table, Fail> {
    Ok(call.lua.create_sequence_from(list.iter().map(|(first, count)| vec![*first, *count]))?)
}
