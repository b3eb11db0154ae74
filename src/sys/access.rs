//! Doing one thing with less access to files: as another user, without the capabilities that overrule
//! modes. No process is made for it, since each would take a pid of the container's; so what is given
//! up is taken back, and where that fails the caller ends.

use nix::unistd::{Gid, Uid, getgroups, setfsgid, setfsuid, setgroups};
use rustix::process::{DumpableBehavior, Signal, dumpable_behavior, parent_process_death_signal};
use rustix::process::{set_dumpable_behavior, set_parent_process_death_signal};
use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

use super::{Context, Error, Result};

/// As whom.
#[derive(Clone, Copy)]
pub struct Access {
    /// The user; the group has the same number.
    pub id: u32,
    /// Whether the caller's further groups stay. In a user namespace they may be ones that it has no
    /// number for, and could not take back.
    pub groups: bool,
}

struct Own {
    sets: CapabilitySets,
    groups: Option<Vec<Gid>>,
    uid: Uid,
    gid: Gid,
    dumpable: DumpableBehavior,
    death: Option<Signal>,
}

/// Calls `f` with this access and CAP_SYS_ADMIN alone.
pub fn limited<R>(access: Access, f: impl FnOnce() -> R) -> Result<R> {
    let own = Own {
        sets: capabilities(None).detail("capget")?,
        groups: if access.groups { None } else { Some(getgroups().detail("getgroups")?) },
        uid: nix::unistd::geteuid(),
        gid: nix::unistd::getegid(),
        dumpable: dumpable_behavior().detail("PR_GET_DUMPABLE")?,
        death: parent_process_death_signal().detail("PR_GET_PDEATHSIG")?,
    };
    let done = lower(access, &own).map(|()| f());
    match own.take_back() {
        Ok(()) => done,
        // Half another's, this process is to do nothing more.
        Err(_) => std::process::abort(),
    }
}

fn lower(access: Access, own: &Own) -> Result<()> {
    if !access.groups {
        setgroups(&[]).detail("setgroups")?;
    }
    setfsgid(Gid::from_raw(access.id));
    setfsuid(Uid::from_raw(access.id));
    // These two tell of no failure but by the value that they leave.
    let (gid, uid) = (setfsgid(Gid::from_raw(u32::MAX)), setfsuid(Uid::from_raw(u32::MAX)));
    if gid.as_raw() != access.id || uid.as_raw() != access.id {
        return Err(Error::new(nix::errno::Errno::EPERM).with_detail(format!("becoming user {}", access.id)));
    }
    let sets = CapabilitySets { effective: own.sets.effective & CapabilitySet::SYS_ADMIN, ..own.sets };
    set_capabilities(None, sets).detail("capset")
}

impl Own {
    fn take_back(&self) -> Result<()> {
        set_capabilities(None, self.sets).detail("capset")?;
        setfsuid(self.uid);
        setfsgid(self.gid);
        if let Some(groups) = &self.groups {
            setgroups(groups).detail("setgroups")?;
        }
        // setfsuid(2) raises and lowers capabilities of its own accord.
        set_capabilities(None, self.sets).detail("capset")?;
        // A change of the user sets these two (prctl(2)): the first to fs.suid_dumpable, of which 2 cannot be set.
        if dumpable_behavior().detail("PR_GET_DUMPABLE")? != self.dumpable {
            let dumpable = match self.dumpable {
                DumpableBehavior::Dumpable => DumpableBehavior::Dumpable,
                _ => DumpableBehavior::NotDumpable,
            };
            set_dumpable_behavior(dumpable).detail("PR_SET_DUMPABLE")?;
        }
        set_parent_process_death_signal(self.death).detail("PR_SET_PDEATHSIG")?;
        let (gid, uid) = (setfsgid(Gid::from_raw(u32::MAX)), setfsuid(Uid::from_raw(u32::MAX)));
        if gid != self.gid || uid != self.uid {
            return Err(Error::new(nix::errno::Errno::EPERM));
        }
        Ok(())
    }
}
