-- log_reopen: diagnostics follow a new standard error, and so do warnings at any level; a file given with --log stays
-- in use.
local check = require "check"

tiny.write_file("moved.lua", [[
tiny.log("info", "before")
local file <close> = tiny.open("moved", { create = true, append = true })
tiny.dup2(file, 2)
tiny.log("info", "between")
tiny.log_reopen()
tiny.log("info", "after")
tiny.log("warn", "odd")
]])

-- Where messages are: on the first standard error, on the second, and in the file.
local function told(...)
  tiny.try(tiny.remove, "moved")
  tiny.try(tiny.remove, "out")
  local result = check.run { ... }
  check.equal(result.status, 0, result.err)
  local function words(text)
    local list = {}
    for line in (text or ""):gmatch("[^\n]+") do table.insert(list, line:match("^%S+ %u+ +(%l+) ") or line) end
    return table.concat(list, " ")
  end
  return words(result.err) .. "; " .. words(tiny.read_file("moved")) .. "; " .. words(tiny.read_file("out"))
end

-- Its copy of standard error is the first one, until then.
check.equal(told("--log-level", "info", "run", "moved.lua"), "before between; after odd; ")
check.equal(told("run", "moved.lua"), "; odd; ")
check.equal(told("--log-level", "off", "run", "moved.lua"), "; odd; ")
check.equal(told("--log-level", "info", "--log", "out", "run", "moved.lua"), "; odd; before between after odd")
check.equal(told("--log-level", "error", "--log", "out", "run", "moved.lua"), "; odd; ")
