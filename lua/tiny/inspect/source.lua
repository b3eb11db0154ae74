-- One process of /proc, held: its folder is opened once, and the process's pidfd says that it was still the
-- one that was meant. What is read there the container may have chosen: it is text of at most so many bytes,
-- made valid UTF-8, and never a format, a pattern or a path.
local source = {}

-- So much of a name or a command line is kept.
local LONGEST = 4096

local function hex(bytes)
  return (bytes:gsub("[\x80-\xff]", function(c) return ("\\x%02x"):format(c:byte()) end))
end

-- Any bytes as text that JSON and a terminal's encoding can hold; control characters are for who prints it.
function source.text(bytes)
  if #bytes > LONGEST then bytes = bytes:sub(1, LONGEST) .. "…" end
  return utf8.len(bytes) and bytes or hex(bytes)
end

local Held = {}
Held.__index = Held

-- Reads a file of the process; nil where it has none or this user may not look.
function Held:read(name)
  return (tiny.try(tiny.read_file, name, { root = self.folder, max = "4m" }))
end

-- Where a link of the process's points to; nil as for `read`.
function Held:link(name)
  return (tiny.try(tiny.readlink, name, { root = self.folder }))
end

-- The fields of its status by name, each the text behind the colon.
function Held:status()
  return require "tiny.base.process_status"(self:read("status"))
end

function Held:close() self.folder:close() end
Held.__close = Held.close

-- The folder of a pid in /proc; nil when there is no such process.
function source.open(pid)
  local folder = tiny.try(tiny.open_root, "/proc/" .. pid)
  return folder and setmetatable({ pid = pid, folder = folder }, Held)
end

-- That of this process, by the pid that /proc knows it by: a process in a new pid namespace may still have the
-- host's /proc before it, in which its own pid is another's.
function source.own()
  local folder, err = tiny.try(tiny.open_root, "/proc/self")
  if not folder then tiny.fail { message = "there is no /proc here to look into: " .. err.message, exit = 125 } end
  local held = setmetatable({ pid = 0, folder = folder }, Held)
  held.pid = source.integer(held:status().Pid) or 0
  return held
end

-- That of a process handle. Fails with ESRCH's sentence when it has ended: the pid may be another's by then.
function source.of(process)
  local held = source.open(process.pid)
  if held and #tiny.poll({ process }, 0) == 0 then return held end
  if held then held:close() end
  tiny.fail { message = ("the process %d has ended"):format(process.pid), hint = "its exit status is all that is left of it", exit = 125 }
end

-- An integer of text, or nil.
function source.integer(text)
  return text and math.tointeger(tonumber(text))
end

return source
