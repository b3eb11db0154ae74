//! Sparse files in GNU format: a map of the parts that are in the archive, and the content with its holes as zeros.

use std::io::Read;

use tar::{GnuExtSparseHeader, GnuSparseHeader, Header};

use super::archive_head::{Head, broken, refused};
use crate::sys::Result;

/// The parts of a file: where each begins, and its length.
pub(super) struct Map {
    parts: Vec<(u64, u64)>,
    /// The size of the file.
    pub size: u64,
}

impl Map {
    /// Reads the map of an entry with `stored` bytes in the archive; more of it may follow the header.
    pub fn read(header: &Header, stored: u64, stream: &mut impl Read, head: &mut Head) -> Result<Map> {
        let Some(gnu) = header.as_gnu() else { return Err(refused("it is a sparse file, but not in GNU format")) };
        let mut map = Map { parts: Vec::new(), size: 0 };
        gnu.sparse.iter().try_for_each(|part| map.add(part))?;
        let mut more = gnu.is_extended();
        while more {
            let mut next = GnuExtSparseHeader::new();
            head.spend(512)?;
            stream
                .read_exact(next.as_mut_bytes())
                .map_err(|_| refused("the archive is truncated in the map of a sparse file"))?;
            next.sparse.iter().try_for_each(|part| map.add(part))?;
            more = next.is_extended();
        }
        map.size = gnu.real_size().map_err(broken)?;
        let end = map.parts.last().map_or(0, |(at, length)| at + length);
        let sum = map.parts.iter().map(|(_, length)| length).sum::<u64>();
        if end > map.size || sum != stored {
            return Err(refused("the map of the sparse file does not fit its content"));
        }
        Ok(map)
    }

    fn add(&mut self, part: &GnuSparseHeader) -> Result<()> {
        if part.is_empty() {
            return Ok(());
        }
        let (at, length) = (part.offset().map_err(broken)?, part.length().map_err(broken)?);
        let (last, size) = self.parts.last().copied().unwrap_or_default();
        if at < last + size || at.checked_add(length).is_none() || size % 512 != 0 && length > 0 {
            return Err(refused("the parts of the sparse file overlap, or are not in order"));
        }
        self.parts.push((at, length));
        Ok(())
    }
}

/// The content of a sparse file.
pub(super) struct Filled<R> {
    stream: R,
    map: Map,
    /// The next part, and the place in the file.
    part: usize,
    at: u64,
}

impl<R: Read> Filled<R> {
    pub fn new(stream: R, map: Map) -> Filled<R> {
        Filled { stream, map, part: 0, at: 0 }
    }
}

impl<R: Read> Read for Filled<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.map.parts.get(self.part).is_some_and(|(begin, length)| begin + length <= self.at) {
            self.part += 1;
        }
        let (begin, end) = match self.map.parts.get(self.part) {
            Some((begin, length)) => (*begin, begin + length),
            None => (self.map.size, self.map.size),
        };
        let hole = self.at < begin;
        let left = if hole { begin } else { end }.saturating_sub(self.at);
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let got = if hole {
            buffer[..most].fill(0);
            most
        } else {
            self.stream.read(&mut buffer[..most])?
        };
        self.at += got as u64;
        Ok(got)
    }
}
