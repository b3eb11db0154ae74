-- --storage-opt size: where it cannot be had, it is refused with the reason, and never ignored.
local check = require "check"

local function refused(text, ...)
  local result = check.run { "run", "--rm", ... }
  check.equal(result.status, 125, result.out)
  assert(result.err:find(text, 1, true), result.err)
  check.no_container()
end
refused('storage_opt: unknown option "bytes"', "--storage-opt", "bytes=1m", "true")
refused("storage_opt: the size must not be 0", "--storage-opt", "size=0", "true")
refused("storage_opt: size: ", "--storage-opt", "size=many", "true")
refused("storage_opt: a container with a rootfs has no writable layer", "--rootfs", "/tmp", "--storage-opt", "size=1m", "true")
refused("enforces no project quotas", "--storage-opt", "size=1m", "true")
do
  local ordinary = require "ordinary"
  local start, root, environment = check.start, check.root, check.environment
  ordinary.make { delegated = false }
  refused("storage_opt: project quotas need root's capabilities over the host\n  hint: run it as root", "--storage-opt", "size=1m", "true")
  check.start, check.root, check.environment = start, root, environment
end
