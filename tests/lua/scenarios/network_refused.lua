-- If the host does not permit a network: a clear error, and no incomplete network.
local check = require "check"

local function refused(words, pattern)
  local result = check.run(words)
  check.equal(result.status, 125)
  assert(result.err:match(pattern), result.err)
  check.no_container()
  for _, link in ipairs(tiny.links()) do check.equal(link.name, "lo") end
end

local run = { "run", "--network", "bridge", "true" }
if tiny.probe().network.nftables == false then
  return refused(run, "isolate%(.*\n  hint: the kernel has no nftables")
end

-- Forwarding cannot be enabled.
check.inside({ mount = true }, function()
  tiny.mount_private("/")
  tiny.mount_bind("/proc/sys", "/proc/sys", { read_only = true })
  refused(run, 'sysctl%("net.ipv4.ip_forward", "1"%): EROFS: .*\n  hint: /proc/sys is mounted read%-only')
end)

-- Delay needs a queue discipline that not every kernel has.
local delayed = check.run { "run", "--rm", "--network", "bridge", "--net-delay", "10ms", "true" }
if delayed.status ~= 0 then assert(delayed.err:match("qdisc_set%(.*sch_netem"), delayed.err) end
check.no_container()
