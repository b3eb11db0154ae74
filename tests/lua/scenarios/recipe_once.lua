-- A command runs a recipe once, with any keys of its container and wherever the container is created: --init and health
-- checks need a read-only copy of the program, and the re-execution for it must not run a recipe twice.
local check = require "check"

local COUNT = 'tiny.append_file("/tmp/count", "x")\n'
local function count(what, ...)
  tiny.write_file("/tmp/count", "")
  local result = check.run { ... }
  check.equal(result.status, 0, what .. ": " .. result.err)
  check.equal(tiny.read_file("/tmp/count"), "x", what)
  return result
end

tiny.mkdir("/tmp/web")
local KEYS = { init = "init = true", health = 'health = { command = "true", interval = 0.1 }', both = 'init = true, health = { command = "true" }', none = "" }
for what, keys in pairs(KEYS) do
  local made = ('require("tiny.container").new { name = "web", stop_signal = "SIGKILL", command = "sleep 1000", %s }'):format(keys)
  -- If the keys do not appear in the text of the recipe's file.
  tiny.write_file("/tmp/web/made.lua", "return function() return " .. made .. " end")
  tiny.write_file("/tmp/web/by_module.lua", COUNT .. 'return require "made"()')
  tiny.write_file("/tmp/web/alone.lua", COUNT .. "return " .. made)
  for _, file in ipairs { "/tmp/web/alone.lua", "/tmp/web/by_module.lua" } do
    count(what .. ": run", "run", "-d", file)
    check.succeeds("stop", "web")
    count(what .. ": start", "start", "web")
    count(what .. ": restart", "restart", "web")
    check.succeeds("rm", "-f", "web")
    count(what .. ": create", "create", file)
    check.succeeds("rm", "web")
  end
  -- A module is run once as well.
  tiny.write_file("/tmp/web/made.lua", COUNT .. "return function() return " .. made .. " end")
  tiny.write_file("/tmp/web/by_module.lua", 'return require "made"()')
  count(what .. ": module", "run", "-d", "/tmp/web/by_module.lua")
  check.succeeds("rm", "-f", "web")
end

-- With the keys on the command line, and in the foreground.
tiny.write_file("/tmp/web/alone.lua", COUNT .. 'return require("tiny.container").new { name = "web", command = "true" }')
count("options", "run", "--rm", "--init", "--health-cmd", "true", "/tmp/web/alone.lua")
count("options in the background", "run", "-d", "--rm", "--init", "--health-cmd", "true", "/tmp/web/alone.lua")
local deadline = tiny.clock("monotonic") + 60
while check.succeeds("ps", "-aq") ~= "" do assert(tiny.clock("monotonic") < deadline, "it is still there") end
check.no_container()
