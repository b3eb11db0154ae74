//! The upper directory of an overlay, or a whole tree, as the tar stream of a layer: pax format, without times below a
//! second, as docker writes it. Marks of the overlay become whiteouts. The same tree gives the same bytes.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use super::Report;
use super::name::{OPAQUE, WHITEOUT};
use crate::sys::copy::archive_head::XATTR;
use crate::sys::copy::packer::Exactly;
use crate::sys::copy::{Data, Entry, Kind, Sink, Tally, join, split};
use crate::sys::{Error, Result, digest, interrupt};

/// How the stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip(1), with this level.
    Gzip(u32),
    /// zstd(1), with this level.
    Zstd(i32),
}

/// Hashes what passes through.
struct Hashed<W> {
    into: W,
    hash: Sha256,
    bytes: u64,
}

impl<W> Hashed<W> {
    fn new(into: W) -> Hashed<W> {
        Hashed { into, hash: Sha256::new(), bytes: 0 }
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.into.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.into.flush()
    }
}

type Target = Hashed<BufWriter<File>>;

enum Encoder {
    Plain(Target),
    Gzip(Box<flate2::write::GzEncoder<Target>>),
    Zstd(zstd::Encoder<'static, Target>),
}

impl Encoder {
    fn finish(self) -> std::io::Result<Target> {
        match self {
            Encoder::Plain(target) => Ok(target),
            Encoder::Gzip(encoder) => encoder.finish(),
            Encoder::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl Write for Encoder {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Encoder::Plain(target) => target.write(bytes),
            Encoder::Gzip(encoder) => encoder.write(bytes),
            Encoder::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Encoder::Plain(target) => target.flush(),
            Encoder::Gzip(encoder) => encoder.flush(),
            Encoder::Zstd(encoder) => encoder.flush(),
        }
    }
}

/// A layer that is being written.
pub struct Packer {
    tar: Builder<Hashed<Encoder>>,
    whiteouts: u64,
}

impl Packer {
    /// Writes to a file.
    pub fn new(file: File, compression: Compression) -> Result<Packer> {
        let target = Hashed::new(BufWriter::with_capacity(256 << 10, file));
        let encoder = match compression {
            Compression::None => Encoder::Plain(target),
            Compression::Gzip(level) => {
                Encoder::Gzip(Box::new(flate2::write::GzEncoder::new(target, flate2::Compression::new(level))))
            }
            Compression::Zstd(level) => Encoder::Zstd(zstd::Encoder::new(target, level)?),
        };
        Ok(Packer { tar: Builder::new(Hashed::new(encoder)), whiteouts: 0 })
    }

    /// Ends the stream, and returns its digests.
    pub fn close(self) -> Result<Report> {
        let Hashed { into, hash, bytes } = self.tar.into_inner()?;
        let mut target = into.finish()?;
        target.flush()?;
        let (diff_id, digest) = (digest::named(hash), digest::named(target.hash));
        Ok(Report {
            diff_id,
            digest,
            stream: bytes,
            size: target.bytes,
            whiteouts: self.whiteouts,
            ..Report::default()
        })
    }

    /// Writes a header, after pax records of what does not fit into it.
    fn head(&mut self, path: &[u8], link: &[u8], header: &mut Header, entry: &Entry) -> Result<()> {
        let mut records: Vec<(String, &[u8])> = Vec::new();
        let given = Path::new(std::ffi::OsStr::from_bytes(path));
        if header.set_path(given).is_err() || header.path_bytes() != path {
            // For programs without pax records.
            header.set_path("long-name")?;
            records.push(("path".into(), path));
        }
        if !link.is_empty() && (header.set_link_name_literal(link).is_err()) {
            records.push(("linkpath".into(), link));
        }
        let early = entry.mtime.0.to_string();
        if entry.mtime.0 < 0 {
            records.push(("mtime".into(), early.as_bytes()));
        }
        for (name, value) in &entry.attributes {
            if let Ok(name) = std::str::from_utf8(name) {
                records.push((format!("{XATTR}{name}"), value));
            }
        }
        if !records.is_empty() {
            self.tar.append_pax_extensions(records.iter().map(|(name, value)| (&name[..], *value)))?;
        }
        header.set_cksum();
        Ok(())
    }

