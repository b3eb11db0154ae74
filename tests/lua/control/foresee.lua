-- foresee: performs the checks of a call without making it; unknown values pass.
local check = require "check"

local unknown = tiny.foresee()
local function told(name, ...)
  local refusal, kind = tiny.foresee(name, table.pack(...))
  return refusal, kind
end
local before = tiny.read_file("/proc/sys/kernel/hostname")
check.equal(told("sethostname", "never-set"), nil)
check.equal(tiny.read_file("/proc/sys/kernel/hostname"), before, "nothing was done")
check.equal(told("sethostname", 7), "name: expected string, got 7")
check.equal(told("sethostname"), "name is missing: sethostname(name)")
check.equal(told("sethostname", unknown), nil)
check.equal(told("mount_tmpfs", "/x", { size = "1q" }):match('^option "size": "1q" is not a size'), 'option "size": "1q" is not a size')
check.equal(told("mount_tmpfs", unknown, { size = unknown, read_only = 1 }), 'option "read_only": expected boolean, got 1')
check.equal(told("mount_tmpfs", "/x", unknown), nil)
check.equal(told("mount_overlay", "/x", unknown), nil)
check.equal(told("tiny.exec", { "true", unknown }), nil)
check.equal(select(2, told("clone", { pid = true }, print)), "child")
check.equal(select(2, told("getpid")), nil)
check.equal(told("child:wait", unknown, "soon"):match("^timeout: "), "timeout: ")
check.equal(told("child:wait", {}), "child: expected a child handle, got a table")
check.equal(tiny.foresee("no_such_primitive", {}), false)
-- Functions in Lua declare their own arguments.
check.equal(told("try", print, 1, 2), nil)
-- A real call does not accept it as a value.
check.fails("EINVAL", tiny.sethostname, ("x"):rep(100))
local _, err = tiny.try(tiny.sethostname, unknown)
assert(err, "the mark is no hostname")
check.refuses("args: 300 arguments are more than the 250 that a call takes", tiny.foresee, "getpid", { n = 300 })
check.refuses("name: expected string, got 7", tiny.foresee, 7)
