-- project_quota: the project of a directory, its limit and its use.
local check = require "check"

local err = check.fails("EOPNOTSUPP", tiny.project_quota, ".")
assert(err.message:find("enforces no project quotas", 1, true), err.message)
check.fails("ENOENT", tiny.project_quota, "missing")

local disk = require "quota_disk" "ext4"
if not disk then return end
tiny.mkdir(disk .. "/d")
local found = tiny.project_quota(disk .. "/d")
check.equal(found.project, 0)
check.equal(found.limit, 0)
tiny.set_project_quota(disk .. "/d", { project = 4294967294, size = "1m" })
tiny.write_file(disk .. "/d/f", ("x"):rep(100 << 10))
assert(os.execute("sync -f " .. disk))
found = tiny.project_quota(disk .. "/d")
check.equal(found.project, 4294967294)
check.equal(found.limit, 1 << 20)
assert(found.used >= 100 << 10 and found.used < 200 << 10, found.used)
check.equal(tiny.project_quota(disk, { project = 4294967294 }).used, found.used)
check.equal(tiny.project_quota(disk, { project = 99 }).limit, 0)
-- A user without privileges over the host reads its own only.
local child <close> = tiny.fork(function()
  tiny.setuser(1000)
  local _, refused = tiny.try(tiny.set_project_quota, disk .. "/d", { size = 0 })
  assert(refused and (refused.code == "EPERM" or refused.code == "EACCES"), tostring(refused))
end)
check.equal(child:wait(), 0)
-- Without the mount option, the file system only counts.
assert(os.execute(("umount %s && mount -o loop %s %s"):format(disk, disk:gsub("%-disk$", ""), disk)))
check.fails("EOPNOTSUPP", tiny.project_quota, disk)
