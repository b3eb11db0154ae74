//! Terminals: pseudoterminals of a given devpts, sizes, modes, the controlling terminal. A pty is opened by descriptor
//! only: no name that a container could have changed is used.

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::termios::Winsize;

use super::path::Place;
use super::{Context, Error, Result};

/// A pseudoterminal.
pub struct Pty {
    /// The end for the terminal emulator.
    pub master: OwnedFd,
    /// The end for programs.
    pub slave: OwnedFd,
    /// The slave's name in its devpts.
    pub number: u32,
}

/// Opens a new pty in the devpts that is mounted at `devpts`. Other file systems and mounts on top of its ptmx are
/// refused, so that a file system prepared by a container is not opened (pts(4)). Errors: ENOTTY if it is not a devpts,
/// ENOSPC if the limit of ptys is reached.
pub fn openpty(devpts: Place<'_>) -> Result<Pty> {
    let folder = devpts.open_with(OFlags::PATH | OFlags::DIRECTORY)?;
    // DEVPTS_SUPER_MAGIC (statfs(2)); the field's type depends on the architecture.
    if rustix::fs::fstatfs(&folder).at(devpts.path)?.f_type != 0x1cd1 {
        return Err(Error::new(Errno::ENOTTY).with_path(devpts.path).with_detail("it is not a devpts"));
    }
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS;
    let master = rustix::fs::openat2(&folder, "ptmx", flags, Mode::empty(), resolve).at(devpts.path)?;
    let (locked, mut number) = (0 as libc::c_int, 0 as libc::c_uint);
    // SAFETY: reads one int, which lives through the call.
    Errno::result(unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCSPTLCK, &raw const locked) })?;
    // SAFETY: writes one unsigned int, likewise.
    Errno::result(unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCGPTN, &raw mut number) })?;
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: takes flags by value and returns a new descriptor (ioctl_tty(2)).
    let slave = Errno::result(unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCGPTPEER, flags) })?;
    // SAFETY: the kernel returned this new descriptor.
    let slave = unsafe { OwnedFd::from_raw_fd(slave) };
    Ok(Pty { master, slave, number })
}

/// Makes the terminal the controlling terminal of this process's session. Errors: EPERM if the process is not the
/// session leader, or the session already has a terminal.
pub fn set_controlling_terminal(fd: BorrowedFd<'_>) -> Result<()> {
    Ok(rustix::process::ioctl_tiocsctty(fd)?)
}

/// Rows and columns of a terminal.
pub fn size(fd: BorrowedFd<'_>) -> Result<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(fd)?;
    Ok((size.ws_row, size.ws_col))
}

/// Sets rows and columns; the foreground processes get SIGWINCH if they change.
pub fn set_size(fd: BorrowedFd<'_>, rows: u16, cols: u16) -> Result<()> {
    let size = Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 };
    Ok(rustix::termios::tcsetwinsize(fd, size)?)
}

pub(super) fn attributes(fd: BorrowedFd<'_>) -> Result<libc::termios> {
    // SAFETY: a termios is plain data, for which zeros are valid.
    let mut found: libc::termios = unsafe { std::mem::zeroed() };
    // SAFETY: writes the structure, which lives through the call.
    Errno::result(unsafe { libc::tcgetattr(fd.as_raw_fd(), &raw mut found) })?;
    Ok(found)
}

fn set_attributes(fd: BorrowedFd<'_>, wanted: &libc::termios) -> Result<()> {
    // TCSADRAIN: earlier output is shown in the old mode.
    // SAFETY: reads the structure, which lives through the call.
    Errno::result(unsafe { libc::tcsetattr(fd.as_raw_fd(), libc::TCSADRAIN, wanted) })?;
    Ok(())
}

/// A terminal's mode as text: flags and control characters in hexadecimal, in the format of `stty -g`.
pub fn mode(fd: BorrowedFd<'_>) -> Result<String> {
    let found = attributes(fd)?;
    let flags = [found.c_iflag, found.c_oflag, found.c_cflag, found.c_lflag];
    let numbers = flags.into_iter().chain(found.c_cc.into_iter().map(u32::from));
    Ok(numbers.map(|n| format!("{n:x}")).collect::<Vec<_>>().join(":"))
}

/// Sets a mode returned by `mode`. Errors: EINVAL for other text.
pub fn set_mode(fd: BorrowedFd<'_>, mode: &str) -> Result<()> {
    let wrong = || Error::new(Errno::EINVAL).with_detail(format!("{mode:?} is not a terminal mode"));
    let numbers: Vec<u32> =
        mode.split(':').map(|n| u32::from_str_radix(n, 16).map_err(|_| wrong())).collect::<Result<_>>()?;
    let mut wanted = attributes(fd)?;
    let [iflag, oflag, cflag, lflag, characters @ ..] = &numbers[..] else { return Err(wrong()) };
    if characters.len() != wanted.c_cc.len() {
        return Err(wrong());
    }
    (wanted.c_iflag, wanted.c_oflag, wanted.c_cflag, wanted.c_lflag) = (*iflag, *oflag, *cflag, *lflag);
    for (place, character) in wanted.c_cc.iter_mut().zip(characters) {
        *place = u8::try_from(*character).map_err(|_| wrong())?;
    }
    set_attributes(fd, &wanted)
}

/// Sets a terminal to raw mode (cfmakeraw(3)); returns its previous mode.
pub fn make_raw(fd: BorrowedFd<'_>) -> Result<String> {
    let before = mode(fd)?;
    let mut raw = attributes(fd)?;
    // SAFETY: changes the structure only.
    unsafe { libc::cfmakeraw(&raw mut raw) };
    set_attributes(fd, &raw)?;
    Ok(before)
}

/// Disables the key that suspends the foreground processes (termios(3), VSUSP).
pub fn without_suspend(fd: BorrowedFd<'_>) -> Result<()> {
    let mut wanted = attributes(fd)?;
    wanted.c_cc[libc::VSUSP] = libc::_POSIX_VDISABLE;
    set_attributes(fd, &wanted)
}

/// Standard input, output or error, borrowed.
pub fn standard(number: u32) -> BorrowedFd<'static> {
    match number {
        0 => rustix::stdio::stdin(),
        1 => rustix::stdio::stdout(),
        _ => rustix::stdio::stderr(),
    }
}

/// Whether the environment lets a terminal show colours: no NO_COLOR, and a TERM that is not "dumb".
pub fn colours() -> bool {
    let set = |key| std::env::var_os(key).filter(|value| !value.is_empty());
    set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
}
