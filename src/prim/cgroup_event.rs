//! News of a control group's files as handles for `poll`. Which news matter is not decided here.

use mlua::Value;

use super::cgroup::{GROUP, group};
use crate::sys::cgroup::event as sys;
use crate::vm::handle::Builder;
use crate::vm::registry::{Primitive, Type, arg, opt};

const BASE: Primitive = Primitive { family: "events", ..Primitive::BASE };

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "cgroup_notice",
        doc: "Asks the kernel to tell of news in a control file of a control group: on v2 of any change of a file of \
              events, or of pressure beyond a trigger; on v1 by cgroup.event_control. The files' names are the \
              kernel's on this host.",
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
            "when to tell: \"some 150000 2000000\" (microseconds stalled, in a window of so many) for pressure; on v1 \
             \"medium\" for memory.pressure_level, bytes for memory.usage_in_bytes",
        )],
        returns: "a notice handle for `poll`: `:take()`",
        method: Some(("cgroup", "notice")),
        errors: &[
            ("ENOENT", "there is no such group or file; pressure needs a kernel that measures it (`tinylua doctor`)"),
            (
                "EINVAL",
                "the file does not tell of news, or takes no such trigger; an unprivileged one has windows of 2 s",
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
        name: "take_notice",
        doc: "Takes the news of a control file, so that `poll` waits for the next.",
        args: &[arg("notice", Type::Handle("notice"), "what `cgroup_notice` returned")],
        returns: "what the file says now; nil when its group is gone",
        method: Some(("notice", "take")),
        example: "local text = notice:take()",
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
