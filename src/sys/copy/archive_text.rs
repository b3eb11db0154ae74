//! Numbers in an archive, and errors about one.

use nix::errno::Errno;

use crate::sys::Error;

/// An error of the tar library.
pub(super) fn broken(error: std::io::Error) -> Error {
    if error.raw_os_error().is_some() {
        return error.into();
    }
    let mut text = error.to_string();
    // It contains names and numbers of the archive as they are: of random bytes nothing is shown.
    text = if text.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
        String::new()
    } else {
        format!(": {text}")
    };
    refused(format!("it is not a tar archive, or it is damaged{text}"))
}

pub(super) fn refused(why: impl Into<String>) -> Error {
    Error::new(Errno::EINVAL).with_detail(why)
}

/// A number in decimal digits.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok())
}
