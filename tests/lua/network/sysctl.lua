-- sysctl: reads and sets a key in its namespace, and restores the old value at the end.
local check = require "check"
local sockets = require "sockets"

local function file(path)
  local f <close> = assert(io.open(path))
  return f:read("l")
end

local FORWARD = "/proc/sys/net/ipv4/ip_forward"
local before = file(FORWARD)
local other = before == "1" and "0" or "1"
check.equal(tiny.sysctl("net.ipv4.ip_forward"), before)
check.equal(tiny.sysctl("net/ipv4/ip_forward"), before, "with slashes")

do
  local forward <close> = tiny.sysctl("net.ipv4.ip_forward", math.tointeger(other))
  check.equal(file(FORWARD), other)
  check.equal(forward.old, before)
end
check.equal(file(FORWARD), before, "set again")
tiny.try(function()
  local forward <close> = tiny.sysctl("net.ipv4.ip_forward", other)
  check.equal(file(FORWARD), other)
  tiny.fail("the body fails")
end)
check.equal(file(FORWARD), before, "set again after a failing body")

-- A namespaced key, and its undo there.
local web <close> = tiny.netns()
do
  local port <close> = tiny.sysctl("net.ipv4.ip_unprivileged_port_start", 80, { netns = web })
  check.equal(sockets.inside(web, function() return file("/proc/sys/net/ipv4/ip_unprivileged_port_start") end), "80")
  check.equal(tiny.sysctl("net.ipv4.ip_unprivileged_port_start", nil, { netns = web }), "80")
  check.equal(tiny.sysctl("net.ipv4.ip_unprivileged_port_start"), "1024")
end
check.equal(tiny.sysctl("net.ipv4.ip_unprivileged_port_start", nil, { netns = web }), "1024")

local err = check.fails("ENOENT", tiny.sysctl, "net.ipv4.no_such_key", 1)
check.equal(err.path, "/proc/sys/net/ipv4/no_such_key")
check.fails("EINVAL", tiny.sysctl, "net.ipv4.ip_unprivileged_port_start", "many")

for _, bad in ipairs { "../etc/passwd", "net/../../etc/passwd", "/etc/passwd", "net..ipv4", "" } do
  check.refuses(('%q is not a key below /proc/sys, such as "net.ipv4.ip_forward"'):format(bad), tiny.sysctl, bad, 1)
end
check.refuses('unknown option "ns"; known options: netns', tiny.sysctl, "kernel.hostname", nil, { ns = 1 })
