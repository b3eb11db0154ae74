//! Interruption of Lua: a loop that calls no primitive is interrupted by a hook.

use mlua::{HookTriggers, Lua, VmState};

use crate::sys::{self, interrupt, signal};

/// A flag is checked every 10000 instructions, which costs nothing.
pub fn watch(lua: &Lua) -> sys::Result<()> {
    let look = HookTriggers::new().every_nth_instruction(10_000);
    let hook = |_: &Lua, _: &mlua::debug::Debug<'_>| match interrupt::take() {
        Some(signal) => Err(mlua::Error::runtime(text(signal))),
        None => Ok(VmState::Continue),
    };
    lua.set_global_hook(look, hook).map_err(|e| sys::Error::new(nix::errno::Errno::ENOMEM).with_detail(e.to_string()))
}

/// The message for a signal that has set the flag.
pub fn text(signal: i32) -> String {
    match signal {
        interrupt::LIMIT => "the time limit has expired".into(),
        _ if interrupt::ends(signal) => format!("interrupted by {}", signal::name(signal)),
        _ => "interrupted".into(),
    }
}
