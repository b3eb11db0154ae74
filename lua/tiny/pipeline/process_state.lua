-- What a container, its supervisor and the programs that join it do not inherit from the command's caller: as with docker,
-- they start the same from a shell, a service, a cron job or another program.

local UMASK = tonumber("22", 8)

-- What a service of a Linux system has, core files without a limit as in docker. `--ulimit` changes them for a container.
local LIMITS = {
  as = "unlimited", core = "unlimited", cpu = "unlimited", data = "unlimited", fsize = "unlimited", locks = "unlimited",
  nproc = "unlimited", rss = "unlimited", rttime = "unlimited",
  memlock = "8m", msgqueue = 819200, nice = 0, rtprio = 0, sigpending = 65536,
}
for name, limit in pairs(LIMITS) do LIMITS[name] = { soft = limit, hard = limit } end
LIMITS.nofile, LIMITS.stack = { soft = 1024, hard = 524288 }, { soft = "8m", hard = "unlimited" }

-- Resets this process. detached: it outlives the command, so it also closes the descriptors of the command's caller.
return function(detached)
  tiny.reset_process { umask = UMASK, limits = LIMITS, close_fds = detached }
end
