//! Notifications from cgroup files as handles for `poll`. The caller decides which ones it needs.

use mlua::Value;

use super::cgroup::{GROUP, group};
use crate::sys::cgroup::event as sys;
use crate::vm::handle::Builder;
use crate::vm::registry::{Effect, Primitive, Type, arg, opt};

const BASE: Primitive = Primitive { family: "events", ..Primitive::BASE };

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "cgroup_notice",
        effect: Effect::Plumbing,
        doc: "Asks the kernel for notifications from a control file of a cgroup (cgroups(7)). On v2 these are changes \
              of an event file, or pressure above a trigger; on v1 they come through cgroup.event_control. The file \
              names are those of this host.",
        args: &[
            GROUP,
            arg(
                "file",
                Type::Str,
                "\"memory.events\", \"cgroup.events\", \"memory.pressure\" …; on v1 \"memory.oom_control\", \
                 \"memory.pressure_level\", \"memory.usage_in_bytes\"",
            ),
        ],
        options: &[opt(
            "trigger",
            Type::Str,
            "any change",
            "the threshold: for pressure \"some 150000 2000000\" (microseconds of stall, per window in microseconds); \
             on v1 \"medium\" for memory.pressure_level, bytes for memory.usage_in_bytes",
        )],
        returns: "a notice handle for `poll`: `:read()`",
        method: Some(("cgroup", "notice")),
        errors: &[
            (
                "ENOENT",
                "there is no such cgroup or file; pressure files need a kernel that measures pressure (`tinylua \
                 doctor`)",
            ),
            (
                "EINVAL",
                "the file has no notifications, or does not accept this trigger; without privilege the window must be \
                 a multiple of 2 s",
            ),
            ("EOPNOTSUPP", "the kernel does not measure pressure: boot with psi=1 (`tinylua doctor`)"),
            ("EACCES", "run as root"),
        ],
        example: "local web <close> = tiny.cgroup(\"web\")\nif web.version ~= \"v1\" then\n  \
                  local news <close> = tiny.cgroup_notice(web, \"cgroup.events\")\nend",
        call: |c| {
            let trigger: Option<String> = c.opt("trigger")?;
            let notice = group(c)?.notice(&c.str(1)?, trigger.as_deref())?;
            let handle = Builder::new(c.lua, "notice")?.field("path", notice.path)?.field("urgent", notice.urgent)?;
            c.ok(handle.fd(notice.fd)?.build()?)
        },
        ..BASE
    },
    Primitive {
        name: "cgroup_notice_read",
        formerly: &[("take_notice", "0.2"), ("notice:take", "0.2")],
        waits: true,
        effect: Effect::Plumbing,
        doc: "Reads the control file of a notice, which clears the notification: `poll` then waits for the next one.",
        args: &[arg("notice", Type::Handle("notice"), "a handle returned by `cgroup_notice`")],
        returns: "the content of the file; nil when its cgroup has been removed",
        method: Some(("notice", "read")),
        example: "local text = notice:read()",
        call: |c| {
            let handle = c.handle(0)?;
            let (urgent, path): (bool, String) = (handle.raw_get("urgent")?, handle.raw_get("path")?);
            match c.fd(0)?.with(|fd| sys::take(fd, urgent, &path))?? {
                Some(text) => c.ok(text),
                None => c.ok(Value::Nil),
            }
        },
        ..BASE
    },
];
