//! Processes by pidfd: signals, start time, and exit status (pidfd_open(2), waitid(2)).

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use rustix::process::Pid;

use super::event::readable;
use super::{Context, Error, Result, interrupt};

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ended {
    /// It exited with this status.
    Exited(i32),
    /// It was killed by this signal.
    Signaled(i32),
}

impl Ended {
    /// The status as shells show it: 128 + signal for a killed process.
    pub fn status(self) -> i32 {
        match self {
            Ended::Exited(status) => status,
            Ended::Signaled(signal) => 128 + signal,
        }
    }
}

/// What a process and its descendants used, as far as each of them was waited for by its parent (getrusage(2)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// CPU time in user mode, in seconds.
    pub user_seconds: f64,
    /// CPU time in the kernel, in seconds.
    pub system_seconds: f64,
    /// The largest resident set of one of them, in bytes.
    pub rss_peak: u64,
    /// Context switches because a process waited.
    pub voluntary_switches: u64,
    /// Context switches because the scheduler chose another process.
    pub involuntary_switches: u64,
}

impl Usage {
    fn of(usage: &libc::rusage) -> Usage {
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
        Usage {
            user_seconds: seconds(usage.ru_utime),
            system_seconds: seconds(usage.ru_stime),
            rss_peak: usage.ru_maxrss.unsigned_abs() * 1024,
            voluntary_switches: usage.ru_nvcsw.unsigned_abs(),
            involuntary_switches: usage.ru_nivcsw.unsigned_abs(),
        }
    }
}

/// Waits for a child and reaps it. `None` after `timeout` seconds.
pub fn wait(pidfd: BorrowedFd<'_>, timeout: Option<f64>) -> Result<Option<(Ended, Usage)>> {
    if timeout.is_some() && !readable(pidfd, timeout)? {
        return Ok(None);
    }
    loop {
        interrupt::check()?;
        match waitid(pidfd) {
            Err(e) if e.errno == Errno::EINTR && !interrupt::pending() => {}
            ended => return ended.map(Some),
        }
    }
}

/// waitid(2) with the usage, which the C library's function lacks.
fn waitid(pidfd: BorrowedFd<'_>) -> Result<(Ended, Usage)> {
    // SAFETY: both are plain C structures, for which zeros are valid.
    let (mut info, mut usage): (libc::siginfo_t, libc::rusage) = unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
    // SAFETY: the kernel writes one siginfo_t and one rusage, which both live here.
    let result = unsafe {
        libc::syscall(libc::SYS_waitid, libc::P_PIDFD, pidfd.as_raw_fd(), &raw mut info, libc::WEXITED, &raw mut usage)
    };
    if result != 0 {
        return Err(Error::last());
    }
    // SAFETY: waitid filled in the fields of a child's end.
    let status = unsafe { info.si_status() };
    let ended = if info.si_code == libc::CLD_EXITED { Ended::Exited(status) } else { Ended::Signaled(status) };
    Ok((ended, Usage::of(&usage)))
}

/// struct pidfd_info in its first version of 64 bytes (linux/pidfd.h).
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroupid: u64,
    ids: [u32; 11],
    exit_code: i32,
}

/// The exit status of a process that is not a child; waits for its end. If its parent has not reaped it, it is read
/// from /proc (proc_pid_stat(5), field 52); otherwise with PIDFD_GET_INFO, which has the exit code since kernel 6.15.
/// `None` if neither works.
pub fn exit_of(pidfd: BorrowedFd<'_>, pid: i32) -> Result<Option<Ended>> {
    readable(pidfd, None)?;
    if let Some(status) = zombie_status(pidfd, pid) {
        return Ok(Some(ended(status)));
    }
    const PIDFD_GET_INFO: libc::c_ulong = 0xc040_ff0b;
    const MASK_EXIT: u64 = 1 << 3;
    let mut info = PidfdInfo { mask: MASK_EXIT, ..PidfdInfo::default() };
    // SAFETY: the kernel writes at most the 64 bytes encoded in the request number.
    let result = unsafe { libc::ioctl(pidfd.as_raw_fd(), PIDFD_GET_INFO, &raw mut info) };
    Ok((result == 0 && info.mask & MASK_EXIT != 0).then(|| ended(info.exit_code)))
}

/// The wait status in /proc of a zombie.
fn zombie_status(pidfd: BorrowedFd<'_>, pid: i32) -> Option<i32> {
    let stat = stat_fields(pid).ok()?;
    // A signal reaches a zombie but not a later process: the pid was still this process's.
    kill(pidfd, 0).ok()?;
    (stat.first()? == "Z").then(|| stat.get(49)?.parse().ok()).flatten()
}

fn ended(status: i32) -> Ended {
    match status & 0x7f {
        0 => Ended::Exited((status >> 8) & 0xff),
        signal => Ended::Signaled(signal),
    }
}

/// Sends a signal through a pidfd, which never reaches another process with the same pid. Errors: ESRCH if the process
/// has ended, EPERM for another user's.
pub fn kill(pidfd: BorrowedFd<'_>, signal: i32) -> Result<()> {
    // SAFETY: pidfd_send_signal takes a descriptor, a number and a null siginfo.
    match unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, 0usize, 0) } {
        0 => Ok(()),
        _ => Err(Error::last()),
    }
}

/// Sends a signal to the process group led by the process of `pidfd`. Until it is reaped, its number cannot refer to
/// another group. Errors: ESRCH if it was reaped, or leads no group.
pub fn kill_group(pidfd: BorrowedFd<'_>, pid: i32, signal: i32) -> Result<()> {
    kill(pidfd, 0)?;
    if pid <= 1 {
        return Err(Error::new(Errno::EINVAL).with_detail("that would reach every process"));
    }
    // SAFETY: kill takes two numbers.
    match unsafe { libc::kill(-pid, signal) } {
        0 => Ok(()),
        _ => Err(Error::last()),
    }
}

/// A pidfd for a pid of the caller's pid namespace; ESRCH when there is no such process.
pub fn pidfd_open(pid: i32) -> Result<OwnedFd> {
    // A negative number is not a valid pid for the kernel either, but `from_raw` asserts it.
    let pid = Some(pid).filter(|pid| *pid > 0).and_then(Pid::from_raw).ok_or(Errno::EINVAL)?;
    Ok(rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())?)
}

/// The start time of a process in clock ticks since boot (field 22 of /proc/PID/stat, proc(5)): with the boot id it
/// distinguishes a process from a later one with the same pid.
pub fn start_time(pid: i32) -> Result<u64> {
    let started = stat_fields(pid)?.get(19).and_then(|f| f.parse().ok());
    started.ok_or_else(|| Error::new(Errno::EINVAL).with_path(format!("/proc/{pid}/stat")))
}

/// The fields of /proc/PID/stat from the third, the state, on. The second is the name in parentheses and may contain
/// any characters, so they are counted from its end.
fn stat_fields(pid: i32) -> Result<Vec<String>> {
    let path = format!("/proc/{pid}/stat");
    let stat = std::fs::read(&path).at(&path)?;
    let after = stat.iter().rposition(|b| *b == b')').map_or(&stat[..], |i| &stat[i + 1..]);
    Ok(String::from_utf8_lossy(after).split_ascii_whitespace().map(str::to_owned).collect())
}
