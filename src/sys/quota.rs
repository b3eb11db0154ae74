//! The space of file systems, and project quotas (quotactl(2), ioctl_xfs_fsgetxattr(2)): a limit for all files of a project, whoever owns them. New files in a
//! directory belong to its project.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use rustix::fs::{Mode, OFlags};

use super::{Context, Error, Result};

/// The space of a file system, in bytes.
pub struct Space {
    /// All of it.
    pub size: u64,
    /// What is not in use.
    pub free: u64,
    /// What users other than root may use of it.
    pub available: u64,
}

/// The space of the file system that has this path (statvfs(3)).
pub fn space(path: &Path) -> Result<Space> {
    let found = rustix::fs::statvfs(path).at(path)?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize).min(i64::MAX as u64);
    Ok(Space { size: bytes(found.f_blocks), free: bytes(found.f_bfree), available: bytes(found.f_bavail) })
}

/// Kernel structures (linux/fs.h, linux/quota.h and linux/dqblk_xfs.h).
#[repr(C)]
#[derive(Default)]
struct FsXattr {
    flags: u32,
    extent_size: u32,
    extents: u32,
    project: u32,
    cow_extent_size: u32,
    pad: [u8; 8],
}

#[repr(C)]
#[derive(Default)]
struct Dqblk {
    block_hard: u64,
    block_soft: u64,
    bytes: u64,
    inode_hard: u64,
    inode_soft: u64,
    inodes: u64,
    block_time: u64,
    inode_time: u64,
    valid: u32,
}

#[repr(C)]
#[derive(Default)]
struct State {
    version: i8,
    pad: u8,
    flags: u16,
    rest: [[u32; 13]; 3],
}

const FS_IOC_FSGETXATTR: libc::Ioctl = 0x801c_581f_u32 as libc::Ioctl;
const FS_IOC_FSSETXATTR: libc::Ioctl = 0x401c_5820;
/// New files of the directory belong to its project.
const INHERIT: u32 = 0x200;
const PROJECT: u32 = 2;
const Q_XGETQSTATV: u32 = 0x5808;
const Q_GETQUOTA: u32 = 0x0080_0007;
const Q_SETQUOTA: u32 = 0x0080_0008;
/// Limits of projects are enforced, and not only counted.
const ENFORCED: u16 = 1 << 5;
/// Which fields of `Dqblk` are set: the limits of blocks.
const LIMITS: u32 = 1;
/// Limits are counted in these units.
const UNIT: u64 = 1024;

/// The project of a directory, its limit and its use.
#[derive(Debug)]
pub struct Quota {
    /// The project; 0 if none was set.
    pub project: u32,
    /// The most bytes; 0 without a limit.
    pub limit: u64,
    /// The bytes in use.
    pub used: u64,
}

/// A directory on a file system that enforces project quotas. Errors: EOPNOTSUPP for others.
pub struct Directory(OwnedFd);

fn ioctl(fd: &OwnedFd, request: libc::Ioctl, data: &mut FsXattr) -> Result<()> {
    // SAFETY: both requests take a `struct fsxattr`, which lives during the call.
    Errno::result(unsafe { libc::ioctl(fd.as_raw_fd(), request, &raw mut *data) })?;
    Ok(())
}

impl Directory {
    /// Opens one.
    pub fn open(path: &Path) -> Result<Directory> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = Directory(rustix::fs::open(path, flags, Mode::empty()).at(path)?);
        fd.check().at(path)?;
        Ok(fd)
    }

    /// Calls quotactl_fd(2).
    // SAFETY: the caller passes the structure that the command takes.
    unsafe fn control<T>(&self, command: u32, project: u32, data: &mut T) -> Result<()> {
        let command = (command << 8) | PROJECT;
        // SAFETY: the caller's; it lives during the call.
        let result =
            unsafe { libc::syscall(libc::SYS_quotactl_fd, self.0.as_raw_fd(), command, project, &raw mut *data) };
        Errno::result(result)?;
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let mut state = State { version: 1, ..State::default() };
        // SAFETY: Q_XGETQSTATV takes a `struct fs_quota_statv`.
        let read = unsafe { self.control(Q_XGETQSTATV, 0, &mut state) };
        let why = match read {
            Ok(()) if state.flags & ENFORCED != 0 => return Ok(()),
            Err(e) if e.errno == Errno::EPERM => return Err(e),
            Err(e) if e.errno == Errno::ENOSYS && !known() => "the kernel has no quotactl_fd (Linux 5.14)",
            _ => "its file system enforces no project quotas",
        };
        Err(Error::new(Errno::EOPNOTSUPP).with_detail(why).with_hint(
            "put it on XFS mounted with -o prjquota, or on ext4 with `tune2fs -O quota,project` and -o prjquota",
        ))
    }

    /// The quota of this project, or of the directory's.
    pub fn quota(&self, project: Option<u32>) -> Result<Quota> {
        let mut own = FsXattr::default();
        ioctl(&self.0, FS_IOC_FSGETXATTR, &mut own)?;
        let project = project.unwrap_or(own.project);
        let mut found = Dqblk::default();
        // SAFETY: Q_GETQUOTA takes a `struct if_dqblk`.
        match unsafe { self.control(Q_GETQUOTA, project, &mut found) } {
            // XFS has no record of it.
            Err(e) if matches!(e.errno, Errno::ENOENT | Errno::ESRCH) => {}
            read => read?,
        }
        Ok(Quota { project, limit: found.block_hard.saturating_mul(UNIT), used: found.bytes })
    }

    /// Sets the most bytes of a project; 0 removes the limit.
    pub fn limit(&self, project: u32, bytes: u64) -> Result<()> {
        let blocks = bytes.div_ceil(UNIT);
        let mut quota = Dqblk { block_hard: blocks, block_soft: blocks, valid: LIMITS, ..Dqblk::default() };
        // SAFETY: Q_SETQUOTA takes a `struct if_dqblk`.
        unsafe { self.control(Q_SETQUOTA, project, &mut quota) }
    }

    /// Gives the directory and its future files to a project; those that it has already stay where they are.
    pub fn set_project(&self, project: u32) -> Result<()> {
        let mut own = FsXattr::default();
        ioctl(&self.0, FS_IOC_FSGETXATTR, &mut own)?;
        own.project = project;
        own.flags |= INHERIT;
        ioctl(&self.0, FS_IOC_FSSETXATTR, &mut own)
    }
}

/// Whether the kernel has quotactl_fd(2): it refuses this descriptor.
fn known() -> bool {
    // SAFETY: no memory is passed.
    let result = unsafe { libc::syscall(libc::SYS_quotactl_fd, -1, Q_GETQUOTA << 8 | PROJECT, 0, 0usize) };
    result == -1 && Errno::last() == Errno::EBADF
}
