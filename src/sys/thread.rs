//! Waits for a thread to leave the process. pthread_join(3) returns when the kernel clears the thread's ID in memory, which
//! is earlier: until then the thread is in /proc/PID/task, and unshare(2) and setns(2) refuse operations that require a
//! single-threaded process.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::errno::Errno;

/// The maximum wait. The kernel needs a few microseconds; a traced thread remains until its tracer has waited for it.
const LONGEST: Duration = Duration::from_secs(1);

/// The ID of the calling thread; a thread to be joined returns it.
pub fn number() -> i32 {
    // Not gettid(3): the standard library refers to it weakly, and with link-time optimisation that makes every reference
    // weak. A static program then does not contain it, and a call is one of address 0.
    // SAFETY: no arguments, and it cannot fail.
    let number = unsafe { libc::syscall(libc::SYS_gettid) };
    i32::try_from(number).unwrap_or_default()
}

/// Joins a thread that returns its ID, and waits until it has left the process.
pub fn join(thread: JoinHandle<i32>) -> std::thread::Result<()> {
    let number = thread.join()?;
    let start = Instant::now();
    while is_here(number) && start.elapsed() < LONGEST {
        std::thread::yield_now();
    }
    Ok(())
}

/// Whether this process has the thread. The kernel removes it from the count of threads before it frees its ID.
fn is_here(number: i32) -> bool {
    // SAFETY: signal 0 is not delivered: it only checks whether the thread exists.
    let asked = unsafe { libc::syscall(libc::SYS_tgkill, std::process::id(), number, 0) };
    asked == 0 || Errno::last() != Errno::ESRCH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_joined_thread_has_left_the_process() {
        for _ in 0..3000 {
            let (tell, told) = std::sync::mpsc::channel();
            join(std::thread::spawn(move || {
                let _ = tell.send(number());
                number()
            }))
            .expect("ended");
            let own = format!("/proc/self/task/{}", told.recv().expect("a number"));
            assert!(!std::path::Path::new(&own).exists());
        }
    }
}
