//! newuidmap and newgidmap, the set-user-ID programs that map the ranges of a user in /etc/subuid and /etc/subgid. They
//! are run by a checked absolute path with an empty environment, and without a shell.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::errno::Errno;

use super::super::{Context, Error, Result};
use super::extent::Extent;

const INSTALL: &str = "install the package uidmap (shadow-utils on other distributions), which contains newuidmap and \
                       newgidmap";

/// The helper of this name in PATH, checked. Errors: ENOENT if there is none, EPERM if it has no privilege of its own
/// or users other than root could have written it.
pub fn find(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // A relative directory in PATH depends on the working directory.
    let mut found = std::env::split_paths(&path).filter(|dir| dir.is_absolute()).map(|dir| dir.join(name));
    let Some(program) = found.find(|path| path.is_file()) else {
        let missing = Error::new(Errno::ENOENT).with_path(name);
        return Err(missing
            .with_detail("it is not in PATH, and mapping more than the user's own id needs it")
            .with_hint(INSTALL));
    };
    let wrong = |what: &str| Error::new(Errno::EPERM).with_path(&program).with_detail(what).with_hint(INSTALL);
    let file = std::fs::metadata(&program).at(&program)?;
    if file.uid() != 0 || file.permissions().mode() & 0o022 != 0 {
        return Err(wrong("users other than root can write to this program"));
    }
    if file.permissions().mode() & 0o4000 == 0 && !has_capabilities(&program) {
        return Err(wrong("the program has neither the set-user-ID bit nor file capabilities"));
    }
    Ok(program)
}

fn has_capabilities(program: &Path) -> bool {
    rustix::fs::getxattr(program, "security.capability", &mut [0u8; 64]).is_ok()
}

/// A running helper. The two for a namespace run in parallel: each takes milliseconds.
pub struct Running<'a> {
    name: &'static str,
    program: PathBuf,
    map: &'a [Extent],
    child: Child,
}

/// Runs the helper to write a map of the process. Errors: those of `find`.
pub fn start<'a>(name: &'static str, pid: i32, map: &'a [Extent]) -> Result<Running<'a>> {
    let program = find(name)?;
    let mut command = Command::new(&program);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).arg(pid.to_string());
    for extent in map {
        command.args([extent.inside.to_string(), extent.outside.to_string(), extent.count.to_string()]);
    }
    let child = command.spawn().at(&program)?;
    Ok(Running { name, program, map, child })
}

impl Running<'_> {
    /// Waits for its end. Errors: EPERM with the helper's message.
    pub fn finish(self) -> Result<()> {
        let ended = self.child.wait_with_output().at(&self.program)?;
        if ended.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&ended.stderr);
        let said = said.trim().trim_start_matches(self.name).trim_start_matches(':').trim_start();
        let (file, option) = match self.name {
            "newuidmap" => ("/etc/subuid", "--add-subuids"),
            _ => ("/etc/subgid", "--add-subgids"),
        };
        // The user's own id needs no range.
        let wanted = self.map.iter().max_by_key(|extent| extent.count);
        let range = wanted
            .map_or_else(String::new, |e| format!("{}-{}", e.outside, u64::from(e.outside) + u64::from(e.count) - 1));
        Err(Error::new(Errno::EPERM)
            .with_path(&self.program)
            .with_detail(said)
            .with_hint(format!("{file} has no such range for this user: run usermod {option} {range} USER, as root")))
    }
}
