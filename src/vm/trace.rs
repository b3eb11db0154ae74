//! `--trace`: each call of a primitive and its result. Lines go to standard error immediately. Output that
//! needs all of them (the summary, a picture, Perfetto's file) is collected in memory shared by the forked
//! processes, and produced in Lua (lua/tiny/trace*.lua) when the command ends.

mod finish;
mod lane;
mod wanted;

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use mlua::Lua;
use serde::Serialize;

pub use finish::finish;
pub use lane::now;
pub use wanted::{Style, Wanted};

use super::dispatch::TRACING;
use super::{error, format, handle};
use crate::sys::{self, Context, clock};

/// The maximum collected from one process; a supervisor may run forever.
const MOST_COLLECTED: usize = 32 << 20;

/// The state of a trace.
struct Trace {
    style: Style,
    /// A copy of standard error: a container's closure may redirect the original.
    target: Arc<OwnedFd>,
    /// The output file; opened at the start, since the root directory may differ at the end.
    file: Option<OwnedFd>,
    /// The collected events, one JSON object per line, and the start time.
    spool: Option<OwnedFd>,
    began: u64,
    colours: bool,
}

static TRACE: OnceLock<Trace> = OnceLock::new();
static COLLECTED: AtomicUsize = AtomicUsize::new(0);

/// One call in JSON: times in microseconds, `start` relative to the start of the trace.
#[derive(Serialize)]
struct Event<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    pid: u32,
    side: &'static str,
    lane: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<&'a str>,
    op: &'a str,
    args: &'a str,
    result: &'a str,
    start: f64,
    us: f64,
    cpu_us: f64,
    failed: bool,
    at: Option<String>,
}

/// A call that has returned.
pub struct Done<'a> {
    /// The primitive's name.
    pub op: &'a str,
    /// Its arguments as text.
    pub args: &'a str,
    /// Its result as text.
    pub result: &'a str,
    /// Whether it failed.
    pub failed: bool,
    /// The times before and after it.
    pub times: (lane::Moment, lane::Moment),
}

/// Starts tracing.
pub fn start(wanted: &Wanted) -> sys::Result<()> {
    let file = wanted.file.as_ref().map(|path| sys::fs::create(path, false).at(path)).transpose()?;
    let spool = matches!(wanted.style, Style::Timeline | Style::Perfetto | Style::Svg);
    let trace = Trace {
        style: wanted.style,
        target: sys::fs::duplicate_stderr()?,
        file,
        spool: spool.then(sys::fs::memory_file).transpose()?,
        began: clock::monotonic_nanoseconds(),
        colours: wanted::colours(),
    };
    lane::begin();
    if trace.style == Style::Timeline {
        sys::fs::write_all(trace.target.as_fd(), wanted::HEAD.as_bytes())?;
    }
    if TRACE.set(trace).is_ok() {
        TRACING.store(true, Ordering::Relaxed);
    }
    Ok(())
}

/// Records that this process was just forked, and whether it is in new namespaces. Without a trace this does nothing,
/// to keep the start of a recipe's first child fast.
pub fn forked(inside: bool) {
    if TRACE.get().is_some() {
        lane::forked(inside);
    }
}

/// Turns the trace of this process on (as text if none was started) or off; returns whether it was on.
pub fn set(on: bool) -> sys::Result<bool> {
    let before = TRACING.load(Ordering::Relaxed);
    match TRACE.get() {
        None if on => start(&Wanted { style: Style::Lines, file: None })?,
        _ => TRACING.store(on, Ordering::Relaxed),
    }
    Ok(before)
}

/// Ends the trace of this process and closes its copy of standard error, which may be a pipe whose
/// reader waits for the end of file.
pub fn stop() -> sys::Result<()> {
    TRACING.store(false, Ordering::Relaxed);
    let Some(trace) = TRACE.get() else { return Ok(()) };
    let own = [Some(trace.target.as_fd()), trace.spool.as_ref().map(AsFd::as_fd), trace.file.as_ref().map(AsFd::as_fd)];
    own.into_iter().flatten().try_for_each(sys::fs::silence)
}

/// Whether this is the command's first process.
fn first() -> bool {
    handle::generation() == 0
}

/// Records one traced call.
pub fn event(lua: &Lua, done: &Done<'_>) {
    let Some(trace) = TRACE.get() else { return };
    let (before, after) = &done.times;
    let start = before.wall.saturating_sub(trace.began) as f64 / 1000.0;
    let times = [start, micros(before.wall, after.wall), micros(before.cpu, after.cpu)];
    // Only collected traces need the position, which is searched on the stack.
    let at = (!matches!(trace.style, Style::Timeline | Style::Lines)).then(|| error::location(lua)).flatten();
    lane::with_own(|lane| {
        let mut text = Vec::with_capacity(256);
        match trace.style {
            Style::Lines => wanted::short_line(&mut text, lane, done, times[1]),
            Style::Timeline => wanted::line(&mut text, trace.colours, lane, done, times),
            Style::Json | Style::Perfetto | Style::Svg => {}
        }
        let _ = sys::fs::write_all(trace.target.as_fd(), &text);
        text.clear();
        match &trace.spool {
            None if trace.style == Style::Lines => {}
            None => {
                put(&mut text, lane, done, times, Some(Whole { timestamp: Some(clock::timestamp()), at }));
                let _ = sys::fs::write_all(trace.target.as_fd(), &text);
            }
            Some(spool) => {
                let whole = (trace.style != Style::Timeline).then_some(Whole { timestamp: None, at });
                put(&mut text, lane, done, times, whole);
                if COLLECTED.fetch_add(text.len(), Ordering::Relaxed) < MOST_COLLECTED {
                    let _ = sys::fs::write_all(spool.as_fd(), &text);
                }
            }
        }
    });
}

/// The fields of a complete event besides its times.
struct Whole {
    timestamp: Option<String>,
    at: Option<String>,
}

/// Appends a call to `text` as a line of JSON; a summary needs only its times.
fn put(text: &mut Vec<u8>, lane: &lane::Lane, done: &Done<'_>, [start, us, cpu_us]: [f64; 3], whole: Option<Whole>) {
    let (args, result) = if whole.is_some() { (done.args, done.result) } else { ("", "") };
    let Whole { timestamp, at } = whole.unwrap_or(Whole { timestamp: None, at: None });
    let (pid, side, parent, op, failed) = (lane.pid, lane.side, lane.parent.as_deref(), done.op, done.failed);
    let event = Event { timestamp, pid, side, lane: &lane.id, parent, op, args, result, start, us, cpu_us, failed, at };
    if serde_json::to_writer(&mut *text, &event).is_ok() {
        text.push(b'\n');
    }
}

fn micros(from: u64, to: u64) -> f64 {
    to.saturating_sub(from) as f64 / 1000.0
}

/// The arguments of a call as shown in the trace.
pub fn shown<'a>(values: impl Iterator<Item = &'a mlua::Value>) -> String {
    let mut text = String::new();
    for value in values.filter(|v| !v.is_function()) {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&format::value(value));
    }
    text
}
