-- `up` is killed before each of its calls while it replaces a container: the next `up` gives the new one the anonymous volume.
local check = require "check"

local WITNESS = "/tmp/witness"
local function write(n)
  tiny.write_file("/tmp/keep.lua", ([[
return require("tiny.topology").new { name = "keep", containers = { one = { command = "echo %d >>/data/file", network = "none", ready = { exit = 0 }, volumes = { "/data" } } } }
]]):format(n))
end

write(0)
check.succeeds("up", "/tmp/keep.lua")
local volume = check.succeeds("volume", "ls", "-q")
local file = check.root .. "/volumes/" .. volume:gsub("\n", "") .. "/data/file"
local points = 0
for generation = 0, 1 do
  local call, there = 1, nil
  repeat
    -- A new description each time, so that the container is replaced.
    write(2 * call)
    tiny.write_file(WITNESS, "")
    check.environment = { PATH = os.getenv "PATH", HOME = "/tmp", TINYLUA_FAULT = ("%d:kill-before:%d:%s"):format(call, generation, WITNESS) }
    check.run { "up", "/tmp/keep.lua" }
    check.environment = nil
    there = tiny.read_file(WITNESS) ~= ""
    write(2 * call + 1)
    local again = check.run { "up", "/tmp/keep.lua" }
    check.equal(again.status, 0, again.err)
    check.equal(check.succeeds("volume", "ls", "-q"), volume, ("the volume after call %d of generation %d"):format(call, generation))
    assert((tiny.read_file(file)):find(("\n%d\n$"):format(2 * call + 1)), "it is not the same volume")
    points, call = points + 1, call + (call < 30 and 1 or 7)
  until not there
end
check.succeeds("down", "-v", "/tmp/keep.lua")
check.succeeds "gc"
check.equal(check.succeeds("volume", "ls", "-q"), "")
check.no_container()
print("fault points walked: " .. points)
