//! System calls by name, per architecture, and the architectures as named by profiles. The tables are those of the
//! `syscalls` crate.

use std::str::FromStr;

/// An architecture whose calls can be filtered on this machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arch {
    /// 64-bit x86.
    X86_64,
    /// 32-bit x86, which a 64-bit kernel also runs.
    X86,
    /// 64-bit ARM.
    Aarch64,
}

/// The architecture this program was built for.
#[cfg(target_arch = "x86_64")]
pub const NATIVE: Arch = Arch::X86_64;
/// The architecture this program was built for.
#[cfg(target_arch = "aarch64")]
pub const NATIVE: Arch = Arch::Aarch64;

/// The architectures of libseccomp, without SCMP_ARCH_.
pub const ARCHES: [&str; 23] = [
    "X86",
    "X86_64",
    "X32",
    "ARM",
    "AARCH64",
    "LOONGARCH64",
    "M68K",
    "MIPS",
    "MIPS64",
    "MIPS64N32",
    "MIPSEL",
    "MIPSEL64",
    "MIPSEL64N32",
    "PARISC",
    "PARISC64",
    "PPC",
    "PPC64",
    "PPC64LE",
    "RISCV64",
    "S390",
    "S390X",
    "SH",
    "SHEB",
];

impl Arch {
    /// The architecture for a name such as "SCMP_ARCH_X86_64".
    pub fn named(name: &str) -> Option<Arch> {
        match name {
            "SCMP_ARCH_X86_64" => Some(Arch::X86_64),
            "SCMP_ARCH_X86" => Some(Arch::X86),
            "SCMP_ARCH_AARCH64" => Some(Arch::Aarch64),
            _ => None,
        }
    }

    /// The architecture for an AUDIT_ARCH_… value.
    pub fn audited(audit: u32) -> Option<Arch> {
        [Arch::X86_64, Arch::X86, Arch::Aarch64].into_iter().find(|arch| arch.audit() == audit)
    }

    /// Whether a kernel of the native architecture also runs it.
    pub fn is_sub(self) -> bool {
        NATIVE == Arch::X86_64 && self == Arch::X86
    }

    /// AUDIT_ARCH_…, as reported by seccomp.
    pub fn audit(self) -> u32 {
        match self {
            Arch::X86_64 => 0xc000_003e,
            Arch::X86 => 0x4000_0003,
            Arch::Aarch64 => 0xc000_00b7,
        }
    }

    /// Its name in `arches` conditions.
    pub fn word(self) -> &'static str {
        match self {
            Arch::X86_64 => "amd64",
            Arch::X86 => "x86",
            Arch::Aarch64 => "arm64",
        }
    }

    /// The number of a call; `None` if the architecture does not have it.
    pub fn number(self, call: &str) -> Option<u32> {
        let number = match self {
            Arch::X86_64 => syscalls::x86_64::Sysno::from_str(call).map(|call| call.id()),
            Arch::X86 => syscalls::x86::Sysno::from_str(call).map(|call| call.id()),
            // The table lacks the prefix that is used everywhere else.
            Arch::Aarch64 if call == "newfstatat" => Ok(syscalls::aarch64::Sysno::fstatat.id()),
            Arch::Aarch64 => syscalls::aarch64::Sysno::from_str(call).map(|call| call.id()),
        };
        number.ok().and_then(|number| u32::try_from(number).ok())
    }

    /// The name of a number.
    pub fn name(self, number: u32) -> Option<&'static str> {
        let number = usize::try_from(number).ok()?;
        match self {
            Arch::X86_64 => syscalls::x86_64::Sysno::new(number).map(|call| call.name()),
            Arch::X86 => syscalls::x86::Sysno::new(number).map(|call| call.name()),
            Arch::Aarch64 => syscalls::aarch64::Sysno::new(number).map(|call| call.name()),
        }
    }

    /// The names of its calls.
    pub fn calls(self) -> Vec<&'static str> {
        match self {
            Arch::X86_64 => syscalls::x86_64::Sysno::iter().map(|call| call.name()).collect(),
            Arch::X86 => syscalls::x86::Sysno::iter().map(|call| call.name()).collect(),
            Arch::Aarch64 => syscalls::aarch64::Sysno::iter().map(|call| call.name()).collect(),
        }
    }
}
