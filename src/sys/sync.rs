//! Waiting until data is on the disk.

use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::path::Place;
use super::{Context, Result};

const FLAGS: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// Syncs a file or directory (fsync(2)).
pub fn sync(place: Place<'_>) -> Result<()> {
    rustix::fs::fsync(place.open_with(FLAGS)?).at(place.path)
}

/// Syncs the whole file system that has this path (syncfs(2)).
pub fn sync_file_system(path: &Path) -> Result<()> {
    let file = rustix::fs::open(path, FLAGS | OFlags::CLOEXEC, Mode::empty()).at(path)?;
    rustix::fs::syncfs(file).at(path)
}
