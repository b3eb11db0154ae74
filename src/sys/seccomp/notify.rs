//! System calls that a filter passes to another process (seccomp_unotify(2)): they are received, inspected and answered
//! through the filter's listener. The caller is identified by an id, since its pid may be reused.

use std::fs::File;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use rustix::event::{PollFd, PollFlags, Timespec};

use super::super::{Context, Error, Result, interrupt};
use super::calls::Arch;
use super::widths;

/// A call that waits for its answer: struct seccomp_notif.
#[repr(C)]
#[derive(Default)]
pub struct Waiting {
    /// Its unique id.
    pub id: u64,
    /// The calling thread's pid in the receiver's pid namespace; 0 if it is not visible there.
    pub pid: u32,
    flags: u32,
    number: i32,
    arch: u32,
    instruction: u64,
    args: [u64; 6],
}

impl Waiting {
    /// The architecture's name, "amd64", and the call's name; a number if it is unknown.
    pub fn names(&self) -> (String, String) {
        let number = self.number as u32;
        let Some(arch) = Arch::audited(self.arch) else { return (self.arch.to_string(), number.to_string()) };
        (arch.word().to_owned(), arch.name(number).map_or_else(|| number.to_string(), str::to_owned))
    }

    /// Its six arguments, limited to the bits that the kernel uses.
    pub fn arguments(&self) -> [u64; 6] {
        let arch = Arch::audited(self.arch);
        let call = arch.and_then(|arch| Some((arch, arch.name(self.number as u32)?)));
        let bits = |index| call.map_or(64, |(arch, name)| widths::of(arch, name, index));
        std::array::from_fn(|i| self.args[i] & (u64::MAX >> (64 - bits(i as u32))))
    }
}

/// The state of a listener.
pub enum Next {
    /// A waiting call.
    Call(Waiting),
    /// None now, or its caller has ended.
    Nothing,
    /// No process uses the filter any more.
    End,
}

/// The answer to a call.
pub enum Answer<'a> {
    /// It returns this value, and the kernel does not execute it.
    Value(i64),
    /// It fails with this errno.
    Error(i32),
    /// The kernel executes it, with whatever its arguments point to at that time.
    Continue,
    /// It returns a new descriptor of this open file, close-on-exec if requested.
    File(BorrowedFd<'a>, bool),
}

#[repr(C)]
struct Response {
    id: u64,
    value: i64,
    error: i32,
    flags: u32,
}

#[repr(C)]
struct AddFd {
    id: u64,
    flags: u32,
    source: u32,
    target: u32,
    target_flags: u32,
}

const CONTINUE: u32 = 1;
const ADD_SEND: u32 = 2;

/// _IOC of type '!': 3 reads and writes, 1 writes.
const fn request(direction: u64, number: u64, size: usize) -> u64 {
    direction << 30 | (size as u64) << 16 | (b'!' as u64) << 8 | number
}

const RECEIVE: u64 = request(3, 0, size_of::<Waiting>());
const SEND: u64 = request(3, 1, size_of::<Response>());
const VALID: u64 = request(1, 2, size_of::<u64>());
const ADD: u64 = request(1, 3, size_of::<AddFd>());

fn ioctl<T>(listener: BorrowedFd<'_>, request: u64, argument: &mut T) -> Result<()> {
    loop {
        // SAFETY: each request in this file gets the struct whose size its number encodes, and the struct lives through
        // the call.
        match unsafe { libc::ioctl(listener.as_raw_fd(), request as _, &raw mut *argument) } {
            -1 if Errno::last() == Errno::EINTR && !interrupt::pending() => {}
            -1 => return Err(Error::last()),
            _ => return Ok(()),
        }
    }
}

/// Takes the next waiting call without blocking.
pub fn receive(listener: BorrowedFd<'_>) -> Result<Next> {
    let mut polled = [PollFd::from_borrowed_fd(listener, PollFlags::IN)];
    // The request itself would block, whatever the descriptor's flags are.
    rustix::event::poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
    let ready = polled[0].revents();
    if !ready.contains(PollFlags::IN) {
        return Ok(if ready.contains(PollFlags::HUP) { Next::End } else { Next::Nothing });
    }
    let mut call = Waiting::default();
    match ioctl(listener, RECEIVE, &mut call) {
        Ok(()) => Ok(Next::Call(call)),
        // Its caller was killed in the meantime.
        Err(e) if e.errno == Errno::ENOENT => Ok(Next::Nothing),
        Err(e) => Err(e),
    }
}

