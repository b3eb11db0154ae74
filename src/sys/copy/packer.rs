//! A tar stream in GNU format as a sink (tar(5)).

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use tar::{Builder, EntryType, Header};

use super::archive_head::XATTR;
use super::{Data, Entry, Kind, Sink, Tally, join};
use crate::sys::{Result, interrupt};

/// An archive that is being written.
pub struct Packer {
    tar: Builder<BufWriter<File>>,
    /// The name of the packed tree, with which all other names start.
    name: Vec<u8>,
}

impl Packer {
    /// Packs into `file`; names in the archive start with `name`.
    pub fn new(file: File, name: &str) -> Packer {
        Packer { tar: Builder::new(BufWriter::with_capacity(256 << 10, file)), name: name.as_bytes().to_vec() }
    }
}

impl Packer {
    /// Writes the extended attributes of the next entry as GNU tar and docker do.
    fn attributes(&mut self, entry: &Entry) -> Result<()> {
        let mut records = Vec::new();
        for (name, value) in &entry.attributes {
            if let Ok(name) = std::str::from_utf8(name) {
                records.push((format!("{XATTR}{name}"), &value[..]));
            }
        }
        if records.is_empty() {
            return Ok(());
        }
        Ok(self.tar.append_pax_extensions(records.iter().map(|(name, value)| (&name[..], *value)))?)
    }
}

impl Sink for Packer {
    fn put(&mut self, entry: &Entry, mut data: Data<'_>, tally: &mut Tally<'_>) -> Result<()> {
        interrupt::check()?;
        let mut name = join(&self.name, &entry.path);
        if entry.kind == Kind::Dir {
            name.push(b'/');
        }
        let path = Path::new(std::ffi::OsStr::from_bytes(&name));
        let mut header = Header::new_gnu();
        header.set_mode(entry.mode);
        header.set_uid(entry.uid.into());
        header.set_gid(entry.gid.into());
        header.set_mtime(u64::try_from(entry.mtime.0).unwrap_or(0));
        header.set_size(0);
        let plain = |kind: &Kind| match kind {
            Kind::Dir => EntryType::Directory,
            Kind::Fifo => EntryType::Fifo,
            Kind::Device(true, _) => EntryType::Block,
            Kind::Device(false, _) => EntryType::Char,
            _ => EntryType::Regular,
        };
        self.attributes(entry)?;
        match (&entry.kind, data.filled()) {
            (Kind::File(size), Data::File(file)) => {
                header.set_entry_type(EntryType::Regular);
                header.set_size(*size);
                self.tar.append_data(&mut header, path, Exactly { source: file, left: *size, tally })?;
            }
            (Kind::File(size), Data::Stream(source)) => {
                header.set_entry_type(EntryType::Regular);
                header.set_size(*size);
                self.tar.append_data(&mut header, path, Exactly { source, left: *size, tally })?;
            }
            (Kind::Link(target), _) => {
                header.set_entry_type(EntryType::Symlink);
                self.tar.append_link(&mut header, path, Path::new(std::ffi::OsStr::from_bytes(target)))?;
            }
            (Kind::HardLink(first), _) => {
                header.set_entry_type(EntryType::Link);
                let first = join(&self.name, first);
                self.tar.append_link(&mut header, path, Path::new(std::ffi::OsStr::from_bytes(&first)))?;
            }
            (kind, _) => {
                header.set_entry_type(plain(kind));
                if let Kind::Device(_, number) = kind {
                    header.set_device_major(rustix::fs::major(*number))?;
                    header.set_device_minor(rustix::fs::minor(*number))?;
                }
                self.tar.append_data(&mut header, path, std::io::empty())?;
            }
        }
        Ok(())
    }

    fn is_top(&self, _: (u64, u64)) -> bool {
        false
    }

    fn finish(&mut self) -> Result<()> {
        self.tar.finish()?;
        Ok(self.tar.get_mut().flush()?)
    }
}

/// The content of a file, exactly as long as the header says: a file that shrinks is padded, and one that grows is cut.
pub(in crate::sys) struct Exactly<'b, 't, R> {
    pub source: R,
    pub left: u64,
    pub tally: &'b mut Tally<'t>,
}

impl<R: Read> Read for Exactly<'_, '_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let buffer = &mut buffer[..most];
        let mut got = self.source.read(buffer)?;
        if got == 0 {
            buffer.fill(0);
            got = buffer.len();
        }
        self.left -= got as u64;
        self.tally.add(got as u64);
        Ok(got)
    }
}
