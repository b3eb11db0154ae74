//! Copy-on-write folders: the upper directory of an overlay holds what a container changed in a folder of the host. Here the
//! changes are listed, applied to the folder, and discarded. The container wrote the upper directory, and others may write
//! the folder meanwhile: every name is looked up by descriptor below its directory, and no link is followed (openat2(2)).
//!
//! A directory of the container's has all of it: `upper` and `work` of the overlay; `start`, whose time is that of the first
//! start; `base` and `touched`, with what was applied earlier; `journal`, with the step of an interrupted `apply`.

pub mod apply;
mod attributes;
pub mod changes;
mod compare;
pub mod discard;
pub mod folder;
mod install;
mod journal;
pub mod make;
mod records;
mod seen;
mod walk;
