//! The overlay file system (the kernel's documentation, filesystems/overlayfs). Layers are passed one by one if the
//! kernel has `lowerdir+` (6.7), as one list before that. A layer that is not a directory is refused here, since the
//! kernel's error is less specific.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;

use super::Result;
use super::access::Access;
use super::mount::{LONGEST, filesystem_as};
use super::path::open_root;

/// The parts of an overlay.
pub struct Layers<'a> {
    /// The lower directories, topmost first.
    pub lower: &'a [String],
    /// The upper directory that receives the changes, and the work directory.
    pub upper: Option<(&'a str, &'a str)>,
    /// Whether nothing is ever synced.
    pub volatile: bool,
    /// Whether to use attributes named user.overlay.*, which need no privilege.
    pub userxattr: bool,
    /// Whether a directory in an upper layer may be redirected to another name below (trusted.overlay.redirect).
    pub redirect: bool,
    /// Whether the upper directory has every change as a whole file: without redirects, files of which only the metadata
    /// is copied, and an index of hard links.
    pub whole: bool,
    /// The user whose permissions are used on the layers; the caller's own without one.
    pub access: Option<Access>,
}

/// Creates an overlay, detached. Errors: ENOENT and ENOTDIR for a layer, and those of the file system.
pub fn overlay(layers: &Layers<'_>, attributes: u64) -> Result<OwnedFd> {
    let lower = layers.lower.iter().map(|path| Layer::open(path)).collect::<Result<Vec<_>>>()?;
    let mut rest = Vec::new();
    // The handles stay open until the file system is created: a long path is given through them.
    let upper = layers.upper.map(|(upper, _)| Layer::open(upper)).transpose()?;
    let work = layers.upper.map(|(_, work)| Layer::open(work)).transpose()?;
    // The file system removes backslashes from these two, but not from `lowerdir+`.
    let escaped = |layer: &Layer<'_>| Some(layer.fitting(layer.path.replace('\\', "\\\\")));
    rest.extend(upper.as_ref().map(|layer| ("upperdir", escaped(layer))));
    rest.extend(work.as_ref().map(|layer| ("workdir", escaped(layer))));
    if layers.volatile {
        rest.push(("volatile", None));
    }
    if layers.userxattr {
        rest.push(("userxattr", None));
    }
    if layers.redirect {
        rest.push(("redirect_dir", Some("follow".to_owned())));
    }
    if layers.whole {
        rest.extend(
            [("redirect_dir", "nofollow"), ("metacopy", "off"), ("index", "off")].map(|(k, v)| (k, Some(v.to_owned()))),
        );
    }
    let one_by_one = lower.iter().map(|layer| ("lowerdir+", Some(layer.fitting(layer.path.to_owned())))).collect();
    match make(one_by_one, &rest, attributes, layers.access) {
        Err(unknown) if unknown.errno == Errno::EINVAL => {
            let listed =
                make(vec![("lowerdir", Some(list(&lower, layers.access.is_some())))], &rest, attributes, layers.access);
            // If the older syntax fails too, the first error is the relevant one.
            listed.map_err(|e| if e.errno == Errno::EINVAL { unknown } else { e })
        }
        made => made,
    }
}

fn make(
    mut config: Vec<(&str, Option<String>)>,
    rest: &[(&'static str, Option<String>)],
    attributes: u64,
    access: Option<Access>,
) -> Result<OwnedFd> {
    config.extend(rest.iter().cloned());
    let config: Vec<(&str, Option<&str>)> = config.iter().map(|(key, value)| (*key, value.as_deref())).collect();
    filesystem_as("overlay", &config, attributes, access)
}

/// The lower layers as one setting. They are given by descriptor if their names are too long or may not be searched:
/// before kernel 6.5 they are only looked up when the file system is created, with those permissions.
fn list(lower: &[Layer<'_>], limited: bool) -> String {
    let join = |name: &dyn Fn(&Layer<'_>) -> String| lower.iter().map(name).collect::<Vec<_>>().join(":");
    let named = join(&|layer| layer.path.replace('\\', "\\\\").replace(':', "\\:"));
    // A kernel that only accepts this list also splits it at commas.
    if named.len() <= LONGEST && !named.contains(',') && !limited {
        named
    } else {
        join(&|layer| layer.by_descriptor())
    }
}

struct Layer<'a> {
    path: &'a str,
    folder: OwnedFd,
}

impl<'a> Layer<'a> {
    fn open(path: &'a str) -> Result<Layer<'a>> {
        Ok(Layer { path, folder: open_root(path.as_ref())? })
    }

    /// The name with escapes if it fits into a setting, otherwise its descriptor's path. Before kernel
    /// 6.5 the overlay's settings were joined with commas, and a value could not contain one.
    fn fitting(&self, spelt: String) -> String {
        if spelt.len() <= LONGEST && !spelt.contains(',') { spelt } else { self.by_descriptor() }
    }

    fn by_descriptor(&self) -> String {
        format!("/proc/self/fd/{}", self.folder.as_raw_fd())
    }
}