/// Answers a call; false if it no longer waits.
pub fn respond(listener: BorrowedFd<'_>, id: u64, answer: &Answer<'_>) -> Result<bool> {
    let mut response = Response { id, value: 0, error: 0, flags: 0 };
    match answer {
        Answer::Value(value) => response.value = *value,
        Answer::Error(errno) => response.error = -errno,
        Answer::Continue => response.flags = CONTINUE,
        Answer::File(file, cloexec) => {
            let target_flags = if *cloexec { libc::O_CLOEXEC as u32 } else { 0 };
            let mut add = AddFd { id, flags: ADD_SEND, source: file.as_raw_fd() as u32, target: 0, target_flags };
            return answered(ioctl(listener, ADD, &mut add));
        }
    }
    answered(ioctl(listener, SEND, &mut response))
}

fn answered(result: Result<()>) -> Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(e) if e.errno == Errno::ENOENT => Ok(false),
        Err(e) => Err(e),
    }
}

/// Whether the caller still waits for the answer.
pub fn valid(listener: BorrowedFd<'_>, id: u64) -> Result<bool> {
    let mut id = id;
    answered(ioctl(listener, VALID, &mut id))
}

/// How much of the caller's memory to read.
#[derive(Clone, Copy)]
pub enum Extent {
    /// This many bytes.
    Bytes(usize),
    /// Up to the first NUL, which is not returned, within this many bytes.
    Text(usize),
}

/// Reads the caller's memory at an address; `None` if it no longer waits. The content may change before the kernel
/// reads it. Errors: EFAULT for an unmapped address, ENAMETOOLONG for a string without an end, EACCES without
/// CAP_SYS_PTRACE over it.
pub fn read(listener: BorrowedFd<'_>, id: u64, pid: u32, address: u64, extent: Extent) -> Result<Option<Vec<u8>>> {
    let path = format!("/proc/{pid}/mem");
    let memory = match File::open(&path) {
        Ok(memory) => memory,
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => return Ok(None),
        Err(e) => return Err(e).at(path),
    };
    // The pid was the caller's when the file was opened, so the memory is the caller's.
    if !valid(listener, id)? {
        return Ok(None);
    }
    let found = match extent {
        Extent::Bytes(length) => bytes(&memory, address, length),
        Extent::Text(most) => text(&memory, address, most),
    };
    // If the process continued in the meantime, it may have changed the memory, and the result is not valid.
    if valid(listener, id)? { found.map(Some) } else { Ok(None) }
}

fn fault(e: std::io::Error) -> Error {
    // The errors of /proc/PID/mem for unmapped addresses, and for addresses that would be negative offsets.
    let errno = match Error::from(e).errno {
        Errno::EIO | Errno::EINVAL => Errno::EFAULT,
        errno => errno,
    };
    Error::new(errno).with_detail("no memory of the caller is mapped at that address")
}

fn bytes(memory: &File, address: u64, length: usize) -> Result<Vec<u8>> {
    let mut buffer = vec![0; length];
    match memory.read_exact_at(&mut buffer, address) {
        Ok(()) => Ok(buffer),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Err(fault(Errno::EFAULT.into())),
        Err(e) => Err(fault(e)),
    }
}

/// Page by page: the next page may be unmapped, and may not be needed.
fn text(memory: &File, address: u64, most: usize) -> Result<Vec<u8>> {
    const PAGE: u64 = 4096;
    let mut found = Vec::new();
    while found.len() < most {
        let Some(here) = address.checked_add(found.len() as u64) else { return Err(fault(Errno::EFAULT.into())) };
        let length = ((PAGE - here % PAGE) as usize).min(most - found.len());
        let page = bytes(memory, here, length)?;
        match page.iter().position(|byte| *byte == 0) {
            Some(end) => {
                found.extend_from_slice(&page[..end]);
                return Ok(found);
            }
            None => found.extend(page),
        }
    }
    Err(Error::new(Errno::ENAMETOOLONG).with_detail(format!("no NUL byte within {most} bytes")))
}
