-- A reader of a log that is rotated at any moment misses no line and shows no line twice.
local check = require "check"
local Logfile = require "tiny.store.logfile"

local LOG, OLD = "/tmp/log", "/tmp/log.1"
local stat = tiny.stat

-- The output of a reader that has read the first line, if a line is written, the file is rotated and another line is
-- written just before its n-th access to the files.
local function read(n)
  for _, path in ipairs { LOG, OLD } do tiny.try(tiny.remove, path) end
  tiny.write_file(LOG, "one\n")
  local log, lines = Logfile.new(LOG), {}
  local function more() log:forward(function(line) table.insert(lines, line) end) end
  more()
  local looks = 0
  tiny.stat = function(...)
    looks = looks + 1
    if looks == n then
      tiny.append_file(LOG, "two\n")
      tiny.rename(LOG, OLD)
      tiny.write_file(LOG, "three\n")
    end
    return stat(...)
  end
  more()
  tiny.stat = stat
  more()
  return table.concat(lines, " "), looks >= n
end

local moments = 0
while true do
  local text, rotated = read(moments + 1)
  if not rotated then break end
  moments = moments + 1
  check.equal(text, "one two three", "rotated at look " .. moments)
end
assert(moments >= 1)
