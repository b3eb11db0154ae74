//! System calls, probed by calls that must fail: ENOSYS means that it does not exist, any other error that it does.

use std::os::fd::AsRawFd;

use serde::Serialize;

use super::kernel::Kernel;

/// The newer system calls that tinylua uses.
#[derive(Serialize)]
pub struct Calls {
    /// clone3(2), kernel 5.3.
    pub clone3: bool,
    /// CLONE_INTO_CGROUP of clone3(2), kernel 5.7.
    pub clone_into_cgroup: bool,
    /// pidfd_open(2), kernel 5.3.
    pub pidfd: bool,
    /// PIDFD_GET_INFO returns the exit status of a process that another process reaped, kernel 6.15.
    pub pidfd_exit_status: bool,
    /// openat2(2), kernel 5.6.
    pub openat2: bool,
    /// fsopen(2), open_tree(2) and move_mount(2), kernel 5.2.
    pub mount_api: bool,
    /// mount_setattr(2), kernel 5.12.
    pub mount_setattr: bool,
    /// close_range(2), kernel 5.9.
    pub close_range: bool,
}

/// Probes each.
pub fn calls(kernel: &Kernel) -> Calls {
    Calls {
        clone3: clone3(),
        clone_into_cgroup: clone_into_cgroup(),
        pidfd: pidfd().is_some(),
        pidfd_exit_status: pidfd_info() && kernel.since(6, 15),
        openat2: exists(libc::SYS_openat2, [BAD, 0, 0, 0]),
        mount_api: exists(libc::SYS_open_tree, [BAD, 0, BAD, 0]),
        mount_setattr: exists(libc::SYS_mount_setattr, [BAD, 0, 0, 0]),
        close_range: exists(libc::SYS_close_range, [BAD, 0, 0, 0]),
    }
}

/// An invalid descriptor, an unknown flag, and a range that ends before it starts.
const BAD: usize = u32::MAX as usize;

fn exists(call: libc::c_long, args: [usize; 4]) -> bool {
    // SAFETY: the arguments are deliberately invalid (null pointers, a bad descriptor, unknown flags, a size of 0), so
    // the kernel refuses them before it reads memory or changes anything.
    let result = unsafe { libc::syscall(call, args[0], args[1], args[2], args[3], 0usize) };
    result >= 0 || nix::errno::Errno::last() != nix::errno::Errno::ENOSYS
}

/// A structure of size 0 is EINVAL.
fn clone3() -> bool {
    exists(libc::SYS_clone3, [0, 0, 0, 0])
}

/// Requests a child in a cgroup with an invalid descriptor: EBADF means that the flag is known, and no child is created
/// in any case.
fn clone_into_cgroup() -> bool {
    const INTO_CGROUP: u64 = 0x2_0000_0000;
    let mut args = [0u64; 11];
    args[0] = INTO_CGROUP;
    args[4] = libc::SIGCHLD as u64;
    args[10] = i32::MAX as u64;
    // SAFETY: `args` is a struct clone_args of 88 bytes; its cgroup is not an open descriptor (the limit is far below),
    // so the kernel returns an error and never a child.
    let result = unsafe { libc::syscall(libc::SYS_clone3, args.as_mut_ptr(), size_of_val(&args)) };
    result < 0 && nix::errno::Errno::last() == nix::errno::Errno::EBADF
}

fn pidfd() -> Option<std::os::fd::OwnedFd> {
    rustix::process::pidfd_open(rustix::process::getpid(), rustix::process::PidfdFlags::empty()).ok()
}

/// The ioctl exists since kernel 6.13, and includes the exit status since 6.15.
fn pidfd_info() -> bool {
    const PIDFD_GET_INFO: libc::c_ulong = 0xc040_ff0b; // _IOWR(0xFF, 11, 64 bytes)
    let Some(fd) = pidfd() else { return false };
    let mut info = [0u64; 8];
    // SAFETY: the ioctl number encodes that it reads and writes 64 bytes, the length of `info`.
    unsafe { libc::ioctl(fd.as_raw_fd(), PIDFD_GET_INFO as _, info.as_mut_ptr()) == 0 }
}
