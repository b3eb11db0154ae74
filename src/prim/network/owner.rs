//! Sockets of other processes: the entry and its binding.

use super::BASE;
use crate::sys::net::owner as sys;
use crate::vm::registry::{Effect, Primitive, Type, arg, range};

pub const PROCESS_SOCKET: Primitive = Primitive {
    name: "process_socket",
    effect: Effect::Reads,
    doc: "Returns what kind of socket a descriptor of another process is (pidfd_getfd(2)).",
    args: &[
        arg("pid", range::PID, "the process; not one of its threads"),
        arg("number", Type::Range(0, i32::MAX as i64), "the number of the descriptor"),
    ],
    returns: "a table: `family` (\"inet\", \"inet6\", \"unix\", or a number as text) and `protocol` (\"tcp\", \"udp\", \
              \"icmp\", \"icmpv6\", \"sctp\", or a number as text; multipath TCP is \"tcp\")",
    errors: &[
        ("ESRCH", "there is no such process"),
        ("EBADF", "the process has no open file with this number"),
        ("ENOTSOCK", "the open file is not a socket"),
        ("EPERM", "needs CAP_SYS_PTRACE over the process"),
        ("EINVAL", "the pid is that of a thread; the Tgid in /proc/PID/status is its process"),
    ],
    example: "local kind = tiny.process_socket(process.pid, 3)",
    call: |c| {
        let kind = sys::socket(c.get(0)?, c.get(1)?)?;
        let table = c.lua.create_table()?;
        table.raw_set("family", kind.family_name())?;
        table.raw_set("protocol", kind.protocol_name())?;
        c.ok(table)
    },
    ..BASE
};
