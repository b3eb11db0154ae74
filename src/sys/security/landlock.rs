//! Landlock: restrictions of the calling process by file, port and scope (landlock(7)). Uses system calls directly,
//! since the crate does not report in detail what a kernel lacks.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

use super::super::{Context, Error, Result};

/// A Landlock feature: its name, its bit, and the ABI version that introduced it.
pub struct Part {
    /// The kernel's name in lower case.
    pub name: &'static str,
    bit: u64,
    since: u64,
}

const fn part(name: &'static str, bit: u32, since: u64) -> Part {
    Part { name, bit: 1 << bit, since }
}

/// The rights to files.
pub const RIGHTS: &[Part] = &[
    part("execute", 0, 1),
    part("write_file", 1, 1),
    part("read_file", 2, 1),
    part("read_dir", 3, 1),
    part("remove_dir", 4, 1),
    part("remove_file", 5, 1),
    part("make_char", 6, 1),
    part("make_dir", 7, 1),
    part("make_reg", 8, 1),
    part("make_sock", 9, 1),
    part("make_fifo", 10, 1),
    part("make_block", 11, 1),
    part("make_sym", 12, 1),
    // Version 1 has no name for it and always denies it, so it cannot be left out.
    part("refer", 13, 2),
    part("truncate", 14, 3),
    part("ioctl_dev", 15, 5),
];

/// The rights for ports.
pub const PORTS: [Part; 2] = [part("tcp_bind", 0, 4), part("tcp_connect", 1, 4)];

/// The scopes.
pub const SCOPES: [Part; 2] = [part("abstract_unix", 0, 6), part("signal", 1, 6)];

const ALWAYS_DENIED: u64 = 1 << 13;

/// The rights for files that are not directories.
const OF_FILES: &[&str] = &["execute", "write_file", "read_file", "truncate", "ioctl_dev"];

/// What a process may keep. A field that is `None` is not restricted.
#[derive(Default)]
pub struct Wish {
    /// Paths with masks of rights; all other paths lose every right that the kernel supports.
    pub paths: Option<Vec<(String, u64)>>,
    /// The ports that may be bound, and those that may be connected to.
    pub ports: [Option<Vec<u16>>; 2],
    /// A mask of scopes.
    pub scopes: u64,
}

/// The result of a restriction.
#[derive(Default)]
pub struct Outcome {
    /// The ABI version that was used; 0 without Landlock.
    pub abi: u64,
    /// The features that are enforced.
    pub enforced: Vec<&'static str>,
    /// The features that this kernel does not support.
    pub left_out: Vec<&'static str>,
}

/// The masks of struct landlock_ruleset_attr.
#[repr(C)]
#[derive(Default)]
struct Handled {
    fs: u64,
    net: u64,
    scoped: u64,
}

#[repr(C, packed)]
struct Beneath {
    allowed: u64,
    parent: i32,
}

#[repr(C)]
struct Port {
    allowed: u64,
    port: u64,
}

const RULE_BENEATH: u32 = 1;
const RULE_PORT: u32 = 2;

/// The bit of a right or a scope.
pub fn bit(parts: &[Part], name: &str) -> Option<u64> {
    parts.iter().find(|part| part.name == name).map(|part| part.bit)
}

/// The kernel's ABI version; 0 without Landlock.
pub fn abi() -> u64 {
    const VERSION: libc::c_uint = 1;
    // SAFETY: with this flag the kernel accepts a null pointer and a size of 0, and only returns the version.
    let abi = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, 0usize, 0usize, VERSION) };
    u64::try_from(abi).unwrap_or(0)
}

fn handled(wish: &Wish, abi: u64) -> (Handled, Outcome) {
    let (mut masks, mut told) = (Handled::default(), Outcome { abi, ..Outcome::default() });
    let mut note = |part: &Part, name, mask: &mut u64| match part.since <= abi {
        true => {
            *mask |= part.bit;
            told.enforced.extend(name);
        }
        false if part.bit == ALWAYS_DENIED && abi > 0 => {}
        false => told.left_out.push(part.name),
    };
    if wish.paths.is_some() {
        for right in RIGHTS {
            note(right, None, &mut masks.fs);
        }
    }
    for (part, _) in PORTS.iter().zip(&wish.ports).filter(|(_, ports)| ports.is_some()) {
        note(part, Some(part.name), &mut masks.net);
    }
    for scope in SCOPES.iter().filter(|scope| wish.scopes & scope.bit != 0) {
        note(scope, Some(scope.name), &mut masks.scoped);
    }
    if masks.fs != 0 {
        told.enforced.insert(0, "paths");
    }
    (masks, told)
}

