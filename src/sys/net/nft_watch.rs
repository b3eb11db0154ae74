//! A socket that is told when a program removes rules, chains, sets or tables of nftables: `nft flush ruleset`, for
//! example by a reload of the host's firewall, removes those of every program.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::net::RecvFlags;

use super::Netns;
use super::netlink::Netlink;
use super::nft::{DEL_CHAIN, DEL_RULE, DEL_SET, DEL_TABLE};
use crate::sys::{Error, Result, interrupt};

/// Joins the kernel's announcements in a network namespace. Errors: EPERM without CAP_NET_ADMIN over it.
pub fn open(netns: Netns<'_>) -> Result<OwnedFd> {
    const SOL_NETLINK: i32 = 270;
    const ADD_MEMBERSHIP: i32 = 1;
    const NFNLGRP_NFTABLES: u32 = 7;
    let fd = Netlink::netfilter(netns)?.numbered()?.into_fd()?;
    // Before the group: what comes first is filtered too.
    set(&fd, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program(&filter()))?;
    set(&fd, SOL_NETLINK, ADD_MEMBERSHIP, &NFNLGRP_NFTABLES)?;
    Ok(fd)
}

/// Whether something was removed since the last call. Other processes may write to the socket, so this is only a reason
/// to look.
pub fn changed(socket: BorrowedFd<'_>) -> Result<bool> {
    let mut buffer = [0; 16];
    let mut changed = false;
    loop {
        match rustix::net::recv(socket, &mut buffer[..], RecvFlags::DONTWAIT) {
            Ok(_) | Err(rustix::io::Errno::NOBUFS) => changed = true,
            Err(rustix::io::Errno::AGAIN) => return Ok(changed),
            Err(rustix::io::Errno::INTR) if !interrupt::pending() => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// Passes datagrams that begin with a removal. A datagram has messages of one transaction, in its order; those about
/// elements of sets are the most frequent ones by far, and wake nobody.
fn filter() -> Vec<libc::sock_filter> {
    const LOAD_BYTE: u16 = (libc::BPF_LD | libc::BPF_B | libc::BPF_ABS) as u16;
    const EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    // The low byte of nlmsg_type, which is in the byte order of the machine.
    let at = if cfg!(target_endian = "little") { 4 } else { 5 };
    let one = |code, jt, k| libc::sock_filter { code, jt, jf: 0, k };
    let removals = [DEL_TABLE, DEL_CHAIN, DEL_RULE, DEL_SET];
    let mut program = vec![one(LOAD_BYTE, 0, at)];
    for (place, message) in removals.into_iter().enumerate() {
        program.push(one(EQUAL, (removals.len() - place) as u8, u32::from(message)));
    }
    program.extend([one(RETURN, 0, 0), one(RETURN, 0, u32::MAX)]);
    program
}

fn program(filter: &[libc::sock_filter]) -> libc::sock_fprog {
    libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() }
}

fn set<T>(fd: &OwnedFd, level: i32, name: i32, value: &T) -> Result<()> {
    let size = size_of::<T>() as libc::socklen_t;
    // SAFETY: the kernel reads `size` bytes of `value`, which lives until the call returns, and what it points to.
    match unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, std::ptr::from_ref(value).cast(), size) } {
        0 => Ok(()),
        _ => Err(Error::last()),
    }
}
