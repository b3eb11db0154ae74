-- The output of a background supervisor and of its recipe's callbacks: a file in the record, whose end `inspect` shows. A full
-- file is renamed to supervisor.log.1. The supervisor writes diagnostics in the format that the command selected; callbacks
-- print anything.
local format = require "tiny.format"

local remarks = {}

local LARGEST, SHOWN = 256 * 1024, 20
local PRIVATE_FILE = tonumber("600", 8)

local function path_of(container)
  return container.dir .. "/supervisor.log"
end

-- Redirects this process's standard output and error to the file. If that fails (a full disk), nothing is kept.
function remarks.take(container)
  local path = path_of(container)
  local before = tiny.stat(path)
  if before and before.size >= LARGEST then tiny.try(tiny.rename, path, path .. ".1") end
  local file <close> = tiny.try(tiny.open, path, { append = true, create = true, nofollow = true, mode = PRIVATE_FILE })
  if not file then return end
  for number = 1, 2 do tiny.dup2(file, number) end
  tiny.log_reopen()
  function format.note(text, ...) tiny.log("warn", text:format(...)) end
  container.remarks = true
end

-- Starts a new file if the present one is full.
function remarks.trim(container)
  local now = tiny.stat(path_of(container))
  if now and now.size >= LARGEST then remarks.take(container) end
end

-- The last lines, oldest first; nil if there are none.
function remarks.last(container)
  local text = tiny.try(tiny.read_file, path_of(container))
  if not text or text == "" then return nil end
  local lines = {}
  for line in text:gmatch("[^\n]+") do table.insert(lines, utf8.len(line) and line or tiny.show(line)) end
  return table.move(lines, math.max(1, #lines - SHOWN + 1), #lines, 1, {})
end

return remarks
