-- memory.lua: a container limited to 20 MiB of memory, and a process that allocates more.
local args = ...
local limit = type(args) == "table" and args.memory or "20m"

-- A cgroup is a directory in the cgroup file system. It exists before its first process. `<close>` removes it when
-- this recipe ends, however it ends.
local group <close> = tiny.cgroup("memory-recipe-" .. tiny.getpid(), { controllers = { "memory" } })
tiny.set_memory_limit(group, limit)

-- The child is created inside the cgroup, so it never runs without the limit.
local child <close> = tiny.clone({ pid = true, mount = true, uts = true, cgroup = group }, function()
  tiny.sethostname("small")
  local text = ("x"):rep(1 << 20)
  while true do text = text .. text end
end)

-- At the limit the kernel first reclaims memory (caches), then its OOM killer sends SIGKILL.
local status, signal = child:wait()

-- SIGKILL alone does not show who sent it. The OOM counter of the cgroup does, even after the end.
local stats = tiny.cgroup_stats(group)
print(("status %d (%s), OOM kills %d, peak %.1f MiB of %.1f MiB"):format(
  status, signal, stats.oom_kills, stats.memory_peak / 2 ^ 20, stats.memory_limit / 2 ^ 20))
return stats.oom_kills > 0 and 0 or 1
