-- cgroup v2: a group that contains processes cannot enable controllers for its children; the error says so.
local check = require "check"

local function body()
  local parent <close> = tiny.cgroup("tl-" .. tiny.random_id(), { controllers = { "memory", "pids" } })
  if parent.version ~= "v2" then return "the controllers are not on cgroup v2" end
  local member <close> = tiny.clone({ cgroup = parent }, function() tiny.exec { "sleep", "60" } end)

  -- The kernel itself refuses memory; with pids it would make the child groups threaded, and these accept no processes.
  for _, controller in ipairs { "memory", "pids" } do
    local err = check.fails("EBUSY", tiny.cgroup, "below", { parent = parent, controllers = { controller } })
    local text = ("1 processes are in that cgroup, so it cannot enable %s for its children"):format(controller)
    assert(err.message:find(text, 1, true), err.message)
    assert(err.hint:find("move them into a child of it", 1, true), err.hint)
    check.equal(err.path, parent.folders.unified .. "/cgroup.subtree_control", "path")
    check.fails("ENOENT", tiny.cgroup_stats, parent.path .. "/below")
  end

  -- As the hint suggests.
  local leaf <close> = tiny.cgroup("leaf", { parent = parent })
  tiny.cgroup_attach(leaf, member)
  local below <close> = tiny.cgroup("below", { parent = parent, controllers = { "pids" } })
  below:set_pids_limit(3)
  check.equal(below:stats().pids_limit, 3, "pids_limit")
  local refused = check.fails("EBUSY", tiny.cgroup_attach, parent, member)
  assert(refused.message:find("it enables controllers for its children", 1, true), refused.message)
  member:reap()
end

local missing = body()
if missing then check.skip(missing) end
