-- fail: throws a message, or a table with the fields of an error and its exit status.
local check = require "check"

local function thrown(...) return select(2, tiny.try(tiny.fail, ...)) end
check.equal(thrown("no container %s (%d)", "web", 3).message, "no container web (3)")
check.equal(thrown("100% full").message, "100% full")
check.equal(tostring(thrown("plain")), "plain")
local err = thrown { message = "no rootfs", hint = "pass a folder", exit = 2, own = 5 }
check.equal(tostring(err), "no rootfs\n  hint: pass a folder")
check.equal(err.own, 5)

tiny.write_file("two.lua", [[tiny.fail { message = "no rootfs", hint = "pass a folder", exit = 2 }]])
local result = check.run { "run", "two.lua" }
check.equal(result.status, 2)
check.equal(result.err, "tinylua: no rootfs\n  hint: pass a folder\n")
tiny.write_file("one.lua", [[tiny.fail("stop")]])
check.equal(check.run({ "run", "one.lua" }).status, 125)

-- It crosses a fork unchanged.
local child <close> = tiny.fork(function() tiny.fail { message = "in the child", hint = "h", exit = 3 } end)
local _, crossed = tiny.try(child.wait, child)
check.equal(crossed.message, "in the child")
check.equal(crossed.hint, "h")
check.equal(crossed.exit, 3)
