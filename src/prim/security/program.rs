//! The program file of tinylua itself.

use super::BASE;
use crate::sys::cloned_binary as sys;
use crate::vm::registry::{Effect, Primitive};

pub(super) const SEAL: Primitive = Primitive {
    name: "seal",
    effect: Effect::Plumbing,
    doc: "Ensures that no process can write to this program's file: a program that it runs as root could do so through \
          /proc/PID/exe (CVE-2019-5736). It re-executes the command from a read-only mount of the file, or from a \
          sealed copy in memory (memfd_create(2)). Call it before anything that must not run twice.",
    errors: &[("ENOENT", "/proc is not mounted"), ("EACCES", "the program is on a file system that is mounted noexec")],
    example: "tiny.seal()  -- the first line of a recipe that runs untrusted programs",
    call: |c| {
        sys::seal()?;
        c.ok(())
    },
    ..BASE
};
