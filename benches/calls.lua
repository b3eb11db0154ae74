-- The cost of one call of a primitive. Prints a line each: name, nanoseconds per call. calls.c makes
-- the same system calls. Argument: the number of calls.
local args = ...
local count = tonumber(args[1])

local function each(name, f)
  local start = tiny.clock("monotonic")
  for _ = 1, count do f() end
  print(name, math.floor((tiny.clock("monotonic") - start) * 1e9 / count))
end

-- A new namespace, so that the host keeps its name.
local child <close> = tiny.clone({ uts = true }, function()
  each("getuid", function() tiny.getuid() end)
  each("chdir", function() tiny.chdir("/") end)
  each("sethostname", function() tiny.sethostname("bench") end)
  each("setrlimit", function() tiny.setrlimit("core", 0, { hard = 0 }) end)
  each("umount-fails", function() tiny.try(tiny.umount, "/proc/self/none", { detach = true }) end)
end)
return child:wait()
