-- cgroup: creates a group with the requested controllers, in which a child can be created; `<close>` removes it.
local check = require "check"
local name = "tl-" .. tiny.random_id()

local folders = {}
do
  local cg <close> = tiny.cgroup(name, { controllers = { "memory", "pids" } })
  check.equal(cg.path, "/" .. name, "path")
  check.equal(tostring(cg), "<cgroup /" .. name .. ">", "as text")
  check.equal(cg.folders[cg.version == "v2" and "unified" or "memory"]:sub(-#name), name, "its folder")
  for _, folder in pairs(cg.folders) do folders[#folders + 1] = folder end

  local child <close> = tiny.clone({ pid = true, cgroup = cg }, function()
    for controller, path in pairs(tiny.cgroup_of()) do
      if cg.folders[controller] then check.equal(path, cg.path, controller) end
    end
  end)
  check.equal(child:wait(), 0, "the child's status")

  -- Also in a new user namespace, which has no privileges over the group.
  local stranger <close> = tiny.clone({ user = true, cgroup = cg }, function() tiny.exec { "sleep", "60" } end)
  stranger:wait_ready()
  check.equal(cg:stats().pids, 1, "pids")
  stranger:reap()

  local below <close> = tiny.cgroup("a/b", { parent = cg, controllers = { "pids" } })
  check.equal(below.path, "/" .. name .. "/a/b", "path below a parent")
  check.equal(tiny.cgroup_stats(below).populated, false, "populated")

  local err = check.fails("EEXIST", tiny.cgroup, name)
  check.equal(err.path:sub(-#name), name, "path of the error")
end
for _, folder in ipairs(folders) do
  assert(not io.open(folder .. "/cgroup.procs"), folder .. " is still there")
end
check.fails("ENOENT", tiny.cgroup_stats, name)

-- A failing recipe leaves nothing behind, even if it created child groups.
tiny.try(function()
  local cg <close> = tiny.cgroup(name)
  tiny.cgroup("below", { parent = cg }):keep()
  tiny.fail("on purpose")
end)
check.fails("ENOENT", tiny.cgroup_stats, name)

-- An unknown controller is reported, with the available ones, and nothing is created.
local err = check.fails("ENODEV", tiny.cgroup, name, { controllers = { "memroy" } })
assert(err.message:find("there is no memroy controller; the mounted hierarchies have ", 1, true), err.message)
check.fails("ENOENT", tiny.cgroup_stats, name)

check.refuses('unknown option "controler"; did you mean "controllers"?', tiny.cgroup, name, { controler = {} })
check.refuses('"/" is the root of the hierarchy; name a cgroup below it', tiny.cgroup, "/")
check.refuses('"a/../b" is not a cgroup path: the component ".." is not allowed', tiny.cgroup, "a/../b")
