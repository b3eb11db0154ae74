-- mount_propagation: shared mounts are seen by both, a slave sees its master's, an unbindable one cannot be bound.
local check = require "check"

local function propagation(path) return check.mount_at(path).propagation end

tiny.mkdir("a")
tiny.mkdir("b")
tiny.mount_tmpfs("a")
tiny.mkdir("a/below")
tiny.mount_tmpfs("a/below")
tiny.mount_propagation("a", "shared")
assert(propagation("/tmp/a"):match("^shared:%d+$"), propagation("/tmp/a"))
assert(propagation("/tmp/a/below"):match("^shared:%d+$"), "recursive by default")

-- A slave sees its master's mounts and keeps its own.
tiny.mkdir("a/down")
tiny.mkdir("a/up")
local turn, go = tiny.pipe()
local answer, told = tiny.pipe()
local child <close> = tiny.clone({ mount = true }, function()
  tiny.mount_propagation("a", "slave")
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

tiny.mount_propagation("a", "private", { recursive = false })
check.equal(propagation("/tmp/a"), "")
assert(propagation("/tmp/a/below"):match("^shared"), "not recursive")
tiny.mount_propagation("a", "unbindable")
check.fails("EINVAL", tiny.mount_bind, "a", "b", { recursive = false })

-- Below a root, a link leads to a mount of that root.
tiny.symlink("/below", "a/link")
tiny.mount_propagation("/link", "private", { root = "/tmp/a" })
check.equal(propagation("/tmp/a/below"), "")

local err = check.fails("EINVAL", tiny.mount_propagation, "b", "private")
check.equal(err.path, "b")
check.equal(err.hint, "the path is not a mount point")
check.refuses([[propagation: "privat" is not one of "private"|"slave"|"shared"|"unbindable"; did you mean "private"?]],
  tiny.mount_propagation, "a", "privat")
