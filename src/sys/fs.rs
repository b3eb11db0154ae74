//! Files for the state store and for output.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use super::Result;

/// A duplicate of standard error that a program never inherits.
pub fn duplicate_stderr() -> Result<Arc<OwnedFd>> {
    Ok(Arc::new(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 100)?))
}

/// Writes to a shared descriptor, without a buffer: what was written survives a SIGKILL.
pub struct FdWriter(Arc<OwnedFd>);

impl FdWriter {
    /// A writer on `fd`.
    pub fn new(fd: Arc<OwnedFd>) -> FdWriter {
        FdWriter(fd)
    }
}

impl std::io::Write for FdWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(rustix::io::write(self.0.as_fd(), bytes)?)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
