//! The open descriptor of a handle passed as an argument.

use std::os::fd::BorrowedFd;

use mlua::{AnyUserData, Table, Value};

use super::Fail;
use crate::sys;
use crate::vm::handle::Fd;

/// A handle's open descriptor, borrowed for the duration of a call.
pub struct FdRef(AnyUserData);

impl FdRef {
    /// The descriptor in a handle table.
    pub fn of(table: &Table) -> Result<FdRef, Fail> {
        let kind: String = table.raw_get("kind").unwrap_or_default();
        match table.raw_get::<Value>("fd")? {
            Value::UserData(fd) if fd.borrow::<Fd>().is_ok_and(|f| f.0.is_some()) => Ok(FdRef(fd)),
            _ => Err(Fail::Usage(format!("the {kind} handle is closed"))),
        }
    }

    /// Keeps the descriptor borrowed as long as the result lives.
    pub fn hold(&self) -> Result<mlua::UserDataRef<Fd>, Fail> {
        Ok(self.0.borrow::<Fd>()?)
    }

    /// A duplicate of the descriptor, close-on-exec.
    pub fn dup(&self) -> Result<std::os::fd::OwnedFd, Fail> {
        Ok(self.with(|fd| fd.try_clone_to_owned())?.map_err(sys::Error::from)?)
    }

    /// Takes the descriptor: the handle is closed afterwards.
    pub fn take(&self) -> Result<std::os::fd::OwnedFd, Fail> {
        self.0.borrow_mut::<Fd>()?.0.take().ok_or_else(|| Fail::Usage("the handle is closed".into()))
    }

    /// Runs `f` with the descriptor.
    pub fn with<R>(&self, f: impl FnOnce(BorrowedFd<'_>) -> R) -> Result<R, Fail> {
        let fd = self.0.borrow::<Fd>()?;
        match &fd.0 {
            Some(owned) => Ok(f(std::os::fd::AsFd::as_fd(owned))),
            None => Err(Fail::Usage("the handle is closed".into())),
        }
    }
}