    /// Writes an empty file whose name is a mark.
    fn mark(&mut self, path: &[u8]) -> Result<()> {
        let entry = Entry {
            path: path.to_vec(),
            kind: Kind::File(0),
            mode: 0,
            uid: 0,
            gid: 0,
            mtime: (0, 0),
            attributes: Vec::new(),
        };
        let mut header = header(&entry, EntryType::Regular);
        self.head(path, b"", &mut header, &entry)?;
        self.whiteouts += 1;
        Ok(self.tar.append(&header, std::io::empty())?)
    }

    /// Takes the marks of the overlay from an entry's attributes; returns whether it is opaque.
    fn marks(entry: &mut Entry) -> Result<bool> {
        let mut opaque = false;
        let mut wrong = None;
        entry.attributes.retain(|(name, value)| {
            let mark =
                [&b"trusted.overlay."[..], b"user.overlay."].iter().find_map(|prefix| name.strip_prefix(*prefix));
            match mark {
                Some(b"opaque") => opaque |= value == b"y",
                Some(b"redirect") => {
                    wrong = Some("a renamed directory, whose content is in a lower layer (redirect_dir)")
                }
                Some(b"metacopy") => wrong = Some("a file whose content is in a lower layer (metacopy)"),
                _ => {}
            }
            mark.is_none()
        });
        match wrong {
            None => Ok(opaque),
            Some(what) => Err(Error::new(Errno::EOPNOTSUPP)
                .with_detail(format!("it is {what}"))
                .with_hint("mount the overlay with redirect_dir=off,metacopy=off")),
        }
    }
}

fn header(entry: &Entry, kind: EntryType) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(entry.mode);
    header.set_uid(entry.uid.into());
    header.set_gid(entry.gid.into());
    header.set_mtime(u64::try_from(entry.mtime.0).unwrap_or(0));
    header.set_size(0);
    header
}

impl Sink for Packer {
    fn put(&mut self, entry: &Entry, mut data: Data<'_>, tally: &mut Tally<'_>) -> Result<()> {
        interrupt::check()?;
        let mut entry = entry.clone();
        let (above, name) = split(&entry.path);
        if entry.kind == Kind::Device(false, 0) {
            let hidden = [WHITEOUT, name].concat();
            return self.mark(&join(above, &hidden));
        }
        if name.starts_with(WHITEOUT) {
            let error =
                Error::new(Errno::EINVAL).with_detail("a layer cannot have a file of this name: it means a whiteout");
            return Err(error.with_hint("rename it, or leave it out"));
        }
        let opaque = Packer::marks(&mut entry)?;
        let (kind, link) = match &entry.kind {
            Kind::File(_) => (EntryType::Regular, Vec::new()),
            Kind::Dir => (EntryType::Directory, Vec::new()),
            Kind::Link(target) => (EntryType::Symlink, target.clone()),
            Kind::HardLink(first) => (EntryType::Link, first.clone()),
            Kind::Fifo => (EntryType::Fifo, Vec::new()),
            Kind::Device(true, _) => (EntryType::Block, Vec::new()),
            Kind::Device(false, _) => (EntryType::Char, Vec::new()),
        };
        let mut header = header(&entry, kind);
        let mut path = entry.path.clone();
        if entry.kind == Kind::Dir {
            path = if path.is_empty() { b"./".to_vec() } else { [&path[..], b"/"].concat() };
        }
        if let Kind::Device(_, number) = entry.kind {
            header.set_device_major(rustix::fs::major(number))?;
            header.set_device_minor(rustix::fs::minor(number))?;
        }
        if let Kind::File(size) = entry.kind {
            header.set_size(size);
        }
        self.head(&path, &link, &mut header, &entry)?;
        match (&entry.kind, data.filled()) {
            (Kind::File(size), Data::File(source)) => {
                self.tar.append(&header, Exactly { source, left: *size, tally }.take(*size))?;
            }
            (Kind::File(size), Data::Stream(source)) => {
                self.tar.append(&header, Exactly { source, left: *size, tally }.take(*size))?;
            }
            _ => self.tar.append(&header, std::io::empty())?,
        }
        if opaque { self.mark(&join(&entry.path, OPAQUE)) } else { Ok(()) }
    }

    fn is_top(&self, _: (u64, u64)) -> bool {
        false
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}
