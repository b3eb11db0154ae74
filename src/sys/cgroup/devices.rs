//! The devices that processes of a cgroup may create, read and write: by a BPF program on v2, or by v1's devices
//! controller (cgroup-v1/devices.rst, cgroup-v2.rst). Devices without a matching rule are denied.

use nix::errno::Errno;

use super::super::{Error, Result};
use super::device_rule::{DeviceRule, lines};
use super::{Group, Home, bpf, file};

impl Group {
    /// Applies these rules, of which the last one that matches decides. On a hybrid host the v2 hierarchy is used, where processes can start in the cgroup:
    /// moving a process into a v1 cgroup waits until no process is being created, for milliseconds. Errors: ENODEV
    /// where no hierarchy supports it, EPERM for a device that the parent cgroup denies, and EOPNOTSUPP for an exception to an
    /// exception (v1).
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
        let told = lines(rules).map_err(|why| Error::new(Errno::EOPNOTSUPP).with_path(self.path()).with_detail(why))?;
        let (first, then) =
            if told.allow { ("devices.allow", "devices.deny") } else { ("devices.deny", "devices.allow") };
        file::write(&folder.join(first), "a")?;
        told.lines.iter().try_for_each(|line| file::write(&folder.join(then), line))
    }

    fn no_devices(&self) -> Error {
        Error::new(Errno::ENODEV)
            .with_path(self.path())
            .with_detail("neither the devices controller nor cgroup v2 is available")
    }
}
