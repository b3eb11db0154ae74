//! System call filters (seccomp(2)): profiles in Docker's format, compiled to BPF and loaded. No pure Rust crate
//! supports the whole format: seccompiler knows two actions per filter and no names, libseccomp is C.

mod action;
mod bpf;
mod calls;
mod compile;
pub mod flag;
pub mod notify;
mod places;
mod profile;
mod widths;

use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

use super::{Context, Error, Result};
pub use action::Actions;
pub use profile::{Profile, Subject, architectures, kernel, operators};

/// Compiles a profile into a filter, a sequence of the kernel's struct sock_filter. The error is a message for the
/// user.
pub fn compile(profile: &Profile) -> std::result::Result<Vec<u8>, String> {
    Ok(compile::compile(profile)?.into_iter().flat_map(bpf::Insn::bytes).collect())
}

/// Why these bytes are not a filter; `None` for a possible one.
pub fn wrong(filter: &[u8]) -> Option<String> {
    let most = bpf::SIZE * bpf::MOST;
    match filter.len() {
        0 => Some("the filter is empty".into()),
        length if length % bpf::SIZE != 0 || length > most => {
            Some(format!("{length} bytes are not a filter: an instruction has 8 bytes, and a filter at most {most}"))
        }
        _ => None,
    }
}

/// Installs a filter on this process permanently; returns the listener if the filter has calls to be answered. With
/// `carrier`, a socket, the listener is sent to its peer instead. This uses sendmsg, before this process makes any
/// other call that might already wait for an answer. Errors: EACCES without no_new_privs and CAP_SYS_ADMIN, EINVAL for
/// an invalid program or a flag that this kernel does not have, EBUSY for a second filter with a listener, ESRCH for a
/// thread that cannot get the filter.
pub fn load(filter: &[u8], flags: u64, carrier: Option<BorrowedFd<'_>>) -> Result<Option<OwnedFd>> {
    // Copied to memory with the alignment of the kernel's type.
    let mut instructions: Vec<u64> = filter
        .chunks_exact(bpf::SIZE)
        .map(|bytes| u64::from_ne_bytes(bytes.try_into().expect("as long as an instruction")))
        .collect();
    let program = libc::sock_fprog {
        len: u16::try_from(instructions.len()).map_err(|_| Errno::EINVAL)?,
        filter: instructions.as_mut_ptr().cast(),
    };
    let synchronizes = flags & flag::TSYNC != 0;
    // A thread that cannot get the filter is then an error, and no number that looks like a descriptor (kernel 5.7).
    let flags = if synchronizes { flags | libc::SECCOMP_FILTER_FLAG_TSYNC_ESRCH } else { flags };
    if !waits(filter) {
        set_filter(flags, &program)?;
        return Ok(None);
    }
    // A signal then waits for the answer instead of restarting the call (kernel 5.19).
    let flags = flags | libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    let fd = match set_filter(flags | flag::WAIT_KILLABLE, &program) {
        Err(e) if e.errno == Errno::EINVAL && flags & flag::WAIT_KILLABLE == 0 => set_filter(flags, &program)?,
        fd => fd?,
    };
    // SAFETY: the kernel returned this new descriptor, which is close-on-exec.
    let listener = unsafe { OwnedFd::from_raw_fd(fd) };
    let Some(carrier) = carrier else { return Ok(Some(listener)) };
    // Nothing is allocated or freed before it is sent, since allocation uses system calls too.
    super::socket::send_fds(carrier, &[listener.as_fd()], b"\0").detail("sending the listener")?;
    Ok(None)
}

/// Whether a filter has calls to be answered.
pub fn waits(filter: &[u8]) -> bool {
    bpf::returns(filter, action::NOTIFY)
}

fn set_filter(flags: libc::c_ulong, program: &libc::sock_fprog) -> Result<i32> {
    // SAFETY: the program and its instructions live through the call, and their number is passed.
    let fd = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const *program) };
    i32::try_from(fd).ok().filter(|fd| *fd >= 0).ok_or_else(Error::last)
}
