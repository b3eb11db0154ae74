//! The durations of a suite's tests: the longest, or all of them, are printed at its end.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The environment variable that requests the time of every test.
const ALL: &str = "TINYLUA_TEST_TIMES";

static TIMES: Mutex<Vec<(Duration, String)>> = Mutex::new(Vec::new());

/// Runs a test and records its duration.
pub fn of<T>(name: String, test: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let outcome = test();
    if let Ok(mut times) = TIMES.lock() {
        times.push((began.elapsed(), name));
    }
    outcome
}

/// The longest tests with their seconds, each after a line break; empty if all were short.
pub fn longest() -> String {
    let Ok(mut times) = TIMES.lock() else { return String::new() };
    times.sort_by(|a, b| b.cmp(a));
    let all = std::env::var_os(ALL).is_some();
    let told = times.iter().enumerate().take_while(|(i, (time, _))| all || *i < 5 && time.as_secs() >= 5);
    told.map(|(_, (time, name))| format!("\n{:8.1} s {name}", time.as_secs_f64())).collect()
}
