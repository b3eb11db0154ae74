//! Features that may be modules: built in or loaded, loadable, or absent.

use serde::Serialize;

use super::answer::{self, Offer};

/// The files that list this kernel's modules, read once.
pub struct Modules {
    builtin: String,
    loadable: String,
}

impl Modules {
    /// For this kernel release; empty if the directory is missing (a kernel without modules).
    pub fn read(release: &str) -> Modules {
        let read = |file: &str| answer::line(&format!("/lib/modules/{release}/{file}")).unwrap_or_default();
        Modules { builtin: read("modules.builtin"), loadable: read("modules.dep") }
    }

    /// Whether the module is part of the kernel image.
    pub fn built_in(&self, name: &str) -> bool {
        self.builtin.lines().any(|path| is(path, name))
    }

    /// Whether the module is loaded; a built-in one is only visible here if it has parameters.
    pub fn loaded(name: &str) -> bool {
        std::path::Path::new("/sys/module").join(name).exists()
    }

    /// Whether the module's file exists.
    pub fn loadable(&self, name: &str) -> bool {
        self.loadable.lines().any(|line| is(line.split(':').next().unwrap_or_default(), name))
    }

    /// `there`, or otherwise the result for the module's file.
    pub fn offer(&self, there: bool, name: &str) -> Offer {
        match there || self.built_in(name) {
            true => Offer::Is(true),
            false if self.loadable(name) => Offer::As("module"),
            false => Offer::Is(false),
        }
    }
}

/// Whether `path` is the module's file: "kernel/fs/overlayfs/overlay.ko.zst".
fn is(path: &str, name: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    // Dashes and underscores are equivalent in module names.
    file.split_once(".ko").is_some_and(|(stem, _)| stem.replace('-', "_") == name)
}

/// The file systems that containers use.
#[derive(Serialize)]
pub struct Filesystems {
    /// Layers of a root file system.
    pub overlay: Offer,
    /// File systems in user space.
    pub fuse: Offer,
    /// Scratch space.
    pub tmpfs: Offer,
    /// POSIX message queues.
    pub mqueue: Offer,
    /// Read-only images.
    pub squashfs: Offer,
    /// Read-only images.
    pub erofs: Offer,
}

/// Reads /proc/filesystems (filesystems(5)).
pub fn filesystems(modules: &Modules) -> Filesystems {
    let known = answer::line("/proc/filesystems").unwrap_or_default();
    let offer = |name: &str| modules.offer(known.lines().any(|l| l.rsplit('\t').next() == Some(name)), name);
    Filesystems {
        overlay: offer("overlay"),
        fuse: offer("fuse"),
        tmpfs: offer("tmpfs"),
        mqueue: offer("mqueue"),
        squashfs: offer("squashfs"),
        erofs: offer("erofs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_by_their_files() {
        let modules = Modules {
            builtin: "kernel/fs/fuse/fuse.ko\n".into(),
            loadable: "kernel/fs/overlayfs/overlay.ko.zst: kernel/x.ko\nkernel/net/nf-tables.ko:\n".into(),
        };
        assert_eq!(modules.offer(false, "overlay"), Offer::As("module"));
        assert_eq!(modules.offer(false, "fuse"), Offer::Is(true));
        assert_eq!(modules.offer(false, "nf_tables"), Offer::As("module"));
        assert_eq!(modules.offer(false, "x"), Offer::Is(false));
        assert_eq!(modules.offer(true, "x"), Offer::Is(true));
    }
}
