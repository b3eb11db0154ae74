//! The bytes of a layer: read from a file, hashed, decompressed (gzip, zstd or not at all, by the first bytes), and hashed
//! again. A failure is kept, since the reader of the archive reports what it makes of it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use nix::errno::Errno;
use sha2::{Digest, Sha256};

use super::{FREE, Limits, Report, exceeds};
use crate::sys::{Error, Result, digest};

/// Bytes read from the file at once.
const PORTION: usize = 256 << 10;

/// The largest window of a zstd frame, as a power of two: 32 MiB, the largest that the encoders of image builders make. A
/// decoder keeps as much in memory; each supports 8 MiB (RFC 8878).
const WINDOW_LOG: u32 = 25;

/// The file, hashed while it is read.
struct Input {
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let got = self.file.read(buffer)?;
        self.hash.update(&buffer[..got]);
        self.bytes += got as u64;
        Ok(got)
    }
}

type Source = BufReader<Input>;

enum Decoder {
    Plain(Source),
    Gzip(Box<MultiGzDecoder<Source>>),
    Zstd(zstd::Decoder<'static, Source>),
}

impl Decoder {
    fn input(&self) -> &Input {
        match self {
            Decoder::Plain(source) => source.get_ref(),
            Decoder::Gzip(decoder) => decoder.get_ref().get_ref(),
            Decoder::Zstd(decoder) => decoder.get_ref().get_ref(),
        }
    }

    fn into_source(self) -> Source {
        match self {
            Decoder::Plain(source) => source,
            Decoder::Gzip(decoder) => decoder.into_inner(),
            Decoder::Zstd(decoder) => decoder.finish(),
        }
    }
}

/// The tar stream of a layer.
pub struct Stream {
    decoder: Decoder,
    hash: Sha256,
    bytes: u64,
    limits: Limits,
    failure: Option<Error>,
}

impl Stream {
    /// Opens the stream in a file.
    pub fn new(file: File, limits: Limits) -> Result<Stream> {
        let mut source = BufReader::with_capacity(PORTION, Input { file, hash: Sha256::new(), bytes: 0 });
        let begin = source.fill_buf()?;
        let decoder = if begin.starts_with(b"\x1f\x8b") {
            Decoder::Gzip(Box::new(MultiGzDecoder::new(source)))
        } else if begin.starts_with(b"\x28\xb5\x2f\xfd")
            || begin.len() > 3 && begin[0] & 0xf0 == 0x50 && begin[1..4] == *b"\x2a\x4d\x18"
        {
            // A frame, or one that decoders skip.
            let mut decoder = zstd::Decoder::with_buffer(source)?;
            decoder.window_log_max(WINDOW_LOG)?;
            Decoder::Zstd(decoder)
        } else {
            Decoder::Plain(source)
        };
        Ok(Stream { decoder, hash: Sha256::new(), bytes: 0, limits, failure: None })
    }

    /// The first failure.
    pub fn failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    /// Reads the rest of the file, and adds the digests to the report.
    pub fn finish(self, report: Report) -> Result<Report> {
        let (hash, stream) = (self.hash, self.bytes);
        let mut source = self.decoder.into_source();
        std::io::copy(&mut source, &mut std::io::sink())?;
        let input = source.into_inner();
        let (diff_id, digest) = (digest::named(hash), digest::named(input.hash));
        Ok(Report { diff_id, digest, stream, size: input.bytes, ..report })
    }

    fn excess(&self) -> Option<Error> {
        let Limits { bytes, ratio, .. } = self.limits;
        let small = self.bytes <= FREE || self.bytes / ratio.max(1) <= self.decoder.input().bytes;
        if self.bytes > bytes {
            return Some(exceeds("max_bytes", format!("the layer has more than {bytes} bytes")));
        }
        let why = || format!("the layer is more than {ratio} times as large as its compressed form");
        (!small).then(|| exceeds("max_ratio", why()))
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = match &mut self.decoder {
            Decoder::Plain(source) => source.read(buffer),
            Decoder::Gzip(decoder) => decoder.read(buffer),
            Decoder::Zstd(decoder) => decoder.read(buffer),
        };
        let failure = match read {
            Ok(got) => {
                self.hash.update(&buffer[..got]);
                self.bytes += got as u64;
                match self.excess() {
                    None => return Ok(got),
                    Some(error) => error,
                }
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted || e.raw_os_error().is_some() => return Err(e),
            // ZSTD_error_frameParameter_windowTooLarge
            Err(e) if e.to_string().contains("too much memory for decoding") => Error::new(Errno::EINVAL)
                .with_detail(format!("its zstd stream needs a window of more than {} MiB", (1 << WINDOW_LOG) >> 20))
                .with_hint("compress the layer without --long and --ultra"),
            Err(e) => Error::new(Errno::EINVAL).with_detail(format!("the compressed stream is damaged: {e}")),
        };
        self.failure.get_or_insert(failure);
        Err(Errno::EIO.into())
    }
}
