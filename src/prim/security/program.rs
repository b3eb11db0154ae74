//! The program of tinylua itself.

use super::BASE;
use crate::sys::cloned_binary as sys;
use crate::vm::registry::Primitive;

pub(super) const SEAL: Primitive = Primitive {
    name: "seal",
    doc: "Makes sure that nobody can write to the program of this process, as a program that it runs as root could by \
          /proc/PID/exe (CVE-2019-5736): starts the whole command over from a read-only mount of it, or from a sealed \
          copy in memory (memfd_create(2)). Call it before anything that must not be done twice.",
    errors: &[
        ("ENOENT", "/proc is not mounted"),
        ("EACCES", "the program is on a file system of which nothing may be run"),
    ],
    example: "tiny.seal()  -- the first line of a recipe that runs what it does not trust",
    call: |c| {
        sys::seal()?;
        c.ok(())
    },
    ..BASE
};
