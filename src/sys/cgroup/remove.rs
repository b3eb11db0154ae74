//! Removing a group: its folder in every hierarchy. Kills nobody: a group with living processes is
//! EBUSY, and only what is dying already is waited for.

use std::path::Path;

use nix::errno::Errno;

use super::super::{Context, Error, Result};
use super::wait::Deadline;
use super::{Group, below, file};

/// How long a killed process may take to leave its group, in seconds: it holds its place until its
/// memory is given back.
const DYING: f64 = 10.0;

impl Group {
    /// Removes the group; with `recursive` also those below it. Errors: ENOENT when there is none,
    /// EBUSY with living processes in it, or with groups below it that `recursive` would take.
    pub fn remove(&self, recursive: bool) -> Result<()> {
        let homes: Vec<_> = self.homes().collect();
        if homes.is_empty() {
            return Err(self.missing());
        }
        // The base comes first: while a process lives in the group, nothing of it goes.
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
            // Dead processes are no longer listed, but hold the folder for an instant.
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
        None => Err(Error::new(Errno::EBUSY).with_path(folder).with_detail("a dying process still holds it")),
    }
}

/// Why the folder cannot go; `None` when nothing that lives holds it.
fn busy(folder: &Path, error: Error) -> Result<Option<Error>> {
    let pids = file::pids(folder)?;
    let below = file::entries(folder)?;
    let name = |path: &std::path::PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (detail, hint) = match (pids.first(), below.first()) {
        (Some(pid), _) => (
            format!("{} processes are in it, pid {pid} among them", pids.len()),
            "end them first (tiny.cgroup_kill), or remove the group with { kill = true }",
        ),
        (None, Some(child)) => (
            format!("{} groups are below it, {:?} among them", below.len(), name(child)),
            "{ recursive = true } removes them too",
        ),
        (None, None) => return Ok(None),
    };
    Ok(Some(error.with_detail(detail).with_hint(hint)))
}
