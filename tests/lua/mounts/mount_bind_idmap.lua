-- mount_bind with idmap: a file of uid 0 belongs to root of the namespace, and files that it creates there are stored
-- with uid 0.
local check = require "check"

local own <close> = tiny.userns { uid_map = { { 0, 700000, 10 } }, gid_map = { { 0, 700000, 10 } } }
do
  local mounted, err = tiny.try(tiny.mount_bind, "/tmp", "/mnt", { idmap = own, recursive = false })
  if not mounted then check.skip("no idmapped mounts of tmpfs, which Linux has since 6.3: " .. err.code) end
  mounted:close()
end

tiny.mkdir("ids")
tiny.write_file("ids/file", "")
tiny.chown("ids/file", { uid = 7, gid = 3 })
do
  local mapped <close> = tiny.mount_bind("ids", "mapped", { idmap = own, create = true })
  local s = tiny.stat("mapped/file")
  check.equal(s.uid .. " " .. s.gid, "700007 700003", "seen from the host")
  check.inside({ user = own, mount = true }, function()
    tiny.setuser(0)
    tiny.write_file("mapped/made", "")
    check.equal(tiny.stat("mapped/file").uid, 7, "seen from the namespace")
  end)
  check.equal(tiny.stat("ids/made").uid, 0, "as it is stored")
  local err = check.fails("EPERM", tiny.mount_bind, "mapped", "again", { idmap = own, create = true })
  assert(err.message:find("or the mount is already idmapped", 1, true), err.message)
  local proc = check.fails("EINVAL", tiny.mount_bind, "/proc", "again", { idmap = own, recursive = false })
  assert(proc.message:find("this file system does not support idmapped mounts on this kernel", 1, true), proc.message)
end
check.equal(check.mount_at("/tmp/mapped"), nil, "after <close>")
