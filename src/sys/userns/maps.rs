//! The maps of a user namespace: /proc/PID/uid_map and gid_map, written once each (user_namespaces(7)). Writing
//! directly is tried first: the kernel decides who may.

use std::fs::write as write_file;

use nix::errno::Errno;

use super::super::{Context, Error, Result};
use super::extent::Extent;
use super::helper;

/// Writes both maps of a process that has none yet.
pub fn write(pid: i32, uids: &[Extent], gids: &[Extent]) -> Result<()> {
    let helper =
        if direct(&pid.to_string(), "uid_map", uids)? { None } else { Some(helper::start("newuidmap", pid, uids)?) };
    let groups = write_groups(pid, gids);
    helper.map_or(Ok(()), helper::Running::finish)?;
    groups
}

/// Maps the caller's ids, as the parent saw them, to root: of a child by its pid in /proc, or of "self". A gid map is
/// refused to an unprivileged writer until setgroups is denied.
pub fn write_own(process: &str, uid: u32, gid: u32) -> Result<()> {
    let own = |id: u32| [Extent { inside: 0, outside: id, count: 1 }];
    let refused = |file: &str| Error::new(Errno::EPERM).with_path(format!("/proc/{process}/{file}"));
    if !direct(process, "uid_map", &own(uid))? {
        return Err(refused("uid_map"));
    }
    if !direct(process, "gid_map", &own(gid))? {
        deny_groups(process)?;
        if !direct(process, "gid_map", &own(gid))? {
            return Err(refused("gid_map"));
        }
    }
    Ok(())
}

fn deny_groups(process: &str) -> Result<()> {
    let path = format!("/proc/{process}/setgroups");
    write_file(&path, "deny").at(path).map_err(gone)
}

fn write_groups(pid: i32, gids: &[Extent]) -> Result<()> {
    let process = pid.to_string();
    if direct(&process, "gid_map", gids)? {
        return Ok(());
    }
    // Without privilege a process may map its own group only after denying setgroups, since supplementary groups may be
    // used to deny access (CVE-2014-8989).
    let own = nix::unistd::getegid().as_raw();
    if !matches!(gids, [one] if one.outside == own && one.count == 1) {
        return helper::start("newgidmap", pid, gids)?.finish();
    }
    deny_groups(&process)?;
    match direct(&process, "gid_map", gids)? {
        true => Ok(()),
        false => Err(Error::new(Errno::EPERM).with_path(format!("/proc/{pid}/gid_map"))),
    }
}

/// Writes a map; false if the kernel does not permit it.
fn direct(process: &str, file: &str, map: &[Extent]) -> Result<bool> {
    let path = format!("/proc/{process}/{file}");
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
