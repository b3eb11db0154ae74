//! Unix domain sockets: listening, connecting, and passing descriptors between processes (unix(7)). Network sockets are
//! in `net`.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use rustix::fs::Mode;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType,
};

use super::path::Place;
use super::{Context, Error, Result, interrupt};

/// The longest path that fits into a socket address (unix(7)).
const LONGEST: usize = 107;

/// The type of a socket.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Whether it preserves message boundaries (SOCK_SEQPACKET) instead of being a byte stream.
    pub messages: bool,
    /// Whether reads and writes do not block.
    pub nonblock: bool,
}

impl Kind {
    fn parts(self) -> (SocketType, SocketFlags) {
        let mut flags = SocketFlags::CLOEXEC;
        flags.set(SocketFlags::NONBLOCK, self.nonblock);
        (if self.messages { SocketType::SEQPACKET } else { SocketType::STREAM }, flags)
    }
}

/// Creates a pair of connected sockets.
pub fn pair(kind: Kind) -> Result<(OwnedFd, OwnedFd)> {
    let (ty, flags) = kind.parts();
    Ok(rustix::net::socketpair(AddressFamily::UNIX, ty, flags, None)?)
}

/// Calls `f` with the address of `path`. An address has at most 107 bytes; a longer path is reached through a
/// descriptor of its directory.
fn with_address<R>(path: &str, f: impl FnOnce(&SocketAddrUnix) -> rustix::io::Result<R>) -> Result<R> {
    if path.len() <= LONGEST {
        return f(&SocketAddrUnix::new(path).at(path)?).at(path);
    }
    let place = Place { root: None, path: path.as_ref() };
    let (folder, name) = place.parent()?;
    let short = format!("/proc/self/fd/{}/{}", folder.as_fd().as_raw_fd(), name.display());
    f(&SocketAddrUnix::new(short).at(path)?).at(path)
}

/// Creates a socket at `path`, mode 0600, and listens. Errors: EADDRINUSE if a file exists there.
pub fn listen(path: &str, kind: Kind) -> Result<OwnedFd> {
    let (ty, flags) = kind.parts();
    let socket = rustix::net::socket_with(AddressFamily::UNIX, ty, flags, None)?;
    // bind(2) takes the mode from the umask; with a later chmod it would be accessible for a moment.
    let umask = rustix::process::umask(Mode::from_raw_mode(0o177));
    let bound = with_address(path, |address| rustix::net::bind(&socket, address));
    rustix::process::umask(umask);
    bound?;
    rustix::net::listen(&socket, 64)?;
    Ok(socket)
}

/// Accepts the next connection; `None` if none is waiting and the listener is nonblocking.
pub fn accept(listener: BorrowedFd<'_>, nonblock: bool) -> Result<Option<OwnedFd>> {
    let mut flags = SocketFlags::CLOEXEC;
    flags.set(SocketFlags::NONBLOCK, nonblock);
    loop {
        match rustix::net::accept_with(listener, flags) {
            Ok(fd) => return Ok(Some(fd)),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::CONNABORTED) => return Ok(None),
            Err(rustix::io::Errno::INTR) if !interrupt::pending() => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// Connects to the socket at `path`. Errors: ENOENT, ECONNREFUSED if no process listens, EPROTOTYPE if the listener has
/// the other type.
pub fn connect(path: &str, kind: Kind) -> Result<OwnedFd> {
    let (ty, flags) = Kind { nonblock: false, ..kind }.parts();
    let socket = rustix::net::socket_with(AddressFamily::UNIX, ty, flags, None)?;
    with_address(path, |address| rustix::net::connect(&socket, address))?;
    super::event::set_nonblocking(socket.as_fd(), kind.nonblock)?;
    Ok(socket)
}

/// The most descriptors that one message has (SCM_MAX_FD).
pub const MOST_FDS: usize = 253;

/// Sends descriptors to the peer in one message, with at least one byte, which a message needs (SCM_RIGHTS). It allocates
/// nothing. Errors: EINVAL for too many, EMSGSIZE for too long a message.
pub fn send_fds(socket: BorrowedFd<'_>, fds: &[BorrowedFd<'_>], data: &[u8]) -> Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(Error::new(Errno::EINVAL).with_detail("a message has at most 253 files"));
    }
    let mut sent = retried(|| rustix::net::sendmsg(socket, &[IoSlice::new(data)], &mut control, SendFlags::NOSIGNAL))?;
    // A stream may take a part of a long message; the descriptors are with its first byte.
    while sent < data.len() {
        sent += retried(|| rustix::net::send(socket, &data[sent..], SendFlags::NOSIGNAL))?;
    }
    Ok(())
}

fn retried<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> Result<T> {
    loop {
        match call() {
            Err(rustix::io::Errno::INTR) if !interrupt::pending() => {}
            done => return Ok(done?),
        }
    }
}

/// A message: its bytes and its descriptors, which are close-on-exec.
pub struct Message {
    /// The bytes.
    pub data: Vec<u8>,
    /// The descriptors.
    pub fds: Vec<OwnedFd>,
}

/// Receives a message of at most this many bytes; `None` at the end. Errors: EMSGSIZE for a longer message, and for more
/// descriptors than this process may open: they are closed.
pub fn recv_fds(socket: BorrowedFd<'_>, most: usize) -> Result<Option<Message>> {
    let mut data = vec![0u8; most];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let got = {
        let mut parts = [IoSliceMut::new(&mut data)];
        retried(|| rustix::net::recvmsg(socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC))?
    };
    let rights = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => Some(fds),
        _ => None,
    });
    let fds: Vec<OwnedFd> = rights.flatten().collect();
    if got.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
        let why = format!("the message has more than {most} bytes, or more files than this process may open");
        return Err(Error::new(Errno::EMSGSIZE).with_detail(why));
    }
    data.truncate(got.bytes);
    Ok((got.bytes > 0 || !fds.is_empty()).then_some(Message { data, fds }))
}

/// Receives a descriptor, close-on-exec; `None` at the end. Errors: ENOMSG for a message without one.
pub fn recv_fd(socket: BorrowedFd<'_>) -> Result<Option<OwnedFd>> {
    let mut byte = [0u8; 1];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let got = retried(|| {
        rustix::net::recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC)
    })?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(mut fds) = message
            && let Some(fd) = fds.next()
        {
            return Ok(Some(fd));
        }
    }
    if got.bytes == 0 {
        return Ok(None);
    }
    Err(Error::new(Errno::ENOMSG).with_detail("the message contains no descriptor"))
}
