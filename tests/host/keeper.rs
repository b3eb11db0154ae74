//! The keeper of a private host: stays on the machine, creates the host's cgroups, starts its PID 1
//! in a new pid namespace, kills it after a timeout, and removes the cgroups. All processes of the
//! test die with that PID 1 (pid_namespaces(7)).

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitCode};
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::cgroups::Cgroups;
use super::{Result, inside};

/// The argument that starts this part.
pub const PART: &str = "--private-host";

/// The environment variable with the timeout of a test in seconds.
pub const TIMEOUT: &str = "TINYLUA_TEST_TIMEOUT";
const SECONDS: u64 = 180;

/// Keeps the host `argv[0]`, in which the program `argv[1..]` runs; returns that program's status.
pub fn main(argv: &[OsString]) -> ExitCode {
    let (Some(name), Some(program)) = (argv.first().and_then(|n| n.to_str()), argv.get(1..)) else {
        return failed("a name and a program are needed");
    };
    let cgroups = match Cgroups::make(name) {
        Ok(cgroups) => cgroups,
        Err(e) => return failed(&e),
    };
    let ended = keep(name, program);
    let removed = cgroups.remove();
    match (ended, removed) {
        (Ok(status), Ok(())) => ExitCode::from(status),
        (Err(e), _) | (_, Err(e)) => failed(&e),
    }
}

fn keep(name: &str, program: &[OsString]) -> Result<u8> {
    unshare(CloneFlags::CLONE_NEWPID).map_err(|e| format!("unshare(CLONE_NEWPID): {e}"))?;
    let myself = std::env::current_exe().map_err(|e| format!("finding the test binary: {e}"))?;
    let mut init =
        Command::new(myself).args([inside::PART, name]).args(program).spawn().map_err(|e| format!("PID 1: {e}"))?;
    let over = wait_for(&init)?;
    if over {
        let _ = init.kill();
    }
    let status = init.wait().map_err(|e| format!("waiting for PID 1: {e}"))?;
    if over {
        return Err(format!("timed out after {} s: killed", seconds()));
    }
    Ok(status.code().or(status.signal().map(|s| 128 + s)).unwrap_or(255) as u8)
}

/// Waits for the end of PID 1; true on timeout.
fn wait_for(init: &Child) -> Result<bool> {
    let pid = Pid::from_raw(init.id() as i32).ok_or("PID 1 has no pid")?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).map_err(|e| format!("pidfd_open: {e}"))?;
    let limit = Timespec::try_from(Duration::from_secs(seconds())).map_err(|e| e.to_string())?;
    let ready = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&limit)).map_err(|e| format!("poll: {e}"))?;
    Ok(ready == 0)
}

fn seconds() -> u64 {
    std::env::var(TIMEOUT).ok().and_then(|text| text.parse().ok()).unwrap_or(SECONDS)
}

/// Reports why there is no private host.
pub fn failed(why: &str) -> ExitCode {
    eprintln!("private host: {why}");
    ExitCode::from(125)
}
