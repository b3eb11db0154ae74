//! Reads many small files in one pass: the same files of each subdirectory of a directory, by descriptor. With many
//! subdirectories, a second thread reads a share.

use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::thread::JoinHandleExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;

use rustix::fs::{CWD, Mode, OFlags};

use super::{Context, Result, thread};

/// The largest file that is read; larger ones are skipped.
const MOST: usize = 1 << 20;

/// The results of `read_each`.
pub enum Found<'a> {
    /// A name in the directory.
    Folder(&'a [u8]),
    /// The content of the file with this number in the last reported subdirectory.
    File(usize, &'a [u8]),
}

/// From this number of subdirectories on a second thread is worth its start.
const MANY: usize = 128;

/// How many subdirectories it hands over at once.
const BATCH: usize = 32;

/// Reports each name in `folder`, and for subdirectories the files of these names that can be read. Missing files are
/// not reported. No thread is left at the end. Errors: ENOENT and ENOTDIR for `folder` itself.
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
    let work = Arc::new(Work { folder: opened, names, files: files.to_vec(), next: AtomicUsize::new(0) });
    let (ahead, receiver) = work.ahead();
    let told = (|| {
        while let Some(batch) = work.batch() {
            batch.tell(&work, &mut tell)?;
            receiver.try_iter().try_for_each(|batch| batch.tell(&work, &mut tell))?;
        }
        receiver.iter().try_for_each(|batch| batch.tell(&work, &mut tell))
    })();
    // After an error the rest is not needed: the thread ends when it cannot hand over.
    drop(receiver);
    if let Some(ahead) = ahead {
        let _ = thread::join(ahead);
    }
    told
}

/// The shared state of the two threads.
struct Work {
    folder: OwnedFd,
    names: Vec<Vec<u8>>,
    files: Vec<String>,
    /// The first name that has not been taken.
    next: AtomicUsize,
}

impl Work {
    /// Starts the second thread, where it pays, and returns where its batches arrive.
    fn ahead(self: &Arc<Work>) -> (Option<JoinHandle<i32>>, Receiver<Batch>) {
        let (sender, receiver) = mpsc::channel();
        let work = Arc::clone(self);
        let read = move || {
            while work.batch().is_some_and(|batch| sender.send(batch).is_ok()) {}
            thread::number()
        };
        // A limit of processes counts threads too: without one this thread reads everything.
        let thread =
            (self.names.len() >= MANY).then(|| std::thread::Builder::new().spawn(read)).and_then(|made| made.ok());
        if let Some(thread) = &thread {
            away_from_here(thread);
        }
        (thread, receiver)
    }

    /// The next names and the content of their files.
    fn batch(&self) -> Option<Batch> {
        let first = self.next.fetch_add(BATCH, Ordering::Relaxed);
        let names = first..self.names.len().min(first.saturating_add(BATCH));
        (!names.is_empty()).then(|| self.read(names))
    }

    fn read(&self, names: Range<usize>) -> Batch {
        let mut batch = Batch { names: names.clone(), bytes: Vec::new(), files: Vec::new() };
        let mut path = Vec::new();
        for place in names {
            for (number, file) in self.files.iter().enumerate() {
                path.clear();
                path.extend_from_slice(&self.names[place]);
                path.push(b'/');
                path.extend_from_slice(file.as_bytes());
                let start = batch.bytes.len();
                match read_at(self.folder.as_fd(), &path, &mut batch.bytes) {
                    Some(()) => batch.files.push((place, number, start..batch.bytes.len())),
                    None => batch.bytes.truncate(start),
                }
            }
        }
        batch
    }
}

/// Some subdirectories and the content of their files.
struct Batch {
    names: Range<usize>,
    bytes: Vec<u8>,
    /// Subdirectory, file, and the range of its bytes.
    files: Vec<(usize, usize, Range<usize>)>,
}

impl Batch {
    fn tell(self, work: &Work, tell: &mut impl FnMut(Found<'_>) -> Result<()>) -> Result<()> {
        let mut files = self.files.into_iter().peekable();
        for place in self.names {
            tell(Found::Folder(&work.names[place]))?;
            while let Some((_, number, range)) = files.next_if(|(of, ..)| *of == place) {
                tell(Found::File(number, &self.bytes[range]))?;
            }
        }
        Ok(())
    }
}

/// Moves a thread to the other processors that this process may use. The kernel often starts it on its creator's
/// processor, which stays busy: the thread would wait there for milliseconds, longer than its work takes.
fn away_from_here(thread: &JoinHandle<i32>) {
    // SAFETY: a bit set of zeros is empty.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    let size = size_of_val(&set);
    // SAFETY: the sets are ours and have the given length, a processor's number is below CPU_SETSIZE, and the thread
    // has not been joined. A failure only costs time.
    unsafe {
        let here = libc::sched_getcpu();
        if libc::sched_getaffinity(0, size, &raw mut set) == 0 && (0..libc::CPU_SETSIZE).contains(&here) {
            libc::CPU_CLR(here as usize, &mut set);
            libc::pthread_setaffinity_np(thread.as_pthread_t(), size, &raw const set);
        }
    }
}

/// Appends a whole file to the buffer; `None` if it cannot be read. A link is not followed, a FIFO does not block.
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
        // A short read of a regular file is its end; other file types in a private directory would not be JSON.
        if buffer.len() < buffer.capacity() {
            return Some(());
        }
        room = count;
        if buffer.len() - start >= MOST {
            return None;
        }
    }
}
