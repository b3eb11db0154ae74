//! Actions for system calls, as named by profiles and as returned by a filter (seccomp(2)).

use nix::errno::Errno;

use super::places::{Reader, Result, refuse, unknown};

/// The actions.
pub struct Actions;

const ERRNO: u32 = 0x0005_0000;
const TRACE: u32 = 0x7ff0_0000;
const DATA: u32 = 0xffff;

/// The call waits for an answer from the filter's listener.
pub const NOTIFY: u32 = 0x7fc0_0000;

const NAMES: [(&str, u32); 9] = [
    ("SCMP_ACT_ALLOW", 0x7fff_0000),
    ("SCMP_ACT_ERRNO", ERRNO),
    ("SCMP_ACT_KILL", 0),
    ("SCMP_ACT_KILL_THREAD", 0),
    ("SCMP_ACT_KILL_PROCESS", 0x8000_0000),
    ("SCMP_ACT_TRAP", 0x0003_0000),
    ("SCMP_ACT_TRACE", TRACE),
    ("SCMP_ACT_LOG", 0x7ffc_0000),
    ("SCMP_ACT_NOTIFY", NOTIFY),
];

/// The errno of a call if the profile gives none (libseccomp's, EPERM).
const DEFAULT: u32 = 1;

/// The largest errno (MAX_ERRNO).
const LARGEST: u32 = 4095;

impl Actions {
    /// The names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().map(|(name, _)| name)
    }

    /// The filter's return value for the action under the first key; `None` if it is missing. The other keys have the
    /// errno with which it fails a call, or the number that a tracer gets (`errno`).
    pub fn read(reader: &Reader<'_>, action: &str, number: &str, errno: &str) -> Result<Option<u32>> {
        let Some(name) = reader.text(action)? else { return Ok(None) };
        let Some((_, value)) = NAMES.iter().find(|(known, _)| *known == name) else {
            return refuse(&reader.at(action), &unknown("action", name, Actions::names()));
        };
        let most = if *value == TRACE { DATA } else { LARGEST };
        let data = Actions::errno(reader, number, errno, most)?;
        match *value {
            ERRNO | TRACE => Ok(Some(value | data.unwrap_or(DEFAULT))),
            // A number that has no effect is an error (runtime-spec, errnoRet).
            _ if data.is_some() => refuse(&reader.at(number), &format!("{name} takes no errno")),
            value => Ok(Some(value)),
        }
    }

    /// The errno of an action: a number under the first key, or a name such as "EPERM" under the second.
    fn errno(reader: &Reader<'_>, number: &str, name: &str, most: u32) -> Result<Option<u32>> {
        if let Some(value) = reader.number(number)? {
            return match u32::try_from(value) {
                Ok(value) if value <= most => Ok(Some(value)),
                _ => refuse(&reader.at(number), &format!("{} is not an errno", reader.get(number))),
            };
        }
        let Some(word) = reader.text(name)? else { return Ok(None) };
        match (1..134).find(|n| format!("{:?}", Errno::from_raw(*n)) == word) {
            Some(value) => Ok(Some(value.unsigned_abs())),
            None => refuse(&reader.at(name), &format!("{word:?} is not an errno")),
        }
    }

    /// The return value for a call that fails with this errno.
    pub fn errno_value(number: u32) -> u32 {
        ERRNO | number
    }

    /// Whether the call fails with an errno.
    pub fn is_errno(value: u32) -> bool {
        value & !DATA == ERRNO
    }

    /// Whether the call is not executed: it fails, or its thread or process ends. A tracer or a supervisor decides for
    /// itself.
    pub fn denies(value: u32) -> bool {
        let allows = ["SCMP_ACT_ALLOW", "SCMP_ACT_TRACE", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY"];
        !NAMES.iter().any(|(name, action)| allows.contains(name) && *action == value & !DATA)
    }
}
