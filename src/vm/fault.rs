//! Fault injection for the tests: `TINYLUA_FAULT=K:KIND:GENERATION:FILE` makes the K-th primitive
//! call of one process fail without effect (`fail`), or ends that process like SIGKILL before the call
//! (`kill-before`) or after it (`kill-after`). GENERATION counts the forks since the command: in a
//! detached run 0 is the command, 1 the supervisor, 2 the container. The primitive's name is written to
//! FILE when the fault occurs. Only builds with debug assertions have this; others never read the
//! variable. An invalid value is ignored.

use std::cell::Cell;
use std::fs::File;
use std::io::Write;
use std::sync::OnceLock;

use nix::errno::Errno;

use super::call::Fail;
use super::handle;
use crate::sys;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Fail,
    KillBefore,
    KillAfter,
}

struct Fault {
    call: u32,
    kind: Kind,
    generation: u32,
    witness: File,
}

thread_local! {
    /// The generation whose calls are counted, and their number so far.
    static CALLS: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

fn wanted() -> Option<&'static Fault> {
    static WANTED: OnceLock<Option<Fault>> = OnceLock::new();
    WANTED.get_or_init(|| parse(&std::env::var("TINYLUA_FAULT").ok()?)).as_ref()
}

fn parse(text: &str) -> Option<Fault> {
    let parts: Vec<&str> = text.splitn(4, ':').collect();
    let [call, kind, generation, witness] = parts[..] else { return None };
    let kind = match kind {
        "fail" => Kind::Fail,
        "kill-before" => Kind::KillBefore,
        "kill-after" => Kind::KillAfter,
        _ => return None,
    };
    // Opened now: when the fault occurs, the root directory may be a container's.
    let witness = File::create(witness).ok()?;
    Some(Fault { call: call.parse().ok()?, kind, generation: generation.parse().ok()?, witness })
}

/// Passes a call of the primitive `name`: `act`, or the fault requested for this point.
pub fn pass<T>(name: &str, act: impl FnOnce() -> Result<T, Fail>) -> Result<T, Fail> {
    let Some(fault) = wanted() else { return act() };
    let here = handle::generation();
    let (counted, calls) = CALLS.get();
    let call = if counted == here { calls + 1 } else { 1 };
    CALLS.set((here, call));
    if here != fault.generation || call != fault.call {
        return act();
    }
    if fault.kind == Kind::KillAfter {
        let outcome = act();
        // A fork also returns in the child, which belongs to the next generation.
        return if handle::generation() == here { strike(fault, name) } else { outcome };
    }
    strike(fault, name)
}

fn strike<T>(fault: &Fault, name: &str) -> Result<T, Fail> {
    let _ = (&fault.witness).write_all(name.as_bytes());
    match fault.kind {
        Kind::Fail => Err(Fail::Sys(sys::Error::new(Errno::EIO).with_detail("a fault injected by a test"))),
        Kind::KillBefore | Kind::KillAfter => sys::process::die(),
    }
}
