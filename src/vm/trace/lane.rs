//! Assigns calls to processes: each process is a lane. Pids are not unique, since the first process of every
//! container has pid 1, so a lane is named by its pid and its start time.

use std::cell::RefCell;

use crate::sys::clock;

/// A time on two clocks, in nanoseconds: the machine's, and the CPU time of this thread.
#[derive(Clone, Copy)]
pub struct Moment {
    /// CLOCK_MONOTONIC, common to all processes.
    pub wall: u64,
    /// CLOCK_THREAD_CPUTIME_ID.
    pub cpu: u64,
}

/// The current time.
pub fn now() -> Moment {
    Moment { wall: clock::monotonic_nanoseconds(), cpu: clock::thread_nanoseconds() }
}

/// A process in the trace.
pub struct Lane {
    /// Its pid in its own pid namespace.
    pub pid: u32,
    /// "host", or "child" in new namespaces.
    pub side: &'static str,
    /// Its name in the trace, and that of the process that forked it.
    pub id: String,
    pub parent: Option<String>,
    /// The number of forks before it.
    pub depth: usize,
}

thread_local! {
    static LANE: RefCell<Lane> = const { RefCell::new(Lane { pid: 0, side: "host", id: String::new(), parent: None, depth: 0 }) };
}

fn id(pid: u32) -> String {
    format!("{pid}@{}", clock::monotonic_nanoseconds() / 1000)
}

/// The first process.
pub fn begin() {
    let pid = std::process::id();
    LANE.set(Lane { pid, side: "host", id: id(pid), parent: None, depth: 0 });
}

/// Records that this process was just forked, and whether it is in new namespaces.
pub fn forked(inside: bool) {
    LANE.with_borrow_mut(|lane| {
        lane.pid = std::process::id();
        lane.parent = Some(std::mem::replace(&mut lane.id, id(lane.pid)));
        lane.depth += 1;
        if inside {
            lane.side = "child";
        }
    });
}

/// Calls `f` with this process.
pub fn with_own(f: impl FnOnce(&Lane)) {
    LANE.with_borrow(f);
}
