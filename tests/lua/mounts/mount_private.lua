-- mount_private: mounts made in a child stay there.
local check = require "check"

local function propagation(path) return check.mount_at(path).propagation end

tiny.mkdir("a")
tiny.mkdir("b")
tiny.mount_tmpfs("a")
tiny.mkdir("a/below")
tiny.mount_tmpfs("a/below")
tiny.mount_propagation("a", "shared")

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

tiny.mount_private("a", { recursive = false })
check.equal(propagation("/tmp/a"), "")
assert(propagation("/tmp/a/below"):match("^shared"), "not recursive")

local err = check.fails("EINVAL", tiny.mount_private, "b")
check.equal(err.path, "b")
check.equal(err.hint, "the path is not a mount point")
check.refuses('unknown option "propagation"; known options: root, recursive', tiny.mount_private, "a", { propagation = "shared" })
