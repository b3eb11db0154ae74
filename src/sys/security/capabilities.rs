//! The five capability sets of a process (capabilities(7)), each as a bit mask. A change is validated as a whole before
//! any part of it is made.

use std::fmt::Write;

use nix::errno::Errno;
use rustix::thread::{self, CapabilitySet};

use super::super::{Context, Error, Result};

/// The names in the order of their numbers.
pub const NAMES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

const SETPCAP: u64 = 1 << 8;

/// The five sets.
#[derive(Clone, Copy, Default)]
pub struct Sets {
    /// The capabilities that the kernel checks.
    pub effective: u64,
    /// The capabilities that can be made effective.
    pub permitted: u64,
    /// Those that a program with file capabilities may keep across execve.
    pub inheritable: u64,
    /// The upper bound on what execve can grant.
    pub bounding: u64,
    /// Those that every program keeps across execve.
    pub ambient: u64,
}

/// A change of the caller's sets; `None` leaves a set unchanged.
#[derive(Default)]
pub struct Change {
    /// The new effective set.
    pub effective: Option<u64>,
    /// The new permitted set.
    pub permitted: Option<u64>,
    /// The new inheritable set.
    pub inheritable: Option<u64>,
    /// The new bounding set: it can only be reduced.
    pub bounding: Option<u64>,
    /// The new ambient set.
    pub ambient: Option<u64>,
}

/// The bit of a name: "CAP_NET_RAW", "net_raw".
pub fn bit(name: &str) -> Option<u64> {
    let upper = name.to_ascii_uppercase();
    let upper = upper.strip_prefix("CAP_").unwrap_or(&upper);
    NAMES.iter().position(|n| n.strip_prefix("CAP_") == Some(upper)).map(|number| 1 << number)
}

/// The names in a mask, by number. An unknown one is "CAP_63".
pub fn names(mask: u64) -> Vec<String> {
    let name = |number: usize| NAMES.get(number).map_or_else(|| format!("CAP_{number}"), ToString::to_string);
    (0..64).filter(|number| mask & (1 << number) != 0).map(name).collect()
}

/// All capabilities that this kernel knows, whoever has them: it refuses a question about another one. Needs no /proc.
pub fn known() -> u64 {
    let one = |number: u32| CapabilitySet::from_bits_retain(1 << number);
    let known = (0..64).take_while(|number| thread::capability_is_in_bounding_set(one(*number)).is_ok());
    known.fold(0, |all, number| all | 1 << number)
}

/// The names of the effective set of this process.
pub fn effective() -> Vec<String> {
    names(own().map(|sets| sets.effective).unwrap_or_default())
}

/// The sets of this process; needs no /proc.
pub fn own() -> Result<Sets> {
    let three = thread::capabilities(None).detail("capget")?;
    let one = |number: u32| CapabilitySet::from_bits_retain(1 << number);
    let mut sets = Sets {
        effective: three.effective.bits(),
        permitted: three.permitted.bits(),
        inheritable: three.inheritable.bits(),
        ..Sets::default()
    };
    // The first number that the kernel does not know ends the list (EINVAL).
    for (number, held) in (0..64).map_while(|n| Some((n, thread::capability_is_in_bounding_set(one(n)).ok()?))) {
        // Only what is permitted and inheritable can be ambient (capabilities(7)).
        let possible = sets.permitted & sets.inheritable & 1 << number != 0;
        let ambient = possible && thread::capability_is_in_ambient_set(one(number)).detail("the ambient set")?;
        sets.bounding |= u64::from(held) << number;
        sets.ambient |= u64::from(ambient) << number;
    }
    Ok(sets)
}

/// The sets of a process by its pid, from /proc/PID/status: capget(2) returns only three of the five. Errors: ENOENT if
/// there is no such process.
pub fn of(pid: i32) -> Result<Sets> {
    let path = format!("/proc/{pid}/status");
    // The process's name need not be UTF-8. It is on its own line, and the kernel escapes newlines in it.
    let text = std::fs::read(&path).at(&path)?;
    let text = String::from_utf8_lossy(&text);
    let mask = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).ok_or(Errno::ENODATA).at(&path)
    };
    Ok(Sets {
        effective: mask("CapEff:")?,
        permitted: mask("CapPrm:")?,
        inheritable: mask("CapInh:")?,
        bounding: mask("CapBnd:")?,
        ambient: mask("CapAmb:")?,
    })
}

/// Changes the sets of this process. The bounding set is first, while CAP_SETPCAP is available, the ambient set last:
/// it can only contain permitted and inheritable capabilities. Errors: EPERM for a capability that cannot be added;
/// nothing is changed then.
pub fn set(change: &Change) -> Result<()> {
    let now = own()?;
    let new = Sets {
        effective: change.effective.unwrap_or(now.effective),
        permitted: change.permitted.unwrap_or(now.permitted),
        inheritable: change.inheritable.unwrap_or(now.inheritable),
        bounding: change.bounding.unwrap_or(now.bounding),
        ambient: change.ambient.unwrap_or_default(),
    };
    check(&now, &new)?;
    for number in (0..64).filter(|n| now.bounding & !new.bounding & (1 << n) != 0) {
        let one = CapabilitySet::from_bits_retain(1 << number);
        thread::remove_capability_from_bounding_set(one).detail("the bounding set")?;
    }
    let sets = thread::CapabilitySets {
        effective: CapabilitySet::from_bits_retain(new.effective),
        permitted: CapabilitySet::from_bits_retain(new.permitted),
        inheritable: CapabilitySet::from_bits_retain(new.inheritable),
    };
    thread::set_capabilities(None, sets).detail("capset")?;
    let Some(ambient) = change.ambient else { return Ok(()) };
    thread::clear_ambient_capability_set().detail("the ambient set")?;
    for number in (0..64).filter(|n| ambient & (1 << n) != 0) {
        let one = CapabilitySet::from_bits_retain(1 << number);
        thread::configure_capability_in_ambient_set(one, true).detail("the ambient set")?;
    }
    Ok(())
}

fn check(now: &Sets, new: &Sets) -> Result<()> {
    let rules = [
        (new.bounding & !now.bounding, "is not in the bounding set and cannot be added to it"),
        (new.permitted & !now.permitted, "is not permitted, and only execve(2) can add it"),
        (new.effective & !new.permitted, "cannot be effective without being permitted"),
        (new.inheritable & !(now.inheritable | new.bounding), "cannot be inheritable outside the bounding set"),
        (new.ambient & !new.permitted, "cannot be ambient without being permitted"),
        (new.ambient & !new.inheritable, "cannot be ambient without being inheritable"),
    ];
    if let Some((mask, why)) = rules.iter().find(|(mask, _)| *mask != 0) {
        let mut detail = names(*mask).join(", ");
        let _ = write!(detail, " {why}");
        return Err(Error::new(Errno::EPERM).with_detail(detail));
    }
    if now.bounding != new.bounding && now.effective & SETPCAP == 0 {
        return Err(Error::new(Errno::EPERM).with_detail("lowering the bounding set needs CAP_SETPCAP"));
    }
    Ok(())
}
