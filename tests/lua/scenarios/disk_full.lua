-- The disk is full while the state is written: a clear error, and nothing is left.
local check = require "check"

tiny.mkdir("/tmp/full")
local disk <close> = tiny.mount_tmpfs("/tmp/full", { size = "64k" })
check.root = "/tmp/full"
tiny.try(tiny.write_file, "/tmp/full/ballast", ("x"):rep(64 * 1024))
local ballast = tiny.open("/tmp/full/ballast", { write = true, create = true })
tiny.try(ballast.write, ballast, ("x"):rep(64 * 1024))
ballast:close()
local result = check.run { "run", "--rm", "true" }
check.equal(result.status, 125)
assert(result.err:match("ENOSPC: No space left on device"), result.err)
check.no_container()
