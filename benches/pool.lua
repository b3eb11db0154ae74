-- Start to exit of one program: from a warm pool, by fork and exec, and by `tinylua run`, interleaved. pool.lua TINYLUA STATE
-- ROOTFS ROUNDS prints the nanoseconds as JSON.
local binary, state, rootfs, rounds = table.unpack(...)
local PAUSE = "60ms" -- the clean-up after one round and the refill do not delay the next

local pool <close> = require("tiny.pool").new { size = 4, rootfs = rootfs }

local sides = {
  { "a warm pool", function() return pool:run({ "/bin/true" }).status end },
  { "floor: fork, exec", function() return tiny.fork(function() tiny.exec { rootfs .. "/bin/true" } end):wait() end },
  { "run --rm", function()
    return tiny.fork(function() tiny.exec { binary, "--root", state, "run", "--rm", "--rootfs", rootfs, "/bin/true" } end):wait()
  end },
}
local found = {}
for _, side in ipairs(sides) do found[side[1]] = {} end
for round = -5, tonumber(rounds) do
  for _, side in ipairs(sides) do
    tiny.poll({}, PAUSE)
    local start = tiny.clock("monotonic")
    local status = side[2]()
    local took = tiny.clock("monotonic") - start
    if status ~= 0 then error(side[1] .. ": status " .. status) end
    if round > 0 then table.insert(found[side[1]], took * 1e9 // 1) end
  end
end
-- Runs one after the other: the refills set the pace.
local start = tiny.clock("monotonic")
for _ = 1, rounds do pool:run { "/bin/true" } end
found["a pool without pauses"] = { (tiny.clock("monotonic") - start) / rounds * 1e9 // 1 }
print(tiny.json_encode(found))
