//! Clocks and the boot id.

use std::ffi::OsString;

use rustix::time::{ClockId, clock_gettime};

use super::{Context, Result};

/// Seconds on a clock: "realtime" since 1970, "monotonic" and "boottime" since boot.
pub fn seconds(clock: &str) -> f64 {
    let id = match clock {
        "monotonic" => ClockId::Monotonic,
        "boottime" => ClockId::Boottime,
        _ => ClockId::Realtime,
    };
    let now = clock_gettime(id);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// CLOCK_MONOTONIC in nanoseconds, which all processes of a machine share.
pub fn monotonic_nanoseconds() -> u64 {
    nanoseconds(ClockId::Monotonic)
}

/// The CPU time of the calling thread in nanoseconds.
pub fn thread_nanoseconds() -> u64 {
    nanoseconds(ClockId::ThreadCPUTime)
}

fn nanoseconds(id: ClockId) -> u64 {
    let now = clock_gettime(id);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// A time in seconds since 1970 as RFC 3339 in UTC with nanoseconds; `None` outside the years that the format allows.
pub fn moment(seconds: f64) -> Option<String> {
    // In two parts, since a float cannot hold all of it in nanoseconds exactly.
    let whole = seconds.floor();
    let nanoseconds = ((seconds - whole) * 1e9).round() as i32;
    let whole = whole.is_finite().then_some(jiff::Timestamp::from_second(whole as i64).ok()?)?;
    Some(format!("{:.9}", whole.checked_add(jiff::SignedDuration::new(0, nanoseconds)).ok()?))
}

/// The current time, formatted like `moment`.
pub fn timestamp() -> String {
    format!("{:.9}", now())
}

/// The current time.
pub fn now() -> jiff::Timestamp {
    let now = clock_gettime(ClockId::Realtime);
    jiff::Timestamp::new(now.tv_sec, now.tv_nsec as i32).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// Seconds since 1970 of an RFC 3339 time; `None` if it is not one.
pub fn parse(text: &str) -> Option<f64> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(moment.as_second() as f64 + f64::from(moment.subsec_nanosecond()) / 1e9)
}

/// The kernel's id of this boot (random(4)).
pub fn boot_id() -> Result<String> {
    let path = "/proc/sys/kernel/random/boot_id";
    Ok(std::fs::read_to_string(path).at(path)?.trim().to_owned())
}

/// Sets TZ for the C library so that it opens no file and uses UTC, or restores the value returned by `take_zone`.
/// Otherwise it would read /etc/localtime of whatever root the process has.
pub fn take_zone() -> Option<OsString> {
    let before = std::env::var_os("TZ");
    // SAFETY: a process that changes its root has one thread, so no other thread reads the environment.
    unsafe { std::env::set_var("TZ", ":") };
    before
}

/// See `take_zone`.
pub fn give_zone(before: Option<OsString>) {
    // SAFETY: as above.
    unsafe {
        match before {
            Some(zone) => std::env::set_var("TZ", zone),
            None => std::env::remove_var("TZ"),
        }
    }
}
