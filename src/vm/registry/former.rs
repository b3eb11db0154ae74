//! Old names of primitives, methods and options, and what to tell their users.

use super::{Primitive, Registry, Type};

/// An old name that still works, and the version that removes it.
pub type Former = (&'static str, &'static str);

impl Registry {
    /// The primitive that had this name, or method "process:exit", before.
    pub fn renamed(&'static self, name: &str) -> Option<&'static Primitive> {
        self.all().find(|p| p.formerly.iter().any(|(old, _)| *old == name))
    }
}

impl Primitive {
    /// Its old names, each with what to tell their users: "tiny.freeze is now tiny.cgroup_freeze; …".
    pub fn renamings(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.formerly.iter().map(|(old, until)| {
            let (of, now) = match old.split_once(':') {
                Some((kind, _)) => (format!("{kind}:"), self.method.map_or(self.name, |(_, method)| method)),
                None => ("tiny.".into(), self.name),
            };
            let old_name = old.rsplit(':').next().unwrap_or(old);
            (*old, format!("{of}{old_name} is now {of}{now}; the old name goes in version {until}"))
        })
    }

    /// The old names of its options and of the keys of its arguments, likewise.
    pub fn renamed_options(&self) -> impl Iterator<Item = (&'static str, String)> {
        let keys = self.args.iter().flat_map(|arg| if let Type::Options(keys) = arg.ty { keys } else { &[] });
        let old = keys.chain(self.options).flat_map(|key| key.formerly.iter().map(move |former| (key.name, former)));
        old.map(|(now, (old, until))| {
            let (old, how) = old.strip_prefix('!').map_or((*old, ""), |old| (old, " = false"));
            (old, format!("option {old:?} is now {now:?}{how}; the old name goes in version {until}"))
        })
    }
}
