//! `--trace`: each primitive as it happens, on standard error, as text or as one JSON object a line.

use std::cell::Cell;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use mlua::Lua;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use super::glue::TRACING;
use super::{error, handle};
use crate::sys;

thread_local! {
    static SIDE: Cell<&'static str> = const { Cell::new("host") };
}

/// How a trace is written.
#[derive(Clone, Copy, PartialEq)]
pub enum Style {
    /// A line for a reader.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts tracing. Standard error is duplicated first: a container's closure may redirect it.
pub fn start(style: Style) -> sys::Result<()> {
    let err = sys::fs::duplicate_stderr()?;
    let _ = TARGET.set(err.clone());
    let writer = BoxMakeWriter::new(move || sys::fs::FdWriter::new(err.clone()));
    let _: Box<dyn std::io::Write> = Box::new(writer.make_writer());
    let base = tracing_subscriber::fmt().with_writer(writer).with_target(false).with_level(false);
    let ready = match style {
        Style::Json => base.json().flatten_event(true).try_init(),
        Style::Text => base.without_time().with_ansi(false).try_init(),
    };
    if ready.is_ok() {
        TRACING.store(true, Ordering::Relaxed);
        STYLE.store(style == Style::Json, Ordering::Relaxed);
    }
    Ok(())
}

/// Turns the trace of this process on, as text where none was started, or off; returns whether it was on.
pub fn set(on: bool) -> sys::Result<bool> {
    let before = TRACING.load(Ordering::Relaxed);
    match TARGET.get() {
        None if on => start(Style::Text)?,
        _ => TRACING.store(on, Ordering::Relaxed),
    }
    Ok(before)
}

/// Ends the trace of this process. Its copy of standard error leads nowhere then: it may be a pipe
/// whose reader waits for the end.
pub fn stop() -> sys::Result<()> {
    TRACING.store(false, Ordering::Relaxed);
    TARGET.get().map_or(Ok(()), |target| sys::fs::silence(target.as_fd()))
}

static TARGET: OnceLock<Arc<OwnedFd>> = OnceLock::new();
static STYLE: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// Notes that this process runs inside new namespaces.
pub fn entered_child() {
    SIDE.set("child");
}

/// The process and its generation: equal before and after a call unless the call forked.
pub fn process() -> u32 {
    handle::generation()
}

/// Writes one traced call.
pub fn event(lua: &Lua, op: &str, args: &str, result: &str, micros: f64) {
    let pid = std::process::id();
    let side = SIDE.get();
    if STYLE.load(Ordering::Relaxed) {
        let at = error::location(lua);
        tracing::info!(pid, side, op, args, result, us = micros, at);
    } else {
        let equals = if result.is_empty() { String::new() } else { format!(" = {result}") };
        tracing::info!("{side:5} {pid:<6} {micros:>8.1}µs  {op}({args}){equals}");
    }
}
