//! Which devices the processes of a group may make, read and write: on v2 a program that the kernel
//! asks, or v1's devices controller (cgroup-v1/devices.rst, cgroup-v2.rst). What no rule allows is
//! refused.

use nix::errno::Errno;

use super::super::{Error, Result};
use super::device_rule::DeviceRule;
use super::{Group, Home, bpf, file};

impl Group {
    /// Allows these devices and no others. On a hybrid host the v2 hierarchy decides, where a process can
    /// be born: to move one into a v1 group the kernel waits until no process is being made, milliseconds
    /// long. Errors: ENODEV where no hierarchy can do that, EPERM for a device that the group above may
    /// not use (v1).
    pub fn set_device_rules(&self, rules: &[DeviceRule]) -> Result<()> {
        let old = matches!(self.layout.home("devices"), Ok(Home::V1(_)));
        let Some(mount) = self.layout.mounts().find(|mount| mount.unified) else {
            return if old { self.write_rules(rules) } else { Err(self.no_devices()) };
        };
        self.base()?;
        match bpf::replace(&self.folder(mount), &bpf::program(rules)) {
            Err(e) if old && matches!(e.errno, Errno::ENOSYS | Errno::EINVAL | Errno::EPERM) => self.write_rules(rules),
            replaced => replaced,
        }
    }

    fn write_rules(&self, rules: &[DeviceRule]) -> Result<()> {
        let folder = self.provide("devices")?;
        file::write(&folder.join("devices.deny"), "a")?;
        let mut lines = rules.iter().flat_map(DeviceRule::lines);
        lines.try_for_each(|line| file::write(&folder.join("devices.allow"), &line))
    }

    fn no_devices(&self) -> Error {
        Error::new(Errno::ENODEV)
            .with_path(self.path())
            .with_detail("there is neither the devices controller nor cgroup v2")
    }
}
