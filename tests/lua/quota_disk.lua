-- A disk whose file system enforces project quotas, in a file. It goes with the private host.
local MAKE = { ext4 = "mkfs.ext4 -q -O quota,project -F", xfs = "mkfs.xfs -q -f" }

-- Mounts one at a new directory; returns it, or nothing where this kernel has no such quotas. kind: "ext4" or "xfs".
return function(kind)
  local program = MAKE[kind]:match "^%S+"
  local base = ("%s/quota-%s"):format(os.getenv "TMPDIR" or "/tmp", kind)
  if os.execute(("command -v %s >/dev/null 2>&1"):format(program)) then
    local place = base .. "-disk"
    tiny.mkdir(place)
    if os.execute(("truncate -s 400M %s && %s %s >/dev/null && mount -o loop,prjquota %s %s 2>/dev/null"):format(base, MAKE[kind], base, base, place)) then return place end
  end
  print(("no disk with project quotas: the kernel has none of %s, or %s is missing"):format(kind, program))
end
