-- mount_private: mounts made in a child stay in the child; shared mounts are visible in both.
local check = require "check"

local function propagation(path) return check.mount_at(path).propagation end

tiny.mkdir("a")
tiny.mkdir("b")
tiny.mount_tmpfs("a")
tiny.mkdir("a/below")
tiny.mount_tmpfs("a/below")
tiny.mount_private("a", { propagation = "shared" })
assert(propagation("/tmp/a"):match("^shared:%d+$"), propagation("/tmp/a"))
assert(propagation("/tmp/a/below"):match("^shared:%d+$"), "recursive by default")

tiny.mkdir("a/seen")
tiny.mkdir("a/unseen")
check.inside({ mount = true }, function()
  tiny.mount_tmpfs("a/seen")
  tiny.mount_private("/")
  check.equal(propagation("/tmp/a"), "")
  tiny.mount_tmpfs("a/unseen")
  assert(check.mount_at("/tmp/a/unseen"))
end)
assert(check.mount_at("/tmp/a/seen"), "a shared mount is seen")
check.equal(check.mount_at("/tmp/a/unseen"), nil, "a private mount")

-- A slave receives its master's mounts and keeps its own.
tiny.mkdir("a/down")
tiny.mkdir("a/up")
local turn, go = tiny.pipe()
local answer, told = tiny.pipe()
local child <close> = tiny.clone({ mount = true }, function()
  tiny.mount_private("a", { propagation = "slave" })
  tiny.mount_tmpfs("a/up")
  told:write("x")
  turn:read()
  assert(check.mount_at("/tmp/a/down"), "the master's mount")
end)
answer:read()
tiny.mount_tmpfs("a/down")
go:write("x")
check.equal(child:wait(), 0)
check.equal(check.mount_at("/tmp/a/up"), nil, "the slave's mount")

tiny.mount_private("a", { recursive = false })
check.equal(propagation("/tmp/a"), "")
assert(propagation("/tmp/a/below"):match("^shared"), "not recursive")
tiny.mount_private("a", { propagation = "unbindable" })
check.fails("EINVAL", tiny.mount_bind, "a", "b", { recursive = false })

local err = check.fails("EINVAL", tiny.mount_private, "b")
check.equal(err.path, "b")
check.equal(err.hint, "the path is not a mount point")
check.refuses([[option "propagation": "privat" is not one of "private"|"slave"|"shared"|"unbindable"; did you mean "private"?]],
  tiny.mount_private, "a", { propagation = "privat" })
