-- A disk whose file system enforces project quotas, in a file; skips the test where the kernel has none. It goes with the private
-- host.
local check = require "check"

local MAKE = { ext4 = "mkfs.ext4 -q -O quota,project -F", xfs = "mkfs.xfs -q -f" }

-- Mounts one at a new directory; returns it. kind: "ext4" or "xfs"; returns nil if that cannot be made here and is not ext4.
return function(kind)
  kind = kind or "ext4"
  local program = MAKE[kind]:match "^%S+"
  local base = ("%s/quota-%s"):format(os.getenv "TMPDIR" or "/tmp", kind)
  if os.execute(("command -v %s >/dev/null 2>&1"):format(program)) then
    local place = base .. "-disk"
    tiny.mkdir(place)
    if os.execute(("truncate -s 400M %s && %s %s >/dev/null && mount -o loop,prjquota %s %s 2>/dev/null"):format(base, MAKE[kind], base, base, place)) then return place end
  end
  if kind == "ext4" then check.skip "the kernel has no project quotas of ext4 (CONFIG_QFMT_V2), or mkfs.ext4 is missing" end
  return nil
end
