//! Sockets of other processes: what kind one is (pidfd_getfd(2), socket(7)).

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use rustix::process::{Pid, PidfdFlags};

use crate::sys::{Context, Error, Result};

/// A socket's family and protocol: the numbers of socket(2).
#[derive(Debug, PartialEq)]
pub struct Kind {
    /// AF_INET, AF_INET6, …
    pub family: i32,
    /// The kernel's protocol, such as IPPROTO_TCP.
    pub protocol: i32,
}

impl Kind {
    /// "inet", "inet6", "unix", or the number.
    pub fn family_name(&self) -> String {
        match self.family {
            libc::AF_UNIX => "unix".into(),
            libc::AF_INET => "inet".into(),
            libc::AF_INET6 => "inet6".into(),
            other => other.to_string(),
        }
    }

    /// "tcp" (also for multipath TCP), "udp", "icmp", "icmpv6", "sctp", or the number.
    pub fn protocol_name(&self) -> String {
        match self.protocol {
            libc::IPPROTO_TCP | libc::IPPROTO_MPTCP => "tcp".into(),
            libc::IPPROTO_UDP => "udp".into(),
            libc::IPPROTO_ICMP => "icmp".into(),
            libc::IPPROTO_ICMPV6 => "icmpv6".into(),
            libc::IPPROTO_SCTP => "sctp".into(),
            other => other.to_string(),
        }
    }
}

/// The kind of the socket behind a descriptor of a process. The descriptor is duplicated, and closed again. Errors: ESRCH,
/// EBADF, ENOTSOCK, EPERM without CAP_SYS_PTRACE over the process; EINVAL for a thread.
pub fn socket(pid: u32, number: i32) -> Result<Kind> {
    let path = || format!("/proc/{pid}/fd/{number}");
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(|| Error::new(Errno::ESRCH))?;
    let process = rustix::process::pidfd_open(pid, PidfdFlags::empty()).at(path())?;
    // SAFETY: the call takes numbers only.
    let copy = unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_fd().as_raw_fd(), number, 0) };
    if copy < 0 {
        return Err(Error::last()).at(path());
    }
    // SAFETY: the kernel has just created this descriptor, close-on-exec, and nothing else owns it.
    let socket = unsafe { OwnedFd::from_raw_fd(copy as i32) };
    Ok(Kind {
        family: option(&socket, libc::SO_DOMAIN).at(path())?,
        protocol: option(&socket, libc::SO_PROTOCOL).at(path())?,
    })
}

fn option(socket: &OwnedFd, name: i32) -> Result<i32> {
    let mut value = 0i32;
    let mut length = size_of::<i32>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes to `value`.
    let done = unsafe {
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, name, (&raw mut value).cast(), &raw mut length)
    };
    if done == 0 { Ok(value) } else { Err(Error::last()) }
}
