//! The kernel only, in Rust types. Nothing here knows Lua, and nothing here is policy.

pub mod cgroup;
pub mod clock;
pub mod copy;
pub mod credentials;
pub mod error;
pub mod event;
pub mod exec;
pub mod fs;
pub mod init;
pub mod interrupt;
pub mod logfile;
pub mod memory;
pub mod mount;
pub mod mountinfo;
pub mod namespace;
pub mod near;
pub mod net;
pub mod overlay;
pub mod path;
pub mod pidfd;
pub mod probe;
pub mod process;
pub mod pump;
pub mod records;
pub mod seal;
pub mod seccomp;
pub mod security;
pub mod signal;
pub mod socket;
pub mod start;
pub mod stdout;
pub mod sysctl;
pub mod terminal;
pub mod tree;

pub use error::{Context, Error, Result};
