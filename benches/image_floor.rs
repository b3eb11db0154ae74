//! The floor of the image benchmark: fetches layers and writes their files with the fewest system calls, with the same
//! inflate and hash as tinylua, a process for each layer, and one syncfs. It trusts what it reads: it understands only
//! the archives that the benchmark makes.
//! Usage: image_floor HOST:PORT REPOSITORY DIRECTORY PARALLEL DIGEST…

use std::env::args;
use std::fs::{File, create_dir_all};
use std::io::{BufRead, BufReader, Error, Read, Result, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::bufread::GzDecoder;
use rustix::fs::{AtFlags, Gid, Mode, OFlags, Timespec, Timestamps, Uid};
use sha2::{Digest, Sha256};

const BLOCK: usize = 512;
const PORTION: usize = 256 << 10;

/// What arrives from the registry: hashed, and stored as a blob.
struct Arriving<R> {
    from: R,
    blob: File,
    hash: Sha256,
}

impl<R: Read> Read for Arriving<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let n = self.from.read(buffer)?;
        self.hash.update(&buffer[..n]);
        self.blob.write_all(&buffer[..n])?;
        Ok(n)
    }
}

/// The tar stream, hashed.
struct Hashed<R> {
    from: R,
    hash: Sha256,
}

impl<R: Read> Hashed<R> {
    /// Reads as much as fits; less only at the end.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            match self.from.read(&mut buffer[done..])? {
                0 => break,
                n => done += n,
            }
        }
        self.hash.update(&buffer[..done]);
        Ok(done)
    }
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn octal(field: &[u8]) -> u64 {
    text(field).iter().filter(|byte| byte.is_ascii_digit()).fold(0, |n, digit| n * 8 + u64::from(digit - b'0'))
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unpack(stream: &mut Hashed<impl Read>, root: &File) -> Result<()> {
    let (mut head, mut data) = ([0; BLOCK], vec![0; PORTION]);
    while stream.fill(&mut head)? == BLOCK && head[0] != 0 {
        let (name, mode) = (text(&head[..100]), Mode::from_raw_mode(octal(&head[100..108]) as u32));
        let (uid, gid) = (octal(&head[108..116]) as u32, octal(&head[116..124]) as u32);
        let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
        let time = Timespec { tv_sec: octal(&head[136..148]) as i64, tv_nsec: 0 };
        let times = Timestamps { last_access: time, last_modification: time };
        let mut left = octal(&head[124..136]) as usize;
        match head[156] {
            b'5' => {
                rustix::fs::mkdirat(root, name, mode)?;
                rustix::fs::chownat(root, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)?;
            }
            b'2' => {
                rustix::fs::symlinkat(text(&head[157..257]), root, name)?;
                rustix::fs::chownat(root, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)?;
                rustix::fs::utimensat(root, name, &times, AtFlags::SYMLINK_NOFOLLOW)?;
            }
            _ => {
                let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
                let mut file = File::from(rustix::fs::openat(root, name, flags, mode)?);
                while left > 0 {
                    let padded = left.next_multiple_of(BLOCK).min(PORTION);
                    stream.fill(&mut data[..padded])?;
                    file.write_all(&data[..left.min(padded)])?;
                    left = left.saturating_sub(padded);
                }
                rustix::fs::fchown(&file, uid, gid)?;
                rustix::fs::futimens(&file, &times)?;
            }
        }
    }
    // The rest belongs to the digest.
    while stream.fill(&mut data)? > 0 {}
    Ok(())
}

fn layer(place: &str, repository: &str, folder: &str, digest: &str) -> Result<()> {
    let digits = digest.trim_start_matches("sha256:");
    create_dir_all(format!("{folder}/{digits}"))?;
    rustix::process::umask(Mode::empty());
    let mut socket = TcpStream::connect(place)?;
    write!(socket, "GET /v2/{repository}/blobs/{digest} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n")?;
    let mut reply = BufReader::with_capacity(PORTION, socket);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        reply.read_line(&mut line)?;
    }
    let blob = File::create(format!("{folder}/blob-{digits}"))?;
    let arriving = BufReader::with_capacity(PORTION, Arriving { from: reply, blob, hash: Sha256::new() });
    let mut stream = Hashed { from: GzDecoder::new(arriving), hash: Sha256::new() };
    unpack(&mut stream, &File::open(format!("{folder}/{digits}"))?)?;
    let mut arriving = stream.from.into_inner();
    std::io::copy(&mut arriving, &mut std::io::sink())?;
    if hex(arriving.into_inner().hash) != digits {
        return Err(Error::other("another digest"));
    }
    std::hint::black_box(hex(stream.hash));
    Ok(())
}

fn main() -> Result<()> {
    let words: Vec<String> = args().collect();
    if let [_, place, repository, folder, parallel, digest] = &words[..]
        && parallel == "0"
    {
        return layer(place, repository, folder, digest);
    }
    let (common, digests) = (&words[1..4], &words[5..]);
    let parallel = words[4].parse().unwrap_or(1);
    create_dir_all(&common[2])?;
    let next = AtomicUsize::new(0);
    // The threads only wait, each for one process at a time.
    std::thread::scope(|scope| {
        let work = || {
            while let Some(digest) = digests.get(next.fetch_add(1, Ordering::Relaxed)) {
                let status = Command::new("/proc/self/exe").args(common).arg("0").arg(digest).status()?;
                if !status.success() {
                    return Err(Error::other(format!("{digest}: {status}")));
                }
            }
            Ok(())
        };
        let workers: Vec<_> = (0..parallel).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| Err(Error::other("a thread failed"))))
    })?;
    Ok(rustix::fs::syncfs(File::open(&common[2])?)?)
}
