//! The content of a sparse file: the parts that an archive has, between holes.

use std::io::Read;

use crate::sys::Result;

/// The content of a sparse file; read, it has zeros for the holes.
pub struct Filled<'a> {
    stream: &'a mut dyn Read,
    /// Where each part begins, and its length, in this order.
    parts: Vec<(u64, u64)>,
    size: u64,
    /// The next part, and the place in the file.
    part: usize,
    at: u64,
}

impl<'a> Filled<'a> {
    pub(super) fn new(stream: &'a mut dyn Read, parts: Vec<(u64, u64)>, size: u64) -> Filled<'a> {
        Filled { stream, parts, size, part: 0, at: 0 }
    }

    /// Calls a function with the place and length of each part, and the stream that has it next.
    pub(super) fn each(self, mut take: impl FnMut(u64, u64, &mut dyn Read) -> Result<()>) -> Result<()> {
        self.parts.iter().try_for_each(|(at, length)| take(*at, *length, self.stream))
    }
}

impl Read for Filled<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.parts.get(self.part).is_some_and(|(begin, length)| begin + length <= self.at) {
            self.part += 1;
        }
        let (begin, end) = match self.parts.get(self.part) {
            Some((begin, length)) => (*begin, begin + length),
            None => (self.size, self.size),
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
