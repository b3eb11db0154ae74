-- caps: returns the five sets of the caller and of another process.
local check = require "check"

local function mask_of(list)
  local names, mask = {}, 0
  for i, name in ipairs(tiny.caps().bounding) do names[name] = i end
  for _, name in ipairs(list) do assert(name:match("^CAP_%u"), name) mask = mask + (names[name] and 1 or 0) end
  return mask
end

-- In the kernel's bit representation.
local KEYS = { effective = "CapEff", permitted = "CapPrm", inheritable = "CapInh", bounding = "CapBnd", ambient = "CapAmb" }
local function bits(key)
  local hex, count = tiny.read_file("/proc/self/status"):match(KEYS[key] .. ":%s*(%x+)"), 0
  for digit in hex:gmatch("%x") do
    local n = tonumber(digit, 16)
    while n > 0 do count, n = count + n % 2, n // 2 end
  end
  return count
end
for key in pairs(KEYS) do check.equal(#tiny.caps()[key], bits(key), key) end
check.equal(tiny.caps().effective[1], "CAP_CHOWN")
check.equal(mask_of { "CAP_CHOWN", "CAP_KILL" }, 2)

local child <close> = tiny.fork(function()
  tiny.set_caps { bounding = { "CAP_KILL", "CAP_CHOWN" }, effective = {}, permitted = { "CAP_KILL" } }
  tiny.notify_ready()
  tiny.poll({}, "20s")
end)
child:wait_ready()
local sets = tiny.caps(child)
check.equal(table.concat(sets.bounding, " "), "CAP_CHOWN CAP_KILL")
check.equal(table.concat(sets.permitted, " "), "CAP_KILL")
check.equal(#sets.effective, 0)
tiny.kill(child, "KILL")
child:wait()
local _, err = tiny.try(tiny.caps, child)
assert(err.code == "ENOENT" or err.code == "ESRCH", err.code)
check.refuses("process: expected child handle or process handle, got 1", tiny.caps, 1)
