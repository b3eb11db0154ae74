//! The flags of a filter, as named by profiles and as taken by the kernel (seccomp(2)).

use nix::errno::Errno;

use super::places::{Reader, Result, refuse, unknown};

/// The caller's threads get the filter too.
pub const TSYNC: u64 = libc::SECCOMP_FILTER_FLAG_TSYNC;
/// Only a fatal signal interrupts a call that waits for its answer (kernel 5.19).
pub const WAIT_KILLABLE: u64 = 1 << 5;

/// The flags by their names.
pub const FLAGS: [(&str, u64); 4] = [
    ("SECCOMP_FILTER_FLAG_TSYNC", TSYNC),
    ("SECCOMP_FILTER_FLAG_LOG", libc::SECCOMP_FILTER_FLAG_LOG),
    ("SECCOMP_FILTER_FLAG_SPEC_ALLOW", libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW),
    ("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", WAIT_KILLABLE),
];

/// The flag of a name; the error is a message.
pub fn named(name: &str) -> std::result::Result<u64, String> {
    let known = FLAGS.iter().find(|(known, _)| *known == name);
    known.map(|(_, flag)| *flag).ok_or_else(|| unknown("flag", name, FLAGS.iter().map(|(known, _)| *known)))
}

/// The flags of a list in a profile.
pub fn read(reader: &Reader<'_>) -> Result<u64> {
    reader.list("flags")?.try_fold(0, |all, (place, item)| match item.as_str() {
        Some(name) => named(name).map_or_else(|why| refuse(&place, &why), |flag| Ok(all | flag)),
        None => refuse(&place, "it is not a string"),
    })
}

/// The names of flags.
pub fn names(flags: u64) -> impl Iterator<Item = &'static str> {
    FLAGS.into_iter().filter(move |(_, flag)| flags & flag != 0).map(|(name, _)| name)
}

/// The flags that this kernel has: without a filter it then fails with EFAULT.
pub fn supported() -> u64 {
    let has = |flag: u64| {
        // The last one needs a listener.
        let flags = if flag == WAIT_KILLABLE { flag | libc::SECCOMP_FILTER_FLAG_NEW_LISTENER } else { flag };
        let filter = std::ptr::null::<libc::sock_fprog>();
        // SAFETY: the null pointer is not a filter, so that nothing is installed.
        let done = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, filter) };
        done < 0 && Errno::last() == Errno::EFAULT
    };
    FLAGS.iter().filter(|(_, flag)| has(*flag)).fold(0, |all, (_, flag)| all | flag)
}
