//! Runs a function with fewer permissions on files: as another user, without the capabilities that bypass permission
//! checks. It does not fork, since that would use a pid of the container. The permissions are restored afterwards; if
//! that fails, the process exits.

use nix::unistd::{Gid, Uid, getgroups, setfsgid, setfsuid, setgroups};
use rustix::process::{DumpableBehavior, Signal, dumpable_behavior, parent_process_death_signal};
use rustix::process::{set_dumpable_behavior, set_parent_process_death_signal};
use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

use super::{Context, Error, Result};

/// The user to access files as.
#[derive(Clone, Copy)]
pub struct Access {
    /// The user; the group has the same number.
    pub id: u32,
    /// Whether to keep the caller's supplementary groups. In a user namespace some of them may be unmapped, and could
    /// not be restored.
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

/// Calls `f` with these permissions and CAP_SYS_ADMIN as the only capability.
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
        // With a partly changed identity the process must not continue.
        Err(_) => std::process::abort(),
    }
}

fn lower(access: Access, own: &Own) -> Result<()> {
    if !access.groups {
        setgroups(&[]).detail("setgroups")?;
    }
    setfsgid(Gid::from_raw(access.id));
    setfsuid(Uid::from_raw(access.id));
    // These two report failure only by the value they leave.
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
        // setfsuid(2) also changes the effective capabilities.
        set_capabilities(None, self.sets).detail("capset")?;
        // A change of user resets these two (prctl(2)): the first to fs.suid_dumpable, which can be 2, a value that
        // cannot be set.
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
