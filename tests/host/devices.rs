//! The devices of a private host: nodes like the machine's, in a file system of the host's own. The mode of a node
//! is the machine's otherwise, and an attack that succeeds would change it for everybody.

use std::fs::{create_dir, read_dir, read_link, symlink_metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, umount2};
use rustix::fs::{CWD, FileType, Mode, chmod, makedev, mknodat};

use super::Result;
use super::inside::mount_at;

/// Where it is filled; /run is empty by then.
const DRAFT: &str = "/run/dev";

/// What everybody may use, whatever has become of the machine's.
const OPEN: [&str; 7] = ["null", "zero", "full", "random", "urandom", "tty", "ptmx"];

/// Puts a /dev of this host's own in the place of the machine's.
pub fn own() -> Result<()> {
    create_dir(DRAFT).map_err(|e| format!("{DRAFT}: {e}"))?;
    mount_at("dev", DRAFT, Some("tmpfs"), MsFlags::MS_NOSUID, "mode=755")?;
    copy(Path::new("/dev"), Path::new(DRAFT))?;
    for name in OPEN {
        chmod(format!("{DRAFT}/{name}"), Mode::from_raw_mode(0o666)).map_err(|e| format!("{name}: {e}"))?;
    }
    // With what is mounted below it; where it is no mount point there is nothing to take away.
    let _ = umount2("/dev", MntFlags::MNT_DETACH);
    mount_at(DRAFT, "/dev", None, MsFlags::MS_MOVE, "")?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    mount_at("devpts", "/dev/pts", Some("devpts"), flags, "newinstance,mode=620,ptmxmode=666")?;
    mount_at("shm", "/dev/shm", Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, "mode=1777")?;
    std::fs::remove_dir(DRAFT).map_err(|e| format!("{DRAFT}: {e}"))
}

/// Makes the nodes, links and folders of one folder in another; what is mounted below it stays out.
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
