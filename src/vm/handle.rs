//! Handles: owned kernel objects as Lua tables. The plain fields (`kind`, `name`, `path`, `pid`) can
//! be printed and stored; the descriptor is userdata in `fd`. A handle records the process that
//! created it: `close` does nothing in any other, so a forked child never undoes its parent's work.

use std::any::Any;
use std::cell::Cell;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use mlua::{IntoLua, Lua, Table, UserData, Value};

use super::call::Fail;

/// A descriptor owned by Lua; empty after `close`.
pub struct Fd(pub Option<OwnedFd>);

impl UserData for Fd {}

/// Anything else that a handle owns; empty after `close`, or when it was used up.
pub struct Resource(pub Option<Box<dyn Any>>);

impl UserData for Resource {}

impl Resource {
    /// Takes it from a handle. A handle that was closed or used up is a usage error.
    pub fn take<T: 'static>(table: &Table) -> Result<T, Fail> {
        let kind: String = table.raw_get("kind").unwrap_or_default();
        let taken = match table.raw_get::<Value>("resource")? {
            Value::UserData(resource) => resource.borrow_mut::<Resource>()?.0.take(),
            _ => None,
        };
        let owned = taken.and_then(|owned| owned.downcast::<T>().ok());
        owned.map(|owned| *owned).ok_or_else(|| Fail::Usage(format!("the {kind} handle is closed or was used up")))
    }

    /// Looks at it without taking it; `None` if the handle has none of this type.
    pub fn with<T: 'static, R>(table: &Table, look: impl FnOnce(&T) -> R) -> Option<R> {
        let Ok(Value::UserData(resource)) = table.raw_get::<Value>("resource") else { return None };
        let resource = resource.borrow::<Resource>().ok()?;
        resource.0.as_ref().and_then(|owned| owned.downcast_ref::<T>()).map(look)
    }
}

impl Fd {
    /// The descriptor while it is open.
    pub fn get(&self) -> Option<BorrowedFd<'_>> {
        self.0.as_ref().map(AsFd::as_fd)
    }
}

/// The registry key of the function that is called with each new handle that would outlive the process.
pub const CREATED: &str = "tiny.created";

thread_local! {
    /// The generation whose handles are recorded.
    static RECORDED: Cell<u32> = const { Cell::new(u32::MAX) };
    static GENERATION: Cell<u32> = const { Cell::new(0) };
}

/// The number of forks from the first process to this one. It distinguishes owners where pids cannot: a
/// container's PID 1 may itself start a PID 1.
pub fn generation() -> u32 {
    GENERATION.get()
}

/// Whether the handles that this process creates are passed to the function `CREATED`.
pub fn record(on: bool) {
    RECORDED.set(if on { generation() } else { u32::MAX });
}

/// Records that this process was just forked.
pub fn forked() {
    GENERATION.set(GENERATION.get() + 1);
}

/// A handle under construction.
pub struct Builder<'a> {
    lua: &'a Lua,
    table: Table,
}

impl<'a> Builder<'a> {
    /// A handle of this kind, owned by this process.
    pub fn new(lua: &'a Lua, kind: &str) -> Result<Builder<'a>, Fail> {
        let table = lua.create_table_with_capacity(0, 6)?;
        table.raw_set("kind", kind)?;
        table.raw_set("owner", generation())?;
        Ok(Builder { lua, table })
    }

    /// Sets a plain field.
    pub fn field(self, name: &str, value: impl IntoLua) -> Result<Builder<'a>, Fail> {
        self.table.raw_set(name, value)?;
        Ok(self)
    }

    /// Gives the handle its descriptor.
    pub fn fd(self, fd: OwnedFd) -> Result<Builder<'a>, Fail> {
        let fd = self.lua.create_userdata(Fd(Some(fd)))?;
        self.field("fd", fd)
    }

    /// Gives the handle what it owns instead of a descriptor.
    pub fn resource(self, resource: impl Any) -> Result<Builder<'a>, Fail> {
        let resource = self.lua.create_userdata(Resource(Some(Box::new(resource))))?;
        self.field("resource", resource)
    }

    /// Sets the primitive call that undoes the creation of the handle: `["link_del", "td0"]`.
    pub fn undo(self, call: &[&str]) -> Result<Builder<'a>, Fail> {
        let call = self.lua.create_sequence_from(call.iter().copied())?;
        self.field("undo", call)
    }

    /// The finished handle.
    pub fn build(self) -> Result<Table, Fail> {
        let kind: String = self.table.raw_get("kind")?;
        let metas: Table = self.lua.named_registry_value("tiny.handles")?;
        self.table.set_metatable(Some(metas.get(kind)?))?;
        if generation() == RECORDED.get() && !self.table.raw_get::<Value>("undo")?.is_nil() {
            let created: mlua::Function = self.lua.named_registry_value(CREATED)?;
            created.call::<()>(&self.table)?;
        }
        Ok(self.table)
    }
}

/// The kind of a handle; `None` for any other table.
pub fn kind(table: &Table) -> Option<String> {
    table.metatable()?;
    let owner: Option<u32> = table.raw_get("owner").ok()?;
    owner?;
    table.raw_get("kind").ok()?
}

/// A short text for a handle, `<bridge td0>` or `<bridge td0, closed>`; `None` for any other table.
pub fn brief(table: &Table) -> Option<String> {
    let kind = kind(table)?;
    let text = |key: &str| match table.raw_get::<Value>(key) {
        Ok(Value::String(s)) => Some(s.to_string_lossy()),
        Ok(Value::Integer(n)) => Some(n.to_string()),
        _ => None,
    };
    let name = ["name", "path", "pid"].iter().find_map(|key| text(key));
    let name = name.map(|name| format!(" {name}")).unwrap_or_default();
    let closed = if table.raw_get("closed").unwrap_or(false) { ", closed" } else { "" };
    Some(format!("<{kind}{name}{closed}>"))
}

/// Whether `table` is a handle of kind `wanted`; "namespace" accepts every namespace.
pub fn check(table: &Table, wanted: &str) -> Result<(), String> {
    let article = if wanted.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    match kind(table) {
        Some(kind) if kind == wanted => Ok(()),
        Some(kind) if wanted == "namespace" && kind.ends_with("ns") => Ok(()),
        Some(kind) => Err(format!("expected {article} {wanted} handle, got a {kind} handle")),
        None => Err(format!("expected {article} {wanted} handle, got a table")),
    }
}
