//! Which devices the processes of a group may make, read and write: v1's devices controller, or on v2
//! a program that the kernel asks (cgroup-v1/devices.rst, cgroup-v2.rst). What no rule allows is
//! refused.

use super::super::{Error, Result};
use super::{Group, Home, bpf, file};

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

impl Group {
    /// Allows these devices and no others. Errors: ENODEV where no hierarchy can do that, EPERM for a
    /// device that the group above may not use (v1).
    pub fn set_device_rules(&self, rules: &[DeviceRule]) -> Result<()> {
        let Ok(Home::V1(_)) = self.layout.home("devices") else { return self.attach_rules(rules) };
        let folder = self.provide("devices")?;
        file::write(&folder.join("devices.deny"), "a")?;
        rules
            .iter()
            .flat_map(|rule| rule.lines())
            .try_for_each(|line| file::write(&folder.join("devices.allow"), &line))
    }

    /// v2 has no file for it. The program that was there is taken off once the new one is on: between
    /// the two both must allow.
    fn attach_rules(&self, rules: &[DeviceRule]) -> Result<()> {
        let unified = self.layout.mounts().find(|mount| mount.unified);
        let Some(mount) = unified else {
            return Err(Error::new(nix::errno::Errno::ENODEV)
                .with_path(self.path())
                .with_detail("there is neither the devices controller nor cgroup v2"));
        };
        self.base()?;
        bpf::replace(&self.folder(mount), &bpf::program(rules))
    }
}

impl DeviceRule {
    /// The lines of devices.allow: "c 1:3 rwm". "a" there would mean everything, whatever else it says.
    fn lines(&self) -> Vec<String> {
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
