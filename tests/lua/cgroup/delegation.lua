-- cgroup v2: a user can manage the delegated subtree of the hierarchy, and nothing else.
local check = require "check"

local function body()
  local part <close> = tiny.cgroup("tl-" .. tiny.random_id(), { controllers = { "pids" } })
  if part.version ~= "v2" then return "the controllers are not on cgroup v2" end
  local own <close> = tiny.cgroup("own", { parent = part })
  -- The directory and these files, no limits: the limits of the subtree stay as they were set (cgroups(7)).
  local top = part.folders.unified
  assert(os.execute(("chown -R 1234 %s/own %s/cgroup.procs %s/cgroup.subtree_control"):format(top, top, top)))
  assert(os.execute("chown 1234 " .. top))
  local user <close> = tiny.clone({ cgroup = own }, function()
    tiny.setuser(1234)
    local work <close> = tiny.cgroup("work", { parent = part, controllers = { "pids" } })
    work:set_pids_limit(1)
    local child <close> = tiny.clone({ cgroup = work }, function()
      check.equal(tiny.cgroup_of().unified, work.path, "the child's group")
      check.fails("EAGAIN", tiny.fork, function() end)
    end)
    check.equal(child:wait(), 0, "the child's status")
    local err = check.fails("EACCES", tiny.cgroup, "elsewhere")
    assert(err.hint:find("delegated to you", 1, true), err.hint)
    check.fails("EACCES", tiny.set_pids_limit, part, 5)
  end)
  check.equal(user:wait(), 0, "the user's status")
end

local missing = body()
if missing then check.skip(missing) end
