//! Every call of a primitive goes through here: check, trace, call, build the error value.

use std::sync::atomic::{AtomicBool, Ordering};

use mlua::{Function, Lua, MultiValue, Value};

use super::call::{Call, Fail};
use super::registry::Entry;
use super::{error, handle, renamed, trace};

/// Whether calls are traced; off costs one load per call.
pub static TRACING: AtomicBool = AtomicBool::new(false);

/// The raw function of a primitive: returns `true, results…` or `false, error`. The bindings in
/// `bindings.lua` turns that into results or a throw, because an `Err` would reach Lua opaque.
pub fn raw(lua: &Lua, primitive: Entry) -> mlua::Result<Function> {
    lua.create_function(move |lua, args: MultiValue| pass(lua, primitive, args))
}

fn pass(lua: &Lua, primitive: Entry, args: MultiValue) -> mlua::Result<MultiValue> {
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

fn invoke(lua: &Lua, primitive: Entry, args: &MultiValue) -> Result<MultiValue, Fail> {
    let args = renamed::current(lua, primitive, args).map_err(Fail::Usage)?;
    let call = Call::new(lua, primitive, &args).map_err(Fail::Usage)?;
    #[cfg(debug_assertions)]
    return super::fault::pass(primitive.name(), || primitive.call(&call));
    #[cfg(not(debug_assertions))]
    primitive.call(&call)
}

fn traced(lua: &Lua, primitive: Entry, args: &MultiValue) -> Result<MultiValue, Fail> {
    // The arguments are formatted before the call: `exec` does not return, and a call may change them.
    let shown = trace::shown(args.iter());
    let note = |result: &str, failed, times| {
        trace::event(lua, &trace::Done { op: primitive.name(), args: &shown, result, failed, times });
    };
    let leaves = primitive.name() == "exec";
    let before = trace::now();
    if leaves {
        note("…", false, (before, before));
        // Nothing else records it when the command itself executes another program.
        let _ = trace::finish(lua);
    }
    let generation = handle::generation();
    let outcome = invoke(lua, primitive, args);
    let times = (before, trace::now());
    let result = match &outcome {
        Ok(values) => trace::shown(values.iter()),
        Err(Fail::Sys(error)) => error.to_string(),
        Err(Fail::Usage(text) | Fail::Plain(text)) => text.clone(),
        Err(Fail::Reported(_)) => "the child's error".into(),
        Err(Fail::Lua(error)) => error.to_string(),
    };
    // `clone` and `fork` return twice; the child starts with a line of its own. The call that ended the
    // trace is not part of it.
    if TRACING.load(Ordering::Relaxed) && handle::generation() == generation && !(leaves && outcome.is_ok()) {
        note(&result, outcome.is_err(), times);
    }
    outcome
}
