//! Prepares a copy-on-write folder before a container starts.

use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid, fchmod, fchown, mkdirat, unlinkat};

use super::folder::Folder;
use super::seen::{DIRECTORY, open_below, seen};
use super::walk::entries;
use super::{attributes, records};
use crate::sys::path::open_root;
use crate::sys::{Context, Result};

/// Creates what is missing in the directory `place`: `upper`, which gets the owner, mode and attributes of the folder, since
/// the container sees its own, and `work`. Without changes of an earlier run, this is the first start. An interrupted
/// `apply` is completed or undone first. `prefix`: of the overlay's attributes.
pub fn make(place: &Path, lower: &Path, prefix: &str) -> Result<()> {
    let opened = open_root(place)?;
    let below = rustix::fs::open(lower, DIRECTORY | OFlags::CLOEXEC, Mode::empty()).at(lower)?;
    for name in ["upper", "work"] {
        match mkdirat(&opened, name, Mode::RWXU) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(e) => return Err(e).at(place),
        }
    }
    let upper = open_below(&opened, b"upper", DIRECTORY).at(place)?;
    if !entries(&upper)?.is_empty() && records::read(&opened, "start")?.is_some() {
        return Folder::open(place, lower)?.recover();
    }
    let of = seen(&below)?;
    // An owner that does not exist in this user namespace cannot be set.
    let _ = fchown(&upper, Some(Uid::from_raw(of.uid)), Some(Gid::from_raw(of.gid)));
    attributes::copy(&below, upper.as_fd())?;
    fchmod(&upper, Mode::from_raw_mode(of.mode)).at(place)?;
    for old in ["base", "touched", "journal"] {
        match unlinkat(&opened, old, AtFlags::empty()) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => {}
            Err(e) => return Err(e).at(place),
        }
    }
    records::write(&opened, "start", format!("1 {prefix} {}\n", of.ino).as_bytes())
}
