-- Injected faults take effect at the requested point: instead of a call, before it, after it, and in the requested
-- process. Otherwise a walk over the moments after each call would repeat the one before.
local check = require "check"

local WITNESS = "/tmp/fault"
tiny.write_file("/tmp/makes.lua", [[
tiny.mkdir("/tmp/made")
local child <close> = tiny.fork(function() tiny.mkdir("/tmp/made/inside") end)
local status = child:wait()
tiny.mkdir("/tmp/made/last")
return status
]])

-- Runs the recipe with a fault at its first call of a primitive (mkdir) in this generation; returns its result.
local function struck(kind, generation, op)
  op = op or "mkdir"
  for call = 1, 200 do
    tiny.try(tiny.remove, "/tmp/made", { recursive = true })
    local fault = ("%d:%s:%d:%s"):format(call, kind, generation, WITNESS)
    check.environment = { PATH = os.getenv("PATH"), HOME = "/tmp", TINYLUA_FAULT = fault }
    local ended = check.run { "run", "/tmp/makes.lua" }
    if tiny.read_file(WITNESS) == op then return ended end
  end
  error("no fault struck " .. op)
end

local function made()
  local there = {}
  for _, path in ipairs { "/tmp/made", "/tmp/made/inside", "/tmp/made/last" } do
    table.insert(there, tiny.stat(path) and path or nil)
  end
  return table.concat(there, " ")
end

local failed = struck("fail", 0)
check.equal(made(), "")
assert(failed.err:find("EIO", 1, true) and failed.err:find("a fault injected by a test", 1, true), failed.err)
check.equal(failed.status, 125)
check.equal(struck("kill-before", 0).status, 137)
check.equal(made(), "")
check.equal(struck("kill-after", 0).status, 137)
check.equal(made(), "/tmp/made")

-- In a child, whose exit its parent sees.
assert(struck("fail", 1).err:find("EIO", 1, true))
check.equal(made(), "/tmp/made")
check.equal(struck("kill-before", 1).status, 137)
check.equal(made(), "/tmp/made /tmp/made/last")
check.equal(struck("kill-after", 1).status, 137)
check.equal(made(), "/tmp/made /tmp/made/inside /tmp/made/last")

-- A fork returns in the child too, which continues: the fault affects its parent.
check.equal(struck("kill-after", 0, "fork").status, 137)
check.equal(made(), "/tmp/made /tmp/made/inside")
check.equal(struck("kill-before", 0, "fork").status, 137)
check.equal(made(), "/tmp/made")

-- Invalid faults are ignored.
for _, text in ipairs { "", "1:fail:0", "x:fail:0:/tmp/w", "1:explode:0:/tmp/w", "100000:fail:0:/tmp/w" } do
  tiny.remove("/tmp/made", { recursive = true })
  check.environment.TINYLUA_FAULT = text
  check.equal(check.run({ "run", "/tmp/makes.lua" }).status, 0, text)
  check.equal(made(), "/tmp/made /tmp/made/inside /tmp/made/last")
end
