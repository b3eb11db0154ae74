//! The maps of a user namespace: /proc/PID/uid_map and gid_map, written once each (user_namespaces(7)). Writing
//! directly is tried first: the kernel decides who may.

use std::fs::write as write_file;

use nix::errno::Errno;

use super::super::{Context, Error, Result};
use super::extent::Extent;
use super::helper;

/// Writes both maps of a process that has none yet.
pub fn write(pid: i32, uids: &[Extent], gids: &[Extent]) -> Result<()> {
    let helper = if direct(pid, "uid_map", uids)? { None } else { Some(helper::start("newuidmap", pid, uids)?) };
    let groups = write_groups(pid, gids);
    helper.map_or(Ok(()), helper::Running::finish)?;
    groups
}

fn write_groups(pid: i32, gids: &[Extent]) -> Result<()> {
    if direct(pid, "gid_map", gids)? {
        return Ok(());
    }
    // Without privilege a process may map its own group only after denying setgroups, since supplementary groups may be
    // used to deny access (CVE-2014-8989).
    let own = nix::unistd::getegid().as_raw();
    if !matches!(gids, [one] if one.outside == own && one.count == 1) {
        return helper::start("newgidmap", pid, gids)?.finish();
    }
    let path = format!("/proc/{pid}/setgroups");
    write_file(&path, "deny").at(path).map_err(gone)?;
    match direct(pid, "gid_map", gids)? {
        true => Ok(()),
        false => Err(Error::new(Errno::EPERM).with_path(format!("/proc/{pid}/gid_map"))),
    }
}

/// Writes a map; false if the kernel does not permit it.
fn direct(pid: i32, file: &str, map: &[Extent]) -> Result<bool> {
    let path = format!("/proc/{pid}/{file}");
    let text: String = map.iter().map(|extent| extent.line()).collect();
    match write_file(&path, text).at(path) {
        Ok(()) => Ok(true),
        Err(e) if e.errno == Errno::EPERM => Ok(false),
        Err(e) => Err(gone(e)),
    }
}

/// The error of a path in /proc that belongs to a process that has ended.
fn gone(error: Error) -> Error {
    if error.errno == Errno::ENOENT { error.with_detail("the process in the namespace has ended") } else { error }
}
