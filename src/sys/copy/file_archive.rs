//! A tar stream of chosen files under chosen names, in the ustar format with GNU's long names (tar(5)). Owners, modes and
//! times are always the same, so that the same files give the same bytes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use tar::{Builder, EntryType, Header};

use super::Tally;
use super::packer::Exactly;
use crate::sys::{Context, Result, interrupt};

/// What an entry holds.
pub enum Content {
    /// A directory.
    Dir,
    /// These bytes.
    Data(Vec<u8>),
    /// The content of this file.
    File(PathBuf),
}

/// Writes the entries, in this order.
pub fn write(to: File, entries: &[(String, Content)], tally: &mut Tally<'_>) -> Result<()> {
    let mut tar = Builder::new(BufWriter::with_capacity(256 << 10, to));
    for (name, content) in entries {
        interrupt::check()?;
        let (kind, mode) = match content {
            Content::Dir => (EntryType::Directory, 0o755),
            _ => (EntryType::Regular, 0o644),
        };
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        for set in [Header::set_uid, Header::set_gid, Header::set_mtime] {
            set(&mut header, 0);
        }
        match content {
            Content::Dir => {
                header.set_size(0);
                tar.append_data(&mut header, name, std::io::empty())?;
            }
            Content::Data(data) => {
                header.set_size(data.len() as u64);
                tar.append_data(&mut header, name, &data[..])?;
                tally.add(data.len() as u64);
            }
            Content::File(path) => {
                let source = File::open(path).at(path)?;
                let left = source.metadata().at(path)?.len();
                header.set_size(left);
                tar.append_data(&mut header, name, Exactly { source, left, tally: &mut *tally })?;
            }
        }
        tally.entries += 1;
    }
    Ok(tar.into_inner()?.flush()?)
}
