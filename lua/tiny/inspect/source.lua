-- Reads the files of a process in /proc safely: its directory is opened once, and the pidfd verifies that the process is
-- still the same. The container may control the contents, so they are text of limited size, made valid UTF-8, and never
-- used as a format, pattern or path.
local source = {}

-- The maximum length of a name or a command line.
local LONGEST = 4096

local function hex(bytes)
  return (bytes:gsub("[\x80-\xff]", function(c) return ("\\x%02x"):format(c:byte()) end))
end

-- Converts bytes to valid UTF-8 for JSON and terminals; escaping control characters is left to the caller.
function source.text(bytes)
  if #bytes > LONGEST then bytes = bytes:sub(1, LONGEST) .. "…" end
  return utf8.len(bytes) and bytes or hex(bytes)
end

local Held = {}
Held.__index = Held

-- Reads a file of the process; nil if it does not exist or this user may not read it.
function Held:read(name)
  return (tiny.try(tiny.read_file, name, { root = self.folder, max = "4m" }))
end

-- The target of a symbolic link of the process; nil as for `read`.
function Held:link(name)
  return (tiny.try(tiny.readlink, name, { root = self.folder }))
end

-- The fields of its status file by name, as text.
function Held:status()
  return require "tiny.base.process_status"(self:read("status"))
end

function Held:close() self.folder:close() end
Held.__close = Held.close

-- The directory of a pid in /proc; nil if there is no such process.
function source.open(pid)
  local folder = tiny.try(tiny.open_root, "/proc/" .. pid)
  return folder and setmetatable({ pid = pid, folder = folder }, Held)
end

-- The directory of this process, by its pid in the mounted /proc: in a new PID namespace, /proc may still be the host's,
-- where another process has this process's own pid.
function source.own()
  local folder, err = tiny.try(tiny.open_root, "/proc/self")
  if not folder then tiny.fail { message = "/proc is not available: " .. err.message, exit = 125 } end
  local held = setmetatable({ pid = 0, folder = folder }, Held)
  held.pid = source.integer(held:status().Pid) or 0
  return held
end

-- The directory of a process handle. Fails with ESRCH if it has ended, since its pid may have been reused.
function source.of(process)
  local held = source.open(process.pid)
  if held and #tiny.poll({ process }, 0) == 0 then return held end
  if held then held:close() end
  tiny.fail { message = ("process %d has exited"):format(process.pid), hint = "only its exit status is still available", exit = 125 }
end

-- A function that tells whether a process belongs to a container; `first` is the container's own process. It is in the same
-- pid namespace, or if the container shares that with others, in the same cgroup.
function source.members_of(container, first)
  local own = first:link("ns/pid")
  if not container.config.pid then return function(held) return own ~= nil and held:link("ns/pid") == own end end
  local path = "/" .. container.id
  return function(held)
    for line in (held:read("cgroup") or ""):gmatch("[^\n]+") do
      if (line .. "/"):find(path .. "/", 1, true) then return true end
    end
    return false
  end
end

-- Text as an integer, or nil.
function source.integer(text)
  return text and math.tointeger(tonumber(text))
end

return source
