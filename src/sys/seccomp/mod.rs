//! System call filters (seccomp(2)): profiles in Docker's format, compiled to BPF and loaded. No crate
//! does the whole format in Rust alone: seccompiler knows two actions a filter and no names,
//! libseccomp is C.

mod action;
mod bpf;
mod calls;
mod compile;
mod places;
mod profile;

use nix::errno::Errno;

use super::{Error, Result};
pub use profile::{Profile, Subject, kernel};

/// Compiles a profile into a filter, the kernel's struct sock_filter one after the other. The error
/// is a sentence for the user.
pub fn compile(profile: &Profile) -> std::result::Result<Vec<u8>, String> {
    Ok(compile::compile(profile)?.into_iter().flat_map(bpf::Insn::bytes).collect())
}

/// Why these bytes are no filter; `None` for one that the kernel may take.
pub fn wrong(filter: &[u8]) -> Option<String> {
    let most = bpf::SIZE * bpf::MOST;
    match filter.len() {
        0 => Some("the filter is empty".into()),
        length if length % bpf::SIZE != 0 || length > most => {
            Some(format!("{length} bytes are no filter: it has 8 bytes an instruction, and {most} at most"))
        }
        _ => None,
    }
}

/// Puts this process under a filter for good. Errors: EACCES without no_new_privs and CAP_SYS_ADMIN,
/// EINVAL for what is no program.
pub fn load(filter: &[u8]) -> Result<()> {
    // Copied into what is aligned as the kernel's type is.
    let mut instructions: Vec<u64> = filter
        .chunks_exact(bpf::SIZE)
        .map(|bytes| u64::from_ne_bytes(bytes.try_into().expect("as long as an instruction")))
        .collect();
    let program = libc::sock_fprog {
        len: u16::try_from(instructions.len()).map_err(|_| Errno::EINVAL)?,
        filter: instructions.as_mut_ptr().cast(),
    };
    // SAFETY: the program and its instructions live through the call, and their number is passed.
    match unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) } {
        0 => Ok(()),
        _ => Err(Error::last()),
    }
}
