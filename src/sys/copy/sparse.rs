//! Sparse files: a map of the parts that are in the archive, and the content with its holes as zeros. The map is in the
//! header (GNU format), in pax records (versions 0.0 and 0.1 of "GNU.sparse"), or before the content (1.0).

use std::io::Read;

use tar::{GnuExtSparseHeader, GnuSparseHeader, Header};

use super::archive_head::Head;
use super::archive_text::{broken, decimal, refused};
use super::sparse_records::Sparse;
use crate::sys::Result;

/// The size of a block.
const BLOCK: usize = 512;

/// The parts of a file: where each begins, and its length.
pub(super) struct Map {
    pub parts: Vec<(u64, u64)>,
    /// The size of the file.
    pub size: u64,
}

impl Map {
    /// Reads the map of an entry in GNU format with `stored` bytes in the archive; more of it may follow the header.
    pub fn read(header: &Header, stored: u64, stream: &mut impl Read, head: &mut Head) -> Result<Map> {
        let Some(gnu) = header.as_gnu() else { return Err(refused("it is a sparse file, but not in GNU format")) };
        let mut map = Map { parts: Vec::new(), size: 0 };
        gnu.sparse.iter().try_for_each(|part| map.add_of_header(part))?;
        let mut more = gnu.is_extended();
        while more {
            let mut next = GnuExtSparseHeader::new();
            head.spend(BLOCK as u64)?;
            stream.read_exact(next.as_mut_bytes()).map_err(|_| truncated())?;
            next.sparse.iter().try_for_each(|part| map.add_of_header(part))?;
            more = next.is_extended();
        }
        map.size = gnu.real_size().map_err(broken)?;
        map.check(stored)
    }

    /// The map of an entry in pax format, and how many of the `stored` bytes it has taken.
    pub fn of_records(sparse: Sparse, stored: u64, stream: &mut impl Read, head: &mut Head) -> Result<(Map, u64)> {
        let version = (sparse.major, sparse.minor);
        let Sparse { map, numbers, count, size, real_size, name, .. } = sparse;
        let (numbers, size, taken) = match (version, map, numbers.is_empty()) {
            ((Some(1), Some(0)), None, true) if name.is_some() && size.is_none() => {
                let (numbers, taken) = before_content(stored, stream, head)?;
                (numbers, real_size, taken)
            }
            ((None, None), Some(map), true) if real_size.is_none() => (map, size, 0),
            ((None, None), None, _) if real_size.is_none() && name.is_none() => (numbers, size, 0),
            _ => return Err(refused("it is a sparse file of an unknown version")),
        };
        let Some(size) = size else { return Err(refused("it is a sparse file without a size")) };
        if !numbers.len().is_multiple_of(2) || count.is_some_and(|count| numbers.len() as u64 / 2 != count) {
            return Err(refused("the map of the sparse file is incomplete"));
        }
        let mut map = Map { parts: Vec::new(), size };
        numbers.chunks_exact(2).try_for_each(|part| map.add(part[0], part[1]))?;
        Ok((map.check(stored - taken)?, taken))
    }

    fn check(self, stored: u64) -> Result<Map> {
        let end = self.parts.last().map_or(0, |(at, length)| at + length);
        let sum = self.parts.iter().map(|(_, length)| length).sum::<u64>();
        // Of a file with a hole at its end, GNU tar would leave that out: it writes an empty part there.
        if end != self.size || sum != stored {
            return Err(refused("the map of the sparse file does not fit its content"));
        }
        Ok(self)
    }

    fn add_of_header(&mut self, part: &GnuSparseHeader) -> Result<()> {
        if part.is_empty() {
            return Ok(());
        }
        self.add(part.offset().map_err(broken)?, part.length().map_err(broken)?)
    }

    fn add(&mut self, at: u64, length: u64) -> Result<()> {
        let (last, size) = self.parts.last().copied().unwrap_or_default();
        if at < last + size || at.checked_add(length).is_none() || size % BLOCK as u64 != 0 && length > 0 {
            return Err(refused("the parts of the sparse file overlap, or are not in order"));
        }
        self.parts.push((at, length));
        Ok(())
    }
}

fn truncated() -> crate::sys::Error {
    refused("the archive is truncated in the map of a sparse file")
}

/// The numbers of a map before the content, one on each line after their count, in whole blocks; and its size.
fn before_content(stored: u64, stream: &mut impl Read, head: &mut Head) -> Result<(Vec<u64>, u64)> {
    let (mut numbers, mut line, mut taken) = (Vec::new(), Vec::new(), 0);
    let mut left = None;
    while left != Some(0) {
        let mut block = [0; BLOCK];
        taken += BLOCK as u64;
        head.spend(BLOCK as u64)?;
        if taken > stored {
            return Err(refused("the map of the sparse file is longer than its content"));
        }
        stream.read_exact(&mut block).map_err(|_| truncated())?;
        for byte in block {
            if left == Some(0) {
                break;
            }
            if byte != b'\n' {
                line.push(byte);
                continue;
            }
            let number = decimal(&line).ok_or_else(|| refused("the map of the sparse file is damaged"))?;
            line.clear();
            left = match left {
                None => Some(number.checked_mul(2).ok_or_else(truncated)?),
                Some(left) => {
                    numbers.push(number);
                    Some(left - 1)
                }
            };
        }
    }
    Ok((numbers, taken))
}
