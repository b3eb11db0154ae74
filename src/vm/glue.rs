//! The one point that every primitive passes: check, trace, call, dress the failure.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use mlua::{Function, Lua, MultiValue, Value};

use super::call::{Call, Fail};
use super::registry::Primitive;
use super::{error, show, trace};

/// Whether calls are traced; off costs one load per call.
pub static TRACING: AtomicBool = AtomicBool::new(false);

/// The raw function of a primitive: returns `true, results…` or `false, error`. The shim in
/// `shim.lua` turns that into results or a throw, because an `Err` would reach Lua opaque.
pub fn raw(lua: &Lua, primitive: &'static Primitive) -> mlua::Result<Function> {
    lua.create_function(move |lua, args: MultiValue| pass(lua, primitive, args))
}

fn pass(lua: &Lua, primitive: &'static Primitive, args: MultiValue) -> mlua::Result<MultiValue> {
    let outcome =
        if TRACING.load(Ordering::Relaxed) { traced(lua, primitive, &args) } else { invoke(lua, primitive, &args) };
    match outcome {
        Ok(mut results) => {
            results.push_front(Value::Boolean(true));
            Ok(results)
        }
        Err(fail) => {
            let value = error::dress(lua, primitive, &args, fail)?;
            Ok(MultiValue::from_vec(vec![Value::Boolean(false), value]))
        }
    }
}

fn invoke(lua: &Lua, primitive: &'static Primitive, args: &MultiValue) -> Result<MultiValue, Fail> {
    let call = Call::new(lua, primitive, args).map_err(Fail::Usage)?;
    #[cfg(debug_assertions)]
    return super::fault::pass(primitive.name, || (primitive.call)(&call));
    #[cfg(not(debug_assertions))]
    (primitive.call)(&call)
}

fn traced(lua: &Lua, primitive: &'static Primitive, args: &MultiValue) -> Result<MultiValue, Fail> {
    // The arguments are shown before the call: `exec` does not come back, and a call may change them.
    let shown = args.iter().filter(|v| !v.is_function()).map(show::value).collect::<Vec<_>>().join(", ");
    let leaves = primitive.name == "exec";
    if leaves {
        trace::event(lua, primitive.name, &shown, "…", 0.0);
    }
    let before = trace::process();
    let start = Instant::now();
    let outcome = invoke(lua, primitive, args);
    let micros = start.elapsed().as_nanos() as f64 / 1000.0;
    let result = match &outcome {
        Ok(values) => values.iter().map(show::value).collect::<Vec<_>>().join(", "),
        Err(Fail::Sys(error)) => error.to_string(),
        Err(Fail::Usage(text) | Fail::Plain(text)) => text.clone(),
        Err(Fail::Reported(_)) => "the child's error".into(),
        Err(Fail::Lua(error)) => error.to_string(),
    };
    // `clone` and `fork` return twice; the child's side is told by its own first line. What ended the
    // trace is none of it.
    if TRACING.load(Ordering::Relaxed) && trace::process() == before && !(leaves && outcome.is_ok()) {
        trace::event(lua, primitive.name, &shown, &result, micros);
    }
    outcome
}
