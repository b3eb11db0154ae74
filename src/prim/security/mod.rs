//! Security of a process: capabilities, Landlock and system call filters. The caller decides which of them a container
//! uses. This file lists the family.

mod capability;
mod filter;
mod landlock;
mod notify;
mod program;

use crate::vm::registry::Primitive;

const BASE: Primitive = Primitive { family: "security", ..Primitive::BASE };

/// The family's entries.
pub const FAMILY: &[Primitive] = &[
    capability::CAPS,
    capability::SET_CAPS,
    capability::CAPABILITY_NAME,
    capability::CAPABILITY_NAMES,
    filter::SECCOMP,
    filter::SECCOMP_COMPILE,
    filter::SECCOMP_NAMES,
    notify::RECEIVE,
    notify::RESPOND,
    notify::VALID,
    notify::READ,
    landlock::LANDLOCK,
    program::SEAL,
];
