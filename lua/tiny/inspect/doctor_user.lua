-- doctor for an unprivileged user: what rootless containers need besides the kernel, and the command that fixes each
-- problem.
local RANGE = 65536

-- The user's name, for the commands that root runs.
local function user(uid)
  for name, id in (tiny.read_file("/etc/passwd") or ""):gmatch("([^:\n]*):[^:\n]*:(%d+):[^\n]*") do
    if tonumber(id) == uid then return name end
  end
  return tostring(uid)
end

-- The command that assigns an unused range of ids.
local function add_range(uid)
  local first, all = 100000, tiny.subids()
  for _, ranges in pairs(all) do
    for _, range in ipairs(ranges) do first = math.max(first, range[1] + range[2]) end
  end
  local span = ("%d-%d"):format(first, first + RANGE - 1)
  return ("as root: usermod --add-subuids %s --add-subgids %s %s"):format(span, span, user(uid))
end

local function ids(host, report)
  local own = tiny.subids(host.euid)
  report { "subuid ranges", #own.uids > 0 and #own.gids > 0, purpose = "more than one user id in a container", fix = add_range(host.euid) }
  for _, name in ipairs { "newuidmap", "newgidmap" } do
    local _, err = tiny.try(tiny.userns_helper, name)
    local wrong = err and err.code ~= "ENOENT"
    report { name, not err, purpose = "more than one user id in a container",
      fix = wrong and "as root: apt-get install --reinstall uidmap, which sets its owner and its setuid bit" or "as root: apt-get install uidmap" }
  end
end

local function network(host, report)
  local rootless = require "tiny.net.rootless"
  local found
  for _, name in ipairs(rootless.PROGRAMS) do found = found or rootless.find(name) end
  report { "pasta or slirp4netns", found ~= nil, purpose = "rootless networking and published ports", detail = found,
    fix = "as root: apt-get install passt (or slirp4netns)" }
  local lack = rootless.no_tun()
  report { "tun", not lack, purpose = "rootless networking", fix = rootless.TUN_HINT }
  -- A restriction of AppArmor (Ubuntu 24.04 and newer) takes the privileges away that a new user namespace gives.
  local refused = require "tiny.egress.probe"()
  local restricted = (host.userns.forbidden_by or ""):find("apparmor", 1, true)
  report { "egress rules", not refused, purpose = "--egress without root" .. (refused and ": " .. refused or ""),
    fix = restricted and "as root: an AppArmor profile for tinylua with the rule `userns,`" or "run kernel 5.12 or newer with CONFIG_NF_TABLES_INET, NFT_CT, NFT_LOG, NFT_REJECT, NFT_FIB_INET, NFT_NAT and NFT_MASQ" }
  report { "fuse", host.network.fuse, purpose = "rootless file systems", fix = "modprobe fuse" }
end

local function limits(report)
  local controllers = require("tiny.pipeline.delegated").controllers()
  report { "delegated cgroup", controllers ~= nil, purpose = "pausing, statistics and limits", detail = controllers and table.concat(controllers, " "),
    fix = "systemd-run --user --scope -p Delegate=yes tinylua …, on a host with cgroup v2" }
  local missing = {}
  for _, name in ipairs { "memory", "cpu", "pids", "cpuset" } do
    local there = false
    for _, given in ipairs(controllers or {}) do there = there or given == name end
    if not there then table.insert(missing, name) end
  end
  report { "delegated controllers", #missing == 0, purpose = "limits on " .. table.concat(missing, ", "),
    fix = "as root: mkdir -p /etc/systemd/system/user@.service.d && printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' "
      .. "> /etc/systemd/system/user@.service.d/delegate.conf && systemctl daemon-reload" }
end

return function(host, report)
  ids(host, report)
  limits(report)
  network(host, report)
  report { "XDG_RUNTIME_DIR", os.getenv("XDG_RUNTIME_DIR") ~= nil, purpose = "the directory for volatile files; the fallback is /tmp/tinylua-UID",
    fix = "log in through PAM (systemd-logind sets it), or export a private directory" }
end
