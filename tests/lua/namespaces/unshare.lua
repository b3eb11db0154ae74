-- unshare: moves the caller into new namespaces; for pid and time, its next children.
local check = require "check"

local function link(kind) return tiny.readlink("/proc/self/ns/" .. kind) end
local keys = { user = "user", net = "net", mount = "mnt", uts = "uts", ipc = "ipc", cgroup = "cgroup" }

local before = {}
for key, file in pairs(keys) do before[key] = link(file) end
for key, file in pairs(keys) do
  check.inside({}, function()
    tiny.unshare { [key] = true }
    for other, name in pairs(keys) do check.equal(link(name) ~= before[other], other == key, key .. ": new " .. other) end
  end)
  check.equal(link(file), before[key], key .. " outside")
end

check.inside({}, function()
  local pid = tiny.getpid()
  tiny.unshare { pid = true }
  check.equal(tiny.getpid(), pid, "the caller's own pid")
  check.inside({}, function() check.equal(tiny.getpid(), 1, "a child's") end)
end)
if tiny.stat("/proc/self/ns/time") then
  check.inside({}, function()
    local time = link("time")
    tiny.unshare { time = true }
    check.equal(link("time"), time, "the caller's own clocks")
    check.inside({}, function() assert(link("time") ~= time, "a child's clocks") end)
  end)
end

-- A new mount namespace is a copy: it has the machine's mounts, and changes stay inside.
check.inside({}, function()
  tiny.unshare { mount = true }
  tiny.mount_private("/")
  tiny.mount_tmpfs("/mnt")
  tiny.write_file("/mnt/proof", "")
end)
check.equal(tiny.stat("/mnt/proof"), nil, "outside")

check.inside({}, function()
  tiny.setuser(65534)
  local err = check.fails("EPERM", tiny.unshare, { net = true })
  check.equal(err.hint, "needs CAP_SYS_ADMIN: run as root, or create a user namespace first (user = true)")
  tiny.unshare { user = true, net = true }
  -- The caller is root, without having been able to set its groups.
  check.equal(tiny.getuid(), 0)
  check.equal(tiny.getgid(), 0)
  check.equal(tiny.read_file("/proc/self/setgroups"), "deny\n")
  check.equal((tiny.read_file("/proc/self/uid_map"):gsub("%s+", " ")), " 0 65534 1 ")
  tiny.link_set("lo", { up = true })
end)

check.inside({ user = true }, function()
  local limit <close> = assert(io.open("/proc/sys/user/max_uts_namespaces", "w"))
  assert(limit:write("0"))
  limit:flush()
  local err = check.fails("ENOSPC", tiny.unshare, { uts = true })
  assert(err.hint:match("max_%*_namespaces"), err.hint)
end)

check.refuses('unknown option "network"; did you mean "net"?', tiny.unshare, { network = true })
check.refuses('option "net": expected boolean, got the string "new"', tiny.unshare, { net = "new" })
check.refuses('options must be a table, not the string "net": unshare([options])', tiny.unshare, "net")
