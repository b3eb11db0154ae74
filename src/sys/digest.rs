//! Digests of bytes, which identify stored data and detect damage.

use std::fmt::Write;
use std::fs::File;
use std::io::Read;

use sha2::{Digest, Sha256};

use super::{Result, interrupt};

/// The SHA-256 digest in hexadecimal digits.
pub fn sha256(data: &[u8]) -> String {
    digits(Sha256::new_with_prefix(data), "")
}

/// The digest of what was hashed, as images write it: "sha256:" and the digits.
pub fn named(hash: Sha256) -> String {
    digits(hash, "sha256:")
}

/// The digest of a file, as images write it, and its size.
pub fn of_file(mut file: File) -> Result<(String, u64)> {
    let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 256 << 10]);
    loop {
        interrupt::check()?;
        let got = file.read(&mut buffer)?;
        if got == 0 {
            return Ok((named(hash), size));
        }
        hash.update(&buffer[..got]);
        size += got as u64;
    }
}

fn digits(hash: Sha256, before: &str) -> String {
    hash.finalize().iter().fold(before.to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of FIPS 180-4's own examples: nothing, one block, two blocks.
    #[test]
    fn the_standard_examples() {
        let known = [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
        ];
        for (text, digest) in known {
            assert_eq!(sha256(text.as_bytes()), digest, "{text:?}");
        }
    }
}
