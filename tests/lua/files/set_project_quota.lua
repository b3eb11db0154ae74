-- set_project_quota: what is written to the directories of a project is limited, whoever writes, and a limit of 0 ends it. File
-- systems without project quotas are refused.
local check = require "check"

local err = check.fails("EOPNOTSUPP", tiny.set_project_quota, ".", { project = 7, size = "1m" })
assert(err.message:find("enforces no project quotas", 1, true) and err.hint:find("prjquota", 1, true), err.message)
check.fails("ENOENT", tiny.set_project_quota, "missing", { size = "1m" })

-- ext4 exempts CAP_SYS_RESOURCE.
local fewer = {}
for _, name in ipairs(tiny.caps().effective) do
  if name ~= "CAP_SYS_RESOURCE" then table.insert(fewer, name) end
end
local make = require "quota_disk"
-- XFS treats the limit as the size of a disk.
local FULL = { ext4 = "EDQUOT", xfs = "ENOSPC" }
local disks = { ext4 = make "ext4", xfs = make "xfs" }
tiny.set_caps { effective = fewer }
for kind, disk in pairs(disks) do
  local one, two, free = disk .. "/one", disk .. "/two", disk .. "/free"
  for _, path in ipairs { one, two, free } do tiny.mkdir(path) end
  check.refuses("the directory has no project: set `project` to a number above 0", tiny.set_project_quota, one, { size = "1m" })
  for _, path in ipairs { one, two } do tiny.set_project_quota(path, { project = 7001, size = "1m" }) end
  tiny.write_file(one .. "/f", ("x"):rep(600 << 10))
  tiny.mkdir(two .. "/d")
  check.fails(FULL[kind], tiny.write_file, two .. "/d/g", ("x"):rep(600 << 10))
  -- Another user's files count too.
  tiny.chown(one .. "/f", { uid = 1000, gid = 1000 })
  check.fails(FULL[kind], tiny.write_file, two .. "/g", ("x"):rep(600 << 10))
  tiny.write_file(free .. "/g", ("x"):rep(2 << 20))
  -- Within the project, files move; a new limit counts at once.
  tiny.rename(one .. "/f", two .. "/d/f")
  tiny.set_project_quota(two, { size = "4m" })
  tiny.write_file(two .. "/g", ("x"):rep(600 << 10))
  tiny.set_project_quota(two, { size = 0 })
  tiny.write_file(two .. "/h", ("x"):rep(8 << 20))
  check.equal(tiny.project_quota(two).limit, 0)
end
