-- mounts: tells what /proc/self/mountinfo tells, names with blanks and backslashes as they are.
local check = require "check"

for _, name in ipairs { "a b", "back\\slash", "tab\there", "new\nline", "hash#", "ü" } do
  tiny.mkdir(name)
  local m <close> = tiny.mount_tmpfs(name, { size = "1m", nosuid = true })
  local mount = check.mount_at("/tmp/" .. name)
  assert(mount, name)
  check.equal(mount.root, "/")
  check.equal(mount.fstype, "tmpfs")
  check.equal(mount.source, "tmpfs")
  check.equal(mount.options, "rw,nosuid,relatime")
  check.equal(mount.propagation, "")
  assert(mount.super_options:find("size=1024k", 1, true), mount.super_options)
  check.equal(mount.parent, check.mount_at("/tmp").id)
end
tiny.mkdir("a b/in side")
local bind <close> = tiny.mount_bind("a b/in side", "bound", { create = true })
check.equal(check.mount_at("/tmp/bound").root, "/a b/in side")
local _, lines = tiny.read_file("/proc/self/mountinfo"):gsub("\n", "")
check.equal(#tiny.mounts(), lines)
check.refuses("takes at most 0 arguments: mounts()", tiny.mounts, "/")
