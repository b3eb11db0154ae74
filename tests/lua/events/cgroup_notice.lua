-- cgroup_notice, cgroup_notice_read: an event of a control file wakes a poll until it is consumed.
local check = require "check"

local cg <close> = tiny.cgroup("tl-" .. tiny.random_id(), { controllers = { "memory" } })
local unified = cg.folders.unified

-- A process that needs more memory than its limit.
local function run_out()
  tiny.set_memory_limit(cg, "8m")
  local child <close> = tiny.clone({ cgroup = cg }, function()
    local text = {}
    for i = 1, 64 do text[i] = ("x"):rep(1024 * 1024) .. i end
  end)
  return child:wait()
end

-- v2 counts the kill in memory.events; on v1 memory.oom_control reports that it is about to happen.
local v2 = cg.version == "v2"
local news <close> = cg:notice(v2 and "memory.events" or "memory.oom_control")
check.equal(#tiny.poll({ news }, "20ms"), 0, "nothing has happened")
check.equal(run_out(), 137)
check.equal(#tiny.poll({ news }, "5s"), 1, "told of the kill")
check.equal(news:read():match("oom_kill (%d+)"), "1")
-- v2 may report close events once more, 10 ms later.
while #tiny.poll({ news }, "100ms") > 0 do check.equal(news:read():match("oom_kill (%d+)"), "1") end

if unified then
  local events <close> = tiny.cgroup_notice(cg, "cgroup.events")
  local child <close> = tiny.clone({ cgroup = cg }, function() tiny.exec { "sleep", "60" } end)
  check.equal(#tiny.poll({ events }, "5s"), 1, "told of the first process")
  assert(events:read():match("populated 1"))
  child:reap()
  check.equal(#tiny.poll({ events }, "5s"), 1, "told of its end")
  assert(events:read():match("populated 0"))
end

-- Pressure: nothing stalls here, so only the registration is tested.
if unified and tiny.stat(unified .. "/memory.pressure") then
  local pressure <close> = cg:notice("memory.pressure", { trigger = "some 150000 2000000" })
  check.equal(#tiny.poll({ pressure }, "20ms"), 0, "no pressure")
  assert(pressure:read():match("some avg10="), "the figures")
  check.fails("EINVAL", tiny.cgroup_notice, cg, "memory.pressure", { trigger = "much" })
end
if not v2 then
  local level <close> = cg:notice("memory.pressure_level", { trigger = "low" })
  check.equal(#tiny.poll({ level }, "20ms"), 0, "no pressure")
  check.fails("EINVAL", tiny.cgroup_notice, cg, "memory.pressure_level", { trigger = "much" })
end

check.fails("ENOENT", tiny.cgroup_notice, cg, "memory.nonsense")
check.fails("ENOENT", tiny.cgroup_notice, "tl-" .. tiny.random_id(), "memory.nonsense")
check.refuses("file: expected string, got true", tiny.cgroup_notice, cg, true)
check.refuses("notice: expected notice handle, got 7", tiny.cgroup_notice_read, 7)
