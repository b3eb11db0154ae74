//! The pax records of a sparse file ("GNU.sparse").

use super::archive_text::{decimal, refused};
use crate::sys::Result;

/// The beginning of the names of a sparse file's pax records.
pub(super) const SPARSE: &[u8] = b"GNU.sparse.";

/// What the pax records of a sparse file say.
#[derive(Default)]
pub(super) struct Sparse {
    /// Its name, where the header has another for programs that do not know the format.
    pub name: Option<Vec<u8>>,
    pub major: Option<u64>,
    pub minor: Option<u64>,
    pub size: Option<u64>,
    pub real_size: Option<u64>,
    pub count: Option<u64>,
    /// The numbers of version 0.1.
    pub map: Option<Vec<u64>>,
    /// Those of version 0.0, from records of their own.
    pub numbers: Vec<u64>,
}

impl Sparse {
    /// Takes a record, without the beginning of its name.
    pub fn take(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        let wrong = || refused(format!("its pax record \"GNU.sparse.{}\" is damaged", String::from_utf8_lossy(key)));
        let number = || decimal(value).ok_or_else(wrong);
        let twice = match key {
            b"name" => self.name.replace(value.to_vec()).is_some(),
            b"major" => self.major.replace(number()?).is_some(),
            b"minor" => self.minor.replace(number()?).is_some(),
            b"size" => self.size.replace(number()?).is_some(),
            b"realsize" => self.real_size.replace(number()?).is_some(),
            b"numblocks" => self.count.replace(number()?).is_some(),
            b"map" => {
                let parts = value.split(|byte| *byte == b',').map(decimal);
                self.map.replace(parts.collect::<Option<_>>().ok_or_else(wrong)?).is_some()
            }
            // In this order.
            b"offset" if self.numbers.len().is_multiple_of(2) => {
                self.numbers.push(number()?);
                false
            }
            b"numbytes" if !self.numbers.len().is_multiple_of(2) => {
                self.numbers.push(number()?);
                false
            }
            _ => return Err(wrong()),
        };
        if twice { Err(refused("it has two pax records of a sparse file with the same name")) } else { Ok(()) }
    }
}
