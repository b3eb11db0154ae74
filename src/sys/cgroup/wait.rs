//! Waiting for cgroup state changes: cgroup.events notifies by POLLPRI (cgroups(7)). v1 has no such file, so the state
//! is polled with increasing pauses, up to a bound.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::super::{Context, Result, interrupt};
use super::file;

/// When to stop waiting.
#[derive(Clone, Copy)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// That many seconds from now; no limit for `None`.
    pub fn after(seconds: Option<f64>) -> Deadline {
        Deadline(seconds.map(|s| Instant::now() + Duration::from_secs_f64(s.clamp(0.0, 1e9))))
    }

    fn left(self) -> Option<Duration> {
        self.0.map(|end| end.saturating_duration_since(Instant::now()))
    }

    fn over(self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// Polls one descriptor for `events`; false if the timeout expires.
    pub fn poll(self, fd: impl std::os::fd::AsFd, events: PollFlags) -> Result<bool> {
        loop {
            let left = self.left().map(|d| Timespec { tv_sec: d.as_secs() as i64, tv_nsec: d.subsec_nanos().into() });
            match poll(&mut [PollFd::new(&fd, events)], left.as_ref()) {
                Ok(n) => return Ok(n > 0),
                Err(rustix::io::Errno::INTR) if !interrupt::pending() => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Calls `done` until it returns true, with pauses from 50 µs to 10 ms; false if the timeout expires.
    pub fn ask(self, mut done: impl FnMut() -> Result<bool>) -> Result<bool> {
        let mut pause = Duration::from_micros(50);
        loop {
            if done()? {
                return Ok(true);
            }
            if self.over() {
                return Ok(false);
            }
            std::thread::sleep(self.left().map_or(pause, |left| left.min(pause)));
            pause = (pause * 2).min(Duration::from_millis(10));
        }
    }
}

/// Waits until `key` in the cgroup's cgroup.events is `wanted`; false if the timeout expires.
pub fn event(folder: &Path, key: &str, wanted: u64, deadline: Deadline) -> Result<bool> {
    let path = folder.join("cgroup.events");
    let start = Instant::now();
    let events = File::open(&path).at(&path)?;
    let mut text = [0u8; 256];
    loop {
        // Reading the file arms the notification, so no change between the read and the poll is missed.
        let n = events.read_at(&mut text, 0).at(&path)?;
        if file::keyed(&String::from_utf8_lossy(&text[..n]), key) == Some(wanted) {
            let seconds = start.elapsed().as_secs_f64();
            tracing::debug!(target: "cgroup", path = %folder.display(), key, wanted, seconds, "waited");
            return Ok(true);
        }
        if !deadline.poll(&events, PollFlags::PRI)? {
            return Ok(false);
        }
    }
}
