//! The content of a copied file: from a file, whose holes are kept, or from a stream.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use nix::errno::Errno;

use super::{Data, Tally};
use crate::sys::{Error, Result, interrupt};

/// Bytes copied between two checks of the clock.
const PIECE: u64 = 16 << 20;
/// Bytes read from a stream at once.
const PORTION: usize = 128 << 10;

/// Writes a new file.
pub(in crate::sys) fn fill(file: &File, size: u64, data: Data<'_>, tally: &mut Tally<'_>) -> Result<()> {
    match data {
        Data::File(source) => {
            regions(source, file, size, tally)?;
            file.set_len(size)?;
        }
        Data::Stream(stream) => pour(stream, file, size, tally)?,
        Data::Sparse(filled) => {
            tally.sparse += 1;
            file.set_len(size)?;
            // An archive may claim any number of zeros: none is written.
            filled.each(|at, length, stream| {
                (&*file).seek(SeekFrom::Start(at))?;
                pour(stream, file, length, tally)
            })?;
        }
        Data::None => {}
    }
    Ok(())
}

/// Copies data without the holes (lseek(2), SEEK_DATA). The kernel moves the bytes (copy_file_range(2)). Data added to
/// the source in the meantime is not copied.
fn regions(mut source: &File, mut file: &File, size: u64, tally: &mut Tally<'_>) -> Result<()> {
    let mut at = 0;
    while at < size {
        let begin = match rustix::fs::seek(source, rustix::fs::SeekFrom::Data(at)) {
            Ok(begin) => begin.min(size),
            // The rest is a hole.
            Err(rustix::io::Errno::NXIO) => return Ok(()),
            // A file system without support for holes.
            Err(_) => at,
        };
        // Data that became a hole in the meantime is read as zeros.
        let end = rustix::fs::seek(source, rustix::fs::SeekFrom::Hole(begin)).ok();
        let end = end.filter(|end| *end > begin).unwrap_or(size).min(size);
        source.seek(SeekFrom::Start(begin))?;
        file.seek(SeekFrom::Start(begin))?;
        at = begin;
        while at < end {
            let copied = std::io::copy(&mut source.take(PIECE.min(end - at)), &mut file)?;
            if copied == 0 {
                // It was truncated in the meantime.
                return Ok(());
            }
            at += copied;
            tally.add(copied);
        }
    }
    Ok(())
}

/// Writes the content of a stream.
fn pour(stream: &mut dyn Read, mut file: &File, size: u64, tally: &mut Tally<'_>) -> Result<()> {
    let mut buffer = vec![0; usize::try_from(size).map_or(PORTION, |size| size.min(PORTION))];
    let mut left = size;
    while left > 0 {
        interrupt::check()?;
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let got = stream.read(&mut buffer[..most])?;
        if got == 0 {
            return Err(Error::new(Errno::EINVAL).with_detail("the archive is truncated in this entry"));
        }
        file.write_all(&buffer[..got])?;
        left -= got as u64;
        tally.add(got as u64);
    }
    Ok(())
}
