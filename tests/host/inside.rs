//! PID 1 of a private host: enters its cgroups and namespaces, sets up its mounts, runs the
//! program and reaps orphans. The machine's files are visible unchanged, except that /tmp, /run and
//! /var/lib are empty, /dev has its own nodes, and /sys and /proc show only this host.

use std::ffi::OsString;
use std::fs::create_dir_all;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::{WaitStatus, wait};
use rustix::fs::CWD;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use super::cgroups::Cgroups;
use super::{PROGRAM, REPOSITORY, Result, devices, keeper};

/// The argument that starts this part.
pub const PART: &str = "--private-init";

/// The directories that are empty in a private host, with their modes.
const EMPTY: [(&str, &str); 3] = [("/tmp", "mode=1777"), ("/run", "mode=755"), ("/var/lib", "mode=755")];

/// Makes this process PID 1 of the host `argv[0]` and runs `argv[1..]` in it.
pub fn main(argv: &[OsString]) -> ExitCode {
    let (Some(name), Some(program)) = (argv.first().and_then(|n| n.to_str()), argv.get(1..)) else {
        return keeper::failed("a name and a program are needed");
    };
    match settle(name).and_then(|()| run(program)) {
        Ok(status) => ExitCode::from(status),
        Err(e) => keeper::failed(&e),
    }
}

fn settle(name: &str) -> Result<()> {
    // When the keeper ends for any reason, everything in here is killed.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).map_err(|e| e.to_string())?;
    let cgroups = Cgroups::of(name)?;
    cgroups.enter()?;
    let kinds = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWCGROUP;
    unshare(kinds).map_err(|e| format!("unshare: {e}"))?;
    lay_out()?;
    cgroups.mount()?;
    loopback_up()?;
    default_settings()?;
    nix::unistd::sethostname("private").map_err(|e| format!("sethostname: {e}"))?;
    std::env::set_current_dir("/tmp").map_err(|e| format!("/tmp: {e}"))
}

fn lay_out() -> Result<()> {
    mount_at("none", "/", None, MsFlags::MS_REC | MsFlags::MS_PRIVATE, "")?;
    let binary = Path::new(PROGRAM).parent().unwrap_or(Path::new("/"));
    let kept = [Path::new(REPOSITORY), binary].map(|path| (path, hold(path)));
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    for (path, mode) in EMPTY {
        mount_at("tmpfs", path, Some("tmpfs"), flags, mode)?;
    }
    for (path, tree) in kept {
        // The repository may be below one of the directories that are now empty.
        if !path.exists() {
            create_dir_all(path).map_err(|e| format!("{}: {e}", path.display()))?;
            move_mount(tree?, "", CWD, path, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
                .map_err(|e| format!("{}: {e}", path.display()))?;
        }
    }
    create_dir_all("/var/lib/tinylua").map_err(|e| format!("/var/lib/tinylua: {e}"))?;
    devices::own()?;
    for (kind, path) in [("proc", "/proc"), ("sysfs", "/sys")] {
        // The machine's own is unmounted, with everything below it: its cgroup mounts would remain visible.
        umount2(path, MntFlags::MNT_DETACH).map_err(|e| format!("detaching {path}: {e}"))?;
        mount_at(kind, path, Some(kind), flags | MsFlags::MS_NOEXEC, "")?;
    }
    Ok(())
}

/// A new network namespace has the settings that the machine's own has at this moment, such as forwarding for a container.
fn default_settings() -> Result<()> {
    for name in ["ipv4/ip_forward", "ipv6/conf/all/forwarding"] {
        let path = format!("/proc/sys/net/{name}");
        match std::fs::write(&path, "0") {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(format!("{path}: {e}")),
            _ => {}
        }
    }
    Ok(())
}

/// A detached copy of the mounts at `path`, to be attached after something is mounted over it.
fn hold(path: &Path) -> Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    open_tree(CWD, path, flags).map_err(|e| format!("{}: {e}", path.display()))
}

/// mount(2) with an error that includes the target.
pub fn mount_at(source: &str, target: &str, kind: Option<&str>, flags: MsFlags, data: &str) -> Result<()> {
    mount(Some(source), target, kind, flags, Some(data)).map_err(|e| format!("mounting {source} at {target}: {e}"))
}

/// Sets the loopback link up (netdevice(7)).
fn loopback_up() -> Result<()> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").map_err(|e| format!("a socket: {e}"))?;
    // SAFETY: ifreq is plain data, for which zeros are valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name[..2].copy_from_slice(&[b'l' as libc::c_char, b'o' as libc::c_char]);
    request.ifr_ifru.ifru_flags = libc::IFF_UP as libc::c_short;
    // SAFETY: SIOCSIFFLAGS reads the name and the flags of this ifreq, both set above.
    match unsafe { libc::ioctl(std::os::fd::AsRawFd::as_raw_fd(&socket), libc::SIOCSIFFLAGS, &request) } {
        0 => Ok(()),
        _ => Err(format!("setting lo up: {}", Errno::last())),
    }
}

/// Runs the program and, as PID 1, reaps orphans that end meanwhile.
fn run(program: &[OsString]) -> Result<u8> {
    let Some((file, args)) = program.split_first() else { return Err("no program is named".into()) };
    // The inherited null device is the machine's.
    let mut command = Command::new(file);
    let child =
        command.args(args).stdin(Stdio::null()).spawn().map_err(|e| format!("{}: {e}", file.to_string_lossy()))?;
    loop {
        match wait() {
            Ok(WaitStatus::Exited(pid, status)) if pid.as_raw() as u32 == child.id() => return Ok(status as u8),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid.as_raw() as u32 == child.id() => {
                return Ok(128 + signal as u8);
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(e) => return Err(format!("wait: {e}")),
        }
    }
}
