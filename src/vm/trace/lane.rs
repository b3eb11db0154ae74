//! Whose calls they are: each process is a lane. Pids do not tell processes apart, since every
//! container's first is 1, so a lane is named by its pid and the moment of its birth.

use std::cell::RefCell;

use crate::sys::clock;

/// A moment on two clocks, in nanoseconds: the machine's, and the CPU time of this thread.
#[derive(Clone, Copy)]
pub struct Moment {
    /// CLOCK_MONOTONIC, which all processes share.
    pub wall: u64,
    /// CLOCK_THREAD_CPUTIME_ID.
    pub cpu: u64,
}

/// This moment.
pub fn now() -> Moment {
    Moment { wall: clock::monotonic_nanoseconds(), cpu: clock::thread_nanoseconds() }
}

/// A process in the trace.
pub struct Lane {
    /// Its pid as it sees itself.
    pub pid: u32,
    /// "host", or "child" inside new namespaces.
    pub side: &'static str,
    /// Its name in the trace, and that of the process that forked it.
    pub id: String,
    pub parent: Option<String>,
    /// How many forks lie before it.
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

/// Notes that this process is a fresh fork, and whether it is inside new namespaces.
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
