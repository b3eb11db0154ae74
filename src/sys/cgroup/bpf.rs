//! The BPF program that checks device access in a v2 cgroup (BPF_PROG_TYPE_CGROUP_DEVICE, bpf(2)): compiled from the
//! rules, loaded, and attached to the cgroup's directory until the cgroup is removed.

use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;

use super::super::{Context, Error, Result};
use super::device_rule::DeviceRule;

/// struct bpf_insn: code, registers (source in the upper half), offset, immediate.
type Insn = (u8, u8, i16, i32);

const LOAD_WORD: u8 = 0x61;
const MOVE: u8 = 0xb7;
const MOVE_REGISTER: u8 = 0xbf;
const AND: u8 = 0x54;
const SHIFT_RIGHT: u8 = 0x74;
const IF: u8 = 0x15;
const UNLESS: u8 = 0x55;
const EXIT: Insn = (0x95, 0, 0, 0);

// Register 0 holds the result, 1 the context until its fields are in the following ones.
const REST: u8 = 1;
const ACCESS: u8 = 2;
const KIND: u8 = 3;
const MAJOR: u8 = 4;
const MINOR: u8 = 5;

/// The rules as instructions, from the last one to the first: a rule that allows takes the access that it has from the
/// access that is asked for, until none is left; one that denies ends with it; the end denies. struct bpf_cgroup_dev_ctx has the access
/// in the upper half of its first word and the type in the lower half.
pub fn program(rules: &[DeviceRule]) -> Vec<u8> {
    let mut program: Vec<Insn> = vec![
        (LOAD_WORD, 0x10 | KIND, 0, 0),
        (MOVE_REGISTER, KIND << 4 | ACCESS, 0, 0),
        (AND, KIND, 0, 0xffff),
        (SHIFT_RIGHT, ACCESS, 0, 16),
        (LOAD_WORD, 0x10 | MAJOR, 4, 0),
        (LOAD_WORD, 0x10 | MINOR, 8, 0),
    ];
    program.extend(rules.iter().rev().flat_map(tests));
    program.extend([(MOVE, 0, 0, 0), EXIT]);
    let bytes = |(code, registers, offset, k): Insn| {
        let mut bytes = vec![code, registers];
        bytes.extend(offset.to_ne_bytes());
        bytes.extend(k.to_ne_bytes());
        bytes
    };
    program.into_iter().flat_map(bytes).collect()
}

/// One rule: tests that jump past it, and its end.
fn tests(rule: &DeviceRule) -> Vec<Insn> {
    let mut tests = Vec::new();
    if let Some(block) = rule.block {
        tests.push((UNLESS, KIND, 0, if block { 1 } else { 2 }));
    }
    let access = i32::from(rule.access.mknod) | i32::from(rule.access.read) << 1 | i32::from(rule.access.write) << 2;
    for (register, number) in [(MAJOR, rule.major), (MINOR, rule.minor)] {
        tests.extend(number.map(|number| (UNLESS, register, 0, number as i32)));
    }
    match rule.allow {
        true => tests.extend([(AND, ACCESS, 0, !access), (UNLESS, ACCESS, 0, 0)]),
        false => tests.extend([(MOVE_REGISTER, ACCESS << 4 | REST, 0, 0), (AND, REST, 0, access), (IF, REST, 0, 0)]),
    }
    tests.extend([(MOVE, 0, 0, i32::from(rule.allow)), EXIT]);
    let end = tests.len();
    for (i, test) in tests.iter_mut().enumerate().filter(|(_, test)| test.0 == UNLESS || test.0 == IF) {
        test.2 = (end - 1 - i) as i16;
    }
    tests
}

#[repr(C)]
#[derive(Default)]
struct Load {
    kind: u32,
    length: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel: u32,
    flags: u32,
}

#[repr(C)]
#[derive(Default)]
struct Attach {
    target: u32,
    program: u32,
    kind: u32,
    flags: u32,
}

#[repr(C)]
#[derive(Default)]
struct Query {
    target: u32,
    kind: u32,
    flags: u32,
    attach_flags: u32,
    ids: u64,
    count: u32,
    padding: u32,
}

#[repr(C)]
#[derive(Default)]
struct Id {
    id: u32,
    next: u32,
    flags: u32,
}

const LOAD: i32 = 5;
const ATTACH: i32 = 8;
const DETACH: i32 = 9;
const ID_TO_FD: i32 = 13;
const QUERY: i32 = 16;
const CGROUP_DEVICE_PROGRAM: u32 = 15;
const CGROUP_DEVICE: u32 = 6;
/// Programs of parent cgroups still apply (BPF_F_ALLOW_MULTI).
const BESIDE_OTHERS: u32 = 2;
/// The largest number of programs on one cgroup (BPF_CGROUP_MAX_PROGS).
const MOST: usize = 64;

/// Attaches a program to a cgroup's directory and detaches the previous ones.
pub fn replace(folder: &Path, program: &[u8]) -> Result<()> {
    let group = File::open(folder).at(folder)?;
    let target = group.as_raw_fd() as u32;
    let mut ids = [0u32; MOST];
    let mut query =
        Query { target, kind: CGROUP_DEVICE, ids: ids.as_mut_ptr() as u64, count: MOST as u32, ..Query::default() };
    call(QUERY, &mut query).at(folder)?;
    let new = load(program).at(folder)?;
    let mut attach = Attach { target, program: new.as_raw_fd() as u32, kind: CGROUP_DEVICE, flags: BESIDE_OTHERS };
    call(ATTACH, &mut attach).at(folder)?;
    for id in &ids[..(query.count as usize).min(MOST)] {
        let old = descriptor(ID_TO_FD, &mut Id { id: *id, ..Id::default() }).at(folder)?;
        let mut detach = Attach { target, program: old.as_raw_fd() as u32, kind: CGROUP_DEVICE, flags: 0 };
        call(DETACH, &mut detach).at(folder)?;
    }
    Ok(())
}

fn load(program: &[u8]) -> Result<OwnedFd> {
    let mut load = Load {
        kind: CGROUP_DEVICE_PROGRAM,
        length: (program.len() / size_of::<u64>()) as u32,
        instructions: program.as_ptr() as u64,
        license: c"GPL".as_ptr() as u64,
        ..Load::default()
    };
    descriptor(LOAD, &mut load)
}

fn descriptor<T>(command: i32, attr: &mut T) -> Result<OwnedFd> {
    let fd = call(command, attr)?;
    // SAFETY: these commands return a new descriptor, which only we own and which is close-on-exec.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn call<T>(command: i32, attr: &mut T) -> Result<i32> {
    // SAFETY: `attr` is the structure of the command and lives through the call, as does the memory it points to; its
    // size is passed.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_mut(attr), size_of::<T>()) };
    match result {
        -1 if Errno::last() == Errno::ENOSYS => {
            Err(Error::last().with_detail("the kernel has no BPF, which cgroup v2 needs to restrict devices"))
        }
        -1 => Err(Error::last()),
        value => Ok(value as i32),
    }
}
