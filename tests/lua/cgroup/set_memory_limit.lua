-- set_memory_limit: a process that exceeds the limit is killed, and the group records the OOM kill.
local check = require "check"
local cg <close> = tiny.cgroup("tl-" .. tiny.random_id())
tiny.set_memory_limit(cg, "20m")
check.equal(cg:stats().memory_limit, 20 << 20, "memory_limit")

local hog <close> = tiny.clone({ pid = true, cgroup = cg }, function()
  local text = ("x"):rep(1 << 20)
  while true do text = text .. text end
end)
local status, signal = hog:wait()
check.equal(status, 137, "status")
check.equal(signal, "SIGKILL", "signal")
check.equal(cg:stats().oom_kills, 1, "oom_kills")
assert(cg:stats().memory_peak <= 20 << 20, "memory_peak is above the limit")

-- The kernel counts whole pages; a limit can be changed and lifted, by name and by handle.
tiny.set_memory_limit(cg.path, (30 << 20) + 1)
check.equal(cg:stats().memory_limit, 30 << 20, "rounded")
cg:set_memory_limit("unlimited")
check.equal(cg:stats().memory_limit, nil, "unlimited")

-- Less than the current usage: v1 refuses, v2 kills.
local user <close> = tiny.clone({ pid = true, cgroup = cg }, function()
  local held = ("x"):rep(8 << 20)
  tiny.notify_ready()
  while #held > 0 do end
end)
user:wait_ready()
if cg.version == "v2" then
  cg:set_memory_limit("1m")
  check.equal(user:wait(), 137, "killed by the new limit")
else
  local err = check.fails("EBUSY", tiny.set_memory_limit, cg, "1m")
  assert(err.message:find("bytes are in use and cannot be reclaimed", 1, true), err.message)
end
user:reap()

local page = " is less than one page of 4096 bytes: no process could run"
check.refuses("limit: 0" .. page, tiny.set_memory_limit, cg, 0)
check.refuses("limit: 1" .. page, tiny.set_memory_limit, cg, 1)
check.refuses('limit: expected size (bytes, or "128m") or "unlimited", got -1', tiny.set_memory_limit, cg, -1)
local err = check.fails("ENOENT", tiny.set_memory_limit, cg.path .. "-not", "20m")
assert(err.hint:find("tinylua doctor", 1, true), err.hint)
