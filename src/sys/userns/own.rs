//! The default maps of a new user namespace: the caller's user and group are root in it. A child waits at a gate until its
//! parent, which may have privileges over the ids, has written the maps.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getegid, geteuid, getpid};
use rustix::pipe::{PipeFlags, pipe_with};

use super::super::{Context, Result, credentials, namespace};
use super::{explained, maps};

const MAPPING: &str = "mapping the caller's ids";
const NEWUSER: u64 = libc::CLONE_NEWUSER as u64;

/// Where a child in a new user namespace waits for its maps.
pub struct Gate {
    waits: OwnedFd,
    opens: OwnedFd,
    uid: u32,
    gid: u32,
}

/// Sent by the parent: the maps are written.
const MAPPED: u8 = 1;
/// Sent by the parent: the child shall write them, since the parent cannot find or change its files in /proc.
const YOURS: u8 = 2;

impl Gate {
    /// Before the clone: a gate if these flags create a user namespace.
    pub fn of(new: u64) -> Result<Option<Gate>> {
        if new & NEWUSER == 0 {
            return Ok(None);
        }
        let (waits, opens) = pipe_with(PipeFlags::CLOEXEC)?;
        Ok(Some(Gate { waits, opens, uid: geteuid().as_raw(), gid: getegid().as_raw() }))
    }

    /// In the parent: maps the caller's ids in the child. If that fails, the child ends and is reaped.
    pub fn open(self, pid: i32) -> Result<()> {
        let opened = self.map(pid);
        drop(self);
        opened.inspect_err(|_| while waitpid(Pid::from_raw(pid), None) == Err(Errno::EINTR) {})
    }

    fn map(&self, pid: i32) -> Result<()> {
        let written = match proc_shows_us() {
            true => maps::write_own(&pid.to_string(), self.uid, self.gid),
            false => Err(Errno::EACCES.into()),
        };
        let answer = match written {
            Ok(()) => MAPPED,
            // The files of an undumpable process belong to root.
            Err(e) if e.errno == Errno::EACCES => YOURS,
            Err(e) => return Err(explained(e.with_detail(MAPPING))),
        };
        // A child that was killed meanwhile reports its end itself.
        let _ = rustix::io::write(&self.opens, &[answer]);
        Ok(())
    }

    /// In the child: waits for the maps; false if the parent could not write them, and reports it.
    pub fn pass(self) -> Result<bool> {
        drop(self.opens);
        let mut answer = [0];
        loop {
            match rustix::io::read(&self.waits, &mut answer) {
                Err(rustix::io::Errno::INTR) => {}
                Ok(1) => break,
                _ => return Ok(false),
            }
        }
        if answer[0] == YOURS {
            write_self(self.uid, self.gid)?;
        }
        Ok(true)
    }
}

/// Whether /proc belongs to the caller's pid namespace, so that a child's pid names the child there.
fn proc_shows_us() -> bool {
    std::fs::read_link("/proc/self").is_ok_and(|pid| pid.as_os_str() == getpid().to_string().as_str())
}

/// unshare(2); in a new user namespace, maps the caller's ids. The process has left the namespace in which it may have had
/// privileges, so setgroups is denied.
pub fn unshare(flags: u64) -> Result<()> {
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    if flags & NEWUSER == 0 {
        return namespace::unshare(flags);
    }
    namespace::unshare(flags).map_err(explained)?;
    write_self(uid, gid)
}

fn write_self(uid: u32, gid: u32) -> Result<()> {
    let before = credentials::dumpable()?;
    credentials::set_dumpable(true)?;
    let written = maps::write_own("self", uid, gid).detail(MAPPING).map_err(explained);
    credentials::set_dumpable(before)?;
    written
}
