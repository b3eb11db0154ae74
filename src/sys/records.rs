//! Many small files in one pass: the same few of each folder in a folder, read by descriptor. Of many, a second
//! thread reads its share.

use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use rustix::fs::{CWD, Mode, OFlags};

use super::{Context, Result};

/// The most that a file may have; a larger one is passed over.
const MOST: usize = 1 << 20;

/// What `read_each` tells.
pub enum Found<'a> {
    /// A name in the folder.
    Folder(&'a [u8]),
    /// The bytes of the file of this number in the folder that was told last.
    File(usize, &'a [u8]),
}

/// A second thread reads too where there are so many folders that its start does not matter.
const MANY: usize = 128;

/// So many folders it hands over at once.
const BATCH: usize = 32;

/// Tells each name in `folder`, and of those that are folders the files of these names that can be
/// read. What is missing is not told. No thread is left at the end. Errors: ENOENT and ENOTDIR for
/// `folder` itself.
pub fn read_each(folder: &str, files: &[String], mut tell: impl FnMut(Found<'_>) -> Result<()>) -> Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(CWD, folder, flags, Mode::empty()).at(folder)?;
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(&opened).at(folder)? {
        let entry = entry.at(folder)?;
        let name = entry.file_name().to_bytes();
        if !name.starts_with(b".") {
            names.push(name.to_vec());
        }
    }
    let parts: Vec<&[Vec<u8>]> = names.chunks(BATCH).collect();
    let read = |part| Batch::read(opened.as_fd(), part, files);
    if names.len() < MANY {
        return parts.into_iter().try_for_each(|part| read(part).tell(&mut tell));
    }
    let next = AtomicUsize::new(0);
    let take = || parts.get(next.fetch_add(1, Ordering::Relaxed)).copied();
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        let ahead = || {
            // A failure to hand over: the other side ended with an error, and nobody wants the rest.
            while take().is_some_and(|part| sender.send(read(part)).is_ok()) {}
            drop(sender);
        };
        // A limit of processes counts threads too: without one this thread reads everything.
        let _ = std::thread::Builder::new().spawn_scoped(scope, ahead);
        while let Some(part) = take() {
            read(part).tell(&mut tell)?;
            receiver.try_iter().try_for_each(|batch| batch.tell(&mut tell))?;
        }
        receiver.into_iter().try_for_each(|batch| batch.tell(&mut tell))
    })
}

/// Some folders and what was read of them.
struct Batch<'a> {
    names: &'a [Vec<u8>],
    bytes: Vec<u8>,
    /// Folder, file, and where its bytes are.
    files: Vec<(usize, usize, Range<usize>)>,
}

impl<'a> Batch<'a> {
    fn read(folder: BorrowedFd<'_>, names: &'a [Vec<u8>], files: &[String]) -> Batch<'a> {
        let mut batch = Batch { names, bytes: Vec::new(), files: Vec::new() };
        let mut path = Vec::new();
        for (place, name) in names.iter().enumerate() {
            for (number, file) in files.iter().enumerate() {
                path.clear();
                path.extend_from_slice(name);
                path.push(b'/');
                path.extend_from_slice(file.as_bytes());
                let start = batch.bytes.len();
                match read_at(folder, &path, &mut batch.bytes) {
                    Some(()) => batch.files.push((place, number, start..batch.bytes.len())),
                    None => batch.bytes.truncate(start),
                }
            }
        }
        batch
    }

    fn tell(self, tell: &mut impl FnMut(Found<'_>) -> Result<()>) -> Result<()> {
        let mut files = self.files.into_iter().peekable();
        for (place, name) in self.names.iter().enumerate() {
            tell(Found::Folder(name))?;
            while let Some((_, number, range)) = files.next_if(|(of, ..)| *of == place) {
                tell(Found::File(number, &self.bytes[range]))?;
            }
        }
        Ok(())
    }
}

/// Reads a whole file behind what the buffer holds; `None` for what cannot be read. A link is not
/// followed, a FIFO does not block.
fn read_at(folder: BorrowedFd<'_>, path: &[u8], buffer: &mut Vec<u8>) -> Option<()> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let fd = rustix::fs::openat(folder, path, flags, Mode::empty()).ok()?;
    let (start, mut room) = (buffer.len(), 4096);
    loop {
        buffer.reserve(room);
        let count = match rustix::io::read(&fd, rustix::buffer::spare_capacity(buffer)) {
            Err(rustix::io::Errno::INTR) => continue,
            read => read.ok()?,
        };
        // A short read of a regular file is its end; what else a private folder could hold is no JSON.
        if buffer.len() < buffer.capacity() {
            return Some(());
        }
        room = count;
        if buffer.len() - start >= MOST {
            return None;
        }
    }
}
