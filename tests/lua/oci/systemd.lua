-- The systemd cgroup driver on a host where it cannot be used, and the names and masks that it gives to systemd. With a real systemd
-- it is tested by tests/clients/systemd.
local check = require "check"
local oci = require "oci_bundle"
local systemd = require "tiny.oci.systemd"

local v1 = false
for name in pairs(tiny.cgroup_of()) do v1 = v1 or name ~= "unified" and not name:find("=", 1, true) end
local why = v1 and "--systemd-cgroup needs a host with cgroup v2 only" or "no systemd runs on this host"
for _, option in ipairs { { "--systemd-cgroup" }, { "--cgroup-manager", "systemd" } } do
  local words = table.move({ "create", "--bundle", (oci.bundle("true")), "x" }, 1, 4, #option + 1, option)
  oci.fails(why, words)
end
oci.nothing()

local function named(path, user)
  local unit = systemd.unit(path, "web", user)
  return unit.slice .. " " .. unit.name
end
check.equal(named(nil), "system.slice tinylua-oci-web.scope")
check.equal(named("", true), "user.slice tinylua-oci-web.scope")
check.equal(named "machine.slice:libpod:abc", "machine.slice libpod-abc.scope")
check.equal(named "::abc", "system.slice abc.scope")
check.equal(named "a.slice:x:a-b.slice", "a.slice a-b.slice")
for _, wrong in ipairs { "/a/b", "a.slice:b", "a.slice:b:", "a:b:c", "a/b.slice:c:d", "a.slice:b:c/d", "a.slice:b:" .. ("c"):rep(300) } do
  local _, err = tiny.try(systemd.unit, wrong, "web")
  check.equal(err and err.message:match "^linux%.cgroupsPath", "linux.cgroupsPath", wrong)
end

check.equal(table.concat(systemd.mask "0", " "), "1")
check.equal(table.concat(systemd.mask "0-3,9", " "), "15 2")
check.equal(table.concat(systemd.mask "16", " "), "0 0 1")
for _, none in ipairs { "", "x", "1-x", "0-99999999" } do check.equal(systemd.mask(none), nil, none) end
