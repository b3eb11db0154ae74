//! Path arguments of the primitives, and the option `root` below which they are resolved.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use mlua::{UserDataRef, Value};

use crate::sys::access::Access;
use crate::sys::path::{self, Place};
use crate::vm::call::{Call, Fail, FdRef};
use crate::vm::handle::Fd;
use crate::vm::registry::{Opt, Type, opt};

pub(super) const ROOT_TYPE: Type = Type::Either(&[Type::Handle("dir"), Type::Path]);

pub(super) const ROOT: Opt =
    opt("root", ROOT_TYPE, "the caller's root", "resolve the path below this directory; links cannot lead out of it");

/// A directory below which paths are resolved, kept open until the call ends.
pub(super) enum Root {
    /// The caller's own root.
    Caller,
    /// The directory of a handle, borrowed: it cannot be closed during the call.
    Handle(UserDataRef<Fd>),
    /// The directory of a path, opened for this call.
    Opened(OwnedFd),
}

impl Root {
    /// The root given by a value: a handle, a path, or nil.
    pub fn of(value: &Value) -> Result<Root, Fail> {
        match value {
            Value::Table(table) => Ok(Root::Handle(FdRef::of(table)?.hold()?)),
            Value::String(path) => Ok(Root::Opened(path::open_root(OsStr::from_bytes(&path.as_bytes()).as_ref())?)),
            _ => Ok(Root::Caller),
        }
    }

    /// Its descriptor; the caller's own root has none.
    pub fn fd(&self) -> Result<Option<BorrowedFd<'_>>, Fail> {
        match self {
            Root::Caller => Ok(None),
            Root::Handle(fd) => fd.get().map(Some).ok_or_else(|| Fail::Usage("the dir handle is closed".into())),
            Root::Opened(fd) => Ok(Some(fd.as_fd())),
        }
    }

    /// The place of a path below it.
    pub fn place<'a>(&'a self, path: &'a Path) -> Result<Place<'a>, Fail> {
        Ok(Place { root: self.fd()?, path })
    }
}

/// The option `root` of a call.
pub(super) fn root(call: &Call<'_>) -> Result<Root, Fail> {
    Root::of(&call.value("root"))
}

/// The options `access_as` and `keep_groups` of a call.
pub(super) fn access(call: &Call<'_>) -> Result<Option<Access>, Fail> {
    let id: Option<u32> = call.opt("access_as")?;
    if id == Some(u32::MAX) {
        return Err(Fail::Usage("access_as: 4294967295 is not a valid user id".into()));
    }
    Ok(id.map(|id| Access { id, groups: call.flag("keep_groups") }))
}
