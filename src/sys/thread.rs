//! The end of a thread. pthread_join(3) returns when the kernel clears the thread's number in memory, which is before
//! the thread leaves the process: until then it counts in /proc/PID/task, and unshare(2) and setns(2) refuse what
//! only a process of one thread may do.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::errno::Errno;

/// How long the kernel may take. It needs some microseconds; a traced thread stays until its tracer has looked.
const LONGEST: Duration = Duration::from_secs(1);

/// The number of the calling thread; one that is to be joined returns it.
pub fn number() -> i32 {
    // SAFETY: no arguments, and it cannot fail.
    unsafe { libc::gettid() }
}

/// Waits for the end of a thread that returns its number, and until it has left the process.
pub fn join(thread: JoinHandle<i32>) -> std::thread::Result<()> {
    let number = thread.join()?;
    let start = Instant::now();
    while is_here(number) && start.elapsed() < LONGEST {
        std::thread::yield_now();
    }
    Ok(())
}

/// Whether this process has the thread. The kernel takes it from the count of threads before it forgets its number.
fn is_here(number: i32) -> bool {
    // SAFETY: signal 0 is sent to nobody: it only asks whether the thread is there.
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
