//! Ranges of integers that several primitives take.

use super::Type;

/// The permission bits of a file.
pub const MODE: Type = Type::Range(0, 0o7777);
/// A user or group id. 4294967295 means "unchanged" to the kernel.
pub const ID: Type = Type::Range(0, u32::MAX as i64 - 1);
/// A pid. To kill(2) and its kin, 0 and negative numbers mean groups of processes.
pub const PID: Type = Type::Range(1, i32::MAX as i64);
/// A TCP or UDP port.
pub const PORT: Type = Type::Range(1, u16::MAX as i64);
/// A device's major number, of 12 bits.
pub const MAJOR: Type = Type::Range(0, (1 << 12) - 1);
/// A device's minor number, of 20 bits.
pub const MINOR: Type = Type::Range(0, (1 << 20) - 1);
/// The MTU of a link.
pub const MTU: Type = Type::Range(1, i32::MAX as i64);
/// A standard descriptor.
pub const STANDARD: Type = Type::Range(0, 2);
/// A descriptor, up to the kernel's own limit (fs.nr_open).
pub const DESCRIPTOR: Type = Type::Range(0, 0x4000_0000);
/// 16 bits.
pub const U16: Type = Type::Range(0, u16::MAX as i64);
/// 32 bits.
pub const U32: Type = Type::Range(0, u32::MAX as i64);
/// A number of things.
pub const COUNT: Type = Type::Range(0, i64::MAX);
/// A number of things, of which there is at least one.
pub const POSITIVE: Type = Type::Range(1, i64::MAX);
