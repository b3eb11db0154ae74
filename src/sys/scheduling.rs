//! How the kernel schedules this process: policy, I/O priority, CPUs, and the NUMA nodes of its memory (sched(7),
//! ioprio_set(2), set_mempolicy(2)), and its personality(2). The tables have the names that Lua uses.

use nix::errno::Errno;

use super::{Context, Error, Result};

/// The policies of sched_setattr(2).
pub const POLICIES: &[&str] = &["other", "fifo", "rr", "batch", "iso", "idle", "deadline"];

/// The flags of sched_setattr(2), in the order of their bits.
pub const FLAGS: &[&str] =
    &["reset-on-fork", "reclaim", "dl-overrun", "keep-policy", "keep-params", "util-clamp-min", "util-clamp-max"];

/// The classes of ioprio_set(2), in the order of their numbers, which begin with 1.
pub const IO_CLASSES: &[&str] = &["realtime", "best-effort", "idle"];

/// The modes of set_mempolicy(2), in the order of their numbers.
pub const MEMORY_MODES: &[&str] =
    &["default", "preferred", "bind", "interleave", "local", "preferred-many", "weighted-interleave"];

/// The flags of set_mempolicy(2), in the order of their bits, which begin with bit 13.
pub const MEMORY_FLAGS: &[&str] = &["numa-balancing", "relative-nodes", "static-nodes"];

/// The domains of personality(2).
pub const DOMAINS: &[&str] = &["LINUX", "LINUX32"];

/// The highest number of a CPU or a node that a list may have.
const MOST: usize = 8191;

fn number(names: &[&str], name: &str) -> Result<u32> {
    let found = names.iter().position(|known| *known == name).ok_or(Errno::EINVAL).detail(name)?;
    Ok(found as u32)
}

fn bits(names: &[&str], given: &[String], first: u32) -> Result<u32> {
    given.iter().try_fold(0, |all, name| Ok(all | 1 << (first + number(names, name)?)))
}

/// struct sched_attr in the version of Linux 5.3.
#[repr(C)]
#[derive(Default, Debug)]
pub struct Attributes {
    /// The structure's own size.
    pub size: u32,
    /// The policy's number.
    pub policy: u32,
    /// The flags.
    pub flags: u64,
    /// The nice value of the policies that have one.
    pub nice: i32,
    /// The priority of the policies for real-time processes.
    pub priority: u32,
    /// Nanoseconds of CPU time that a deadline process gets.
    pub runtime: u64,
    /// Nanoseconds in which it gets them.
    pub deadline: u64,
    /// Nanoseconds until it gets them again.
    pub period: u64,
    /// The clamps of the flags `util-clamp-…`.
    pub utilization: [u32; 2],
}

impl Attributes {
    /// The size to tell the kernel.
    pub(super) const SIZE: u32 = size_of::<Attributes>() as u32;
}

/// Sets the policy of this process. Errors: EPERM without the privilege for it, EINVAL for a value that the policy does
/// not have, EBUSY if the CPUs have no such bandwidth left.
pub fn set_scheduler(policy: &str, flags: &[String], attributes: Attributes) -> Result<()> {
    // SCHED_ISO is reserved, and 4; the list has no gap.
    let (policy, flags) = (number(POLICIES, policy)?, u64::from(bits(FLAGS, flags, 0)?));
    let asked = Attributes { size: Attributes::SIZE, policy, flags, ..attributes };
    // SAFETY: the structure lives through the call, and contains its size.
    done(unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const asked, 0) })
}

/// Sets the class and the level of the I/O priority of this process. Errors: EPERM without the privilege for the class.
pub fn set_io_priority(class: &str, level: u32) -> Result<()> {
    const OF_PROCESS: i32 = 1; // IOPRIO_WHO_PROCESS
    let value = (number(IO_CLASSES, class)? + 1) << 13 | level;
    // SAFETY: takes no pointers.
    done(unsafe { libc::syscall(libc::SYS_ioprio_set, OF_PROCESS, 0, value) })
}

/// Limits this process to these CPUs. Errors: EINVAL if it may use none of them.
pub fn set_cpu_affinity(cpus: &[u64]) -> Result<()> {
    // SAFETY: the mask lives through the call, and its size is passed.
    done(unsafe { libc::syscall(libc::SYS_sched_setaffinity, 0, size_of_val(cpus), cpus.as_ptr()) })
}

/// Sets the execution domain of this process: what uname(2) calls the machine.
pub fn set_personality(domain: &str) -> Result<()> {
    const NUMBERS: [libc::c_ulong; 2] = [0, 8]; // PER_LINUX, PER_LINUX32
    let domain = NUMBERS[number(DOMAINS, domain)? as usize];
    // SAFETY: takes no pointers.
    done(i64::from(unsafe { libc::personality(domain) }))
}

/// Sets from which NUMA nodes this process gets memory. Errors: EINVAL for nodes that a mode does not take or that do
/// not exist, ENOSYS without NUMA.
pub fn set_memory_policy(mode: &str, flags: &[String], nodes: &[u64]) -> Result<()> {
    let mode = number(MEMORY_MODES, mode)? | bits(MEMORY_FLAGS, flags, 13)?;
    // The kernel takes one bit less than the number it is given; nodes that it cannot have are an error unless 0.
    let (mask, count) = match nodes {
        [] => (std::ptr::null(), 0),
        _ => (nodes.as_ptr(), size_of_val(nodes) * 8 + 1),
    };
    // SAFETY: the mask lives through the call, and its size in bits is passed; a null pointer means no nodes.
    done(unsafe { libc::syscall(libc::SYS_set_mempolicy, mode, mask, count) })
}

fn done(result: i64) -> Result<()> {
    if result < 0 { Err(Error::last()) } else { Ok(()) }
}

/// A list of numbers such as "0-3,7" as a bit mask; the error is a message for the user.
pub fn mask(list: &str) -> std::result::Result<Vec<u64>, String> {
    let mut mask = Vec::new();
    for part in list.split(',').map(str::trim).filter(|_| !list.trim().is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.parse::<usize>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        let (Some(first), Some(last)) = (number(first), number(last)) else {
            return Err(format!("{part:?} is not a number or a range such as \"0-3\""));
        };
        if first > last || last > MOST {
            return Err(format!("{part:?} is not a range of numbers up to {MOST}"));
        }
        mask.resize((last / 64 + 1).max(mask.len()), 0);
        (first..=last).for_each(|number| mask[number / 64] |= 1 << (number % 64));
    }
    Ok(mask)
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn a_list_is_a_mask() {
        assert_eq!(mask(""), Ok(vec![]));
        assert_eq!(mask("0"), Ok(vec![1]));
        assert_eq!(mask("0-2, 5"), Ok(vec![0b10_0111]));
        assert_eq!(mask("63-64,1"), Ok(vec![1 << 63 | 2, 1]));
        for wrong in ["-", "1-", "-1", "3-2", "a", "1,,2", ",", "+1", "0x1", "8192", "99999999999999999999"] {
            assert!(mask(wrong).is_err_and(|why| why.contains("is not")), "{wrong}");
        }
    }
}
