//! The end of a recipe by a signal, and time limits.

use mlua::{Function, Table};

use crate::sys::{interrupt, parent_death};
use crate::vm::call::{Call, Fail};
use crate::vm::handle;
use crate::vm::interrupt::watch;
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, opt};

const BASE: Primitive = Primitive { family: "control", effect: Effect::Plumbing, ..Primitive::BASE };

/// The family's entries.
pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "unwind_on_signals",
        // It is no step of the recipe, and changes only this process.
        effect: Effect::Reads,
        doc: "From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT throw an error in this process, in a loop and in a call \
              that waits, so that every `<close>` runs; the exit status is 128 + n. A second signal of the same kind \
              ends the process as usual; one that the caller ignores stays ignored. Children of `clone` then end by \
              SIGKILL with this process. `run` does this for a recipe that acts itself.",
        args: &[arg("on", Type::Bool, "false: the default actions again, and later children outlive this process")],
        options: &[opt(
            "created",
            Type::Function,
            "",
            "called with each handle that would outlive this process if it were killed, such as a bridge",
        )],
        example: "tiny.unwind_on_signals(true)",
        call: unwind,
        ..BASE
    },
    Primitive {
        name: "set_time_limit",
        doc: "Sets a time limit for what follows in this process: when it expires, an error is thrown, in a loop and in \
              a call that waits. If the limit is still set after another `grace`, the process ends by SIGKILL.",
        args: &[arg("seconds", Type::Duration, "the time limit; 0 removes it")],
        options: &[opt("grace", Type::Duration, "10s", "the time from the error to SIGKILL")],
        example: "tiny.set_time_limit(\"10s\")\ntiny.try(f)\ntiny.set_time_limit(0)",
        call: |c| {
            let seconds = c.seconds(0)?.unwrap_or(0.0);
            if seconds > 0.0 {
                watch_once(c)?;
            }
            interrupt::limit(seconds, c.opt_seconds("grace")?.unwrap_or(10.0))?;
            c.ok(())
        },
        ..BASE
    },
];

struct Watched;

fn watch_once(call: &Call<'_>) -> Result<(), Fail> {
    if call.lua.app_data_ref::<Watched>().is_none() {
        watch(call.lua)?;
        call.lua.set_app_data(Watched);
    }
    Ok(())
}

fn unwind(call: &Call<'_>) -> Outcome {
    if !call.get::<bool>(0)? {
        handle::record(false);
        interrupt::disarm_ending();
        parent_death::release();
        return call.ok(());
    }
    // At a prompt, Ctrl-C ends the command, not the prompt.
    if interrupt::at_prompt() {
        return call.ok(());
    }
    watch_once(call)?;
    let created = call.table().map(|t: &Table| t.raw_get::<Option<Function>>("created")).transpose()?.flatten();
    if let Some(created) = &created {
        call.lua.set_named_registry_value(handle::CREATED, created)?;
    }
    handle::record(created.is_some());
    parent_death::guard()?;
    interrupt::arm_ending()?;
    call.ok(())
}
