//! Control files: whole reads, one write per value, and the path in every error.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::super::{Context, Result};

/// Reads a control file.
pub fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).at(path)
}

/// Reads a control file that this kernel or this cgroup may lack.
pub fn read_if_there(path: &Path) -> Result<Option<String>> {
    match read(path) {
        Err(e) if e.code() == "ENOENT" => Ok(None),
        text => text.map(Some),
    }
}

/// Writes a value in one system call, as control files require, and never creates a file.
pub fn write(path: &Path, value: &str) -> Result<()> {
    let mut file = OpenOptions::new().write(true).open(path).at(path)?;
    file.write_all(value.as_bytes()).at(path)
}

/// A number; `None` for a missing file and for "max".
pub fn number(path: &Path) -> Result<Option<u64>> {
    Ok(read_if_there(path)?.and_then(|text| text.trim().parse().ok()))
}

/// The number of a key in a file of `key value` lines.
pub fn keyed(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    line.and_then(|value| value.trim().parse().ok())
}

/// The pids in a cgroup.procs file; 0 means a process outside the reader's pid namespace.
pub fn pids(folder: &Path) -> Result<Vec<i32>> {
    let text = read(&folder.join("cgroup.procs"))?;
    Ok(text.lines().filter_map(|line| line.parse().ok()).collect())
}

/// The child cgroups of a directory.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).at(folder)? {
        let entry = entry.at(folder)?;
        if entry.file_type().at(folder)?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}
