-- The check for leftovers of the fault walks: a remaining cgroup is found in any hierarchy, at any depth.
local check = require "check"
local leftovers = require "leftovers"

local before, seen = leftovers.look(), 0
for _, mount in ipairs(tiny.mounts()) do
  if mount.fstype:match("^cgroup2?$") then
    local top = mount.target .. "/left"
    tiny.mkdir(top .. "/behind", { parents = true })
    check.equal(table.concat(leftovers.beyond(before), "\n"), ("cgroup %s\ncgroup %s/behind"):format(top, top))
    for _, path in ipairs { top .. "/behind", top } do tiny.remove(path) end
    check.equal(#leftovers.beyond(before), 0)
    seen = seen + 1
  end
end
if seen == 0 then check.skip("no hierarchy of cgroups is mounted") end
