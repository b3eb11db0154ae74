//! newuidmap and newgidmap, the setuid programs that map the ranges which /etc/subuid and /etc/subgid
//! give to a user. They are run by a checked absolute path with an empty environment, and no shell.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::errno::Errno;

use super::super::{Context, Error, Result};
use super::Extent;

const INSTALL: &str = "install the package uidmap (shadow-utils elsewhere), which has newuidmap and newgidmap";

/// The helper of this name in PATH, checked. Errors: ENOENT when there is none, EPERM when it has no
/// privilege of its own or somebody else than root could have written it.
pub fn find(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // A relative folder of PATH is where the caller happens to be.
    let mut found = std::env::split_paths(&path).filter(|dir| dir.is_absolute()).map(|dir| dir.join(name));
    let Some(program) = found.find(|path| path.is_file()) else {
        let missing = Error::new(Errno::ENOENT).with_path(name);
        return Err(missing
            .with_detail("more than the own id is mapped by it, and it is not in PATH")
            .with_hint(INSTALL));
    };
    let wrong = |what: &str| Error::new(Errno::EPERM).with_path(&program).with_detail(what).with_hint(INSTALL);
    let file = std::fs::metadata(&program).at(&program)?;
    if file.uid() != 0 || file.permissions().mode() & 0o022 != 0 {
        return Err(wrong("others than root can write to this program"));
    }
    if file.permissions().mode() & 0o4000 == 0 && !has_capabilities(&program) {
        return Err(wrong("the program has neither the setuid bit nor file capabilities"));
    }
    Ok(program)
}

fn has_capabilities(program: &Path) -> bool {
    rustix::fs::getxattr(program, "security.capability", &mut [0u8; 64]).is_ok()
}

/// Has the helper write a map of the process. Errors: those of `find`; EPERM with what the helper said.
pub fn run(name: &str, pid: i32, map: &[Extent]) -> Result<()> {
    let program = find(name)?;
    let mut command = Command::new(&program);
    command.env_clear().stdin(Stdio::null()).arg(pid.to_string());
    for extent in map {
        command.args([extent.inside.to_string(), extent.outside.to_string(), extent.count.to_string()]);
    }
    let ended = command.output().at(&program)?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let said = said.trim().trim_start_matches(name).trim_start_matches(':').trim_start().to_owned();
    let (file, option) =
        if name == "newuidmap" { ("/etc/subuid", "--add-subuids") } else { ("/etc/subgid", "--add-subgids") };
    let last = map.iter().map(|e| (e.count, e)).max_by_key(|(count, _)| *count).map(|(_, e)| e);
    let range =
        last.map_or_else(String::new, |e| format!("{}-{}", e.outside, u64::from(e.outside) + u64::from(e.count) - 1));
    Err(Error::new(Errno::EPERM)
        .with_path(&program)
        .with_detail(said)
        .with_hint(format!("{file} gives this user no such range: usermod {option} {range} USER, as root")))
}
