//! System calls that a filter leaves to another process (seccomp_unotify(2)): they are received, looked
//! into and answered by the descriptor that loading the filter gave. Whoever is asked about is held by
//! an id: a pid may belong to another process by the time that it is used.

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
    /// What tells it from all others.
    pub id: u64,
    /// The calling thread, as the receiver's pid namespace has it; 0 when that does not see it.
    pub pid: u32,
    flags: u32,
    number: i32,
    arch: u32,
    instruction: u64,
    args: [u64; 6],
}

impl Waiting {
    /// The architecture's name, "amd64", and the call's; a number where it has no name here.
    pub fn names(&self) -> (String, String) {
        let number = self.number as u32;
        let Some(arch) = Arch::audited(self.arch) else { return (self.arch.to_string(), number.to_string()) };
        (arch.word().to_owned(), arch.name(number).map_or_else(|| number.to_string(), str::to_owned))
    }

    /// Its six arguments, of each the bits that the kernel takes.
    pub fn arguments(&self) -> [u64; 6] {
        let arch = Arch::audited(self.arch);
        let call = arch.and_then(|arch| Some((arch, arch.name(self.number as u32)?)));
        let bits = |index| call.map_or(64, |(arch, name)| widths::of(arch, name, index));
        std::array::from_fn(|i| self.args[i] & (u64::MAX >> (64 - bits(i as u32))))
    }
}

/// What a listener has.
pub enum Next {
    /// A call that waits.
    Call(Waiting),
    /// None at the moment, or its caller is gone.
    Nothing,
    /// No process has the filter any more.
    End,
}

/// The answer to a call.
pub enum Answer<'a> {
    /// It returns this, and the kernel does nothing.
    Value(i64),
    /// It fails with this errno.
    Error(i32),
    /// The kernel does it, with what its arguments point to by then.
    Continue,
    /// It returns a new descriptor, close-on-exec if so asked, of this open file.
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

/// _IOC of the type '!': 3 reads and writes, 1 writes.
const fn request(direction: u64, number: u64, size: usize) -> u64 {
    direction << 30 | (size as u64) << 16 | (b'!' as u64) << 8 | number
}

const RECEIVE: u64 = request(3, 0, size_of::<Waiting>());
const SEND: u64 = request(3, 1, size_of::<Response>());
const VALID: u64 = request(1, 2, size_of::<u64>());
const ADD: u64 = request(1, 3, size_of::<AddFd>());

fn ioctl<T>(listener: BorrowedFd<'_>, request: u64, argument: &mut T) -> Result<()> {
    loop {
        // SAFETY: each request of this file is passed the struct whose size is in its number, and the
        // struct lives through the call.
        match unsafe { libc::ioctl(listener.as_raw_fd(), request as _, &raw mut *argument) } {
            -1 if Errno::last() == Errno::EINTR && !interrupt::pending() => {}
            -1 => return Err(Error::last()),
            _ => return Ok(()),
        }
    }
}

/// Takes the next call that waits, without waiting for one.
pub fn receive(listener: BorrowedFd<'_>) -> Result<Next> {
    let mut polled = [PollFd::from_borrowed_fd(listener, PollFlags::IN)];
    // The request itself would wait, whatever the descriptor's flags are.
    rustix::event::poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
    let ready = polled[0].revents();
    if !ready.contains(PollFlags::IN) {
        return Ok(if ready.contains(PollFlags::HUP) { Next::End } else { Next::Nothing });
    }
    let mut call = Waiting::default();
    match ioctl(listener, RECEIVE, &mut call) {
        Ok(()) => Ok(Next::Call(call)),
        // Its caller was killed meanwhile.
        Err(e) if e.errno == Errno::ENOENT => Ok(Next::Nothing),
        Err(e) => Err(e),
    }
}

/// Answers a call; false when nobody waits for it any more.
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

/// How much of the caller's memory is asked for.
#[derive(Clone, Copy)]
pub enum Extent {
    /// So many bytes.
    Bytes(usize),
    /// Up to the first NUL, which is not returned, in at most so many.
    Text(usize),
}

/// What the caller has at an address; `None` when it does not wait any more. It may be something else
/// by the time that the kernel reads it. Errors: EFAULT where it has nothing, ENAMETOOLONG for a text
/// without an end, EACCES without CAP_SYS_PTRACE over it.
pub fn read(listener: BorrowedFd<'_>, id: u64, pid: u32, address: u64, extent: Extent) -> Result<Option<Vec<u8>>> {
    let path = format!("/proc/{pid}/mem");
    let memory = match File::open(&path) {
        Ok(memory) => memory,
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => return Ok(None),
        Err(e) => return Err(e).at(path),
    };
    // The pid was the caller's when the file was opened, and then the memory is.
    if !valid(listener, id)? {
        return Ok(None);
    }
    let found = match extent {
        Extent::Bytes(length) => bytes(&memory, address, length),
        Extent::Text(most) => text(&memory, address, most),
    };
    // A process that went on meanwhile may have changed it: what was read is then no argument.
    if valid(listener, id)? { found.map(Some) } else { Ok(None) }
}

fn fault(e: std::io::Error) -> Error {
    // What /proc/PID/mem says where nothing is mapped, and of addresses that would be negative places.
    let errno = match Error::from(e).errno {
        Errno::EIO | Errno::EINVAL => Errno::EFAULT,
        errno => errno,
    };
    Error::new(errno).with_detail("the caller has nothing at that address")
}

fn bytes(memory: &File, address: u64, length: usize) -> Result<Vec<u8>> {
    let mut buffer = vec![0; length];
    match memory.read_exact_at(&mut buffer, address) {
        Ok(()) => Ok(buffer),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Err(fault(Errno::EFAULT.into())),
        Err(e) => Err(fault(e)),
    }
}

/// Page by page: the next one may not be there, and need not.
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
    Err(Error::new(Errno::ENAMETOOLONG).with_detail(format!("no end in {most} bytes")))
}
