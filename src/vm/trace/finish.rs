//! The end of a trace: the collected events are passed to Lua, which formats them.

use std::os::fd::AsFd;
use std::sync::atomic::Ordering;

use mlua::{Function, Lua, Table, Value};

use super::{Style, TRACE, first};
use crate::sys::{self, clock};
use crate::vm::dispatch::TRACING;
use crate::vm::{Failure, json};

/// Finishes the trace of the whole command; does nothing in a forked process or without a trace. It can be
/// called again if executing a program failed.
pub fn finish(lua: &Lua) -> Result<(), Failure> {
    let Some(trace) = TRACE.get().filter(|_| first()) else { return Ok(()) };
    let Some(spool) = &trace.spool else { return Ok(()) };
    let was = TRACING.swap(false, Ordering::Relaxed);
    let made = text(lua, trace.style, spool.as_fd(), trace.began);
    TRACING.store(was, Ordering::Relaxed);
    let made = made.map_err(|e| Failure::plain(format!("the trace cannot be shown: {e}")))?;
    let told = match &trace.file {
        Some(file) => sys::fs::replace_all(file.as_fd(), &made),
        None => sys::fs::write_all(trace.target.as_fd(), &made),
    };
    told.map_err(|e| Failure::plain(format!("the trace cannot be written: {e}")))
}

fn text(lua: &Lua, style: Style, spool: std::os::fd::BorrowedFd<'_>, began: u64) -> Result<Vec<u8>, String> {
    let lines = sys::fs::read_whole(spool).map_err(|e| e.to_string())?;
    let mut array = Vec::with_capacity(lines.len() + 2);
    array.push(b'[');
    for line in lines.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        if array.len() > 1 {
            array.push(b',');
        }
        array.extend_from_slice(line);
    }
    array.push(b']');
    let events = json::to_lua(lua, &array, false)?;
    let elapsed = clock::monotonic_nanoseconds().saturating_sub(began) as f64 / 1000.0;
    let word = match style {
        Style::Perfetto => "perfetto",
        Style::Svg => "svg",
        _ => "summary",
    };
    let call = || -> mlua::Result<mlua::LuaString> {
        let require: Function = lua.globals().raw_get("require")?;
        let module: Table = require.call("tiny.dev.trace")?;
        module.get::<Function>(word)?.call((events, Value::Number(elapsed)))
    };
    call().map(|text| text.as_bytes().to_vec()).map_err(|e| e.to_string())
}
