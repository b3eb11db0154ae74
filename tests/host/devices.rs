//! The devices of a private host: nodes like the machine's, in the host's own file system. The machine's nodes are not
//! shared, since a successful attack could change their modes for everyone.

use std::fs::{create_dir, read_dir, read_link, symlink_metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, umount2};
use rustix::fs::{CWD, FileType, Mode, chmod, makedev, mknodat};

use super::Result;
use super::inside::mount_at;

/// Where it is built; /run is empty by then.
const DRAFT: &str = "/run/dev";

/// The devices that everyone may use, independent of the machine's modes.
const OPEN: [&str; 7] = ["null", "zero", "full", "random", "urandom", "tty", "ptmx"];

/// Replaces the machine's /dev with this host's own.
pub fn own() -> Result<()> {
    create_dir(DRAFT).map_err(|e| format!("{DRAFT}: {e}"))?;
    mount_at("dev", DRAFT, Some("tmpfs"), MsFlags::MS_NOSUID, "mode=755")?;
    copy(Path::new("/dev"), Path::new(DRAFT))?;
    for name in OPEN {
        chmod(format!("{DRAFT}/{name}"), Mode::from_raw_mode(0o666)).map_err(|e| format!("{name}: {e}"))?;
    }
    // Including the mounts below it; if it is not a mount point there is nothing to unmount.
    let _ = umount2("/dev", MntFlags::MNT_DETACH);
    mount_at(DRAFT, "/dev", None, MsFlags::MS_MOVE, "")?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    mount_at("devpts", "/dev/pts", Some("devpts"), flags, "newinstance,mode=620,ptmxmode=666")?;
    mount_at("shm", "/dev/shm", Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, "mode=1777")?;
    std::fs::remove_dir(DRAFT).map_err(|e| format!("{DRAFT}: {e}"))
}

/// Creates the nodes, links and directories of one directory in another, without mounts below it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let device = symlink_metadata(from).map(|m| m.dev()).unwrap_or_default();
    for entry in read_dir(from).into_iter().flatten().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let Ok(found) = symlink_metadata(&path) else { continue };
        let kind = found.file_type();
        let made = if kind.is_dir() {
            create_dir(&target).map_err(|e| e.to_string())
        } else if kind.is_symlink() {
            read_link(&path).and_then(|link| symlink(link, &target)).map_err(|e| e.to_string())
        } else if kind.is_char_device() || kind.is_block_device() {
            let kind = if kind.is_char_device() { FileType::CharacterDevice } else { FileType::BlockDevice };
            let number = makedev(rustix::fs::major(found.rdev()), rustix::fs::minor(found.rdev()));
            mknodat(CWD, &target, kind, Mode::from_raw_mode(found.mode()), number).map_err(|e| e.to_string())
        } else {
            Ok(())
        };
        made.map_err(|e| format!("{}: {e}", target.display()))?;
        if found.is_dir() && found.dev() == device {
            copy(&path, &target)?;
        }
    }
    Ok(())
}
