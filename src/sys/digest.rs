//! Digests of bytes, which identify stored data and detect damage.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The SHA-256 digest in hexadecimal digits.
pub fn sha256(data: &[u8]) -> String {
    hex(&Sha256::digest(data))
}

/// Bytes in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
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