/// What would be enforced, with at most ABI version `most`. Errors: EOPNOTSUPP if the kernel lacks a feature and
/// `strict` is set.
pub fn foresee(wish: &Wish, strict: bool, most: u64) -> Result<Outcome> {
    checked(wish, strict, most).map(|(_, told)| told)
}

fn checked(wish: &Wish, strict: bool, most: u64) -> Result<(Handled, Outcome)> {
    let (masks, told) = handled(wish, abi().min(most));
    if strict && !told.left_out.is_empty() {
        let lacks = told.left_out.join(", ");
        return Err(
            Error::new(Errno::EOPNOTSUPP).with_detail(format!("Landlock {} does not support {lacks}", told.abi))
        );
    }
    Ok((masks, told))
}

/// Restricts this process and its children permanently, with at most ABI version `most`. Nothing is restricted if a
/// path fails, or with `strict` if the kernel lacks a feature. Errors: EOPNOTSUPP for that, EPERM without no_new_privs
/// and CAP_SYS_ADMIN, ENOENT for a path, E2BIG for more than 16 layers.
pub fn restrict(wish: &Wish, strict: bool, most: u64) -> Result<Outcome> {
    let (masks, told) = checked(wish, strict, most)?;
    if told.enforced.is_empty() {
        return Ok(told);
    }
    let rules = rules(&masks)?;
    for (path, rights) in wish.paths.iter().flatten().filter(|_| masks.fs != 0) {
        allow_path(rules.as_fd(), path, rights & masks.fs).at(path)?;
    }
    for (part, port) in
        PORTS.iter().zip(&wish.ports).flat_map(|(part, ports)| ports.iter().flatten().map(move |p| (part, p)))
    {
        if masks.net & part.bit != 0 {
            let rule = Port { allowed: part.bit, port: u64::from(*port) };
            add(rules.as_fd(), RULE_PORT, (&raw const rule).cast())?;
        }
    }
    // SAFETY: takes no pointers.
    match unsafe { libc::syscall(libc::SYS_landlock_restrict_self, rules.as_raw_fd(), 0) } {
        0 => Ok(told),
        _ => Err(Error::last()),
    }
}

fn rules(masks: &Handled) -> Result<OwnedFd> {
    // A kernel with a shorter struct accepts the longer one if the unknown fields are 0.
    // SAFETY: the masks live through the call, and their size is passed.
    let fd =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, (&raw const *masks), size_of::<Handled>(), 0u32) };
    match i32::try_from(fd) {
        // SAFETY: the kernel returned this new descriptor, which is close-on-exec.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(Error::last()),
    }
}

fn allow_path(rules: BorrowedFd<'_>, path: &str, rights: u64) -> Result<()> {
    use rustix::fs::{FileType, Mode, OFlags, fstat, open};
    let fd = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let file = FileType::from_raw_mode(fstat(&fd)?.st_mode) != FileType::Directory;
    let of_files = OF_FILES.iter().filter_map(|name| bit(RIGHTS, name)).fold(0, |all, bit| all | bit);
    let allowed = if file { rights & of_files } else { rights };
    // The kernel refuses a rule that allows nothing (ENOMSG).
    if allowed == 0 {
        return Ok(());
    }
    let rule = Beneath { allowed, parent: fd.as_raw_fd() };
    add(rules, RULE_BENEATH, (&raw const rule).cast())
}

fn add(rules: BorrowedFd<'_>, kind: u32, rule: *const libc::c_void) -> Result<()> {
    // SAFETY: the rule is the struct of its kind, and lives through the call.
    match unsafe { libc::syscall(libc::SYS_landlock_add_rule, rules.as_raw_fd(), kind, rule, 0u32) } {
        0 => Ok(()),
        _ => Err(Error::last()),
    }
}
