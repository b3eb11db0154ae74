//! Removing a cgroup: its directory in every hierarchy. It kills no process: a cgroup with live processes is EBUSY, and
//! only exiting processes are waited for.

use std::path::Path;

use nix::errno::Errno;

use super::super::{Context, Error, Result};
use super::wait::Deadline;
use super::{Group, below, file};

/// The time in seconds that a killed process may take to leave its cgroup: it stays a member until its memory is
/// released.
const DYING: f64 = 10.0;

impl Group {
    /// Removes the cgroup; with `recursive` also those below it. Errors: ENOENT if it does not exist, EBUSY if it has
    /// live processes, or has child cgroups and `recursive` is not set.
    pub fn remove(&self, recursive: bool) -> Result<()> {
        let homes: Vec<_> = self.homes().collect();
        if homes.is_empty() {
            return Err(self.missing());
        }
        // The base is removed first: while it has a live process, no other directory is removed.
        for (_, folder) in homes {
            if recursive {
                below(&folder)?.iter().try_for_each(|child| remove_one(child))?;
            }
            remove_one(&folder)?;
        }
        Ok(())
    }
}

fn remove_one(folder: &Path) -> Result<()> {
    let mut failure = None;
    let removed = Deadline::after(Some(DYING)).ask(|| match std::fs::remove_dir(folder).at(folder) {
        Ok(()) => Ok(true),
        Err(e) if e.errno == Errno::ENOENT => Ok(true),
        Err(e) if e.errno == Errno::EBUSY => {
            // Dead processes are no longer listed, but keep the directory busy for an instant.
            let reason = busy(folder, e)?;
            let dying = reason.is_none();
            failure = reason;
            Ok(!dying)
        }
        Err(e) => Err(e),
    })?;
    match failure {
        Some(reason) => Err(reason),
        None if removed => Ok(()),
        None => Err(Error::new(Errno::EBUSY).with_path(folder).with_detail("an exiting process is still in it")),
    }
}

/// Why the directory cannot be removed; `None` if no live process is in it.
fn busy(folder: &Path, error: Error) -> Result<Option<Error>> {
    let pids = file::pids(folder)?;
    let below = file::entries(folder)?;
    let name = |path: &std::path::PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (detail, hint) = match (pids.first(), below.first()) {
        (Some(pid), _) => (
            format!("{} processes are in it, including pid {pid}", pids.len()),
            "end them first (tiny.cgroup_kill), or remove the cgroup with { kill = true }",
        ),
        (None, Some(child)) => (
            format!("{} cgroups are below it, including {:?}", below.len(), name(child)),
            "{ recursive = true } also removes them",
        ),
        (None, None) => return Ok(None),
    };
    Ok(Some(error.with_detail(detail).with_hint(hint)))
}
