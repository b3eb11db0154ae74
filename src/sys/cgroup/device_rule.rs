//! A rule of which devices may be used, and how devices.allow says it.

/// A rule that allows.
#[derive(Clone, Copy, Debug)]
pub struct DeviceRule {
    /// Whether it is a block device; `None` for both kinds.
    pub block: Option<bool>,
    /// The major number; `None` for all.
    pub major: Option<u32>,
    /// The minor number; `None` for all.
    pub minor: Option<u32>,
    /// Read, write, and make with mknod.
    pub access: Access,
}

/// What is allowed to be done with a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Access {
    /// Read from it.
    pub read: bool,
    /// Write to it.
    pub write: bool,
    /// Make its node.
    pub mknod: bool,
}

impl DeviceRule {
    /// The lines of devices.allow: "c 1:3 rwm". "a" there would mean everything, whatever else it says.
    pub(super) fn lines(&self) -> Vec<String> {
        let number = |n: Option<u32>| n.map_or_else(|| "*".into(), |n| n.to_string());
        let letters = [(self.access.read, 'r'), (self.access.write, 'w'), (self.access.mknod, 'm')];
        let access: String = letters.into_iter().filter(|(is, _)| *is).map(|(_, letter)| letter).collect();
        let kinds: &[char] = match self.block {
            None => &['b', 'c'],
            Some(true) => &['b'],
            Some(false) => &['c'],
        };
        kinds.iter().map(|kind| format!("{kind} {}:{} {access}", number(self.major), number(self.minor))).collect()
    }
}
