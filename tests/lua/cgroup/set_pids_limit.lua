-- set_pids_limit: a fork bomb stops at the limit with EAGAIN.
local check = require "check"
local cg <close> = tiny.cgroup("tl-" .. tiny.random_id())
tiny.set_pids_limit(cg, 6)
check.equal(cg:stats().pids_limit, 6, "pids_limit")

local bomb <close> = tiny.clone({ pid = true, cgroup = cg }, function()
  for made = 0, 100 do
    local child, err = tiny.try(tiny.fork, function() tiny.exec { "sleep", "60" } end)
    if not child then
      check.equal(err.code, "EAGAIN", "code")
      return made
    end
  end
end)
check.equal(bomb:wait(), 5, "children beside the first process")
check.equal(cg:stats().pids_refused, 1, "pids_refused")
check.equal(cg:stats().populated, false, "populated")

tiny.set_pids_limit(cg, "unlimited")
check.equal(cg:stats().pids_limit, nil, "unlimited")
check.refuses('count: 0 allows no process; give at least 1, or "unlimited"', tiny.set_pids_limit, cg, 0)
check.refuses('count: -1 is not an integer of at least 0', tiny.set_pids_limit, cg, -1)
check.refuses('count: "unlimted" is not one of "unlimited"; did you mean "unlimited"?', tiny.set_pids_limit, cg, "unlimted")
