//! Pipes, and the standard descriptors.

use std::os::fd::{BorrowedFd, OwnedFd};

use super::Result;

/// Creates a pipe, with both descriptors close-on-exec.
pub fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?)
}

/// Sets the capacity of a pipe in bytes. Errors: EPERM above the user's limit for pipes (pipe(7)).
pub fn set_pipe_size(pipe: BorrowedFd<'_>, size: usize) -> Result<()> {
    rustix::pipe::fcntl_setpipe_size(pipe, size)?;
    Ok(())
}

/// Makes `fd` this process's descriptor number `number` (0 to 2: standard input, output, error).
pub fn dup_to(fd: BorrowedFd<'_>, number: u32) -> Result<()> {
    match number {
        0 => rustix::stdio::dup2_stdin(fd)?,
        1 => rustix::stdio::dup2_stdout(fd)?,
        _ => rustix::stdio::dup2_stderr(fd)?,
    }
    Ok(())
}

/// A duplicate of standard input, output or error, close-on-exec.
pub fn standard(number: u32) -> Result<OwnedFd> {
    let fd = match number {
        0 => rustix::stdio::stdin(),
        1 => rustix::stdio::stdout(),
        _ => rustix::stdio::stderr(),
    };
    Ok(rustix::io::fcntl_dupfd_cloexec(fd, 3)?)
}
