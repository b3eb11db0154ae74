//! Many small files in one pass: the same few of each folder in a folder, read by descriptor.

use std::os::fd::{AsFd, BorrowedFd};

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

/// Tells each name in `folder`, and of those that are folders the files of these names that can be
/// read. What is missing is not told. Errors: ENOENT and ENOTDIR for `folder` itself.
pub fn read_each(folder: &str, files: &[String], mut tell: impl FnMut(Found<'_>) -> Result<()>) -> Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(CWD, folder, flags, Mode::empty()).at(folder)?;
    let listing = rustix::fs::Dir::read_from(&opened).at(folder)?;
    let mut buffer = vec![0; 4096];
    let mut path = Vec::new();
    for entry in listing {
        let entry = entry.at(folder)?;
        let name = entry.file_name().to_bytes();
        if name.starts_with(b".") {
            continue;
        }
        tell(Found::Folder(name))?;
        for (number, file) in files.iter().enumerate() {
            path.clear();
            path.extend_from_slice(name);
            path.push(b'/');
            path.extend_from_slice(file.as_bytes());
            if let Some(length) = read_at(opened.as_fd(), &path, &mut buffer) {
                tell(Found::File(number, &buffer[..length]))?;
            }
        }
    }
    Ok(())
}

/// Reads a whole file into the buffer, which grows where it must; `None` for what cannot be read. A
/// link is not followed, a FIFO does not block.
fn read_at(folder: BorrowedFd<'_>, path: &[u8], buffer: &mut Vec<u8>) -> Option<usize> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let fd = rustix::fs::openat(folder, path, flags, Mode::empty()).ok()?;
    let mut held = 0;
    loop {
        let count = match rustix::io::read(&fd, &mut buffer[held..]) {
            Err(rustix::io::Errno::INTR) => continue,
            read => read.ok()?,
        };
        held += count;
        // A short read of a regular file is its end; what else a private folder could hold is no JSON.
        if held < buffer.len() {
            return Some(held);
        }
        if held >= MOST {
            return None;
        }
        buffer.resize((held * 4).min(MOST), 0);
    }
}
