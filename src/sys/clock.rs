//! Clocks and what identifies this boot.

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

/// A moment in seconds since 1970 as RFC 3339 in UTC with nanoseconds; now without one.
pub fn timestamp(seconds: Option<f64>) -> String {
    let moment = match seconds {
        Some(s) => jiff::Timestamp::from_nanosecond((s * 1e9) as i128).unwrap_or(jiff::Timestamp::UNIX_EPOCH),
        None => now(),
    };
    format!("{moment:.9}")
}

/// The current moment.
pub fn now() -> jiff::Timestamp {
    let now = clock_gettime(ClockId::Realtime);
    jiff::Timestamp::new(now.tv_sec, now.tv_nsec as i32).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// Seconds since 1970 of an RFC 3339 time; `None` when it is not one.
pub fn parse(text: &str) -> Option<f64> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(moment.as_nanosecond() as f64 / 1e9)
}

/// The kernel's id of this boot (random(4)).
pub fn boot_id() -> Result<String> {
    let path = "/proc/sys/kernel/random/boot_id";
    Ok(std::fs::read_to_string(path).at(path)?.trim().to_owned())
}
