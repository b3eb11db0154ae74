//! seccomp(2), Landlock (landlock(7)) and the loaded security modules.

use serde::Serialize;

use super::answer::line;
use crate::sys::security::landlock;

/// The features that confine a process.
#[derive(Serialize)]
pub struct Security {
    /// The Landlock ABI version; 0 without Landlock.
    pub landlock: u64,
    /// Whether seccomp filters can be loaded.
    pub seccomp: bool,
    /// The actions that a seccomp filter may use.
    pub seccomp_actions: Vec<String>,
    /// The kernel's security modules, if securityfs is mounted.
    pub modules: Vec<String>,
    /// Whether this process can no longer gain privileges (no_new_privs).
    pub no_new_privs: bool,
}

/// Probes each.
pub fn security() -> Security {
    let words = |text: Option<String>, by: char| -> Vec<String> {
        text.unwrap_or_default().split(by).filter(|w| !w.is_empty()).map(str::to_owned).collect()
    };
    let actions = words(line("/proc/sys/kernel/seccomp/actions_avail"), ' ');
    Security {
        landlock: landlock::abi(),
        seccomp: !actions.is_empty(),
        seccomp_actions: actions,
        modules: words(line("/sys/kernel/security/lsm"), ','),
        no_new_privs: rustix::thread::no_new_privs().unwrap_or(false),
    }
}
